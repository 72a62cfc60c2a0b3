"""A small spec that is fine, edits to it, and what the checks say, as one line each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gandsl.analysis import analyze
from gandsl.diagnostics import Diagnostic, Diagnostics

Edit = tuple[str, str]

PLAIN = """\
gandsl: 1
name: small
params:
  resolution: {type: size, default: 8}
  channels: 3
generator:
  inputs: {z: "Latent[16]"}
  body:
    dense: {op: linear, features: 128}
    start: {op: reshape, channels: 8, size: 4}
    up: {op: upsample}
    rgb: {op: conv, channels: channels}
    image: {op: tanh}
discriminator:
  inputs: {image: "Image[channels, resolution]"}
  body:
    conv: {op: conv, channels: 8, stride: 2}
    act: {op: relu}
    flat: {op: flatten}
    logit: {op: linear, features: 1}
training:
  length: 10 kimg
  batch: 32
  loss: logistic
  optimizer: {lr: 1e-3, betas: [0.0, 0.99]}
"""

# the whole body of its generator, to be replaced
WHOLE_G = """\
    dense: {op: linear, features: 128}
    start: {op: reshape, channels: 8, size: 4}
    up: {op: upsample}
    rgb: {op: conv, channels: channels}
    image: {op: tanh}
"""
STYLED = PLAIN.replace(
    """\
    dense: {op: linear, features: 128}
    start: {op: reshape, channels: 8, size: 4}
    up: {op: upsample}
    rgb: {op: conv, channels: channels}
    image: {op: tanh}
""",
    """\
    map: {op: linear, features: 8}
    ws: {op: broadcast_styles, count: 2}
    start: {op: constant, like: ws, channels: 8, size: 8}
    conv: {op: modulated_conv, style: "ws[0]", channels: 8}
    rgb: {op: modulated_conv, style: "ws[1]", channels: channels, kernel: 1}
  styles: ws
""",
)

GROWN = """\
gandsl: 1
name: grown
growth: {over: "doubling(4, 16)"}
generator:
  inputs: {z: "Latent[16]", alpha: {type: Scalar, when: fading}}
  body:
    dense: {op: linear, features: 128}
    start: {op: reshape, channels: 8, size: 4}
    synthesis:
      topology: grow
      alpha: alpha
      over: doubling(4, 16)
      stage: {use: up_stage, first: first}
      exit: {use: conv, channels: 3, kernel: 1}
blocks:
  up_stage:
    ports: {x: Feature}
    params: {first: bool}
    body:
      up: {op: upsample, unless: first}
      conv: {op: conv, channels: 8}
      act: {op: relu}
  down_stage:
    ports: {x: Feature}
    body:
      conv: {op: conv, channels: 8}
      act: {op: relu}
      pooled: {op: pool}
discriminator:
  inputs: {image: "Image[3, level_size]", alpha: {type: Scalar, when: fading}}
  body:
    stages:
      topology: grow_down
      x: image
      alpha: alpha
      over: halving(16, 8)
      enter: {use: conv, channels: 8, kernel: 1}
      stage: down_stage
    flat: {op: flatten}
    logit: {op: linear, features: 1}
training:
  length: 100 kimg
  batch: 32
  loss: logistic
  optimizer: {lr: 1e-3, betas: [0.0, 0.99]}
  growth: {stable: 10 kimg, fade: 10 kimg, batch: {8: 16}}
"""


def edited(text: str, *edits: Edit) -> str:
    """The text with each edit made; what is replaced has to stand in it exactly once."""
    for old, new in edits:
        assert text.count(old) == 1, (text.count(old), old)
        text = text.replace(old, new)
    return text


def case(name: str, text: str, edits: list[Edit], said: list[str]) -> Any:
    """One row of a test's table: `text` with `edits`, and what is said of it."""
    return pytest.param(edited(text, *edits), said, id=name)


def found(folder: Path, text: str, *overrides: str) -> list[str]:
    """What the checks say of a spec: `CODE line:column ‹the words marked› message`, in order of place."""
    path = folder / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    module, diagnostics = analyze(path, overrides)
    assert (module is None) == diagnostics.has_errors
    return [line(diagnostics, one) for one in diagnostics]


def line(diagnostics: Diagnostics, one: Diagnostic) -> str:
    """A diagnostic in short; the help is not in it."""
    span = one.span
    if span is None:
        return f"{one.code} {one.message}"
    text = diagnostics.sources[span.file].split("\n")[span.line - 1]
    end = span.end_column - 1 if span.end_line == span.line else len(text)
    return f"{one.code} {span.line}:{span.column} ‹{text[span.column - 1 : end]}› {one.message}"


def before_act(node: str) -> Edit:
    return ("    act: {op: relu}\n    flat", f"    {node}\n    act: {{op: relu}}\n    flat")


BN = before_act("norm: {op: batch_norm}")
VECTOR_BN = (
    "    dense: {op: linear, features: 128}\n",
    "    dense: {op: linear, features: 128}\n    norm: {op: batch_norm}\n",
)
STDDEV = before_act("dev: {op: minibatch_stddev, group: 4}")
