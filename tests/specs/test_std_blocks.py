"""The standard library's blocks against their formulas, in float64, with first and second derivatives."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml
from torch import Tensor

import gandsl
from gandsl_runtime.layers import set_noise_mode
from gandsl_runtime.network import Network
from tests.games.block_twins.table import TWINS
from tests.specs.block_cases import BATCH, CASES, Case
from tests.specs.compare import derivatives, errors, shake
from tests.specs.probe import probe
from tests.specs.test_std_topologies import TOPOLOGIES


def test_every_block_is_tested() -> None:
    folder = Path(gandsl.__file__).parent / "std"
    library = {path.stem: yaml.safe_load(path.read_text()) for path in folder.glob("*.yaml")}
    blocks = {f"{space}.{name}" for space, document in library.items() for name in document.get("blocks", {})}
    in_games = {"style.crossover", *TWINS}  # what games use: it draws, or stops gradients
    here = {case.block for case in CASES} | {f"topology.{name}" for name in TOPOLOGIES}
    assert here <= blocks <= here | in_games


def example(network: Network) -> list[Tensor]:
    draw = torch.Generator().manual_seed(3)
    return [
        torch.randint(port.shape[0], (BATCH,), generator=draw)
        if port.kind == "Label"
        else torch.randn(BATCH, *port.shape, generator=draw, dtype=torch.float64)
        for port in network.inputs
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.block} {case.use}".strip())
def test_block_is_its_formula(case: Case) -> None:
    use = ", ".join(part for part in (f"block: {case.block}", case.use) if part)
    network = probe(case.inputs, f"it: {{{use}}}").double()
    shake(network)
    set_noise_mode(network, "constant")
    network.train(case.training)
    inputs = example(network)
    state = {**dict(network.named_parameters()), **{name: b.clone() for name, b in network.named_buffers()}}
    theirs = derivatives(lambda *xs: case.reference(state, *xs), network, inputs)
    ours = derivatives(network, network, inputs)
    assert not {what: size for what, size in errors(ours, theirs, {}).items() if not size < 1e-9}
