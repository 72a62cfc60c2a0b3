"""What some module has for itself is a name for a node all the same: `code`, `graph`, `train`, `inputs`."""

from __future__ import annotations

import keyword
from pathlib import Path

import torch
from torch import fx, nn

import gandsl
from gandsl.analysis import analyze
from gandsl.codegen.identifiers import _TAKEN_LOCALS
from gandsl.codegen.package import render
from gandsl.lowering.network import LoweredNetwork
from gandsl_runtime.game.step import step
from gandsl_runtime.network import Network
from tests.codegen.twins import loaded
from tests.games.loop import made_run

MODULES, NETWORKS = ({name for name in dir(one) if name[0] != "_"} for one in (nn.Module(), Network))
ATTRIBUTES = {*MODULES, *dir(fx.GraphModule(nn.Module(), fx.Graph())), *dir(LoweredNetwork)}
ATTRIBUTES |= {"ir", "target", "thorough"}
WORDS = {"self", "torch", "fx", "device", "inf", "nan", "Tensor", "Network", "layers", "ops", "nn", "network"}
# what fx, our own classes, or printed source have for themselves
NAMES = sorted(
    name
    for name in ATTRIBUTES | WORDS | _TAKEN_LOCALS
    if not name.startswith("_") and not keyword.iskeyword(name)
)


def registered(name: str, top: bool) -> str:
    """What a module of that name is called: torch's own are taken everywhere, our networks' at their top."""
    return f"{name}_" if name in (MODULES | NETWORKS if top else MODULES) else name


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
    assert {"code", "graph", "meta", "ir", "inputs", "train", "to", "half"} <= set(NAMES)
    path = tmp_path / "named.yaml"
    path.write_text(spec(NAMES, NAMES), "utf-8")
    module, found = analyze(path)
    assert module is not None, [one.message for one in found]
    network = gandsl.compile(path).generator
    layers = [registered(name, top=True) for name in NAMES]
    layers += [f"held_.{registered(name, top=False)}" for name in NAMES]
    assert network.state_dict().keys() == {f"{id_}.{kind}" for id_ in layers for kind in ("weight", "bias")}
    z = torch.randn(3, 4)
    expected = z
    for name in layers:
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


def test_what_is_no_module_has_any_name(tmp_path: Path) -> None:
    """Torch's own too: of a node without weights no module is made."""
    body = "".join(f"    {name}: {{op: scale, factor: 1.25}}\n" for name in NAMES)
    inner = "".join(f"      {name}: {{op: scale, factor: 0.75}}\n" for name in NAMES)
    path = tmp_path / "named.yaml"
    text = spec(["first"], []).replace("    body:\n", "    body:\n" + inner, 1)
    path.write_text(text.replace("    held_:", body + "    held_:"), "utf-8")
    network = gandsl.compile(path).generator
    z = torch.randn(3, 4)
    made = network(z)
    factor = 1.25 ** len(NAMES) * 0.75 ** len(NAMES)
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
    names = [name for name in NAMES if name != "image"]
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
