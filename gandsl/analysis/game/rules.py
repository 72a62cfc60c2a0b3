"""What is wrong with a game, as queries of its passes: reach, who trains what, logs."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.analysis.game.gradients import without_a_way
from gandsl.analysis.game.logits import LogitUse, logit_uses
from gandsl.analysis.game.played import Played, short_name
from gandsl.analysis.game.slices import roots
from gandsl.analysis.game.whole import Place
from gandsl.diagnostics import Diagnostic, Label
from gandsl.diagnostics.suggest import did_you_mean


def terms_reach_weights(played: Played) -> Iterator[Diagnostic]:
    """G0670: a term that no weight of its player can change."""
    for one in played.passes:
        lost = {gradient for gradient, _, _ in without_a_way(one)}
        reached = {
            player.name: one.flow.dependent(set(), one.flow.trained_by([player]))[0] for player in one.players
        }
        for term in one.one.terms:
            if lost and not lost.isdisjoint(one.one.whole.upstream(("", root) for root in roots(term))):
                continue  # reported by gradients_have_a_way
            player = one.player(term)
            if not any(("", root) in reached[player.name] for root in roots(term)):
                trains = " and ".join(f"`{name}`" for name in player.trains) or "no network"
                yield Diagnostic(
                    "G0670",
                    f"the term `{short_name(term)}` depends on no weight of {trains}, all that"
                    f" `{player.name}` trains",
                    played.term(term),
                    secondary=(played.label(term.node, "what it minimizes"),),
                    help="let it depend on what this player's networks compute, or give it to another player",
                )


def networks_have_weights(played: Played) -> Iterator[Diagnostic]:
    """G0671: a network that a player's terms need, that nobody trains, and whose weights nobody gives."""
    said: set[str] = set()
    for one in played.passes:
        for call in one.one.calls.values():
            name = call.network
            declared = played.facts.document.networks.get(name)
            if name in said or declared is None or declared.weights or not one.one.used.get(name):
                continue
            if any(name in player.networks for player in played.plan.players.values()):
                continue
            said.add(name)
            yield Diagnostic(
                "G0671",
                f"no player trains `{name}`, and nothing says where its weights come from",
                declared.span,
                secondary=(played.label(call.id, "called here"),),
                help=f"`trains: [{name}]` at a player, or here `weights: {{file: …, sha256: …}}` or"
                " `{random: true}`",
            )


def logs_are_computed(played: Played) -> Iterator[Diagnostic]:
    """G0676: a log or a watch of something that no pass has."""
    plan = played.plan
    written = {**played.written("game.logs"), **played.written("game.watches")}
    terms = [term for one in played.passes for term in one.one.terms]
    logs = {**{name: node for term in terms for name, node in term.logs.items()}, **plan.logs}
    logged = {name for one in played.passes for name in one.one.logs}
    watched = {name for one in played.passes for name in one.one.watches}
    for what, wanted, taken in (("log", logs, logged), ("watch", plan.watches, watched)):
        for name, node in wanted.items():
            if name not in taken and node in played.graph.nodes:
                yield Diagnostic(
                    "G0676",
                    f"no phase computes all that the {what} `{name}` needs, and it makes nothing be computed",
                    written[name].value.span if name in written else played.node(node),
                    secondary=_missing(played, node),
                    help="name what a term of a player depends on, or drop it",
                )


def _missing(played: Played, node: str) -> tuple[Label, ...]:
    """What of a value the pass lacks that has the most of it."""
    best: set[Place] | None = None
    for one in played.passes:
        lacking = one.one.whole.upstream([("", node)]) - set(one.flow.places)
        best = lacking if best is None or len(lacking) < len(best) else best
    missing = [played.graph[id_] for call, id_ in sorted(best or ()) if not call]
    work = [node for node in missing if not node.operands or node.op in ("call", "gradient")]
    return tuple(played.label(node.id, f"`{node.id}` is not computed beside the rest") for node in work[:1])


def logits_are_said(played: Played) -> Iterator[Diagnostic]:
    """G0677: where a block takes logits, one of several outputs of no kind that was said.

    The only one that is used so is one, unless it looks like an image.
    """
    networks = played.facts.document.networks
    unsaid: dict[tuple[str, str], LogitUse] = {}
    for use in logit_uses(played):
        declared = networks.get(use.network)
        if declared is not None and len(declared.outputs) > 1:
            heads = (use.output, use.output.rpartition("_")[0])  # of a list, by its place
            name = next((head for head in heads if head in declared.outputs), use.output)
            if name not in declared.output_kinds:
                unsaid.setdefault((use.network, name), use)
    for (network, name), use in unsaid.items():
        several = sum(other == network for other, _ in unsaid) > 1
        channels, *space = use.made.type.shape
        if not several and (channels == 1 or not space):
            continue
        written = networks[network].outputs.get(name)
        yield Diagnostic(
            "G0677",
            f"a logit is wanted, and nothing says that `{name}` of `{network}` is one",
            use.span,
            secondary=(Label(written.span if written else networks[network].span, "this output"),),
            help=f"`{name}: {{of: {written.text if written else name}, kind: Logits}}` under its `outputs`",
        )


def trained_parts_learn(played: Played) -> Iterator[Diagnostic]:
    """G0674: a network, or a part of one, that a player trains and that has no weights."""
    for player in played.plan.players.values():
        for name in player.trains:
            network = played.networks.get(name.partition(".")[0])
            if network is None:
                continue
            weights = [f"{network.name}.{id_}" for id_ in network.weighted()]
            if not any(f"{id_}.".startswith(f"{name}.") for id_ in weights):
                yield Diagnostic(
                    "G0674",
                    f"`{player.name}` trains `{name}`, where there are no weights",
                    played.game.places.get(player.name, played.facts.document.networks[network.name].span),
                    help=did_you_mean(name, weights) if "." in name else "take it out of `trains`",
                )


def averages_are_kept(played: Played) -> Iterator[Diagnostic]:
    """G0678: a call with the average of weights of which none is kept."""
    plan = played.facts.plan
    for call in played.whole.calls.values():
        if plan is not None and call.average and plan.average_of(call.network) is None:
            yield Diagnostic(
                "G0678",
                f"`{call.id}` runs with the average of `{call.network}`'s weights, and none is kept",
                played.node(call.id),
                help=f"`training.averages: {{{call.network}: {{half_life: 10 kimg}}}}`",
            )


NO_BOUNDARY = "`augment.p` can't adapt: the loss has no boundary between real and generated"
GIVE_A_NUMBER = "give `augment.p` a number or a curve"


def augmentation_has_a_boundary(played: Played) -> Iterator[Diagnostic]:
    """G0628: the chance follows on which side of it real images are."""
    if played.facts.plan and played.facts.plan.adapts and played.plan.boundary is None:
        yield Diagnostic("G0628", NO_BOUNDARY, played.facts.value("augment.p"), help=GIVE_A_NUMBER)
