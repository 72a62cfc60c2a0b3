"""A node may have a name that torch's modules or our networks have for themselves: its module is `NAME_`."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

import gandsl
from gandsl.analysis import analyze
from gandsl.cli.app import app
from gandsl.codegen.package import render
from gandsl_runtime.game.step import step
from tests.analysis.small import found
from tests.codegen.twins import loaded
from tests.games.loop import made_run
from tests.lowering.test_names import MODULES, NETWORKS, registered

SPEC = """\
gandsl: 1
name: named
blocks:
  held:
    ports: {x: Feature}
    slots: {act: {type: Activation, default: leaky_relu}}
    body:
      NAME: {op: conv, channels: 4}
      act: {slot: act, x: NAME}
  outer:
    ports: {x: Feature}
    slots: {NAME: {type: Activation, default: {use: conv, channels: 4}}}
    body:
      NAME: {slot: NAME}
      twice: {reuse: NAME, x: 2 * NAME + x}
generator:
  inputs: {z: "Latent[4]"}
  body:
    grid: {op: reshape, channels: 1, size: 2}
    NAME: {op: conv, x: grid - grid ** 2, channels: 4}
    layer: {block: outer}
    block: {block: outer, NAME: {use: held, act: {use: held}}}
    row: {block: outer, NAME: [{use: held}, tanh]}
    walk: {fold: {n: "[1, 2]"}, label: NAME, body: {NAME: {block: held}, sum: x + NAME}}
    image: {op: conv, channels: 1}
discriminator:
  inputs: {image: "Image[1, 2]"}
  body: {NAME: {block: held}, flat: {op: flatten}, head: {op: linear, features: 1}}
training: {length: 1 kimg, batch: 4, loss: hinge, optimizer: {lr: 1e-3, betas: [0.5, 0.99]}}
"""


def layers_of(name: str) -> set[str]:
    one = registered(name, top=False)
    walked = {f"{name}{number}.{one}.{one}" for number in (1, 2)}
    within = {f"layer.{one}", f"block.{one}.{one}", f"block.{one}.act.{one}", f"row.{one}.held.{one}"}
    return {registered(name, top=True), "image"} | walked | within


def all_and(few: tuple[str, ...], names: set[str]) -> list[object]:
    """A few of them, and the others where it may take long."""
    return [one if one in few else pytest.param(one, marks=pytest.mark.thorough) for one in sorted(names)]


@pytest.mark.parametrize("name", all_and(("train", "outputs"), MODULES | NETWORKS))
def test_layers_blocks_slots_stages(name: str, tmp_path: Path) -> None:
    """All that is made of a spec is what another name makes, but for the ids."""
    path, plain = tmp_path / "named.yaml", tmp_path / "plain.yaml"
    path.write_text(SPEC.replace("NAME", name), "utf-8")
    plain.write_text(SPEC.replace("NAME", "plain"), "utf-8")
    module, told = analyze(path)
    assert module is not None and not [*told], [one.message for one in told]
    network, of_plain = gandsl.compile(path).generator, gandsl.compile(plain).generator
    state = network.state_dict()
    assert {key.rpartition(".")[0] for key in state} == layers_of(name)
    of_plain.load_state_dict(dict(zip(of_plain.state_dict(), state.values(), strict=True)))
    z = torch.randn(3, 4)
    assert torch.equal(network(z), of_plain(z))

    torch.save(state, tmp_path / "weights.pt")
    printed, again = loaded(render(module)["generator.py"], "Generator"), gandsl.compile(path).generator
    for other in (printed, again):
        other.load_state_dict(torch.load(tmp_path / "weights.pt"))
    assert torch.equal(again(z), network(z)) and torch.equal(printed(z), network.lowered()(z))

    run, change = CliRunner(env={"COLUMNS": "100"}).invoke, ["--set", f"generator.body.{name}.kernel=1"]
    assert (
        f"{name}: {{op: conv, x: grid - grid ** 2, channels: 4, kernel: 1}}"
        in run(app, ["show", str(path), *change]).output
    )
    assert f"{registered(name, top=True)}  kernel 3 → 1" in run(app, ["diff", str(path), *change]).output
    assert run(app, ["graph", str(path), "-o", str(tmp_path / "graph.html")]).exit_code == 0


GAME = """\
gandsl: 1
name: named
data: {image: "Image[1, 2]"}
blocks:
  NAME: {ports: {NAME: Logits}, body: {NAME: mean(NAME)}}
