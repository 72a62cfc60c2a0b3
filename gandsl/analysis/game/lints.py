"""What of a game is legal, and idle or worth knowing: nodes that nobody wants, what feels a split batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gandsl.analysis.facts import downstream, in_library, label, place
from gandsl.analysis.game.batches import share
from gandsl.analysis.game.linear import coupled_heard, coupling, linear_in
from gandsl.analysis.game.logits import logit_uses
from gandsl.analysis.game.played import Played, PlayedPass, short_name
from gandsl.analysis.game.slices import roots
from gandsl.analysis.game.sought import is_spectral, squashes
from gandsl.diagnostics import Diagnostic, Label, Span
from gandsl.ir.types import PICTURES
from gandsl_runtime.plan.game import Player


def unwanted(played: Played) -> Iterator[Diagnostic]:
    """W0770: a node of the body, or a field of the data, that nothing wants."""
    sections = {"data": "a field of the data", "game.body": "a node of the game"}
    written = [(entry, what) for path, what in sections.items() for entry in played.written(path).values()]
    for entry, what in written:
        name, span = entry.key, entry.key_span
        made = [id_ for id_ in played.graph.nodes if f"{id_}.".startswith(f"{name}.")]
        named = {key for one in played.plan.data.values() for key in (one.partner, one.mask, one.origin)}
        if made and played.wanted.isdisjoint(made) and name not in named and not in_library(span):
            yield Diagnostic(
                "W0770",
                f"nothing wants `{name}`, {what}: it is not computed",
                span,
                help="delete it, or let a term, a log or `shows` read it",
            )
    called = {called.network for id_, called in played.whole.calls.items() if id_ in played.wanted}
    for name, network in played.facts.document.networks.items():
        if name not in called and name in played.networks and not in_library(network.span):
            yield Diagnostic(
                "W0770",
                f"nothing wants `{name}`, a network: no call of it is computed",
                network.span,
                help="delete it, or let a term read what it gives",
            )


def idle_parts(played: Played) -> Iterator[Diagnostic]:
    """W0776: what a player trains, and none of its terms depends on."""
    for player in played.plan.players.values():
        passes = [one for one in played.passes if player in one.players]
        for name in player.trains:
            alone = [replace(player, trains=(name,))]
            if passes and not any(_reaches(one, player, alone) for one in passes):
                yield Diagnostic(
                    "W0776",
                    f"`{player.name}` trains `{name}`, and none of its terms depends on that",
                    played.game.places.get(player.name),
                    help=f"take `{name}` out of its `trains`, or give it a term that depends on it",
                )


def _reaches(one: PlayedPass, player: Player, alone: list[Player]) -> bool:
    """Whether a term of the player depends on weights, those of `alone`."""
    found, _ = one.flow.dependent(set(), one.flow.trained_by(alone))
    terms = [term for term in one.one.terms if one.player(term) is player]
    return any(("", root) in found for term in terms for root in roots(term))


def needless_stops(played: Played) -> Iterator[Diagnostic]:
    """W0771: a `stop_gradient` of what no gradient passes anyway, in any pass."""
    stops = [node for node in played.graph if node.op == "stop_gradient"]
    for node in stops:
        passes = [one for one in played.passes if node.id in one.one.nodes]
        reads = [one.one.whole.reads(("", node.id))["x"][0] in one.differentiable for one in passes]
        if passes and not any(reads) and not in_library(node.provenance.span):
            yield Diagnostic(
                "W0771",
                f"no gradient passes `{node.operands[0]}` in any phase: there is nothing to stop",
                played.node(node.id),
                help="leave `stop_gradient` out: weights that a phase does not train are constants in it",
            )


def coupled_terms(played: Played) -> Iterator[Diagnostic]:
    """W0772: a term that is no sum over samples, and so feels that micro-batches split its batch."""
    for one in _split(played):
        coupled = coupling(one.one)
        for term in one.one.terms:
            if means := coupled.get(term.id):
                yield _coupled(played, f"term `{short_name(term)}`", played.term(term), means)


def coupled_states(played: Played) -> Iterator[Diagnostic]:
    """W0772: a state that moves when the step ends, by what is no sum over the samples of the step."""
    for one in _split(played):
        coupled = coupled_heard(one.one)
        for state in played.plan.states:
            means = next((coupled[node] for node in state.heard if node in coupled), ())
            if means and state.every is not None:  # else it is W0774's
                yield _coupled(played, f"state `{state.id}`", played.node(state.id), means)


def _split(played: Played) -> list[PlayedPass]:
    """The passes whose batch `micro_batch` splits."""
    return [one for one in played.passes if (part := share(played, one)) and part.turns > 1]


def _coupled(played: Played, what: str, span: Span, means: Sequence[str]) -> Diagnostic:
    why, kind = _COUPLES.get(played.graph[means[0]].op, ("reads", "comparison"))
    return Diagnostic(
        "W0772",
        f"the {what} couples the samples of a micro-batch: it {why} the {kind} `{means[0]}`",
        span,
        secondary=tuple(played.label(id_, f"a {kind} over the micro-batch") for id_ in means[:3]),
    )


_COUPLES = {
    "mean": ("is not linear in", "mean"),
    "gradient": ("is not linear in", "sum"),
}


def ignored_images(played: Played) -> Iterator[Diagnostic]:
    """W0773: an output that is wanted of a network which is given images, and that depends on none of them.

    Of a short form's discriminator it is said elsewhere (G0621, W0731).
    """
    said: set[tuple[str, str]] = set()
    seen: set[tuple[str, str, tuple[str, ...]]] = set()
    for one in played.passes:
        for call in one.one.calls.values():
            if (what := (call.network, call.entry, call.outputs)) in seen:
                continue
            seen.add(what)
            graph = one.one.whole.calls[call.id].graph
            images = [node for node in graph.inputs if node.type.kind in PICTURES]
            behind = downstream(graph, [node.id for node in images])
            told = played.facts.document.is_short and call.network == "discriminator"
            for output in call.outputs if images and not told else ():
                if graph.outputs[output] not in behind and (call.network, output) not in said:
                    said.add((call.network, output))
                    yield Diagnostic(
                        "W0773",
                        f"`{output}` of `{call.network}` depends on no image that it is given",
                        played.node(call.id),
                        secondary=(label(images[0], "an image"), label(graph[graph.outputs[output]])),
                        help="let it depend on what is computed of the image",
                    )


def squashed_logits(played: Played) -> Iterator[Diagnostic]:
    """W0727: a logit that its network squashes, and that a loss squashes again."""
    said: set[tuple[str, str]] = set()
    for use in logit_uses(played):
        if squashes(use.made) and (use.network, use.output) not in said:
            said.add((use.network, use.output))
            yield Diagnostic(
                "W0727",
                f"`{use.output}` of `{use.network}` is squashed by a {use.made.op}, and the loss squashes it"
                " again",
                place(use.made),
                secondary=(Label(use.span, "the loss"),),
                help="delete it: the loss takes logits",
            )


def unbounded_terms(played: Played) -> Iterator[Diagnostic]:
    """W0721: a term sets logits against others linearly, and nothing bounds slopes or the weights."""
    for player in played.plan.players.values():
        passes = [one for one in played.passes if player in one.players]
        if any(one.twice for one in passes):
            continue
        terms = [(one, term) for one in passes for term in one.one.terms if term in player.terms]
        for one, term in terms:
            straight = linear_in(one.one, term)
            said = {id_: _says(one, id_) for call, id_ in straight if not call}
            critics = [name for name in said.values() if name in player.networks]
            if len(critics) > 1 and not _is_bounded(played, player, critics[0]):
                yield Diagnostic(
                    "W0721",
                    "nothing keeps the critic Lipschitz: no gradient penalty, no spectral normalization",
                    played.node(term.node),
                    secondary=(Label(played.facts.declared(critics[0]).span, "the critic"),),
                    help="add `regularizers: {gradient_penalty: {weight: 10}}`"
                    if played.facts.document.is_short
                    else "add a term of the block `penalty.gradient`",
                )


def _is_bounded(played: Played, player: Player, critic: str) -> bool:
    """Whether a layer, or the optimizer, keeps a critic's weights within bounds."""
    plan = played.facts.plan
    optimizer = player.optimizer or (plan.optimizer_of(critic) if plan else None)
    return is_spectral(played.facts, critic) or (optimizer is not None and optimizer.bound is not None)


