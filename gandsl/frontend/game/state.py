"""States: numbers that a game keeps, and what moves them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from gandsl.diagnostics import Label
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend.context import Context
from gandsl.frontend.game.hearing import Hearing
from gandsl.frontend.game.keys import refuse_others
from gandsl.frontend.game.numbers import interval_of
from gandsl.frontend.game.unfolder import GameUnfolder
from gandsl.frontend.game.values import GameTensor
from gandsl.frontend.values import Above, first_output
from gandsl.ir.graph import Node
from gandsl.ir.op import Trait
from gandsl.records import dataclass
from gandsl.spec import tree as trees
from gandsl.spec.tree import Entry, Scalar, Tree
from gandsl.spec.values import POISON, is_number, type_name

_KEYS = ("state", "start", "every", "in", "next", "moved")


@dataclass(frozen=True)
class Waiting:
    """A state whose `next` is unfolded when its body is, and names that are defined below it are in sight."""

    id: str
    entry: Entry
    context: Context  # of the body
    every: int | None
    players: tuple[str, ...]  # as written; empty: to be found out
    player: str  # whose term it stands in
    start: float
    moved: tuple[str, ...]

    def field(self, key: str) -> Tree:
        assert isinstance(self.entry.value, trees.Mapping)
        return self.entry.value.entries[key].value


@dataclass(frozen=True)
class Moved:
    """A state whose next value is known."""

    of: Waiting
    next: str  # node
    heard: tuple[str, ...]  # nodes of the passes


def unfold_state(
    unfolder: GameUnfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Above
) -> Any:
    """The state's tensor, a Scalar; POISON after reporting."""
    if not refuse_others(unfolder, tree, _KEYS, "a state", context):
        return POISON
    written = tree.entries["state"].value
    if not isinstance(written, Scalar) or written.text != "Scalar":
        message = "a state is a Scalar: `{state: Scalar, start: 0, next: …}`"
        unfolder.at(context).add("G0338", message, written.span)
        return POISON
    if "next" not in tree:
        unfolder.at(context).add("G0009", f"the state `{entry.key}` has no `next`", entry.key_span)
        return POISON
    start = _start(unfolder, tree, context)
    every = _every(unfolder, tree, context)
    players = _players(unfolder, tree, context)
    moved = tree.get("moved")
    if moved is not None and not (isinstance(moved, Scalar) and isinstance(moved.value, str)):
        message = f"`moved` is the name that `{entry.key}` had, not {trees.describe(moved)}"
        unfolder.at(context).add("G0338", message, moved.span)
        return POISON
    if POISON in (start, every, players):
        return POISON
    found = unfolder.builder.source(entry.key, "state", {"start": start}, context, written.span)
    if found is POISON:
        return POISON
    unfolder.waiting.append(
        Waiting(
            found.id,
            entry,
            context,
            every,
            players,
            unfolder.player,
            start,
            (moved.text,) if isinstance(moved, Scalar) else (),
        )
    )
    return found


def _start(unfolder: GameUnfolder, tree: trees.Mapping, context: Context) -> Any:
    written = tree.get("start")
    value = first_output(unfolder.evaluate(written, context)) if written is not None else 0.0
    if value is POISON or is_number(value):
        return value if value is POISON else float(value)
    assert written is not None
    unfolder.at(context, written).add(
        "G0338", f"a state starts from a number, not {type_name(value)}", written.span
    )
    return POISON


def _every(unfolder: GameUnfolder, tree: trees.Mapping, context: Context) -> Any:
    written = tree.get("every")
    if written is None:
        return 1
    if isinstance(written, Scalar) and written.text == "micro_batch":
        return None
    return interval_of(unfolder, written, context, "`every` of a state")


