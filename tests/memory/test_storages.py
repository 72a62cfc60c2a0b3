"""The instrument: storages counted once and while they live, and gradients that are added in place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import Function
from torch.profiler import ProfilerActivity, profile

from gandsl_runtime.peak_memory import storages
from gandsl_runtime.peak_memory.storages import LiveStorages

MANY = 10_000  # elements: all else is small beside them


def test_storages_count_once_and_while_they_live() -> None:
    with LiveStorages() as living:
        x = torch.empty(1000)
        y = x.view(10, 100)[3:]
        assert living.live == 4000
        living.measure()
        z = x.double()
        assert (living.live, living.peak) == (12000, 12000)
        del z
        assert (living.live, living.peak) == (4000, 12000)
        assert sorted(living.at_the_peak().values()) == [4000, 8000]
        del x
        assert living.live == 4000, "a view keeps the storage"
        del y
        assert living.live == 0


class _Doubled(Function):
    """A derivative with a sum of its own, which keeps both terms."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x + x

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        (gradient,) = gradients
        return gradient + gradient * 1


def meeting(x: Tensor) -> None:
    """Four gradients of h meet."""
    h = x * 1
    (h.sin() + h.cos() + h.exp() + h.tanh()).sum().backward()


def shared(x: Tensor) -> None:
    """One of the gradients that meet is another node's too, and must stay as it is."""
    h, k = x * 1, x * 2
    ((h + k) + h.sin()).sum().backward()


def held(x: Tensor) -> None:
    """A hook keeps a gradient, which is asked for its sum later."""
    kept: list[Tensor] = []
    h = x * 1
    y, z = h.sin(), h.cos()
    y.register_hook(kept.append)
    z.register_hook(kept.append)
    h2 = h * 1
    h2.register_hook(kept.append)
    (y + z + h2).sum().backward()
    assert all(float(one.double().sum()) == MANY for one in kept)


def expanded(x: Tensor) -> None:
    """A gradient that is one number, seen many times, takes no sum."""
    h = x * 1
    (h.sum() + h.cos().sum()).backward()


def own_sums(x: Tensor) -> None:
    h = x * 1
    (_Doubled.apply(h) + h.cos()).sum().backward()


def twice(x: Tensor) -> None:
    """Gradients that are differentiated again are added out of place."""
    h = x * 1
    (g,) = torch.autograd.grad((h.sin() + h.exp() + h.tanh()).sum(), x, create_graph=True)
    g.square().sum().backward()


def into_leaves(x: Tensor) -> None:
    """A second backward adds to the gradients that are there."""
    for _ in range(2):
        (x.sin() + x.cos()).sum().backward()


def broad(x: Tensor) -> None:
    """Two gradients that meet are all that there is."""

    def loss(h: Tensor) -> Tensor:
        return (h * 2).sum() + (h * 3).sum()

    loss((x * 1).expand(8, MANY).clone()).backward()


FEW = torch.arange(5)


def _picked(pick: Callable[[Tensor], Tensor]) -> Callable[[Tensor], None]:
    """What few are picked of gets zeros, which the derivative writes into."""
    return lambda x: pick(x).sum().backward()


PICKS = {
    "gather": lambda x: x.gather(0, FEW),
    "index": lambda x: x[FEW],
    "index_select": lambda x: x.index_select(0, FEW),
    "take": lambda x: x.take(FEW),
    "topk": lambda x: x.topk(1)[0],
}
PLAIN = [meeting, broad, shared, held, expanded, own_sums, twice, into_leaves]
WAYS = {way.__name__: way for way in PLAIN} | {name: _picked(pick) for name, pick in PICKS.items()}


def by_the_allocator(way: Callable[[Tensor], None], x: Tensor) -> int:
    """The most that lives at once beside x, by the profiler's events."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        way(x)
    events = [e for e in profiler.profiler.kineto_results.events() if e.name() == "[memory]"]
    live = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        live += event.nbytes()
        most = max(most, live)
    return most


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_peak_is_the_allocator_s(way: Callable[[Tensor], None]) -> None:
    x, y, z = (torch.full((MANY,), 0.5, requires_grad=True) for _ in range(3))
    way(z)  # torch allocates some things once
    true = by_the_allocator(way, y)
    with LiveStorages() as living:
        living.measure()
        way(x)
    assert living.peak == pytest.approx(true, abs=1000)
    assert x.grad is not None and y.grad is not None and torch.equal(x.grad, y.grad), "and nothing changes"


def test_without_the_correction_more_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What any dispatch mode does to torch's engine: the reason for all of it."""
    x = torch.zeros(MANY, requires_grad=True)
    true = by_the_allocator(broad, torch.zeros(MANY, requires_grad=True))
    monkeypatch.setattr(storages.LiveStorages, "_adds_in_place", lambda *_: False)
    with LiveStorages() as living:
        living.measure()
        broad(x)
    assert living.peak >= true + 8 * 4 * MANY - 1000
