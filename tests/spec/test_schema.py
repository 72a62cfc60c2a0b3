"""The JSON Schema accepts what the compiler accepts, and refuses the slips an editor can show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gandsl.cli.commands.schema import spec_schema
from gandsl.spec.reader import read_text, to_plain
from tests import added
from tests.spec.helpers import MINIMAL
from tests.spec.test_game import GAME

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed: pip install gandsl[dev]")


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = spec_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def data_of(text: str) -> Any:
    from gandsl.diagnostics import Diagnostics

    tree = read_text(text, "f", Diagnostics())
    assert tree is not None
    return to_plain(tree)


def test_every_spec_and_library_file_is_valid(validator: Any, root: Path) -> None:
    library = [file for file in (root / "gandsl" / "std").rglob("*.yaml") if file.stem != "short"]
    files = [*(root / "specs").glob("*.yaml"), *library]
    assert len(library) > 10
    for file in files:
        faults = [
            f"{list(error.path)}: {error.message[:200]}"
            for error in validator.iter_errors(data_of(file.read_text()))
        ]
        assert faults == [], file.name


def test_ops_of_packages_are_valid(validator: Any) -> None:
    defaults = "generator:\n  defaults: {fancy.swirl: {turns: 1}}"
    assert not list(validator.iter_errors(data_of(added.SPEC.replace("generator:", defaults))))


GOOD = MINIMAL.replace("op: dense, features", "op: linear, features").replace(
    "training: {batch: 64, ema: {half_life: 10 kimg}}",
    "training: {batch: 64, length: 10 kimg, loss: hinge, optimizer: {lr: 1e-3}, ema: {half_life: 10 kimg}}",
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("gandsl: 1", "gandsl: 2"),
        ("training: {", "trainig: {"),
        ("ports: {x: Feature}", "port: {x: Feature}"),
        ("{op: relu}", "{op: relo}"),
        ("{op: conv, channels: 8}", "{op: conv, chanels: 8}"),
        ("type: int, default: 8", "type: integer, default: 8"),
        ("{batch: 64", "{bacth: 64"),
        ("{block: up}", "{blok: up}"),
        ("{block: up}", "{block: norm.batch, featurs: 3}"),
        ("{block: up}", "{topology: skip, resolution: 64, staeg: up}"),
        ("let:", "patch: [{remove: a}]\nlet:"),
        ("let:", "patch: [{delete: a, set: {b: 1}}]\nlet:"),
        ("  up:\n", "  up-1:\n"),
    ],
)
def test_slips_are_seen(validator: Any, old: str, new: str) -> None:
    assert validator.is_valid(data_of(GOOD))
    assert old in GOOD
    assert not validator.is_valid(data_of(GOOD.replace(old, new)))


def test_expressions_may_stand_in_the_plan(validator: Any) -> None:
    for new in ("{batch: layers * 8", "{batch: 16"):
        assert validator.is_valid(data_of(GOOD.replace("{batch: 64", new)))
    assert not validator.is_valid(data_of(GOOD.replace("{batch: 64", "{batch: -3")))


# a game as it may be written: every form of a node and a term
PLAYED = GAME.replace(
    "    z: {draw: generator.z}\n",
    """\
    z: {draw: generator.z, distribution: normal, per: micro_batch, draws: other}
    soon: {value: {shape: linear, start: 0, end: 1, over: 1 kimg}, when: classes > 0}
    later: {value: {values: [0, 1], at: [1 kimg]}}
    k: {state: Scalar, start: 0, every: 16 steps, in: first, next: "clip(k + gap, 0, 1)", moved: old/k}
    ws: {network: generator.mapping, z: z, holds: [track_average], weights: average, mode: evaluation}
    all: {network: generator, z: z, draws: fake, outputs: all}
    seen: {block: some.thing, a: z}
""",
).replace("length: 10 kimg, batch: 8,", "length: 10 kimg, batch: 8, loss: hinge,")


def test_a_game_is_valid(validator: Any) -> None:
    faults = [
        f"{list(error.path)}: {error.message[:200]}" for error in validator.iter_errors(data_of(PLAYED))
    ]
    assert faults == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fresh: step", "fresh: steps"),
        ("[[first, second], third]", "first"),
        ("trains: [judge, other.head]", "trains: judge"),
        ("steps: 2", "stpes: 2"),
        ("{value: -gap, weight:", "{value: -gap, wieght:"),
        ("start: 0, end: 1, over: 1 kimg}, every", "start: 0, end: 1, ovre: 1 kimg}, every"),
        ("optimizer: {lr: 1e-4}", "optimizer: {rate: 1e-4}"),
        ("shows: [image, fake]", "shows: image"),
        ("{samples: fake,", "{sample: fake,"),
        ("draw: generator.z, distribution", "draw: generator.z, distributoin"),
        ("per: micro_batch", "per: microbatch"),
        ("state: Scalar, start", "state: Scalar, satrt"),
        ("weights: average", "weights: mean"),
        ("outputs: all}", "outputs: some}"),
        ("doc: the class}", "sets: b}"),
        ("{like: judge}", "{like: judge, body: {a: 1}}"),
        ("{of: head, kind: Vector}", "{of: head, knid: Vector}"),
        ("{random: true}", "{fiel: a.safetensors}"),
    ],
)
def test_slips_in_a_game_are_seen(validator: Any, old: str, new: str) -> None:
    assert PLAYED.count(old) == 1
    assert not validator.is_valid(data_of(PLAYED.replace(old, new)))


def computed(steps: str) -> Any:
    """A game whose data has a computed field."""
    low = f'  low: {{type: "Image[3, 4]", of: image, steps: [{steps}]}}'
    assert PLAYED.count("\ndata:\n") == 1
    return data_of(PLAYED.replace("\ndata:\n", f"\ndata:\n{low}\n"))


FINE = """{op: blur, size: [7, 21], sigma: [0.2, wide], beta: 2}, \
{op: either, ways: [[{op: jpeg, quality: 30}], []]}"""


def test_steps_of_a_computed_field_are_known(validator: Any) -> None:
    end = "{op: resize, filter: [area, bicubic], chance: 0.5}, {op: resize, filter: area}"
    assert validator.is_valid(computed(f"{FINE}, {end}"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("op: blur", "op: blurr"),
        ("sigma:", "sgima:"),
        ("quality: 30", "qualty: 30"),
        ("{op: either, ways: [[{op: jpeg, quality: 30}], []]}", "resize"),
    ],
)
def test_slips_in_steps_are_seen(validator: Any, old: str, new: str) -> None:
    assert FINE.count(old) == 1
    assert validator.is_valid(computed(FINE.replace(old, new))) is False
