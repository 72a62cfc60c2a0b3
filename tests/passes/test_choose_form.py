"""The form of modulated convolutions follows batch, device and size."""

from __future__ import annotations

import pytest
import torch

from gandsl.lowering.network import LoweredNetwork
from gandsl.passes.choose_form import ChooseModulatedForm
from gandsl.passes.target import Target
from tests.graphs import Builder
from tests.passes.exact import run_passes
from tests.passes.firing import reasons


@pytest.mark.parametrize(
    ("target", "channels", "side", "form"),
    [
        (Target("cpu", batch=8), 512, 8, "scaled"),
        (Target("cpu", batch=1), 128, 64, "grouped"),
        (Target("cpu", batch=8), 128, 64, "scaled"),
        (Target("cpu"), 64, 128, "grouped"),
        (Target("cuda"), 64, 128, "scaled"),
        (Target("cuda", "inference"), 512, 8, "grouped"),
        (Target("cuda", "inference", dtype="float16"), 512, 8, "scaled"),
    ],
    ids=str,
)
def test_form_by_batch_device_mode_and_size(target: Target, channels: int, side: int, form: str) -> None:
    b = Builder()
    x, s = b.input("x", "Feature", channels, side, side), b.input("s", "Vector", channels)
    ir = b.ir(b("conv", "modulated_conv", {"x": x, "style": s}, channels=channels))
    with torch.device("meta"):
        network = LoweredNetwork(ir)
    module, log = run_passes(network, [ChooseModulatedForm()], target)
    (node,) = (node for node in module.graph.nodes if node.op == "call_module")
    assert node.kwargs["form"] == form
    reason = reasons(log.records[0], fired=True)["conv"]
    assert reason.startswith(f"{form}: ") and ("GPU" if target.device == "cuda" else "CPU") in reason