def _says(one: PlayedPass, id_: str) -> str | None:
    """The network whose logits a node is: an output of a call, or a part of one."""
    node = one.one.whole.graph[id_]
    if node.op != "output":
        return None
    made = node.operands[0]
    if made in one.one.calls:
        called = one.one.whole.calls[made]
        logits = called.graph.output_kinds[called.outputs[node.attrs["index"]]] == "Logits"
        return called.network if logits else None
    above = one.one.whole.graph[made]
    return _says(one, above.operands[0]) if above.op == "split" else None


def split_batches(played: Played) -> Iterator[Diagnostic]:
    """W0774: draws, shuffles and moves of states in a pass that `micro_batch` splits: once for each part."""
    split = [one.one for one in _split(played)]
    computed = {id_ for one in split for id_ in one.nodes}
    heard = {id_ for one in split for id_ in one.heard}
    moved = {state.id for state in played.plan.states if state.every is None and heard & {*state.heard}}
    for node in played.graph:
        feels = {
            "draw": node.id in computed and node.attrs.get("per") == "micro_batch",
            "state": node.id in moved,
            "shuffle": node.id in computed,
        }
        if feels.get(node.op) and node.id in played.wanted and not in_library(node.provenance.span):
            what, help = _FEELING[node.op]
            yield Diagnostic("W0774", f"`{node.id}` is {what} micro-batch", played.node(node.id), help=help)


_FEELING = {
    "draw": ("drawn once for each", "`per: batch`, or `sample`"),
    "state": ("moved once for each", "`every: 1 steps` moves it when the step ends"),
    "shuffle": ("shuffled within each", "nothing has to be done: partners are of one micro-batch"),
}
