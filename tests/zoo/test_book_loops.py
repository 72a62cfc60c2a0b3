"""Autoencoders of specs/zoo, whose judge comes late, against loops written by hand, in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, autograd

from tests.games.loop import Loop, descend
from tests.zoo.reduced import REDUCED, path_of

DRAWN = {"networks.lpips.weights": {"random": True}}


def _loop(name: str, **changes: Any) -> Loop:
    pixels = torch.rand(20, 3, 16, 16, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    return Loop(path_of(name), REDUCED[name] | DRAWN | changes, fields={"image": pixels})


def _played(
    loop: Loop,
    coders: list[str],
    judge_weight: float,
    coded: Callable[[Tensor], tuple[Tensor, Tensor]],
    rebuilt: Callable[[Tensor, Tensor], Tensor],
) -> None:
    """Three steps. `coded` gives what the decoder reads of images, and the term of the code.

    From the second on the judge's loss counts as much as `rebuilt` does at the last layer, times its weight
    (arXiv:2012.09841, equation 7), and then the judge moves by half of its hinge.
    """
    decoder, judge = loop["decoder"], loop["discriminator"]
    last = decoder.get_parameter("rgb.weight")
    moving = [loop.adam(name, 5.4e-5, (0.5, 0.9)) for name in coders]
    of_judge = loop.adam("discriminator", 5.4e-5, (0.5, 0.9))
    for step in loop.steps(3):
        x = 2 * loop.items(4)["image"] - 1
        code, term = coded(x)
        again = decoder(code)
        near = rebuilt(x, again)
        loss = near + term
        if step >= 1:
            fooled = -judge(again).mean()
            one, other = (autograd.grad(of, last, retain_graph=True)[0].norm() for of in (near, fooled))
            loss = loss + judge_weight * (one / (other + 1e-6)).clamp(0, 1e4).detach() * fooled
        for optimizer in moving:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in moving:
            optimizer.step()
        if step >= 1:
            with torch.no_grad():
                again = decoder(coded(x)[0])
            descend(of_judge, (F.relu(1 - judge(x)).mean() + F.relu(1 + judge(again)).mean()) / 2)
    loop.compare()


def test_vqgan() -> None:
    """Straight through the nearest of the codes; L1 and LPIPS (equations 2 to 4)."""
    loop = _loop("vqgan")
    encoder, lpips = loop["encoder"], loop["lpips"]
    codes = loop["codebook"].get_parameter("code.weight")

    def coded(x: Tensor) -> tuple[Tensor, Tensor]:
        h = encoder(x)
        rows = h.permute(0, 2, 3, 1)
        q = codes[torch.cdist(rows.reshape(-1, 3), codes).argmin(1)].view(rows.shape).permute(0, 3, 1, 2)
        return h + (q - h).detach(), F.mse_loss(q, h.detach()) + 0.25 * F.mse_loss(h, q.detach())

    _played(
        loop,
        ["encoder", "codebook", "decoder"],
        0.8,
        coded,
        lambda x, again: F.l1_loss(again, x) + lpips(x, again).mean(),
    )


def test_kl_autoencoder() -> None:
    """Normal codes near N(0, 1); L1 and LPIPS summed over an image's numbers (the authors' losses)."""
    loop = _loop("kl_autoencoder", kl_weight=0.01)
    encoder, lpips = loop["encoder"], loop["lpips"]

    def coded(x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = encoder(x).chunk(2, 1)
        log_variance = log_variance.clamp(-30, 20)
        kl = (mean**2 + log_variance.exp() - 1 - log_variance).flatten(1).sum(1).mean() / 2
        noise = loop.draws("", 4).normal("noise", 4, 8, 8)
        return mean + (log_variance / 2).exp() * noise, 0.01 * kl

    def rebuilt(x: Tensor, again: Tensor) -> Tensor:
        return (again - x).abs().flatten(1).sum(1).mean() + 3 * 16 * 16 * lpips(x, again).mean()

    _played(loop, ["encoder", "decoder"], 0.5, coded, rebuilt)
