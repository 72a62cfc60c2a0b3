"""A network survives pickle, torch.save and copies, called or not, for each target."""

from __future__ import annotations

import copy

import pytest
import torch

from gandsl.lowering.network import LoweredNetwork
from gandsl.passes.target import Target
from tests.codegen.small import ROOT, reduced
from tests.codegen.twins import arguments, programs
from tests.copies import COPIES, stored

CASES = {  # a family with a style space; batch and spectral norms
    "hybrids/progressive_stylegan2": Target(mode="inference", batch=4),
    "sngan": Target(),
}
LOW = {"hybrids/progressive_stylegan2": {"resolution": 8}}  # a level that fades in, and the first


@pytest.mark.parametrize("spec", CASES)
def test_networks_are_stored_whole(spec: str) -> None:
    """Each program gives the same before and after; also once it ran, and with a compiled call attached."""
    for ir in reduced(ROOT / f"specs/{spec}.yaml", **LOW.get(spec, {})).networks.values():
        torch.manual_seed(0)
        network = LoweredNetwork(ir, CASES[spec]).eval()
        others = {"never called": stored(network)}
        expected = []
        for entry, level, fading in [*programs(ir)][-4:]:
            given = [x.detach() for x in arguments(network.lowered(entry, level, fading))]
            expected.append((entry, level, fading, given, network.program(entry, level, fading)(*given)))
        network.compile(backend="eager")
        others |= {name: way(network) for name, way in (COPIES | {"copy": copy.copy}).items()}
        for name, other in others.items():
            assert type(other) is LoweredNetwork
            assert other.target == network.target
            assert not other.training
            assert other.state_dict().keys() == network.state_dict().keys()
            for entry, level, fading, given, result in expected:
                torch.testing.assert_close(
                    other.program(entry, level, fading)(*given),
                    result,
                    rtol=0,
                    atol=0,
                    msg=f"{name}: {entry}",
                )


def test_a_copy_that_was_stored_has_layers_of_its_own() -> None:
    ir = reduced(ROOT / "specs/dcgan.yaml").networks["generator"]
    network = LoweredNetwork(ir)
    network(torch.randn(2, *network.inputs[0].shape))
    loaded = stored(network)
    with torch.no_grad():
        for parameter in loaded.parameters():
            parameter.zero_()
    assert not any(p.requires_grad and not p.any() for p in network.parameters() if p.dim() > 1)
    assert not loaded.eval()(torch.randn(2, *network.inputs[0].shape)).any()
