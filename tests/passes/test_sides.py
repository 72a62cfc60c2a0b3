"""Passes on signals and volumes: the same products fuse, and every form computes the same."""

from __future__ import annotations

import pytest

from gandsl.ir.graph import NetworkIR
from tests.graphs import Builder
from tests.passes.exact import check_exact

SIZES = {1: (6,), 3: (2, 4, 3)}


def network(sides: int) -> NetworkIR:
    """A convolution with all that may follow one, and the changes of size that one takes over."""
    b = Builder()
    h = b.input("x", "Feature", 2, *SIZES[sides])
    h = b("conv", "conv", {"x": h}, channels=3, weight="equalized", padding_mode="replicate")
    h = b("noise", "noise", {"x": h}, init=0.5, per_channel=True)
    h = b("bias", "bias", {"x": h}, init=0.3)
    h = b("act", "leaky_relu", {"x": h}, gain=1.5)
    h = b("up", "upsample", {"x": h})
    h = b("taken", "conv", {"x": h}, channels=2)
    h = b("swapped", "conv", {"x": b("up2", "upsample", {"x": h})}, channels=3, kernel=1, weight="spectral")
    h = b("fir", "fir", {"x": h}, pad=(1, 2) * sides, down=2)
    h = b("behind", "relu", {"x": b("more", "bias", {"x": h}, init=0.1)})
    h = b("norm", "group_norm", {"x": b("t", "conv_transpose", {"x": h}, channels=4)}, groups=2)
    h = b("shrunk", "pool", {"x": b("last", "conv", {"x": h}, channels=2)})
    return b.ir(b("out", "tanh", {"x": h}))


@pytest.mark.parametrize("sides", (1, 3))
def test_every_form_computes_the_same(sides: int) -> None:
    seen = check_exact(network(sides))
    assert {"group-epilogues alone", "fuse-resampling alone", "fuse-epilogues alone"} <= {*seen}
