"""What the parts of a plan stand for, as a table: `gandsl/std/game/short.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from gandsl.diagnostics import Diagnostics
from gandsl.spec.places import STANDARD
from gandsl.spec.reader import read_text
from gandsl.spec.tree import Mapping, to_plain
from gandsl_runtime.plan import Plan

SHORT = Path(STANDARD) / "game" / "short.yaml"

Template = dict[str, Any]


@cache
def table() -> dict[str, list[Template]]:
    """Path of a part of the plan → the terms that it stands for."""
    read = read_text(SHORT.read_text("utf-8"), "gandsl/std/game/short.yaml", Diagnostics())
    assert isinstance(read, Mapping)
    found: dict[str, list[Template]] = to_plain(read)
    return found


@cache
def templates() -> dict[str, Template]:
    """Each term that a part of a plan may stand for, by PLAYER.TERM."""
    return {f"{one['player']}.{one['term']}": one for made in table().values() for one in made}


def places() -> dict[str, str]:
    """Term → the part of a spec that makes it: `r1` → `training.regularizers.r1`."""
    return {template["term"]: f"training.{part}" for part, made in table().items() for template in made}


@cache
def void_across_batches() -> frozenset[str]:
    """The blocks whose gradients of a sample say something else where batch normalization is on the way."""
    return frozenset(one["block"] for one in templates().values() if one.get("batch_norm") == "void")


def active(plan: Plan, idle: bool = False) -> Iterator[tuple[str, Template]]:
    """The parts of a plan that are terms and weigh something, with what they stand for.

    `idle`: also those that weigh nothing, and whose interval counts.
    """
    for part, templates in table().items():
        above: Any = plan
        for name in part.split("."):
            above = getattr(above, name, None)
        for template in templates if above is not None else ():
            lazy = idle and getattr(getattr(above, "every", None), "number", 1) > 1
            if lazy or getattr(above, next(iter(fields_of(template).values()))) != 0:
                yield part, template


def fields_of(template: Template) -> dict[str, str]:
    """What a block or a term calls it → the part's field, of which the first is its weight."""
    fields = template["fields"]
    return fields if isinstance(fields, dict) else {name: name for name in fields}
