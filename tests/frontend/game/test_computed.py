"""Fields that are computed from others: what is wrong is said once, at its token; the plan is printed."""

from __future__ import annotations

from pathlib import Path

import pytest

import gandsl
from gandsl.analysis import analyze
from gandsl.codegen.package import render
from gandsl.lowering.network import LoweredNetwork
from gandsl_runtime.plan.degrade import STEPS, BlurStep, EitherStep, JpegStep
from tests.codegen.test_game_source import game_of

SPEC = """\
gandsl: 1
name: computed
params: {{far: {{type: float, default: 2.5}}}}
data:
  image: "Image[3, 8]"
  deep: "Image[4, 8]"
  y: "Label[3]"
  low: {low}
networks:
  judge:
    inputs: {{image: "Image[3, 8]"}}
    body: {{logit: {{op: conv, channels: 1}}}}
game:
  body: {{said: {{network: judge, image: image}}}}
  players: {{judge: {{trains: [judge], terms: {{own: mean(said)}}}}}}
training: {{length: 2 steps, batch: 2, optimizer: {{lr: 1e-3}}}}
"""
END = "{op: resize}"


def field(steps: str, of: str = "image", type_: str = "Image[3, 4]", more: str = "") -> str:
    return f'{{type: "{type_}", of: {of}, steps: [{steps}]{more}}}'


WRONG = {
    "a step that is not there": (
        field(f"{{op: blurr, size: 3}}, {END}"),
        "G0682 no step is called `blurr`",
        "did you mean `blur`?",
    ),
    "a window of what is smaller": (
        field("{op: crop}", type_="Image[3, 9]"),
        "G0682 a window of 9×9 is no part of an image of 8×8",
        "declare the image that it is cut from larger",
    ),
    "a window behind other steps": (
        field("{op: resize, factor: 0.5}, {op: crop}"),
        "G0682 `crop` is the first step, and no other",
        "",
    ),
    "a step without its op": (field(f"{{size: 3}}, {END}"), "G0682 a step says its `op`", ""),
    "a field that is not there": (
        field(f"{{op: noise, strenth: 3}}, {END}"),
        "G0682 `strength`: Field required",
        "",
    ),
    "an even side": (field(f"{{op: blur, size: 4, sigma: 1}}, {END}"), "G0682 `size` must be odd", ""),
    "ends that fall": (
        field(f"{{op: blur, size: 3, sigma: [2, 1]}}, {END}"),
        "G0682 `sigma`: must be a number, or two that rise",
        "",
    ),
    "a word that is not there": (
        field("{op: resize, filter: [area, lanczos]}"),
        "G0682 `filter`: Input should be 'area', 'bilinear' or 'bicubic'",
        "",
    ),
    "a cutoff": (field(f"{{op: sinc, size: 3, cutoff: 4}}, {END}"), "G0682 `cutoff`: ", ""),
    "inside a way": (
        field(f"{{op: either, ways: [[], [{{op: jpeg, quality: 0}}]]}}, {END}"),
        "G0682 `quality`: Input should be greater than or equal to 1",
        "",
    ),
    "shares": (
        field(f"{{op: either, ways: [[], []], shares: [1]}}, {END}"),
        "G0682 `shares` has 1 numbers for 2 ways",
        "",
    ),
    "a name that is not in sight": (field(f"{{op: noise, strength: farr}}, {END}"), "G0102", "far"),
    "another size": (
        field("{op: resize, factor: 0.5}"),
        "G0682 the steps may end at another size than the field's 4×4",
        "end with `{op: resize}`",
    ),
    "a JPEG of four channels": (
        field(f"{{op: jpeg, quality: 3}}, {END}", "deep", "Image[4, 4]"),
        "G0682 a JPEG has 1 or 3 channels, and the field 4",
        "",
    ),
    "no list": ('{type: "Image[3, 4]", of: image, steps: resize}', "G0010 `steps` wants a list of steps", ""),
    "of a label": (
        field(END, "y"),
        "G0683 `of` names an Image, and `y` is a Label",
        "image",
    ),
    "of itself": (field(END, "low"), "G0683 `low` is computed from itself", ""),
    "of nothing": (
        field(END, "imag"),
        "G0683 `of` names an Image, and `imag` is no field",
        "image",
    ),
    "no image": (field(END, type_="Mask[3, 4]"), "G0683 `of` is said of an Image, and `low` is a Mask", ""),
    "other channels": (field(END, type_="Image[1, 4]"), "G0683 `image` has 3 channels, and `low`", ""),
    "no steps": ('{type: "Image[3, 4]", of: image}', "G0683 `low` has `of` and no `steps`", "both"),
    "no of": ('{type: "Image[3, 4]", steps: [{op: resize}]}', "G0683 `low` has `steps` and no `of`", "both"),
    "a set of its own": (field(END, more=", set: b"), "G0012 `of` and `set` exclude each other", ""),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_once(case: str, tmp_path: Path) -> None:
    written, said, help = WRONG[case]
    (tmp_path / "spec.yaml").write_text(SPEC.format(low=written))
    found = [one for one in analyze(tmp_path / "spec.yaml")[1] if one.severity == "error"]
    assert len(found) == 1, found
    assert f"{found[0].code} {found[0].message}".startswith(said), found[0]
    assert help in (found[0].help or ""), found[0]
    assert found[0].span is not None and found[0].span.line == 8


EVERY = f"""\
{{op: crop}}, {{op: blur, size: 3, sigma: [1, far * 2]}}, {{op: sinc, size: 5, cutoff: 2}}, \
{{op: noise, strength: 1}}, {{op: shot_noise, scale: 1}}, \
{{op: either, ways: [[{{op: jpeg, quality: 50}}], []]}}, {END}"""


def test_steps_are_of_the_plan_and_printed(tmp_path: Path) -> None:
    """Every one; numbers may be expressions; the printed plan is the same one."""
    (tmp_path / "spec.yaml").write_text(SPEC.format(low=field(EVERY)))
    module = gandsl.compile(tmp_path / "spec.yaml").module
    assert module.game is not None
    found = module.game.plan.data["low"]
    assert (found.origin, found.set, found.shape) == ("image", "", (3, 4, 4))
    crop, blur, *others, either, end = found.steps
    jpeg = JpegStep(quality=(50, 50))
    assert blur == BlurStep(size=(3, 3), sigma=(1, 5)) and either == EitherStep(ways=((jpeg,), ()))
    assert {type(step) for step in (crop, blur, *others, either, end, jpeg)} == set(STEPS)
    networks = {name: LoweredNetwork(network) for name, network in module.networks.items()}
    assert game_of(render(module)["game.py"], networks).plan.data == module.game.plan.data


def test_fields_are_computed_from_computed_ones(tmp_path: Path) -> None:
    """In whatever order they are declared, all of the item of the first; a circle is told once."""
    low = field(END, "window") + '\n  window: {type: "Image[3, 6]", of: other, steps: [{op: crop}]}'
    low += '\n  other: {type: "Image[3, 8]", set: b, stream: s}'
    (tmp_path / "spec.yaml").write_text(SPEC.format(low=low))
    module = gandsl.compile(tmp_path / "spec.yaml").module
    assert module.game is not None
    assert {module.game.plan.data[name].key for name in ("low", "window", "other")} == {"b/s"}
    (tmp_path / "spec.yaml").write_text(SPEC.format(low=low.replace("of: other", "of: low")))
    found = [one for one in analyze(tmp_path / "spec.yaml")[1] if one.severity == "error"]
    assert [one.message for one in found] == ["`low` is computed from itself, by way of `window`"]
