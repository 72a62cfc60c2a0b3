"""A diff for people: what was set, what is trained to do what, what networks became, cost, weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from gandsl.analysis.cost import Cost, si
from gandsl.diff.compare import ModuleDiff, NetworkDiff
from gandsl.diff.fold import fold, stage_order
from gandsl.diff.game.text import game_lines
from gandsl.diff.lines import graph_lines, reshaped
from gandsl.diff.values import ValueChange, shown
from gandsl.diff.weights import Compatibility, WeightVerdict
from gandsl_runtime.plan.difference import told

PER_IMAGE = "FLOP an image"


def render(diff: ModuleDiff, *, columns: int = 80) -> str:
    """The whole diff; no line break at the end."""
    head = f"{diff.old.name} → {diff.new.name}"
    if not diff:
        return f"{head}: no difference"
    sections = [head, *_sections(diff, columns)]
    return "\n\n".join(sections)


def differences(diff: ModuleDiff, *, columns: int = 80) -> str:
    """What differs, and of networks that do whether weights fit: without what is equal, and without cost."""
    sections = [
        *_values(diff, columns),
        *(
            "\n".join([name, *_rows([*_network(network), *_weights(network)], columns)])
            for name, network in diff.networks.items()
            if network
        ),
    ]
    return "\n".join(sections)


def _values(diff: ModuleDiff, columns: int) -> Iterator[str]:
    for title, found in (("params", diff.params), ("training", diff.untold)):
        if found:
            yield "\n".join([title, *map(_value, found)])
    if diff.game and (lines := game_lines(diff.game)):
        yield "\n".join(["game", *_rows(lines, columns)])
    for name in diff.removed:
        yield f"- {name} (the whole network)"
    for name in diff.added:
        yield f"+ {name} (the whole network)"


def _rows(lines: Iterable[str], columns: int) -> list[str]:
    return [row for line in lines for row in _wrapped(line, columns)]


def _sections(diff: ModuleDiff, columns: int) -> Iterator[str]:
    yield from _values(diff, columns)
    if diff.game is not None and not game_lines(diff.game):
        yield "game\n  no difference in the game"
    for name, network in diff.networks.items():
        lines = [*_network(network), *_cost(diff, name), *_weights(network)]
        yield "\n".join([name, *_rows(lines, columns)])
    yield _steps(diff)


def _wrapped(line: str, columns: int) -> list[str]:
    return wrap(line, columns, initial_indent="  ", subsequent_indent="      ", break_long_words=False)


def _value(change: ValueChange) -> str:
    return f"  {told(change, shown)}"


def _network(network: NetworkDiff) -> list[str]:
    lines = [line.text() for line in graph_lines(network.graph)]
    if consequences := reshaped(network.graph):
        one = consequences[0]
        nodes = "node changes its" if len(consequences) == 1 else "nodes change their"
        example = f"{one.id}: {one.old.type} → {one.new.type}"
        lines.append(f"~ {len(consequences)} more {nodes} shape, such as {example}")
    old, new = network.levels
    if old != new:
        told = _levels if len(old) != len(new) else _sizes
        lines.append(f"~ growth: {told(old)} → {told(new)}")
    return [*(_value(one).strip() for one in network.declared), *lines] or ["the same graph"]


def _levels(levels: tuple[tuple[int, ...], ...]) -> str:
    return f"{len(levels)} levels" if levels else "none"


def _sizes(levels: tuple[tuple[int, ...], ...]) -> str:
    return ", ".join("×".join(map(str, level)) for level in levels)


def _cost(diff: ModuleDiff, name: str) -> list[str]:
    old, new = diff.old_cost.networks[name].total, diff.new_cost.networks[name].total
    parts = [
        ("parameters", old.parameters, new.parameters),
        ("forward FLOPs", old.forward_flops, new.forward_flops),
        ("kept bytes", old.activation_bytes, new.activation_bytes),
    ]
    found = [f"{what} {_amounts(a, b)}" for what, a, b in parts if a != b]
    return ["cost: " + "; ".join(found)] if found else []


def _amounts(old: float, new: float, unit: str = "") -> str:
    share = f" ({(new - old) / old:+.1%})" if old else ""
    return f"{si(old)} → {si(new)}{unit}{share}"


def _weights(network: NetworkDiff) -> list[str]:
    found = network.weights
    lines = [f"weights: {found.verdict}{_counts(found)}"]
    order = stage_order(network.weights.old_keys, network.weights.new_keys)
    for what, keys in (
        ("lost", found.lost),
        ("new", found.new),
        ("other shape", tuple(found.reshaped)),
        ("same shape, other meaning", found.reread),
    ):
        if keys:
            lines.append(f"  {what}: {_keys(keys, order)}")
    if found.renamed:
        lines.append(f"  moved: {len(found.renamed)} keys")
    return lines


def _counts(found: Compatibility) -> str:
    if found.verdict is WeightVerdict.compatible:
        return ""
    left = f"; {len(found.lost)} old ones are left over" if found.lost else ""
    return f" ({len(found.fits)} of {len(found.new_keys)} keys load{left})"


def _keys(keys: Iterable[str], order: dict[str, tuple[str, ...]], most: int = 3) -> str:
    spans = fold(keys, order)
    text = "; ".join(span.text(4) for span in spans[:most])
    return text + (f"; and {sum(span.count for span in spans[most:])} more" if len(spans) > most else "")


def _steps(diff: ModuleDiff) -> str:
    old, new = diff.old_cost, diff.new_cost

    def per_image(cost: Cost, kind: str) -> int:
        return int(getattr(cost, kind))

    rows = []
    for title, kind in (("training step", "step_flops"), ("penalties", "penalty_flops")):
        a, b = (sum(per_image(n.total, kind) for n in cost.networks.values()) for cost in (old, new))
        if a != b:
            rows.append(f"  {title}: {_amounts(a, b, PER_IMAGE)}")
    before, after = (cost.flops_per_step / cost.batch for cost in (old, new))
    if before != after:
        rows.append(f"  on average: {_amounts(before, after, PER_IMAGE)}")
    return "\n".join(["steps", *(rows or ["  cost the same"])])
