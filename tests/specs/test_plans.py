"""Each published system's plan stands in docs/specs.md beside its source: the numbers are the spec's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gandsl_runtime.plan import Plan
from gandsl_runtime.plan.number import Stairs, Way
from tests.specs.whole import module

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "specs.md").read_text("utf-8")
BASES = {"auto", "ada", "cifar", "paper256", "paper512", "paper1024", "stylegan2"}
SAID = {  # a penalty's numbers, as the table has them
    "r1": "R1 γ {gamma}",
    "r2": "R2 γ {gamma}",
    "gradient_penalty": "gradient penalty {weight}, target {target}",
    "drift": "drift {weight}",
    "path_length": "path length {weight}",
}


def number(value: Any) -> str:
    """A number, or the ends of a curve."""
    if isinstance(value, Way):
        after = f" after {value.after}" if value.after.number else ""
        return f"{number(value.start)} → {number(value.end)} over {value.over}{after}"
    assert not isinstance(value, Stairs), "a table has no form for it yet"
    return re.sub(r"e-0", "e-", f"{value:g}") if isinstance(value, float | int) else str(value)


def batch(plan: Plan) -> str:
    sizes = list(dict.fromkeys(plan.growth.batch.values())) if plan.growth and plan.growth.batch else []
    said = ", ".join(map(str, sizes)) + " by size" if sizes else str(plan.batch)
    return f"{said}; D ×{plan.discriminator_steps}" if plan.discriminator_steps > 1 else said


def rates(plan: Plan) -> str:
    base, own = plan.optimizer, plan.discriminator_optimizer
    sides = {"G": base.lr, "D": base.lr if own is None or own.lr is None else own.lr}
    one = sides["G"] == sides["D"]
    said = number(base.lr) if one else ", ".join(f"{side} {number(lr)}" for side, lr in sides.items())
    if plan.growth and plan.growth.lr:
        said += "".join(f", {number(lr)} at {size}²" for size, lr in plan.growth.lr.items())
    eps = f"; ε {number(base.eps)}" if base.eps != 1e-8 else ""
    return f"{said}; β {', '.join(map(number, base.betas))}{eps}"


def penalties(plan: Plan) -> str:
    def each() -> Iterator[str]:
        for name, penalty in plan.regularizers:
            if penalty is not None:
                every = getattr(penalty, "every", None)
                numbers = {
                    field: number(value) for field, value in penalty if isinstance(value, float | int | Way)
                }
                lazy = f" every {every}" if every is not None and str(every) != "1 steps" else ""
                yield SAID[name].format(**numbers) + lazy

    return ", ".join(each()) or "–"


def average(plan: Plan) -> str:
    if plan.ema is None:
        return "–"
    of = plan.ema
    said = f"{number(of.decay)} a step" if of.half_life is None else f"half-life {number(of.half_life)}"
    ramp = f", ramp {number(of.ramp_up)}" if of.ramp_up else ""
    return said + ramp + (f" from {of.start}" if of.start.number else "")


def row(plan: Plan) -> list[str]:
    """Length, batch, rates, penalties, average."""
    return [str(plan.length), batch(plan), rates(plan), penalties(plan), average(plan)]


def table(heading: str) -> dict[str, list[str]]:
    """The cells of the first table under a heading, by the name of the spec."""
    part = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([\w/]+)` \|(.+)\|$", part, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}


PLANS: Mapping[str, list[str]] = table("Training plans")


def test_each_published_system_has_a_row() -> None:
    systems = {name for name in table("Published systems") if "/" not in name}
    assert set(PLANS) == systems | {f"stylegan2/{base}" for base in BASES}
    assert all(len(cells) == 7 and cells[0] for cells in PLANS.values()), "a source for each"


@pytest.mark.parametrize("name", PLANS)
def test_its_numbers_are_the_spec_s(name: str) -> None:
    plan = module(name).plan
    assert plan is not None and PLANS[name][1:6] == row(plan)