def _players(unfolder: GameUnfolder, tree: trees.Mapping, context: Context) -> Any:
    written = tree.get("in")
    if written is None:
        return ()
    items = written.items if isinstance(written, trees.Sequence) else (written,)
    found = []
    for item in items:
        name = item.text if isinstance(item, Scalar) else ""
        if name not in unfolder.players:
            help = did_you_mean(name, unfolder.players, "players are")
            unfolder.at(context).add("G0339", f"there is no player `{name}`", item.span, help=help)
            return POISON
        found.append(name)
    return tuple(found)


def unfold_next(unfolder: GameUnfolder, state: Waiting) -> Moved | None:
    """What a state becomes; None after reporting."""
    context = replace(state.context, path=state.id)
    tree = state.field("next")
    unfolder.player = state.player
    with unfolder.builder.unfolding(f"{state.id}.next"), unfolder.hearing() as hearing:
        value = _late(unfolder, hearing, first_output(unfolder.evaluate(tree, context)), context, tree)
        if not isinstance(value, GameTensor):
            return None
        if value.type.kind != "Scalar":
            help = "take its mean" if value.type.sampled else None
            message = f"a state is a Scalar, and its `next` is {value.kind_name}"
            unfolder.at(context, tree).add("G0338", message, tree.span, help=help)
            return None
        settled = unfolder.builder.settle(value, "next", context, tree.span)
    if settled is POISON:
        return None
    return Moved(state, settled.id, _heard(unfolder, settled.id))


def _late(unfolder: GameUnfolder, hearing: Hearing, value: Any, context: Context, tree: Tree) -> Any:
    """The value as it is known when the step ends."""
    if value is POISON:
        return POISON
    if not isinstance(value, GameTensor):
        message = f"`next` of a state is a Scalar, not {type_name(value)}"
        unfolder.at(context, tree).add("G0338", message, tree.span)
        return POISON
    if value.type.kind != "Scalar":
        return value
    with unfolder.builder.reading(context, tree.span):
        return hearing.now(value)


def below(nodes: Mapping[str, Node], ids: Iterable[str]) -> set[str]:
    """All nodes that some rest on, themselves included."""
    seen: set[str] = set()
    waiting = [*ids]
    while waiting:
        id_ = waiting.pop()
        if id_ not in seen:
            seen.add(id_)
            waiting += nodes[id_].operands
    return seen


def _heard(unfolder: GameUnfolder, id_: str) -> tuple[str, ...]:
    """The nodes of passes that a next value rests on, in the order in which they were made."""
    nodes = unfolder.builder.nodes
    seen = below(nodes, [id_])
    return tuple(
        dict.fromkeys(nodes[one].attrs["node"] for one in nodes if one in seen and nodes[one].op == "heard")
    )


def _work(nodes: Mapping[str, Node], heard: tuple[str, ...]) -> set[str]:
    """What a phase has to compute anyway to be heard: all but the arithmetic behind it."""
    return {
        one
        for one in below(nodes, heard)
        if nodes[one].op in ("item", "call", "output", "gradient") or nodes[one].spec.has(Trait.RANDOM)
    }


def players_of(
    unfolder: GameUnfolder, state: Moved, computing: dict[str, set[str]]
) -> tuple[str, ...] | None:
    """The players whose phases a state hears; None after reporting. `computing`: player → its nodes."""
    if state.of.players:
        return state.of.players
    if state.of.player:
        return (state.of.player,)
    work = _work(unfolder.builder.nodes, state.heard)
    found = tuple(player for player, nodes in computing.items() if nodes >= work)
    if len(found) == 1 or not state.heard:
        return found
    if unfolder.reporter.diagnostics.errors:
        return None  # a term that failed computes nothing, and may be what it hears
    entry, context = state.of.entry, state.of.context
    what = (
        f"in the phases of {' and of '.join(f'`{one}`' for one in found)}"
        if found
        else "in no player's phases"
    )
    unfolder.at(context).add(
        "G0340",
        f"`{entry.key}` would hear {what}: say in whose",
        entry.key_span,
        secondary=[Label(state.of.field("next").span, "what it hears")],
        help=f"`in: {(found or tuple(unfolder.players) or ('PLAYER',))[0]}`",
    )
    return None
