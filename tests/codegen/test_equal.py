"""Generated source computes what the lowered network computes: outputs, gradients, buffers, to the bit."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch

from gandsl.codegen import render
from gandsl.codegen.identifiers import class_name
from gandsl.codegen.printing.locations import Locations
from gandsl.codegen.printing.network import network_source
from gandsl.ir.graph import NetworkIR
from gandsl.lowering.precision import in_precision
from gandsl_runtime.plan import Precision
from tests.codegen.small import ROOT, SPECS, reduced
from tests.codegen.twins import assert_equal_programs, loaded, programs
from tests.graphs import Builder
from tests.published import NETWORKS

PRECISIONS = {
    "bf16": Precision(compute="bf16"),
    "fp16": Precision(compute="fp16"),
    "bf16, one size": Precision(compute="bf16", stages=1),
    "fp16, two sizes": Precision(compute="fp16", stages=2),
}
GROWN = (
    "grown_values",
    "pggan",
    "progressive_stylegan2",
)  # programs that share values, stages, a style space
EVERY = sorted(
    [
        *ROOT.glob("specs/**/*.yaml"),
        *ROOT.glob("tests/specs/new/*.yaml"),
        *ROOT.glob("tests/codegen/*.yaml"),
    ]
)


def printed(ir: NetworkIR) -> str:
    return network_source(ir, "Printed for a test.", Locations("hand.yaml"), lambda origin: None)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_spec(path: Path) -> None:
    """All programs of all networks, in training and evaluation."""
    module = reduced(path)
    files = render(module)
    for name, ir in module.networks.items():
        compared = assert_equal_programs(ir, files[f"{name}.py"], class_name(name))
        assert compared == 2 * len(list(programs(ir)))


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(p, marks=() if p.stem in GROWN else pytest.mark.thorough, id=str(p.relative_to(ROOT)))
        for p in EVERY
    ],
)
def test_every_precision(path: Path) -> None:
    """All programs of all networks with casts on: each level and fade, each format, all stages and some."""
    module = reduced(path)
    for name, ir in module.networks.items():
        done: list[object] = []
        for precision in PRECISIONS.values():
            cast = in_precision(ir, precision)
            if cast.programs not in done:
                done.append(cast.programs)
                assert_equal_programs(cast, printed(cast), class_name(name))


@pytest.mark.parametrize("name", NETWORKS)
def test_hand_built(name: str) -> None:
    ir = NETWORKS[name]()
    assert assert_equal_programs(ir, printed(ir), class_name(ir.name)) >= 2


def test_a_scalar_above_other_inputs_is_called_last() -> None:
    """By name and by place: what the printed network says of its inputs is how it is called."""
    b = Builder()
    strength, z = b.input("strength", "Scalar"), b.input("z", "Latent", 3)
    ir = b.ir(b("scaled", "times", {"a": z, "b": strength}))
    assert assert_equal_programs(ir, printed(ir), "Generator")
    network, two, ones = loaded(printed(ir), "Generator"), torch.tensor(2.0), torch.ones(1, 3)
    for made in (network(ones, two), network(strength=two, z=ones)):
        assert torch.equal(made, 2 * ones)


def test_a_copy_shares_its_layers_and_not_the_original_s() -> None:
    ir = NETWORKS["stylegan2_generator"]()
    network = loaded(printed(ir), "Generator")
    average = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in average.parameters():
            parameter.zero_()
    assert all(
        not p.any() for p in average.state_dict().values() if p.is_floating_point() and p.requires_grad
    )
    z = torch.randn(2, *network.inputs[0].shape)
    assert average.program()(z).abs().max() < network.program()(z).abs().max()
    assert torch.equal(average(z), average.program("synthesis")(average.program("mapping")(z)))


@pytest.mark.parametrize(
    "wrong", [("mapping", None, False), ("forward", 3, False), ("forward", None, True), ("x", 0, False)]
)
def test_a_program_that_is_not_there(wrong: tuple[str, int | None, bool]) -> None:
    ir = NETWORKS["stylegan2_discriminator"]()
    with pytest.raises(ValueError, match="no program"):
        loaded(printed(ir), "Discriminator").program(*wrong)
