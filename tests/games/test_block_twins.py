"""Every block of the games' library against a straightforward formula, in float64; none is left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import gandsl
from gandsl_runtime.game.calls import differentiated_by, taking
from gandsl_runtime.game.program import ClockValue, Drawn, Source, StateValue
from gandsl_runtime.plan.schedule import Stage
from gandsl_runtime.rng import Draws, Key, Part
from tests.games.block_twins.table import TWINS
from tests.games.block_twins.use import Twin

STD = Path(gandsl.__file__).parent / "std"
OF_GAMES = (*sorted((STD / "game").glob("*.yaml")), STD / "codes.yaml", STD / "backwards.yaml")
SAMPLES = 6
CPU = torch.device("cpu")
NETWORKS = """\
gandsl: 1
name: blocks
data: {image: "Image[1, 4]"}
networks:
  maker:
    weights: {random: true}
    inputs: {z: "Vector[3]"}
    body: {dense: {op: linear, features: 16}, grid: {op: reshape, channels: 1, size: 4}, act: {op: tanh}}
    outputs: {image: {of: act, kind: Image}}
  judge:
    inputs: {image: "Image[1, 4]"}
    body:
      dense: {op: conv, channels: 3, kernel: 4, padding: 0}
      act: {op: tanh}
      flat: {op: flatten}
      logit: {op: linear, features: 1}
    outputs: {logit: {of: logit, kind: Logits}}
  stylist:
    weights: {random: true}
    inputs: {z: "Latent[3]"}
    body:
      w: {op: linear, features: 3}
      ws: {op: broadcast_styles, count: 2}
      joined: {op: add, terms: ["ws[0]", "ws[1]"]}
      act: {op: tanh}
      dense: {op: linear, features: 16}
      image: {op: reshape, channels: 1, size: 4}
    styles: ws
    outputs: {image: {of: image, kind: Image}}
training: {length: 1 kimg, batch: 6, optimizer: {lr: 0.01}}
game:
  players: {judge: {trains: [judge], terms: {seen: "mean(seen) TERMS"}}}
  body:
    seen: {network: judge, image: image}
