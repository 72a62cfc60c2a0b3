"""What some module has for itself is a name for a node all the same: `code`, `graph`, `inputs` in a block."""

from __future__ import annotations

import keyword
from pathlib import Path

import pytest
import torch
from torch import fx, nn

import gandsl
from gandsl.analysis import analyze
from gandsl.codegen.identifiers import _TAKEN_LOCALS
from gandsl.codegen.package import render
from gandsl.frontend.reserved import MODULES, NETWORKS
from gandsl.lowering.network import LoweredNetwork
from gandsl_runtime.game.step import step
from gandsl_runtime.network import Network
from tests.codegen.twins import loaded
from tests.games.loop import made_run

ATTRIBUTES = {*dir(fx.GraphModule(nn.Module(), fx.Graph())), *dir(LoweredNetwork), "ir", "target", "thorough"}
WORDS = {"self", "torch", "fx", "device", "inf", "nan", "Tensor", "Network", "layers", "ops", "nn", "network"}
# what fx, our own classes, or printed source have for themselves
NAMES = sorted(
    name
    for name in ATTRIBUTES | WORDS | _TAKEN_LOCALS
    if not name.startswith("_") and name not in MODULES and not keyword.iskeyword(name)
)
TOP = [name for name in NAMES if name not in NETWORKS]


def spec(names: list[str], block: list[str]) -> str:
    """A generator of linear layers of these names, one behind the other, and of a block with others."""
    body = "".join(f"    {name}: {{op: linear, features: 4}}\n" for name in names)
    inner = "".join(f"      {name}: {{op: linear, features: 4}}\n" for name in block)
    return (
        "gandsl: 1\nname: named\nblocks:\n  held:\n    ports: {x: Vector}\n    body:\n" + inner +
        'generator:\n  inputs: {z: "Latent[4]"}\n  body:\n' + body +
        "    held_: {block: held}\n    grid: {op: reshape, channels: 1, size: 2}\n"
        'discriminator:\n  inputs: {image: "Image[1, 2]"}\n'
        "  body: {flat: {op: flatten}, head: {op: linear, features: 1}}\n"
    )  # fmt: skip


def test_all_of_them_at_once(tmp_path: Path) -> None:
    """Keys are ids, graph and source compute the same, copies too, and a layer is found by its id."""
    assert {"code", "graph", "meta", "ir"} <= set(TOP) and "inputs" in NAMES
    path = tmp_path / "named.yaml"
    path.write_text(spec(TOP, NAMES), "utf-8")
    module, found = analyze(path)
    assert module is not None, [one.message for one in found]
    network = gandsl.compile(path).generator
    keys = {f"{name}.{kind}" for name in TOP for kind in ("weight", "bias")}
    keys |= {f"held_.{name}.{kind}" for name in NAMES for kind in ("weight", "bias")}
    assert network.state_dict().keys() == keys
    z = torch.randn(3, 4)
    expected = z
    for name in [*TOP, *(f"held_.{name}" for name in NAMES)]:
        layer = network.get_submodule(name)
        assert layer.get_parameter("weight") is network.get_parameter(f"{name}.weight")
        expected = layer(expected)
    made = network(z)
    torch.testing.assert_close(made.flatten(1), expected)
    written = loaded(render(module)["generator.py"], "Generator")
    assert isinstance(written, Network)
    written.load_state_dict(network.state_dict())
    for other in (written, gandsl.compile(path).generator):
        other.load_state_dict(network.state_dict())
        assert torch.equal(other(z), made)


@pytest.mark.parametrize("name", ["train", "forward", "inputs", "outputs"])
def test_what_printed_modules_cannot_have(name: str, tmp_path: Path) -> None:
    """torch's own anywhere; our networks' at the top alone."""
    path = tmp_path / "named.yaml"
    path.write_text(spec([name], ["a"]), "utf-8")
    _, found = analyze(path)
    what = "module" if name in MODULES else "network"
    assert [one.message for one in found.errors] == [f"`{name}` is a name that every {what} has already"]


def test_what_is_no_module_has_any_name(tmp_path: Path) -> None:
    """Torch's own too: of a node without weights no module is made."""
    names = sorted({*NAMES, *MODULES, *NETWORKS})
    body = "".join(f"    {name}: {{op: scale, factor: 1.25}}\n" for name in names)
    inner = "".join(f"      {name}: {{op: scale, factor: 0.75}}\n" for name in names)
    path = tmp_path / "named.yaml"
    text = spec(["first"], []).replace("    body:\n", "    body:\n" + inner, 1)
    path.write_text(text.replace("    held_:", body + "    held_:"), "utf-8")
    network = gandsl.compile(path).generator
    z = torch.randn(3, 4)
    made = network(z)
    factor = 1.25 ** len(names) * 0.75 ** len(names)
    torch.testing.assert_close(made.flatten(1), network.get_submodule("first")(z) * factor)
    module, _ = analyze(path)
    assert module is not None
    written = loaded(render(module)["generator.py"], "Generator")
    written.load_state_dict(network.state_dict())
    assert torch.equal(written(z), network.lowered()(z))  # before passes, which multiply factors


GAME = """\
gandsl: 1
name: named
data: {image: "Image[1, 2]"}
networks:
  code: {inputs: {image: "Image[1, 2]"}, body: {flat: {op: flatten}, code: {op: linear, features: 1}}}
game:
  body:
BODY  players:
    code: {trains: [code], terms: {TERMS}}
training: {length: 1 kimg, batch: 4, optimizer: {lr: 1e-3}}
"""


def test_in_a_game_all_of_them_are_free(tmp_path: Path) -> None:
    """Calls and expressions; torch's, too: no module is made of a game's nodes."""
    names = sorted({*NAMES, *MODULES} - {"image"})
    body = "".join(
        f"    {name}: {{network: code, image: image}}\n    {name}_of: mean({name})\n" for name in names
    )
    terms = f'all: "total([{", ".join(f"{name}_of" for name in names)}])"'
    path = tmp_path / "named.yaml"
    path.write_text(GAME.replace("BODY", body).replace("TERMS", terms), "utf-8")
    module, found = analyze(path)
    assert module is not None, [one.message for one in found]
    run = made_run(path, {}, (1, 2, 2))
    step(run)
    assert len(run.metrics.means(run.group)) == 1
    compile(render(module)["game.py"], "game.py", "exec")
