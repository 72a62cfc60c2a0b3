"""What runs the layers of another node: graph, passes, printed source are one; weights are counted once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from gandsl.analysis import analyze
from gandsl.analysis.cost import module_cost
from gandsl.codegen.package import render
from gandsl.frontend.module import ModuleIR
from gandsl.lowering.network import LoweredNetwork
from tests.codegen.twins import assert_equal_programs
from tests.passes.exact import check_exact

SPEC = Path(__file__).parents[1] / "codegen" / "reused.yaml"
"""Blocks in blocks, optional inputs, stages of a growing network, both sides of a style space, dropout."""


@pytest.fixture(scope="module")
def module() -> ModuleIR:
    module, found = analyze(SPEC)
    assert module is not None and not found.errors, found.errors
    return module


@pytest.mark.parametrize("name", ["generator", "discriminator"])
def test_printed_source_computes_the_same(module: ModuleIR, name: str) -> None:
    assert_equal_programs(module.networks[name], render(module)[f"{name}.py"], name.title())


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["generator", "discriminator"])
def test_passes_are_exact(module: ModuleIR, name: str) -> None:
    """Of less, tests/specs/new/siamese.yaml is tried each time."""
    check_exact(module.networks[name])


def test_source_calls_one_module(module: ModuleIR) -> None:
    source = render(module)
    assert source["discriminator.py"].count("self.conv(") == 6  # at two levels
    assert source["generator.py"].count("again = self.first.") == 2  # the block, at two levels
    assert "self.again" not in source["generator.py"] and "self.other.drop(" in source["generator.py"]


def test_weights_are_held_and_counted_once(module: ModuleIR) -> None:
    ir = module.networks["generator"]
    network = LoweredNetwork(ir)
    own = {
        node.layer
        for program in ir.programs.values()
        for node in program
        if node.spec.weights(program.call(node))
    }
    assert {key.rpartition(".")[0] for key, _ in network.named_parameters()} == own
    assert not any(
        ".conv.twice" in key or key.startswith(("again", "fc1", "stages")) for key in network.state_dict()
    )
    total = module_cost(module).networks["generator"].total
    assert total.parameters == sum(x.numel() for x in network.parameters())


def test_work_is_counted_each_time(module: ModuleIR) -> None:
    ir = module.networks["discriminator"]
    image = torch.randn(2, 3, 8, 8)
    with FlopCounterMode(display=False) as counter:
        LoweredNetwork(ir)(image)
    total = module_cost(module).networks["discriminator"].total
    assert counter.get_total_flops() == 2 * total.forward_flops


LATE = """\
gandsl: 1
name: late
generator:
  inputs: {z: "Latent[3]"}
  body: {dense: {op: linear, features: 192}, image: {op: reshape, channels: 3, size: 8}}
discriminator:
  inputs: {image: "Image[3, 8]"}
  body:
    stages:
      fold: {i: range(2)}
      body:
        conv: {op: conv, x: x, channels: 3}
        act: {op: tanh}
        more: {op: conv, channels: 3}
        late:
          fold: {j: range(2)}
          label: late
          body: {conv: {reuse: conv, x: x}, bent: {op: tanh}, more: {reuse: more}}
    flat: {op: flatten}
    logit: {op: linear, features: 1}
"""


def test_a_loop_inside_uses_what_is_around_it(tmp_path: Path) -> None:
    """Its layers are those of the stage that it stands in, which is at work: it is no module to be called."""
    (tmp_path / "late.yaml").write_text(LATE)
    module, found = analyze(tmp_path / "late.yaml")
    assert module is not None and not found.errors, found.errors
    source = render(module)["discriminator.py"]
    assert_equal_programs(module.networks["discriminator"], source, "Discriminator")