networks:
  NAME: {inputs: {image: "Image[1, 2]"}, body: {flat: {op: flatten}, NAME: {op: linear, features: 1}}}
game:
  body:
    real: {network: NAME, image: image}
    gone: {block: NAME, NAME: real}
    KEPT: {state: Scalar, start: 0, every: 1 steps, in: NAME, next: "lerp(KEPT, gone, 0.5)"}
  players:
    NAME: {trains: [NAME.INNER], terms: {NAME: gone ** 2 - KEPT * gone}}
  logs: {NAME: KEPT, gone: gone}
training:
  length: 1 kimg
  batch: 4
  optimizer: {kind: sgd, lr: 0.1}
  freeze: [{network: NAME, nodes: [INNER], from: 8 img}]
"""


@pytest.mark.parametrize("name", all_and(("train", "parameters"), MODULES | {"code", "graph"}))
def test_a_game(name: str, tmp_path: Path) -> None:
    """Networks, states, players, terms, logs, fields and blocks: none is an attribute of a module."""
    states = []
    for one in (name, "plain"):
        path = tmp_path / f"{one}.yaml"
        own = registered(one, top=True)
        path.write_text(GAME.replace("NAME", one).replace("KEPT", one).replace("INNER", own), "utf-8")
        module, told = analyze(path)
        assert module is not None and not told.errors, [one.message for one in told.errors]
        run = made_run(path, {}, (1, 2, 2))
        for _ in range(3):
            step(run)
        compile(render(module)["game.py"], "game.py", "exec")
        states.append([*run.networks[one].state_dict().values()])
        assert [*run.networks[one].state_dict()] == [f"{own}.weight", f"{own}.bias"]
    assert all(map(torch.equal, *states))


def test_both_in_one_body(tmp_path: Path) -> None:
    """`train` that becomes a module, and any node `train_`: one message, at the second of them."""
    head = SPEC[: SPEC.index("    NAME:", SPEC.index("generator:"))].replace("NAME", "one")
    tail = "    image: {op: conv, channels: 1}\n" + SPEC[SPEC.index("discriminator:") :].replace(
        "NAME", "one"
    )
    line = head.count("\n") + 2
    layer, block = "{op: conv, channels: 4}", "{block: held}"
    for module, other in product((layer, block), (layer, block, "2 * grid", "{op: relu}")):
        for first, second in (
            (f"train: {module}", f"train_: {other}"),
            (f"train_: {other}", f"train: {module}"),
        ):
            name = second.partition(":")[0]
            told = "`train` is `train_` in ids, since modules have a `train`, and here is a `train_`"
            (said,) = found(tmp_path, f"{head}    {first}\n    {second}\n{tail}")
            assert said == f"G0305 {line}:5 ‹{name}› {told}"
    absent = "{op: conv, channels: 4, when: false}"
    for own, beside in (("{op: relu}", layer), (absent, block), (layer, absent), (layer, "3")):
        assert "G0305" not in str(found(tmp_path, f"{head}    train: {own}\n    train_: {beside}\n{tail}"))


def test_ids_in_a_plan_and_a_game(tmp_path: Path) -> None:
    """Who writes the name where an id is wanted is told the id."""
    text = GAME.replace("NAME", "train").replace("KEPT", "kept").replace("INNER", "train_")
    for place, slip, code in (
        ("trains: [train.train_]", "trains: [train.train]", "G0341"),
        ("gone ** 2", "gone * norm(weight(train.train))", "G0110"),
        ("gone ** 2 - kept * gone", "\"norm(weights(train, 'train'))\"", "G0217"),
        ("nodes: [train_]", "nodes: [train]", "G0602"),
        ("training:\n", "moved: {train.head: train.train}\ntraining:\n", "G0408"),
    ):
        path = tmp_path / "spec.yaml"
        assert place in text
        path.write_text(text.replace(place, slip), "utf-8")
        _, told = analyze(path)
        near = "train.train_" if code == "G0408" else "train_"
        assert [(one.code, one.help) for one in told.errors] == [(code, f"did you mean `{near}`?")]
