"""Sizes of one, two and three sides in types, parameters and attributes; what a lone number stands for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gandsl.diagnostics import Diagnostics
from gandsl.frontend.elaborate import elaborate
from gandsl.frontend.module import ModuleIR
from gandsl.spec.loader import load
from gandsl.spec.values import Size, as_size

SPEC = """gandsl: 1
name: sides
params: {{size: {{type: size, default: {size}}}, edge: 16}}
generator:
  inputs: {{z: "Latent[4]"}}
  body: {{image: {{op: reshape, channels: 4, size: 1}}}}
discriminator:
  inputs: {{x: "{type}"}}
  body:
    {node}
    logit: {{op: global_pool, x: x}}
"""


Made = Callable[..., tuple[ModuleIR | None, str]]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """The spec with these places filled in, and what is said of it."""

    def module(type_: str, node: str = "", size: str = "16") -> tuple[ModuleIR | None, str]:
        diagnostics = Diagnostics()
        path = tmp_path / "sides.yaml"
        path.write_text(SPEC.format(type=type_, node=node, size=size))
        document = load(path, diagnostics=diagnostics)
        found = elaborate(document, diagnostics) if document else None
        return found, "\n".join(f"{one.code} {one.message}" for one in diagnostics)

    return module


@pytest.mark.parametrize(
    ("type_", "size", "shape"),
    (
        ("Image[3, size]", "16", (3, 16, 16)),
        ("Image[3, size]", "[8, 16]", (3, 8, 16)),
        ("Image[3, edge]", "16", (3, 16, 16)),
        ("Image[3, edge, 2 * edge]", "16", (3, 16, 32)),
        ("Feature[3, size]", "16", (3, 16, 16)),
        ("Feature[3, edge]", "16", (3, 16, 16)),
        ("Feature[3, size]", "[16]", (3, 16)),
        ("Feature[3, [edge]]", "16", (3, 16)),
        ("Feature[3, size]", "[4, 8, 16]", (3, 4, 8, 16)),
        ("Feature[3, 4, 8, edge]", "16", (3, 4, 8, 16)),
        ("Signal[3, size]", "16", (3, 16)),
        ("Signal[3, size // 2]", "16", (3, 8)),
        ("Signal[3, last(doubling(4, size))]", "16", (3, 16)),
        ("Signal[3, size]", "[16]", (3, 16)),
        ("Signal[3, 2 * edge]", "16", (3, 32)),
        ("Volume[3, size]", "16", (3, 16, 16, 16)),
        ("Volume[3, edge]", "16", (3, 16, 16, 16)),
        ("Volume[3, size]", "[4, 8, 16]", (3, 4, 8, 16)),
        ("Volume[3, edge, size]", "[4, 8]", (3, 16, 4, 8)),
    ),
)
def test_a_size_stands_for_its_sides(made: Made, type_: str, size: str, shape: tuple[int, ...]) -> None:
    module, said = made(type_, size=size)
    assert module is not None and not said
    assert module.networks["discriminator"].main["x"].type.shape == shape


@pytest.mark.parametrize(
    ("type_", "size", "said"),
    (
        ("Image[3, size]", "[16]", "G0216 Image has 3 dimensions, but 2 are given"),
        ("Image[3, size]", "[4, 8, 16]", "G0216 Image has 3 dimensions, but 4 are given"),
        ("Signal[3, size]", "[16, 16]", "G0216 Signal has 2 dimensions, but 3 are given"),
        ("Volume[3, size]", "[16, 16]", "G0216 Volume has 4 dimensions, but 3 are given"),
        ("Feature[3]", "16", "G0216 Feature has 2 or 3 or 4 dimensions, but 1 are given"),
        ("Signal[3, size]", "[1, 2, 3, 4]", "G0503 `size` wants a size"),
    ),
)
def test_another_number_of_sides_is_told(made: Made, type_: str, size: str, said: str) -> None:
    assert said in made(type_, size=size)[1]


@pytest.mark.parametrize(
    ("type_", "attribute", "value"),
    (
        ("Signal[3, 16]", "length", 16),
        ("Signal[3, 16]", "pixels", 16),
        ("Volume[3, 2, 4, 8]", "depth", 2),
        ("Volume[3, 2, 4, 8]", "height", 4),
        ("Volume[3, 2, 4, 8]", "width", 8),
        ("Volume[3, 2, 4, 8]", "pixels", 64),
        ("Volume[3, 2, 4, 8]", "size.d", 2),
        ("Signal[3, 16]", "size.t", 16),
        ("Image[3, 4, 8]", "pixels", 32),
        ("Image[3, 4, 8]", "size.h", 4),
    ),
)
def test_tensors_tell_their_sides(made: Made, type_: str, attribute: str, value: int) -> None:
    module, said = made(type_, f"c: {{op: conv, x: x, channels: x.{attribute}, kernel: 1}}")
    assert module is not None and not said
    assert module.networks["discriminator"].main["c"].type.shape[0] == value


@pytest.mark.parametrize(
    ("type_", "attribute"),
    (("Signal[3, 16]", "height"), ("Image[3, 16]", "length"), ("Image[3, 16]", "depth")),
)
def test_other_sides_are_not_there(made: Made, type_: str, attribute: str) -> None:
    assert f"G0110 {type_.split('[')[0]}" in made(type_, f"c: {{op: conv, x: x, channels: x.{attribute}}}")[1]


@pytest.mark.parametrize(
    ("written", "value"),
    (
        ("3", 3),
        ("[3, 3]", 3),
        ("[3, 5]", (3, 5)),
        ("edge", 16),
        ("size", 16),
        ("size // 4", 4),
        ("[size // 2, 1]", (8, 1)),
    ),
)
def test_numbers_by_side_are_one_where_they_are_alike(made: Made, written: str, value: object) -> None:
    module, said = made("Image[3, 32]", f"c: {{op: conv, x: x, channels: 4, kernel: {written}}}")
    assert module is not None and not said
    assert module.networks["discriminator"].main["c"].attrs["kernel"] == value


def test_two_sides_are_no_lone_number(made: Made) -> None:
    node = "c: {op: conv, x: x, channels: 4, kernel: size}"
    assert "G0224 `kernel` has 2 numbers, and the feature 1 side" in made("Signal[3, 32]", node, "[3, 3]")[1]
    module, said = made("Signal[3, 32]", node, "3")
    assert module is not None and not said


def test_a_size_is_equal_to_its_sides_however_it_is_written() -> None:
    assert as_size(4) == Size(4, 4) == as_size([4, 4]) and as_size([4]) != as_size(4)
    assert as_size([Size(2, 8), 3]) == Size(8, 3)
    assert [as_size(wrong) for wrong in ([], [1, 2, 3, 4], [0], "44", None, [True])] == [None] * 6
    assert as_size(4).plain == 4 and as_size([4]).plain == [4] and as_size([4, 4, 4]).plain == [4, 4, 4]  # type: ignore[union-attr]  # all are sizes
