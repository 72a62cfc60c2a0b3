"""Folds many ids into few lines: stages into ranges (`synthesis.s8…s256`), nodes of one stage into a list."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from gandsl.analysis.cost import is_stage
from gandsl.records import dataclass

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Place:
    """An id cut at its first stage. `stage` is empty where it lies in none; then `leaf` is the whole id."""

    prefix: str
    stage: str
    leaf: str


@dataclass(frozen=True, slots=True)
class StageRun:
    """Some nodes in a run of stages: `synthesis.s8…s256: conv0, conv1`."""

    prefix: str
    stages: tuple[str, ...]
    leaves: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.leaves) * max(1, len(self.stages))

    def text(self, most: int = 6) -> str:
        """Ranges as first…last; a list longer than `most` is cut, and says so."""
        names = ", ".join(self.leaves[:most])  # one empty name: whole stages
        if len(self.leaves) > most:
            names += f" and {len(self.leaves) - most} more"
        if not self.stages:
            return names
        first, last = self.stages[0], self.stages[-1]
        run = {1: first, 2: f"{first}, {last}"}.get(len(self.stages), f"{first}…{last}")
        where = f"{self.prefix}.{run}" if self.prefix else run
        return f"{where}: {names}" if names else where


def place(id_: str, order: Mapping[str, Sequence[str]] | None = None) -> Place:
    """Cut an id at its first stage: `synthesis.s8.conv0` is synthesis, s8, conv0.

    A path may end in a stage, if `order` knows it as one; a node's own name is none.
    """
    parts = id_.split(".")
    for index, part in enumerate(parts):
        inside = index + 1 < len(parts) or part in (order or {}).get(".".join(parts[:index]), ())
        if is_stage(part) and inside:
            return Place(".".join(parts[:index]), part, ".".join(parts[index + 1 :]))
    return Place("", "", id_)


def stage_order(*programs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Prefix → its stages, in the order in which they appear; of several programs (their ids), merged."""
    found: dict[str, list[str]] = {}
    for ids in programs:
        own: dict[str, dict[str, None]] = {}
        for id_ in ids:
            where = place(id_)
            if where.stage:
                own.setdefault(where.prefix, {})[where.stage] = None
        for prefix, stages in own.items():
            _merge(found.setdefault(prefix, []), list(stages))
    return {prefix: tuple(stages) for prefix, stages in found.items()}


def _merge(into: list[str], stages: Sequence[str]) -> None:
    """Put the stages that are not there behind those that they follow, or before those that follow them."""
    for index, stage in enumerate(stages):
        if stage in into:
            continue
        if index:
            into.insert(into.index(stages[index - 1]) + 1, stage)
        else:
            later = next((into.index(other) for other in stages if other in into), len(into))
            into.insert(later, stage)


def fold(ids: Iterable[str], order: Mapping[str, Sequence[str]]) -> list[StageRun]:
    """The ids as few spans: neighbouring stages that hold the same nodes become one range."""
    leaves: dict[tuple[str, str], list[str]] = {}
    for id_ in ids:
        where = place(id_, order)
        leaves.setdefault((where.prefix, where.stage), []).append(where.leaf)
    found: list[StageRun] = []
    for (prefix, stage), names in _in_order(leaves, order):
        last = found[-1] if found else None
        stages = order.get(prefix, ())
        if (
            last is not None
            and stage
            and last.prefix == prefix
            and last.leaves == tuple(names)
            and last.stages
            and stages.index(stage) == stages.index(last.stages[-1]) + 1
        ):
            found[-1] = StageRun(prefix, (*last.stages, stage), last.leaves)
        else:
            found.append(StageRun(prefix, (stage,) if stage else (), tuple(names)))
    return found


def _in_order(
    leaves: Mapping[tuple[str, str], list[str]], order: Mapping[str, Sequence[str]]
) -> list[tuple[tuple[str, str], list[str]]]:
    prefixes = list(dict.fromkeys(prefix for prefix, _ in leaves))

    def position(item: tuple[tuple[str, str], list[str]]) -> tuple[int, int]:
        (prefix, stage), _ = item
        return prefixes.index(prefix), order[prefix].index(stage) if stage else -1

    return sorted(leaves.items(), key=position)


def roots(ids: Sequence[str], others: Iterable[str]) -> dict[str, int]:
    """The topmost paths that hold some of `ids` and nothing of `others`, with the number of ids in each."""
    kept: set[str] = set()
    for other in others:
        parts = other.split(".")
        kept.update(".".join(parts[:end]) for end in range(1, len(parts) + 1))
    found: dict[str, int] = {}
    for id_ in ids:
        parts = id_.split(".")
        ends = range(1, len(parts) + 1)
        root = next((p for p in (".".join(parts[:end]) for end in ends) if p not in kept), id_)
        found[root] = found.get(root, 0) + 1
    return found
