"""Every rule about a spec as a whole, as a table; and the one place that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gandsl.analysis import (
    batch_rules,
    dead,
    growth_rules,
    lints,
    log_rules,
    moved,
    network_rules,
    plan_rules,
    reach_rules,
    shadowing,
    start_rules,
    usage,
    weight_rules,
)
from gandsl.analysis.facts import RuleInput
from gandsl.analysis.game.sought import is_anything_sought, takes_no_images
from gandsl.diagnostics import Diagnostic, Diagnostics
from gandsl.frontend.module import ModuleIR

Rule = Callable[[RuleInput], Iterator[Diagnostic]]

ERRORS: tuple[tuple[str, Rule], ...] = (  # the codes a rule may give, and the rule
    ("G0601", network_rules.inputs_match_outputs),
    ("G0601", network_rules.same_classes),
    ("G0604", network_rules.labels_for_both),
    ("G0613", network_rules.input_kinds),
    ("G0614", network_rules.output_kinds),
    ("G0615", network_rules.style_space_is_a_cut),
    ("G0621", reach_rules.logits_depend_on_images),
    ("G0622", weight_rules.weights_are_learned),
    ("G0624", network_rules.one_image_at_several_sizes),
    ("G0625", network_rules.networks_are_trained),
    ("G0408", moved.moved_ids),
    ("G0604 G0620", plan_rules.classifier_fits),
    ("G0626", plan_rules.logits_are_said),
    ("G0606", plan_rules.styles_are_there),
    ("G0607", plan_rules.mixing_has_styles),
    ("G0627", weight_rules.weights_to_regularize),
    ("G0602", plan_rules.recomputed_stages_are_named),
    ("G0602", plan_rules.networks_of_the_plan),
    ("G0629", log_rules.names_are_logged),
    ("G0618", batch_rules.batch_splits),
    ("G0609 G0616", growth_rules.plan_and_family),
    ("G0616", growth_rules.networks_grow),
    ("G0617", growth_rules.levels_double),
    ("G0602", growth_rules.keys_are_levels),
    ("G0619", growth_rules.layers_are_shared),
    ("G0610", growth_rules.reaches_full_size),
    ("G0690 G0691", start_rules.files_have_checksums),
    ("G0693", start_rules.keys_are_nodes),
    ("G0692", start_rules.own_precision_is_scaled),
)
WARNINGS: tuple[tuple[str, Rule], ...] = (
    ("W0701", usage.params),
    ("W0702", usage.lets),
    ("W0704", usage.blocks),
    ("W0705", usage.slots),
    ("W0706", usage.ports),
    ("W0707", usage.imports),
    ("W0708", shadowing.shadowed_names),
    ("W0709", usage.defaults),
    ("W0722", lints.small_batch),
    ("W0723", lints.large_beta),
    ("W0724", lints.uneven_overlap),
    ("W0725", lints.bias_before_batch_norm),
    ("W0726", lints.batch_norm_at_the_image),
    ("W0728", lints.labels_for_one),
    ("W0730", reach_rules.unread_images),
    ("W0731", reach_rules.idle_logits),
    ("W0732", reach_rules.idle_latents),
    ("W0733", reach_rules.idle_styles),
    ("W0785", start_rules.files_are_at_hand),
)

# those that a game written out does not break either; the others are about the two players of a short form
OF_ANY_GAME: frozenset[Rule] = frozenset(
    (
        network_rules.style_space_is_a_cut,
        moved.moved_ids,
        plan_rules.recomputed_stages_are_named,
        plan_rules.networks_of_the_plan,
        log_rules.names_are_logged,
        batch_rules.batch_splits,
        growth_rules.plan_and_family,
        growth_rules.networks_grow,
        growth_rules.levels_double,
        growth_rules.keys_are_levels,
        growth_rules.layers_are_shared,
        growth_rules.reaches_full_size,
        usage.params,
        usage.lets,
        usage.blocks,
        usage.slots,
        usage.ports,
        usage.imports,
        usage.defaults,
        shadowing.shadowed_names,
        lints.small_batch,
        lints.uneven_overlap,
        lints.bias_before_batch_norm,
        start_rules.files_have_checksums,
        start_rules.keys_are_nodes,
        start_rules.own_precision_is_scaled,
        start_rules.files_are_at_hand,
    )
)


def check(module: ModuleIR, diagnostics: Diagnostics, processes: int = 1, *, begun: bool = False) -> ModuleIR:
    """Run every rule; the same module without dead nodes. What failed to unfold is passed over.

    Warnings are given only for a spec without errors: after a typo, half of what is written looks unused.
    """
    written, module = module, dead.counted(module)
    unread = list(dead.nodes_without_effect(written, module))
    facts = RuleInput(dead.pruned(module), processes, begun)
    document = module.document
    held = OF_ANY_GAME if document.game is not None else {rule for _, rule in (*ERRORS, *WARNINGS)}
    for _, rule in ERRORS:
        if rule in held:
            diagnostics.extend(rule(facts))
    if all(error.code == "G0621" for error in diagnostics.errors):  # dead nodes may tell the reason
        diagnostics.extend(unread)
    if not diagnostics.has_errors and document.is_short and takes_no_images(facts):
        module.unfold_game()  # what is wrong in it is reported
    if not diagnostics.has_errors:
        _ask_the_game("ERRORS", facts, module, diagnostics)
    if not diagnostics.has_errors:
        for _, rule in WARNINGS:
            if rule in held:
                diagnostics.extend(rule(facts))
        _ask_the_game("WARNINGS", facts, module, diagnostics)
    return facts.module


def _ask_the_game(table: str, facts: RuleInput, module: ModuleIR, diagnostics: Diagnostics) -> None:
    """Run rules about the game, which are loaded where one of them is asked."""
    if facts.document.tells_game or is_anything_sought(facts):
        from gandsl.analysis.game import checks as games

        games.ask(getattr(games, table), facts, module, diagnostics)
