"""Every pass is exact: outputs, first and second derivatives, running statistics, fused and unfused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from gandsl.lowering.network import LoweredNetwork
from tests.passes.exact import TARGETS, check_exact, diagnosed, inputs_of, which_programs
from tests.published import NETWORKS

ROOT = Path(__file__).resolve().parents[2]
SPECS = sorted([*ROOT.glob("specs/*.yaml"), *ROOT.glob("tests/specs/new/*.yaml")])

SMALL: dict[str, Any] = {
    "resolution": 16,
    "classes": 3,
    "width": 2,
    "z_chunk": 2,
    "chunk": 2,
    "style": 4,
    "embedding": 4,
    "attention_at": 8,
    "reduction": 2,
    "channel_base": 32,
    "channel_max": 4,
    "z_dim": 6,
    "w_dim": 6,
    "mapping_layers": 2,
    "widths": [8, 4],
    "cardinalities": [2, 1],
    "depths": [1, 1],
}
"""Parameter → a small value. A spec whose range forbids it keeps the least it allows."""

LARGER = {"biggan_deep": {"width": 4}, "skip_excitation": {"resolution": 64}}
"""Specs that are no longer themselves at these sizes."""


def reduced(path: Path) -> Any:
    """The spec's networks at reduced size."""
    whole, _ = diagnosed(path, ())
    assert whole is not None
    overrides = {}
    for name, declared in whole.document.params.items():
        default = whole.params[name]
        if name not in SMALL or not default:
            continue
        small, least = SMALL[name], getattr(declared, "minimum", None)
        overrides[name] = max(small, least) if isinstance(least, (int, float)) else small
    module, diagnostics = diagnosed(path, overrides | LARGER.get(path.stem, {}))
    assert module is not None, [d.message for d in diagnostics]
    return module


@pytest.mark.parametrize("name", NETWORKS)
def test_hand_built(name: str) -> None:
    seen = check_exact(NETWORKS[name]())
    assert {str(target) for target in TARGETS} < set(seen) and "group-epilogues alone" in seen


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_spec(path: Path) -> None:
    """In float64, to 1e-9 of the largest magnitude."""
    for ir in reduced(path).networks.values():
        check_exact(ir)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_spec_in_float32(path: Path) -> None:
    """Outputs to 1e-5 of the largest magnitude, with initial weights."""
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
                        assert (a - b).abs().max() <= 1e-5 * max(a.abs().max().item(), 1e-3)
