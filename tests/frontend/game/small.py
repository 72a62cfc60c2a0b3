"""A small game that is fine, and its graph as text: what a test replaces in it, and what it reads off."""

from __future__ import annotations

from pathlib import Path

from gandsl.diagnostics import Diagnostics
from gandsl.frontend.elaborate import elaborate
from gandsl.ir.game import GameIR
from gandsl.ir.text import node_text
from gandsl.spec.loader import load

NETWORKS = """\
gandsl: 1
name: small
params: {resolution: {type: size, default: 8}, classes: {type: int, default: 3}}
generator:
  inputs: {z: "Latent[4]", y: {type: "Label[classes]", when: classes > 0}}
  body:
    map: {op: linear, x: z, features: 4}
    tracked: {op: track_average}
    w: {op: broadcast_styles, count: 2}
    start: {op: constant, like: w, channels: 4, size: 8}
    conv: {op: modulated_conv, style: "w[0]", channels: 4}
    rgb: {op: modulated_conv, style: "w[1]", channels: 3, kernel: 1}
  styles: w
networks:
  judge:
    inputs: {image: "Image[3, resolution]"}
    body:
      conv: {op: conv, channels: 4, stride: 2}
      act: {op: relu}
      pixels: {op: conv, channels: 1}
      pooled: {op: global_pool, x: act}
      logit: {op: linear, features: 1}
    outputs: {logit: {of: logit, kind: Logits}, pixels: {of: pixels, kind: Logits}}
  heads:
    inputs: {image: "Image[3, resolution]"}
    body:
      scales:
        fold: {c: [2, 3]}
        carry: {x: image}
        body:
          conv: {op: conv, x: x, channels: c}
          pooled: {op: global_pool}
          head: {op: linear, features: 1}
        next: {x: x}
        collect: {heads: head}
    outputs: {said: {of: scales.heads, kind: Logits}}
data: {image: "Image[3, resolution]", y: {type: "Label[classes]", when: classes > 0}}
"""
BODY = """\
    z: {draw: generator.z}
    c: {draw: y}
    fake: {network: generator, z: z, y: c}
    real: {network: judge, image: image}
    said: {network: judge, image: fake}
"""
PLAYERS = """\
  players:
    discriminator: {trains: [judge], terms: {gap: mean(said.logit) - mean(real.logit)}}
    generator: {trains: [generator], terms: {gap: -mean(said.logit)}}
"""
TRAINING = """\
training: {length: 10 kimg, batch: 8, optimizer: {lr: 1e-3}}
"""


def text(body: str = "", players: str = PLAYERS, more: str = "", before: str = "") -> str:
    """The small game with further nodes, other players, more of `game:`, and more of the file."""
    nodes = "".join(f"    {line}\n" for line in body.splitlines())
    return f"{NETWORKS}{before}game:\n{more}  body:\n{BODY}{nodes}{players}{TRAINING}"


def unfolded(folder: Path, written: str, *overrides: str) -> tuple[GameIR | None, Diagnostics]:
    """The game of a text, and what was said of it."""
    path = folder / "spec.yaml"
    path.write_text(written, encoding="utf-8")
    diagnostics = Diagnostics()
    document = load(path, list(overrides), diagnostics=diagnostics)
    assert document is not None
    module = elaborate(document, diagnostics)
    return (module.game if module else None), diagnostics


def nodes(folder: Path, body: str, *overrides: str, before: str = "") -> list[str]:
    """The lines of the graph that further nodes add, in order."""
    plain, _ = unfolded(folder, text())
    game, diagnostics = unfolded(folder, text(body, before=before), *overrides)
    assert game is not None and plain is not None, [one.message for one in diagnostics]
    known = set(plain.main.nodes)
    return [node_text(node) for node in game.main if node.id not in known]


def said(folder: Path, written: str) -> list[str]:
    """What is said of a text, without warnings: `CODE ‹the words marked› message`."""
    _, diagnostics = unfolded(folder, written)
    lines = written.split("\n")
    found = [(one, one.span) for one in diagnostics if one.span is not None and one.severity == "error"]
    return [
        f"{one.code} ‹{lines[span.line - 1][span.column - 1 : span.end_column - 1]}› {one.message}"
        for one, span in found
    ]
