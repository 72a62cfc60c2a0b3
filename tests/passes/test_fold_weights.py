"""Weights are parametrized once."""

from __future__ import annotations

import pytest
import torch

from gandsl.lowering.network import LoweredNetwork
from gandsl.passes.fold_weights import FoldWeights
from gandsl_runtime import layers
from tests.passes.exact import run_passes
from tests.passes.firing import CPU, INFERENCE, change, reasons
from tests.published import biggan_discriminator, stylegan2_discriminator


def test_weights_fold_for_inference_only() -> None:
    torch.manual_seed(0)
    network = LoweredNetwork(stylegan2_discriminator(16, lambda res: 64 // res + 2))
    convolutions = 1 + 2 * 3 + 1  # from RGB, three for each of two stages, one at the end
    _, log = run_passes(network, [FoldWeights()], INFERENCE)
    record = log["fold-equalized-scale"]
    assert len(record.fired) == convolutions and change(record) == convolutions
    assert reasons(record, fired=False)["b4.fc.fc"] == "its scale rides in the matrix product"
    _, log = run_passes(network, [FoldWeights()], CPU)
    assert (
        not log["fold-equalized-scale"].fired and len(log["fold-equalized-scale"].skipped) == convolutions + 2
    )


def test_folding_keeps_keys_and_saved_weights_and_is_never_stale() -> None:
    torch.manual_seed(0)
    network = LoweredNetwork(biggan_discriminator(16, 6)).eval()
    keys, saved = list(network.state_dict()), {k: v.clone() for k, v in network.state_dict().items()}
    fast = network.for_target(INFERENCE)
    x, y = torch.randn(2, 3, 16, 16), torch.tensor([1, 4])
    with torch.no_grad():
        torch.testing.assert_close(fast(x, y), network(x, y))
        assert list(fast.state_dict()) == list(network.state_dict()) == keys
        assert all(torch.equal(value, saved[key]) for key, value in fast.state_dict().items())
        first = fast(x, y)
        network.load_state_dict({k: v * 1.5 + 0.1 for k, v in saved.items()})
        torch.testing.assert_close(fast(x, y), network(x, y))
        assert not torch.allclose(fast(x, y), first)
        for parameter in network.parameters():
            parameter.lerp_(torch.ones(()), 0.1)  # a moving average
        torch.testing.assert_close(fast(x, y), network(x, y))


def test_a_folded_program_multiplies_weights_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network = LoweredNetwork(stylegan2_discriminator(16, lambda res: 64 // res + 2), INFERENCE).eval()
    calls: list[str] = []
    plain = layers.Conv2d.factor
    monkeypatch.setattr(layers.Conv2d, "factor", lambda self: calls.append("") or plain(self))
    x = torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        network(x)
        once = len(calls)
        network(x)
    assert once == len(calls) == 8
