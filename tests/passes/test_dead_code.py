"""What no output reads goes."""

from __future__ import annotations

from gandsl.passes.dead_code import DeadCode
from tests.graphs import Builder
from tests.passes.firing import INFERENCE, apply, change, image, reasons


def test_dead_code() -> None:
    b = Builder()
    x = image(b)
    b("unused", "tanh", {"x": b("also", "relu", {"x": x})})
    b("noisy", "noise", {"x": x}, init=1.0)
    b("kept", "batch_norm", {"x": x})
    b.input("y", "Label", 3)
    out = b("out", "scale", {"x": x}, factor=2.0)
    _, record = apply(b, out, passes=[DeadCode()])
    assert change(record) == -3 and set(reasons(record, fired=True)) == {"unused", "also", "noisy"}
    assert reasons(record, fired=False) == {
        "kept": "nothing reads it, but it keeps statistics that are saved"
    }
    module, record = apply(b, out, passes=[DeadCode()], target=INFERENCE)
    assert change(record) == -4
    assert [node.op for node in module.graph.nodes] == [
        "placeholder",
        "placeholder",
        "call_function",
        "output",
    ]
