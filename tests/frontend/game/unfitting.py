"""Ways to spoil a game: values of a wrong kind, and parts that do not go together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gandsl.spec.tree import Mapping, Scalar
from tests.frontend.game.spoiled_bases import Base
from tests.frontend.game.spoiling import (
    Spoiled,
    an_image,
    further,
    inputs,
    insert,
    misspelt,
    put,
    scalars,
    turns,
    value,
    values_of_terms,
    way,
    within,
    without,
)

# ---- what stands there


@way("G0351")
def a_term_that_is_a_number(base: Base) -> Iterator[Spoiled]:
    for scalar in values_of_terms(base):
        yield put(base, scalar.span, f"sample_mean({an_image(base)})")


@way("G0351")
def a_term_that_is_an_image(base: Base) -> Iterator[Spoiled]:
    for scalar in values_of_terms(base):
        yield put(base, scalar.span, an_image(base))


@way("G0351")
def a_term_that_is_no_tensor(base: Base) -> Iterator[Spoiled]:
    for scalar in values_of_terms(base):
        yield put(base, scalar.span, "1 + 2")


@way("G0336")
def an_interval(base: Base) -> Iterator[Spoiled]:
    for term in base.terms:
        if (every := value(within(term), "every")) is not None:
            for wrong in ("16 kimg", "0 steps", "1.5 steps", "16"):
                yield put(base, every.span, wrong)


@way("G0102")
def a_weight_that_is_no_name(base: Base) -> Iterator[Spoiled]:
    for term in base.terms:
        for key in ("weight", "gamma"):
            if (weight := value(within(term), key)) is not None:
                yield put(base, weight.span, "heavy")


@way("G0333")
def a_weight_of_each_sample(base: Base) -> Iterator[Spoiled]:
    for term in base.terms:
        for key in ("weight", "gamma"):
            if (weight := value(within(term), key)) is not None:
                yield put(base, weight.span, f"sample_mean({an_image(base)})")


@way("G0334")
def a_weight_that_is_half_a_curve(base: Base) -> Iterator[Spoiled]:
    for term in base.terms:
        for key in ("weight", "gamma"):
            if (weight := value(within(term), key)) is not None:
                yield put(base, weight.span, "{shape: linear, start: 1, end: 0}")


@way("G0336")
def a_batch(base: Base) -> Iterator[Spoiled]:
    for term in base.terms:
        if (batch := value(within(term), "batch")) is not None:
            for wrong in ("0", "2.5", "1000000"):
                yield put(base, batch.span, wrong)


@way("G0336")
def how_often_a_player_moves(base: Base) -> Iterator[Spoiled]:
    for _, player in base.players:
        if (steps := value(player, "steps")) is not None:
            for wrong in ("0", "1.5", "2 steps"):
                yield put(base, steps.span, wrong)


@way("G0344")
def an_input_of_another_kind(base: Base) -> Iterator[Spoiled]:
    draws = [
        entry.key
        for entry, node in base.nodes_with("draw")
        if value(node, "draw").text.startswith("generator.")
    ]
    for _, _, entry in inputs(base):
        if entry.key == "image" and draws and isinstance(entry.value, Scalar):
            yield put(base, entry.value.span, draws[0])


@way("G0101")
def a_bracket(base: Base) -> Iterator[Spoiled]:
    for scalar in scalars(base.mapping("game", "body")):
        if scalar.plain and scalar.text.endswith(")") and "(" in scalar.text and "{" not in scalar.text:
            last = scalar.span.part(len(scalar.text) - 1, len(scalar.text))
            yield put(base, last, " ", scalar.span.part(scalar.text.index("("), 0))


@way("G0339")
def in_whose_phases(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("state"):
        if (player := value(node, "in")) is not None:
            yield misspelt(base, player)


@way("G0338")
def how_a_state_starts(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("state"):
        if (start := value(node, "start")) is not None:
            yield put(base, start.span, f"mean({an_image(base)})")


@way("G0209")
def how_numbers_are_spread(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("distribution"):
        if (kind := value(node, "distribution")) is not None:
            yield misspelt(base, kind)


@way("G0613")
def a_field_of_the_data(base: Base) -> Iterator[Spoiled]:
    for entry in base.mapping("data"):
        for scalar in scalars(entry.value):
            if "[" in scalar.text:
                at = scalar.text.index("[") + 1
                yield put(base, scalar.span.part(at, at + 1), "x[", scalar.span, shift=1)


# ---- what does not go together


@way("G0306")
def a_name_from_below(base: Base) -> Iterator[Spoiled]:
    for index, entry in enumerate(base.nodes):
        below = [other.key for other in base.nodes[index + 1 :]]
        spans = list(base.names_in(entry.value)) if isinstance(entry.value, Scalar) else []
        if below and spans:
            yield put(base, spans[0][0], below[-1])


@way("G0306")
def a_node_of_itself(base: Base) -> Iterator[Spoiled]:
    for entry in base.nodes:
        for span, _ in list(base.names_in(entry.value))[:1] if isinstance(entry.value, Scalar) else []:
            yield put(base, span, entry.key)


@way("G0672")
def a_gradient_without_a_way(base: Base) -> Iterator[Spoiled]:
    fields = [entry.key for entry in base.mapping("data") if entry.key.startswith("image")]
    draws = [entry.key for entry, node in base.nodes_with("draw") if "generator." in value(node, "draw").text]
    for term in base.terms:
        if draws and (by := value(within(term), "by")) is not None and by.text in fields:
            yield put(base, by.span, draws[0], value(within(term), "block").span)


@way("G0670")
def a_term_that_reaches_nothing(base: Base) -> Iterator[Spoiled]:
    for term in base.terms:
        found = term.value if isinstance(term.value, Scalar) else within(term).get("value")
        if isinstance(found, Scalar) and not base.mapping("game", "logs") and "log" not in within(term):
            yield put(base, found.span, f"mean({an_image(base)})", term.key_span)


@way("G0347")
def what_was_not_joined(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("as"):
        yield put(base, value(node, "as").span, an_image(base))


@way("G0107")
def an_entry_of_a_list(base: Base) -> Iterator[Spoiled]:
    for scalar in scalars(base.mapping("game")):
        if found := re.search(r"halves(\w*)\[\d\]", scalar.text):
            at = found.end() - 2 + (0 if scalar.plain else 1)
            yield put(base, scalar.span.part(at, at + 1), "7")


@way("W0770")
def a_draw_that_nobody_wants(base: Base) -> Iterator[Spoiled]:
    yield insert(base, base.nodes[0].key_span, "spare: {draw: Number}")


@way("W0770")
def a_call_that_nobody_wants(base: Base) -> Iterator[Spoiled]:
    for entry, _ in list(base.nodes_with("network"))[:1]:
        line = base.text.split("\n")[entry.key_span.line - 1]
        yield insert(base, entry.key_span, f"spare{line.strip()[len(entry.key) :]}")


@way("G0102")
def whose_turn(base: Base) -> Iterator[Spoiled]:
    names = ", ".join(entry.key for entry, _ in base.players)
    yield turns(base, f"{names}, nobody", "nobody")


@way("G0009")
def a_player_without_a_turn(base: Base) -> Iterator[Spoiled]:
    if len(base.players) > 1:
        yield turns(base, ", ".join(entry.key for entry, _ in base.players[:-1]), "[")


@way("G0102")
def a_condition(base: Base) -> Iterator[Spoiled]:
    for entry in base.nodes:
        yield from further(base, within(entry), "when: ready > 1", "ready") if within(entry) else ()


@way("G0105")
def a_condition_that_is_a_number(base: Base) -> Iterator[Spoiled]:
    for entry in base.nodes:
        yield from further(base, within(entry), "when: 1 + 1", "1 + 1") if within(entry) else ()


@way("G0113")
def what_is_absent(base: Base) -> Iterator[Spoiled]:
    """A node that is left out, and that another reads once: not as what a block may do without."""
    blocks = [node for _, node in base.nodes_with("block")]
    blocks += [within(term) for term in base.terms if "block" in within(term)]
    optional = {id(given.value) for node in blocks for given in node}
    for entry, node in (*base.nodes_with("network"), *base.nodes_with("op")):
        readers = [
            (span, id(scalar) in optional)
            for scalar in scalars(base.mapping("game"))
            for span, name in base.names_in(scalar)
            if name == entry.key
        ]
        span, may_lack = readers[0] if len(readers) == 1 else (entry.key_span, True)
        if not may_lack and span.line > entry.key_span.line:
            for one in further(base, node, "when: 1 > 2", "when"):
                yield Spoiled(one.text, span.line, span.column)


@way("G0209")
def how_a_network_is_called(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("network"):
        yield from further(base, node, "mode: evaluating", "evaluating")
        yield from further(base, node, "weights: averaged", "averaged")
        yield from further(base, node, "outputs: some", "some")


@way("G0345")
def what_a_call_holds(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("network"):
        if "holds" not in node:
            yield from further(base, node, "holds: trackers", "trackers")


@way("G0209")
def how_often_is_drawn(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("draw"):
        field = base.mapping("data").get(value(node, "draw").text)
        if "per" not in node and not isinstance(field, Mapping):  # one with a condition is not looked at
            yield from further(base, node, "per: item", "item")


@way("G0335")
def when_a_term_begins(base: Base) -> Iterator[Spoiled]:
    for term in base.terms:
        if within(term) and not {"from", "until"} & within(term).entries.keys():
            yield from further(base, within(term), "from: 3", "3")
            yield from further(base, within(term), "until: [2]", "[2]")


@way("G0352")
def a_term_that_ends_before_it_begins(base: Base) -> Iterator[Spoiled]:
    for term in base.terms:
        if within(term) and not {"from", "until"} & within(term).entries.keys():
            yield from further(base, within(term), "from: 5 steps, until: 2 steps", "2 steps")


@way("G0349")
def a_term_of_nothing(base: Base) -> Iterator[Spoiled]:
    for term in base.terms:
        if isinstance(term.value, Scalar):
            yield put(base, term.value.span, "{weight: 2}", term.key_span)


@way("G0204")
def a_port_left_out(base: Base) -> Iterator[Spoiled]:
    for _, node in base.nodes_with("block"):
        if "fake" in node and "loss" in value(node, "block").text:
            yield without(base, node, "fake", value(node, "block").span)


@way("G0211")
def shapes_that_do_not_fit(base: Base) -> Iterator[Spoiled]:
    draws = [entry.key for entry, node in base.nodes_with("draw") if "generator." in value(node, "draw").text]
    for scalar in values_of_terms(base) if draws else ():
        yield put(base, scalar.span, f"mean({an_image(base)} * {draws[0]})", shift=5)


@way("G0104")
def too_few_arguments(base: Base) -> Iterator[Spoiled]:
    for scalar in values_of_terms(base):
        yield put(base, scalar.span, "mean()")


@way("G0602")
def an_optimizer_of_a_player(base: Base) -> Iterator[Spoiled]:
    for _, player in base.players:
        first = next(iter(player))
        if "optimizer" in player:
            continue
        if first.key_span.line > player.span.line - 1 and base.text.split("\n")[
            first.key_span.line - 1
        ].strip().startswith(first.key):
            yield insert(base, first.key_span, "optimizer: {kind: adamm, lr: 0.1}", len("optimizer: {kind: "))
