"""null for every field of the plan: from the file, `set:`, a patch and the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gandsl.analysis import analyze
from gandsl.diagnostics import Diagnostic
from gandsl.frontend.module import ModuleIR
from gandsl.frontend.plan.nulls import parts_of, takes_null
from gandsl_runtime.plan import Plan

ROOT = Path(__file__).parents[2]

FULL = """\
gandsl: 1
name: full
generator:
  inputs: {z: "Latent[4]"}
  body: {fc: {op: linear, features: 48}, image: {op: reshape, channels: 3, size: 4}}
discriminator:
  inputs: {image: "Image[3, 4]"}
  body: {conv: {op: conv, channels: 1}, pool: {op: global_pool}}
  outputs: {logit: pool}
training:
  length: 64 img
  batch: 4
  loss: {kind: logistic}
  optimizer: {lr: 0.001}
"""
MORE = """\
  micro_batch: 2
  regularizers: {r1: {gamma: 1}}
  ema: {half_life: 500 img}
  augment: {pipe: bg, p: 0.1}
  precision: {compute: bf16, stages: 1}
  data: {flip: true}
  guard: {on_alarm: stop}
  cadence: {log: 5 steps, best: {metric: guard/diversity, mode: max}, milestone: 32 img}
"""


def fields(kind: Any = Plan, path: tuple[str, ...] = ()) -> Iterator[tuple[str, bool, bool, Any]]:
    """Every field of the plan by its path: whether it is required, whether it takes null, its default."""
    seen: dict[str, list[Any]] = {}
    for part in parts_of(kind):
        for name, field in part.model_fields.items():
            seen.setdefault(name, []).append(field)
    for name, found in seen.items():
        required = all(field.is_required() for field in found)
        nullable = any(takes_null(field.annotation) for field in found)
        yield ".".join((*path, name)), required, nullable, found[0].get_default()
        for field in found:
            yield from fields(field.annotation, (*path, name))


TOLD = {  # what is wrong without a field that has no default of its own
    "loss": "`loss` is a mapping of fields, not null",  # where no game says what is minimized
    "loss.kind": "unknown loss",
    "ema.half_life": "give `half_life`, `decay` or `power`, one of the three",
    "precision.compute": "`stages` says where bf16 or fp16 is used",
}
FIELDS = {path: facts for path, *facts in fields()}
# one of each kind: as deep, required and nullable alike, with a default of one type
KINDS = {(path.count("."), *facts[:2], type(facts[2])): path for path, facts in FIELDS.items()}
WAYS: dict[str, Callable[[str], tuple[str, list[str]]]] = {
    "--set": lambda path: ("", [f"training.{path}=null"]),
    "set": lambda path: (f"set: {{training.{path}: null}}\n", []),
    "patch": lambda path: (f"patch: [{{set: {{training.{path}: null}}}}]\n", []),
}
EVERY = ("full", "--set")  # there all of them are tried, elsewhere one of each kind


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[ModuleIR | None, list[Diagnostic]]]:
    folder = tmp_path_factory.mktemp("nulls")
    for name, text in {"bare": FULL, "full": FULL + MORE}.items():
        (folder / f"{name}.yaml").write_text(text)

    def look(base: str, path: str, way: str) -> tuple[ModuleIR | None, list[Diagnostic]]:
        changes, overrides = WAYS[way](path)
        (folder / "child.yaml").write_text(f"gandsl: 1\nname: child\nextends: {base}.yaml\n{changes}")
        module, found = analyze(folder / "child.yaml", overrides)
        return module, [one for one in found if one.severity == "error"]

    return look


def value(plan: Any, path: str) -> Any:
    """A field of the plan; None where the part that would have it isn't there."""
    for name in path.split("."):
        plan = getattr(plan, name, None)
    return plan


@pytest.mark.parametrize(
    ("base", "way", "paths"),
    [
        pytest.param(base, way, paths, marks=[] if few or (base, way) == EVERY else pytest.mark.thorough)
        for base in ("bare", "full")
        for way in WAYS
        for few, paths in ((True, [*KINDS.values()]), (False, [*FIELDS]))
        if not few or (base, way) != EVERY
    ],
    ids=lambda one: one if isinstance(one, str) else str(len(one)),
)
def test_every_field(base: str, way: str, paths: list[str], read: Callable[..., Any]) -> None:
    """Null is none where there may be none, else the default; one message where there has to be something."""
    plain = read(base, "micro_batch", way)[0].plan
    for path in paths:
        required, nullable, _ = FIELDS[path]
        module, errors = read(base, path, way)
        owner, _, name = path.rpartition(".")
        there = not owner or value(plain, owner) is not None
        if there and not hasattr(value(plain, owner) if owner else plain, name):
            continue  # of another kind of loss, curve or augmentation than the plan has
        if (base == "full" and path in TOLD) or path in ("loss", "loss.kind"):
            assert [one.code for one in errors] == ["G0602"] and TOLD[path] in errors[0].message
            continue
        if required and there and not nullable:
            assert len(errors) == 1, (path, [one.message for one in errors])
            assert f"`{path.rpartition('.')[2]}`" in errors[0].message, (path, errors[0].message)
            assert (span := errors[0].span) is not None and span.end_column - span.column == len("null")
        else:
            assert module is not None, (path, [one.message for one in errors])
            if nullable:
                assert value(module.plan, path) is None, path


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", ["gaurd", "growth.bacth", "cadence.bset", "guard.windw", "loss.x"])
def test_a_slip_is_told(path: str, way: str, read: Callable[..., Any]) -> None:
    module, errors = read("bare", path, way)
    assert module is None
    assert any(one.code == "G0008" for one in errors), [one.message for one in errors]


def test_null_against_a_default_is_shown(tmp_path: Path) -> None:
    """By `show` and by `diff`: no guard is not the guard that the default is."""
    from gandsl.analysis.resolved import resolved
    from gandsl.diff import compare

    (tmp_path / "a.yaml").write_text(FULL)
    one, _ = analyze(tmp_path / "a.yaml")
    two, _ = analyze(tmp_path / "a.yaml", ["training.guard=null"])
    assert one is not None and two is not None
    assert resolved(two)["training"]["guard"] is None
    assert resolved(one)["training"]["guard"] is not None
    assert "guard" in repr(compare(one, two))
