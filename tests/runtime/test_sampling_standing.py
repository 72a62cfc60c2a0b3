"""Standing statistics against a direct accumulation."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gandsl_runtime.layers import BatchNorm, Conv2d, Dropout, Linear
from gandsl_runtime.network import Network, Port
from gandsl_runtime.sample import SamplingError, accumulate_statistics, sample
from tests.runtime.networks import StyleGenerator, seeded


class TwoNorms(Network):
    """z, y → image: two batch norms, one of vectors and one of features; keeps what it is given."""

    def __init__(self, rows: int = 1) -> None:
        super().__init__()
        self.inputs = (Port("z", "Latent", (6,), "normal"), Port("y", "Label", (3,)))
        self.outputs = (Port("image", "Image", (2, 4, 4)),)
        self.embed, self.fc = nn.Embedding(3, 6), Linear(6, 48)
        self.first, self.second = BatchNorm(48, rows=rows), BatchNorm(3, rows=rows)
        self.dropout = Dropout()
        self.conv = Conv2d(3, 2, weight="spectral")
        self.given: list[tuple[torch.Tensor, torch.Tensor]] = []

    def program(self, entry="forward", level=None, fading=False):
        def run(z, y):
            self.given.append((z.clone(), y.clone()))
            x = F.softplus(self.first(self.fc(z + self.embed(y)))).view(-1, 3, 4, 4)
            return self.conv(self.dropout(self.second(x)))

        return run


def direct(network: TwoNorms) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Mean over batches of means and of biased variances at both norms, written out from what was given."""
    found = []
    with torch.no_grad():
        for z, y in network.given:
            x = network.fc(z + network.embed(y)).double()
            mean, square = x.mean(0), (x * x).mean(0)
            normal = (x - mean) / (square - mean**2 + 1e-5).sqrt()
            h = F.softplus(normal * network.first.weight + network.first.bias).view(-1, 3, 16)
            mean2, square2 = h.mean((0, 2)), (h * h).mean((0, 2))
            found.append((mean, square - mean**2, mean2, square2 - mean2**2))
    return [torch.stack(parts).mean(0).float() for parts in zip(*found, strict=True)]


@pytest.mark.parametrize("rows", [1, 4])
def test_equal_a_direct_accumulation(rows):
    network = seeded(TwoNorms, rows).train()
    network.first.weight.data.uniform_(0.5, 2)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    accumulate_statistics(network, 5, batch=12, seed=4)
    assert [len(z) for z, _ in network.given] == [12] * 5
    expected = direct(network)
    norms = (network.first, network.second)
    found = [x for norm in norms for x in (norm.running_mean, norm.running_var)]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other.expand_as(one), rtol=1e-5, atol=1e-6)
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(before[name], tensor)}
    assert changed == {f"{n}.running_{s}" for n in ("first", "second") for s in ("mean", "var")}
    assert all(module.training for module in network.modules())
    assert all(norm.momentum == 0.1 and not norm._forward_pre_hooks for norm in norms)


def test_what_is_drawn():
    network = seeded(TwoNorms)
    accumulate_statistics(network, 40, batch=8)
    z, y = (torch.cat(parts) for parts in zip(*network.given, strict=True))
    assert set(y.tolist()) == {0, 1, 2}
    assert len({tuple(row.tolist()) for row in z}) == 320 and z.abs().max() > 2.5
    network.given.clear()
    accumulate_statistics(network, 40, batch=8, truncation=0.5)
    assert 0.4 < torch.cat([z for z, _ in network.given]).abs().max() <= 0.5


def test_a_seed_decides():
    def after(seed: int) -> torch.Tensor:
        network = seeded(TwoNorms)
        torch.rand(1)
        accumulate_statistics(network, 2, batch=4, seed=seed)
        return network.first.running_mean

    assert torch.equal(after(1), after(1))
    assert not torch.equal(after(1), after(2))


def test_images_change_by_them():
    network = seeded(TwoNorms)
    (before,) = sample(network, [1, 2], [0, 1])
    accumulate_statistics(network, 3, batch=8)
    (after,) = sample(network, [1, 2], [0, 1])
    assert (before - after).abs().max() > 0.01


def test_a_failure_leaves_the_statistics():
    network = seeded(TwoNorms)
    before = network.first.running_mean.clone()
    network.conv.forward = lambda x: 1 / 0
    with pytest.raises(ZeroDivisionError):
        accumulate_statistics(network, 2, batch=4)
    assert torch.equal(network.first.running_mean, before)
    assert network.first.momentum == 0.1 and not network.first._forward_pre_hooks


@pytest.mark.parametrize(
    ("make", "batches", "batch", "words"),
    [
        (StyleGenerator, 2, 8, "has none"),
        (TwoNorms, 0, 8, "0 batches"),
        (TwoNorms, 2, 1, "batches of 1"),
    ],
)
def test_refused(make, batches, batch, words):
    with pytest.raises(SamplingError, match=words):
        accumulate_statistics(make(), batches, batch=batch)
