"""A network of one block: what the tests of the standard library compile."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import gandsl
from gandsl.api import Program
from gandsl_runtime.network import Network

AROUND = """\
gandsl: 1
name: probe
generator:
  inputs: {z: "Latent[2]"}
  body: {dense: {op: linear, features: 3}, image: {op: reshape, channels: 3, size: 1}}
discriminator:
  inputs: {image: "Image[3, 1, 1]"}
  body: {flat: {op: flatten}, logit: {op: linear, features: 1}}
"""


def probe(inputs: Mapping[str, str], body: str, blocks: str = "", output: str = "") -> Network:
    """The network with these inputs (name → type) and this body; it gives its last node, or `output`."""
    declared = "".join(f"      {name}: {kind!r}\n" for name, kind in inputs.items())
    nodes = "".join(f"      {line}\n" for line in body.strip().splitlines())
    text = f"{AROUND}{blocks}\nnetworks:\n  probe:\n    inputs:\n{declared}    body:\n{nodes}"
    if output:
        text += f"    outputs: {{{output}}}\n"
    return spec(text).network("probe")


def spec(text: str) -> Program:
    """The program of a spec given as text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "probe.yaml"
        path.write_text(text)
        return gandsl.compile(path)
