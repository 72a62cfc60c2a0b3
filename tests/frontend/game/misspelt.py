"""Ways to spoil a game: names and keys that are misspelt, keys that are missing or twice."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.spec.tree import Scalar
from tests.frontend.game.spoiled_bases import Base
from tests.frontend.game.spoiling import (
    Spoiled,
    inputs,
    insert,
    misspelt,
    named,
    put,
    scalars,
    value,
    way,
    within,
    without,
)

# ---- names


@way("G0341")
def a_network_of_a_call(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("network"):
        if (name := value(node, "network")) is not None:
            yield misspelt(base, name)


@way("G0341")
def an_entry_of_a_network(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("network"):
        if (name := value(node, "network")) is not None:
            yield put(base, name.span, f"{name.text.partition('.')[0]}.mappingx")


@way("G0102")
def an_input_that_is_drawn(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("draw"):
        if (name := value(node, "draw")) is not None and name.text[0].islower():
            yield misspelt(base, name)


@way("G0216")
def a_kind_that_is_drawn(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("draw"):
        if (name := value(node, "draw")) is not None and name.text[0].isupper() and name.plain:
            yield misspelt(base, name)


@way("G0102")
def a_name_in_a_node(base: Base) -> Iterator[Spoiled]:
    for entry in base.nodes:
        if isinstance(entry.value, Scalar):
            yield from named(base, entry.value)


@way("G0102")
def what_an_input_is_given(base: Base) -> Iterator[Spoiled]:
    for _, _, entry in inputs(base):
        yield from named(base, entry.value)


@way("G0102")
def what_an_op_reads(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("op"):
        for entry in node:
            if entry.key not in ("op", "pipe"):
                yield from named(base, entry.value)


@way("G0102")
def what_a_block_reads(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("block"):
        for entry in node:
            if entry.key != "block":
                yield from named(base, entry.value)


@way("G0102")
def a_name_in_a_term(base: Base) -> Iterator[Spoiled]:
    for term in base.terms:
        for tree in (term.value, *(within(term).get(key) for key in ("value", "of", "by"))):
            yield from named(base, tree)


@way("G0102")
def what_next_reads(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("state"):
        yield from named(base, node.get("next"))


@way("G0102")
def what_is_logged(base: Base) -> Iterator[Spoiled]:
    for entry in base.mapping("game", "logs"):
        yield from named(base, entry.value)


@way("G0102")
def what_is_shown(base: Base) -> Iterator[Spoiled]:
    yield from named(base, base.mapping("game").get("shows"))


@way("G0102")
def what_the_guard_looks_at(base: Base) -> Iterator[Spoiled]:
    for entry in base.mapping("game", "watches"):
        yield from named(base, entry.value)


@way("G0103")
def a_function(base: Base) -> Iterator[Spoiled]:
    for scalar in scalars(base.mapping("game", "body")):
        for name in ("mean(", "abs(", "relu(", "clip(", "below("):
            if name in scalar.text:
                at = scalar.text.index(name) + (0 if scalar.plain else 1)
                yield put(base, scalar.span.part(at, at + len(name) - 1), f"{name[:-1]}y")


@way("G0202")
def a_block(base: Base) -> Iterator[Spoiled]:
    for node in (*(node for _, node in base.nodes_with("block")), *map(within, base.terms)):
        if (name := value(node, "block")) is not None:
            yield put(base, name.span, f"{name.text}x")


@way("G0201")
def an_op(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("op"):
        if (name := value(node, "op")) is not None:
            yield put(base, name.span, f"{name.text}x")


@way("G0341")
def who_is_trained(base: Base) -> Iterator[Spoiled]:
    for _, player in base.players:
        for scalar in scalars(player.get("trains")):
            yield misspelt(base, scalar)


@way("G0341")
def a_part_that_is_trained(base: Base) -> Iterator[Spoiled]:
    for _, player in base.players:
        for scalar in scalars(player.get("trains")):
            yield put(base, scalar.span, f"{scalar.text}.heads.front")


@way("G0217")
def an_output_of_a_call(base: Base) -> Iterator[Spoiled]:
    calls = {entry.key for entry, _ in base.nodes_with("network")}
    for node in (*(node for _, node in base.nodes_with("block")), *map(within, base.terms)):
        for entry in node:
            if isinstance(entry.value, Scalar) and entry.value.plain:
                call, dot, _ = entry.value.text.partition(".")
                if dot and call in calls:
                    yield put(base, entry.value.span, f"{entry.value.text}x", shift=len(call) + 1)


# ---- keys


@way("G0342")
def an_input_of_a_call(base: Base) -> Iterator[Spoiled]:
    for _, _, entry in inputs(base):
        yield put(base, entry.key_span, f"{entry.key}x")


@way("G0205")
def a_field_of_a_term(base: Base) -> Iterator[Spoiled]:
    for term in base.terms:
        for entry in within(term):
            if entry.key in ("weight", "every", "batch", "gamma", "target", "from"):
                yield put(base, entry.key_span, f"{entry.key}x")


@way("G0008")
def a_field_of_a_player(base: Base) -> Iterator[Spoiled]:
    for _, player in base.players:
        for entry in player:
            yield put(base, entry.key_span, f"{entry.key}x")


@way("G0008")
def a_field_of_the_game(base: Base) -> Iterator[Spoiled]:
    for entry in base.mapping("game"):
        yield put(base, entry.key_span, f"{entry.key}x")


def _ports(base: Base, form: str) -> Iterator[Spoiled]:
    """What nodes of a form are given, under names that they have not."""
    for _, node in base.nodes_with(form):
        for entry in node:
            if entry.key != form:
                yield put(base, entry.key_span, f"{entry.key}x")


@way("G0205")
def a_port_of_a_block(base: Base) -> Iterator[Spoiled]:
    return _ports(base, "block")


@way("G0205")
def a_port_of_an_op(base: Base) -> Iterator[Spoiled]:
    return _ports(base, "op")


@way("G0004")
def a_node_twice(base: Base) -> Iterator[Spoiled]:
    for entry, after in zip(base.nodes, base.nodes[1:], strict=False):
        yield insert(base, after.key_span, f"{entry.key}: 1")


@way("G0009")
def a_player_who_trains_nobody(base: Base) -> Iterator[Spoiled]:
    for entry, player in base.players:
        if entry.key_span.line == player.span.line and "trains" in player:
            yield without(base, player, "trains", entry.key_span)


@way("G0343")
def an_input_left_out(base: Base) -> Iterator[Spoiled]:
    for _, node, entry in inputs(base):
        if entry.key != "y" and len(node) > 1:
            yield without(base, node, entry.key, node.entries["network"].value.span)


@way("G0009")
def a_state_without_next(base: Base) -> Iterator[Spoiled]:
    for entry, node in base.nodes_with("state"):
        yield without(base, node, "next", entry.key_span)
