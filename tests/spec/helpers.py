"""What the spec tests share: reading from text, and saying in short what was reported and on which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gandsl.diagnostics import Diagnostics, Span
from gandsl.spec.document import Document
from gandsl.spec.evaluate import evaluate
from gandsl.spec.loader import load
from gandsl.spec.parse import parse
from gandsl.spec.scope import Budget, Scope

MINIMAL = """\
gandsl: 1
name: tiny
params:
  resolution: {type: size, default: 64, doc: output}
  layers: {type: int, default: 8, min: 1, max: 16}
  channel_max: 512
  mode: {type: enum, choices: [nearest, bilinear], default: nearest}
let:
  width(res): min(channel_max, 4096 // res)
blocks:
  up:
    ports: {x: Feature}
    body:
      conv0: {op: conv, channels: 8}
      act0: {op: relu}
generator:
  inputs: {z: "Latent[128]"}
  body:
    start: {op: dense, features: 16}
    stages:
      fold: {res: "doubling(8, resolution)"}
      body: {b: {block: up}}
discriminator:
  inputs: {image: "Image[3, resolution]"}
  body:
    conv: {op: conv, channels: width(4)}
    head: {op: dense, features: 1}
training: {batch: 64, ema: {half_life: 10 kimg}}
"""


def marked(diagnostics: Diagnostics, span: Span | None) -> str:
    """The text under a span of one line; of a longer one its first line, and an ellipsis."""
    if span is None or span.file not in diagnostics.sources:  # a file that is too large is not read
        return ""
    lines = diagnostics.sources[span.file].split("\n")
    if span.line == span.end_line:
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]
    return lines[span.line - 1][span.column - 1 :] + "…"


def said(diagnostics: Diagnostics) -> list[tuple[str, str]]:
    """What was reported: each code, and the words it points at."""
    return [(found.code, marked(diagnostics, found.span)) for found in diagnostics]


def messages(diagnostics: Diagnostics) -> str:
    """All messages and hints, for a look at the words."""
    return "\n".join(f"{found.message} ({found.help})" for found in diagnostics)


def value_of(
    text: str, names: dict[str, Any] | None = None, scope: Scope | None = None
) -> tuple[Any, Diagnostics]:
    """The value of an expression, and what was reported."""
    diagnostics = Diagnostics({"expression": text})
    expr = parse(text, Span("expression", 1, 1, 1, 1 + len(text)), diagnostics)
    if expr is None:
        return None, diagnostics
    return evaluate(expr, scope or Scope(values=names), diagnostics, Budget()), diagnostics


def load_text(
    folder: Path, text: str, *overrides: str, name: str = "spec.yaml"
) -> tuple[Document | None, Diagnostics]:
    """Load a spec that is written to `folder` first."""
    (folder / name).write_text(text, encoding="utf-8")
    return load_file(folder / name, *overrides)


def load_file(path: Path, *overrides: str) -> tuple[Document | None, Diagnostics]:
    """Load a spec."""
    diagnostics = Diagnostics()
    return load(path, overrides, diagnostics=diagnostics), diagnostics
