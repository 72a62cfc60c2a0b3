"""Names that a node cannot have are just those that its module would have already."""

from pathlib import Path

import pytest
from torch import nn

from gandsl.analysis import analyze
from gandsl.frontend.reserved import MODULES, NETWORKS
from gandsl_runtime.network import Network


def public(*names: str) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def test_reserved_names_are_the_attributes_of_modules() -> None:
    taken = public(*dir(nn.Module()))
    assert taken == MODULES, f"add {sorted(taken - MODULES)}, remove {sorted(MODULES - taken)}"
    own = public(*dir(Network)) - taken
    assert own == NETWORKS, f"add {sorted(own - NETWORKS)}, remove {sorted(NETWORKS - own)}"


SPEC = """\
gandsl: 1
name: tangled
blocks:
  inner: {ports: {x: Feature}, body: {conv: {op: conv, channels: 3}}}
  outer: {ports: {x: Feature}, body: {weight: {op: relu}}}
generator:
  inputs: {z: "Latent[4]"}
  body:
    fc: {op: linear, features: 48}
    start: {op: reshape, channels: 3, size: 4}
    FIRST
    SECOND
    ws_0: {op: relu}
    w: {op: linear, x: z, features: 3}
    ws: {op: broadcast_styles, count: 2}
    image: {op: modulate, x: ws_0, scale: "ws[0]"}
discriminator:
  inputs: {image: "Image[3, 4]"}
  body: {conv: {op: conv, channels: 1}, pool: {op: global_pool}}
"""
IN, OUT = "a: {block: inner, inline: true}", "conv: {block: outer}"


@pytest.mark.parametrize(("first", "second"), [(IN, OUT), (OUT, IN)])
def test_a_layer_holds_no_nodes(first: str, second: str, tmp_path: Path) -> None:
    """Only an inline block can ask for it: `conv` would be a module and its `weight` another one."""
    path = tmp_path / "a.yaml"
    path.write_text(SPEC.replace("FIRST", first).replace("SECOND", second))
    _, found = analyze(path)
    assert [(one.code, one.message) for one in found.errors] == [
        ("G0305", "`conv` is a layer, so no node can stand in it: `conv.weight` is another one")
    ]


def test_a_style_has_an_id_of_its_own(tmp_path: Path) -> None:
    """`ws[0]` is not the spec's node `ws_0`."""
    path = tmp_path / "a.yaml"
    path.write_text(SPEC.replace("FIRST", IN).replace("SECOND", OUT.replace("conv", "other")))
    module, found = analyze(path)
    assert module is not None, [one.message for one in found]
    graph = module.networks["generator"].main
    assert graph["image"].inputs == {"x": ("ws_0",), "scale": ("ws_0_",)}
    assert (graph["ws_0"].op, graph["ws_0_"].op) == ("relu", "select")
