"""Running statistics of a batch in micro-batches: where the batch done at once would bring them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from gandsl_runtime import layers
from gandsl_runtime.distributed.group import ProcessGroup
from gandsl_runtime.rng import Part
from gandsl_runtime.training.statistics import running, together
from tests.runtime import test_layers_derivatives
from tests.runtime.in_processes import train

LAYERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "average": (lambda: layers.TrackAverage(3, beta=0.9), (6, 3)),
    "magnitude": (lambda: layers.NormalizeMagnitude(beta=0.9), (6, 3, 2, 2)),
    "spectral": (lambda: layers.Linear(3, 4, weight="spectral"), (6, 3)),
    "spectral, no iteration in evaluation": (
        lambda: layers.Linear(3, 4, weight="spectral", spectral_eval=False),
        (6, 3),
    ),
}


def moved(layer: nn.Module, x: torch.Tensor, turns: int, calls: int = 1) -> dict[str, torch.Tensor]:
    """The layer's buffers after a batch in so many parts, each with so many calls."""
    parts = [(part := Part(turn, turns, len(x)), part.of(x)) for turn in range(turns)]
    for _, some in together(parts, running(layer)):
        for call in range(calls):
            layer(some * (1 + call))
    return dict(layer.named_buffers())


@pytest.mark.parametrize("calls", [1, 2])
@pytest.mark.parametrize("name", LAYERS)
def test_parts_move_a_buffer_as_the_whole(name: str, calls: int) -> None:
    make, shape = LAYERS[name]
    x = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    start = make().double().train()
    found = {}
    for turns in (1, 2, 3, 4):  # the last in parts of 2, 2, 1 and 1
        layer = make().double().train()
        layer.load_state_dict(start.state_dict())
        found[turns] = moved(layer, x, turns, calls)
    for key, expected in found.pop(1).items():
        assert not expected.equal(start.state_dict()[key])
        for buffers in found.values():
            torch.testing.assert_close(buffers[key], expected, rtol=1e-7, atol=1e-9)  # one hears float32


def test_batch_norm_takes_the_mean_of_its_parts() -> None:
    """Each part is normalized by its own variance, so the mean of these is what evaluation reads."""
    x = torch.randn(6, 3, 2, 2, dtype=torch.float64)
    layer = layers.BatchNorm(3, momentum=0.1).double().train()
    buffers = moved(layer, x, 2)
    torch.testing.assert_close(buffers["running_mean"], 0.1 * x.mean((0, 2, 3)))
    variance = torch.stack([half.var((0, 2, 3)) for half in (x[::2], x[1::2])]).mean(0)
    torch.testing.assert_close(buffers["running_var"], 0.9 + 0.1 * variance)


@pytest.mark.parametrize("name", {**test_layers_derivatives.LAYERS, **LAYERS})
def test_every_buffer_that_training_moves_is_named(name: str) -> None:
    """A layer of the future that keeps a running statistic has to say so."""
    make, shapes, options = test_layers_derivatives.LAYERS.get(name) or (*LAYERS[name], {})
    layer = make().train()
    before = {key: buffer.clone() for key, buffer in layer.named_buffers()}
    inputs = [torch.randn(shape) + 1 for shape in (shapes if isinstance(shapes[0], tuple) else (shapes,))]
    for _ in range(2):
        layer(*inputs, **{key: value for key, value in options.items() if key != "bias"})
    changed = {key for key, buffer in layer.named_buffers() if not buffer.equal(before[key])}
    assert changed == set(type(layer).running) & before.keys()


@pytest.mark.parametrize("case", ["style", "spectral"])
def test_a_run_in_micro_batches_is_the_run(case: str) -> None:
    """Weights, averages, the mean of w and power iterations, after several steps, in float64.

    The path length's batch is one micro-batch here: its target follows the micro-batch.
    """
    parts = train(case, ProcessGroup(), **{"training.micro_batch": 4}).state.tensors()
    whole = train(case, ProcessGroup()).state.tensors()
    assert any(key.endswith((".average", ".u0")) for key in whole)
    for key, tensor in whole.items():
        close = {"rtol": 1e-6, "atol": 1e-8} if tensor.dtype == torch.float64 else {}
        torch.testing.assert_close(parts[key], tensor, **close, msg=lambda m, key=key: f"{key}: {m}")