"""


def blocks() -> list[str]:
    """All of them, by file and name."""
    found = []
    for path in OF_GAMES:
        text = path.read_text("utf-8")
        _, _, body = text.partition("\nblocks:\n")
        found += [f"{path.stem}.{name}" for name in re.findall(r"^  (\w+):$", body, re.MULTILINE)]
    return found


@dataclass
class Played:
    """A game with every use of every block, once computed: what was given, and what came of it, by node."""

    networks: Mapping[str, Any]
    sources: Mapping[str, Tensor]
    values: Mapping[str, Tensor]

    def given(self, case: str, twin: Twin) -> dict[str, Any]:
        """What a use was given, by the names in its formula."""
        known = {**self.sources, **self.values}
        inside = {id_.partition(".")[2]: x for id_, x in self.sources.items() if id_.startswith(f"{case}.")}
        found = {id_.removeprefix(f"{case}_"): x for id_, x in known.items() if id_.startswith(f"{case}_")}
        for port, text in twin.given.items():
            names = re.findall(r"\$(\w+)", text) if text.startswith("=") else [port]
            if all(name in found for name in names) and names:
                found[port] = (
                    [found[name] for name in names] if "[" in text and "=" in text else found[names[0]]
                )
        return {name: x.clone() if isinstance(x, Tensor) else x for name, x in {**found, **inside}.items()}


@pytest.mark.parametrize("name", blocks())
def test_a_block_is_its_formula(name: str, of: Played) -> None:
    if name == "level.item":
        return  # below: it wants a family that grows
    assert TWINS.get(name), f"{name} has no formula beside it: add one to a table of tests/games/block_twins/"
    for place, twin in enumerate(TWINS[name]):
        case = case_of(name, place)
        meant = twin.means(of.given(case, twin), of.networks)
        assert meant.keys() >= set(twin.outputs)
        for at, output in enumerate(twin.outputs):
            expected = torch.as_tensor(meant[output], dtype=torch.float64).detach()
            told = f"{name}.{output}"
            torch.testing.assert_close(
                of.values[f"{case}_is{at}"],
                expected,
                rtol=1e-9,
                atol=1e-9,
                msg=lambda m, told=told: f"{told}: {m}",
            )


def test_an_item_of_a_level_that_fades_in() -> None:
    """Shrunk to the level, and blended with what its half size would show; `alpha` is the fade."""
    game = gandsl.compile(Path(__file__).parent / "pggan.yaml").to(torch.float64).game
    assert game is not None
    variant = max(one for one in game.ir.graphs if one.fading)
    (size,) = {node.type.shape[-1] for node in game.ir.graphs[variant] if node.id == "item.faded"}
    view = game.view_program(("item.faded",), Stage(variant.level, True, 0.3), False)
    image = torch.rand(SAMPLES, 3, 16, 16, dtype=torch.float64)
    given = {"image": image, "alpha": torch.tensor(0.3, dtype=torch.float64)}
    (found,) = view.run(*(given[one.id] for one in view.sources))
    small = F.avg_pool2d(image, 16 // size)
    half = F.avg_pool2d(small, 2).repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(found, 0.7 * half + 0.3 * small)


def test_no_formula_is_of_nothing() -> None:
    assert not TWINS.keys() - set(blocks())


def case_of(name: str, place: int) -> str:
    return f"{name.replace('.', '_')}_{place}"


def lines(case: str, name: str, twin: Twin) -> list[str]:
    """The nodes of a use: what it is given, the block, and each of its outputs."""
    body, ports = [line.replace("$", f"{case}_") for line in twin.body], {}
    for port, type_ in twin.given.items():
        ports[port] = type_[1:].replace("$", f"{case}_")
        if not type_.startswith("="):
            ports[port] = f"{case}_{port}"
            body.append(f"{case}_{port}: {{draw: '{type_}'}}")
    more = "".join(f', {key}: "{text}"' for key, text in ports.items())
    more += "".join(f", {key}: {text}" for key, text in twin.params.items())
    body.append(f"{case}: {{block: {name}{more}}}")
    for at, output in enumerate(twin.outputs):
        body.append(f"{case}_is{at}: '1 * {case}{output and '.'}{output}'")
    return body


@pytest.fixture(name="of", scope="module")
def _played() -> Played:
    cases = [(case_of(name, place), name, twin) for name in TWINS for place, twin in enumerate(TWINS[name])]
    body = [line for case in cases for line in lines(*case)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "blocks.yaml"
        moving = "".join(f" + {case}_is0" for case, _, twin in cases if twin.moves)
        path.write_text(
            NETWORKS.replace(" TERMS", moving) + "".join(f"    {line}\n" for line in body), "utf-8"
        )
        torch.manual_seed(0)
        program = gandsl.compile(path).to(torch.float64)
    game = program.game
    assert game is not None
    nodes = [line.partition(":")[0] for line in body]
    graph = game.ir.main
    wanted = tuple(
        id_ for id_ in nodes if id_ in graph.nodes and graph[id_].type.kind not in ("Outputs", "Weights")
    )
    view = game.view_program(wanted, Stage(None, False), False)
    rng = torch.Generator().manual_seed(1)
    given = [number_of(source, rng) for source in view.sources]
    draws = Draws(CPU, torch.float64, Part.whole(SAMPLES), Key(0, 0, "view"))
    with taking(draws), differentiated_by(game.networks, view.by):
        found = view.run(*given)
    values = dict(zip(wanted, (x.detach() for x in found), strict=True))
    return Played(game.networks, {one.id: x for one, x in zip(view.sources, given, strict=True)}, values)


def number_of(source: Source, rng: torch.Generator) -> Tensor:
    """Random numbers for a source."""
    match source:
        case Drawn(distribution="labels", high=high):
            return torch.randint(int(high), (SAMPLES,), generator=rng)
        case Drawn(distribution="uniform", shape=shape, low=low, high=high):
            return torch.rand(SAMPLES, *shape, generator=rng, dtype=torch.float64) * (high - low) + low
        case Drawn(shape=shape):
            return torch.randn(SAMPLES, *shape, generator=rng, dtype=torch.float64)
        case ClockValue(number=float(number)):
            return torch.tensor(number, dtype=torch.float64)
        case StateValue():
            return torch.rand((), generator=rng, dtype=torch.float64) + 0.5
    raise AssertionError(source)
