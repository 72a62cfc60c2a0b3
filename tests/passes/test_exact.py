"""Every pass is exact: outputs, first and second derivatives, running statistics, fused and unfused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gandsl.lowering.network import LoweredNetwork
from tests.codegen.small import SPECS, reduced
from tests.passes.exact import TARGETS, check_exact, inputs_of, which_programs
from tests.published import NETWORKS


@pytest.mark.parametrize("name", NETWORKS)
def test_hand_built(name: str) -> None:
    seen = check_exact(NETWORKS[name]())
    assert {str(target) for target in TARGETS} < set(seen) and "group-epilogues alone" in seen


LARGE = ("stylegan3", "biggan_deep")  # in every run in float32 alone


@pytest.mark.parametrize(
    "path",
    [pytest.param(one, marks=[pytest.mark.thorough] * (one.stem in LARGE)) for one in SPECS],
    ids=lambda path: path.stem,
)
def test_spec(path: Path) -> None:
    """In float64, to 1e-9 of the largest magnitude."""
    for ir in reduced(path).networks.values():
        check_exact(ir)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_spec_in_float32(path: Path) -> None:
    """Outputs to 2e-5 of the largest magnitude, with initial weights: the plain pggan is 8e-6 off itself."""
    for ir in reduced(path).networks.values():
        torch.manual_seed(0)
        network = LoweredNetwork(ir).eval()
        for which in which_programs(ir):
            plain = network.lowered(**which)
            inputs = [x.float() if x.is_floating_point() else x for x in inputs_of(plain.graph)]
            with torch.no_grad():
                torch.manual_seed(1)
                expected = plain(*inputs)
                for target in TARGETS:
                    torch.manual_seed(1)
                    given = network.for_target(target).graph_module(**which)(*inputs)
                    pairs = (
                        zip(expected, given, strict=True)
                        if isinstance(expected, tuple)
                        else [(expected, given)]
                    )
                    for a, b in pairs:
                        assert a.any() and (a - b).abs().max() <= 2e-5 * max(a.abs().max().item(), 1e-3)
