"""Games of specs/zoo around diffusion and flows against loops written by hand, in float64."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from gandsl_runtime.network import Network
from gandsl_runtime.rng import Draws
from tests.games.loop import Loop, descend
from tests.zoo.reduced import REDUCED, path_of

DRAWN = {f"networks.{name}.weights": {"random": True} for name in ("teacher", "score", "generator")}


def test_dmd2() -> None:
    """Two scores' difference as a gradient (equation 2), denoising, D on features of the trained network."""
    rng = torch.Generator().manual_seed(2)
    fields = {
        "image": torch.rand(20, 3, 16, 16, generator=rng, dtype=torch.float64),
        "y": torch.randint(0, 3, (20,), generator=rng),
    }
    changes = REDUCED["dmd2"] | DRAWN | {"training.optimizer.lr": 1e-3, "training.optimizer.clip": 0.01}
    loop = Loop(path_of("dmd2"), changes, fields=fields)
    teacher, score, g, d = (loop[name] for name in ("teacher", "score", "generator", "judge"))
    _unet_is_its_formula(score)
    moving = {
        name: torch.optim.AdamW(loop[name].parameters(), 1e-3) for name in ("generator", "score", "judge")
    }
    low, high = 0.002 ** (1 / 7), 80 ** (1 / 7)
    clipped = set()

    def noised(draws: Draws, name: str, least: int, most: int, x: Tensor) -> tuple[Tensor, Tensor]:
        stem = f"{name}_" if name else ""
        at = draws.integers(f"{stem}step", least, most).double()
        sigma = (low + at / 999 * (high - low)) ** 7
        return x + sigma.view(-1, 1, 1, 1) * draws.normal(f"{stem}blur", 3, 16, 16), sigma

    def made(draws: Draws) -> tuple[Tensor, Tensor]:
        y = torch.bucketize(draws.uniform("c"), torch.tensor([1 / 3, 2 / 3]).double(), right=True)
        return g(80 * draws.normal("noise", 3, 16, 16), torch.full((4,), 80.0).double(), y)[0], y

    def step(loss: Tensor, *names: str) -> None:
        for name in names:
            moving[name].zero_grad()
        loss.backward()
        for name in names:
            if torch.nn.utils.clip_grad_norm_(loop[name].parameters(), 0.01) > 0.01:
                clipped.add(name)
            moving[name].step()

    for _ in loop.steps(2):
        draws = loop.draws("generator", 4)
        x, y = made(draws)
        with torch.no_grad():
            seen, sigma = noised(draws, "", 20, 980, x)
            real, fake = teacher(seen, sigma, y)[0], score(seen, sigma, y)[0]
            pull = (fake - real) / (x - real).abs().mean((1, 2, 3), keepdim=True)
        matching = ((x - (x - pull).detach()) ** 2).mean() / 2
        seen, sigma = noised(draws, "fake", 0, 999, x)
        step(matching + 3e-3 * F.softplus(-d(score(seen, sigma, y)[1])).mean(), "generator")
        for repeat in range(2):
            draws = loop.draws("guidance", 4, repeat)
            item = loop.items(4)
            with torch.no_grad():
                x, y = made(draws)
            seen, sigma = noised(draws, "any", 0, 999, x)
            gap = ((score(seen, sigma, y)[0] - x) ** 2).mean((1, 2, 3))
            seen, at = noised(draws, "fake", 0, 999, x)
            said = d(score(seen, at, y)[1])
            seen, at = noised(draws, "real", 0, 999, 2 * item["image"] - 1)
            judged = F.softplus(said).mean() + F.softplus(-d(score(seen, at, item["y"])[1])).mean()
            step(((1 / sigma**2 + 4) * gap).mean() + 1e-2 * judged, "score", "judge")
    assert clipped
    loop.compare()


def _unet_is_its_formula(unet: Network) -> None:
    """Residual blocks down and up, each of the way down joined again; EDM's preconditioning, σ_data ½."""
    w = unet.state_dict()

    def conv(id_: str, x: Tensor) -> Tensor:
        return F.conv2d(x, w[f"net.{id_}.weight"], w[f"net.{id_}.bias"], padding="same")

    def linear(id_: str, x: Tensor) -> Tensor:
        return F.linear(x, w[f"net.{id_}.weight"], w[f"net.{id_}.bias"])

    def norm(id_: str, x: Tensor) -> Tensor:
        return F.group_norm(x, 2, w[f"net.{id_}.weight"], w[f"net.{id_}.bias"])

    def block(id_: str, x: Tensor, change: str = "") -> Tensor:
        def sized(x: Tensor) -> Tensor:
            return {"up": lambda: F.interpolate(x, scale_factor=2), "down": lambda: F.avg_pool2d(x, 2)}[
                change
            ]()

        inner = F.silu(norm(f"{id_}.norm0", x))
        inner, x = (sized(inner), sized(x)) if change else (inner, x)
        scale, shift = linear(f"{id_}.style", known)[:, :, None, None].chunk(2, 1)
        inner = conv(f"{id_}.conv0", inner)
        inner = conv(f"{id_}.conv1", F.silu(norm(f"{id_}.norm1", inner) * (1 + scale) + shift))
        x = inner + (conv(f"{id_}.short", x) if f"net.{id_}.short.weight" in w else x)
        if f"net.{id_}.q.weight" not in w:
            return x
        rows = norm(f"{id_}.norm2", x).flatten(2).transpose(1, 2)
        q, k, v = (linear(f"{id_}.{name}", rows) for name in "qkv")
        mixed = (q @ k.transpose(1, 2) / q.shape[2] ** 0.5).softmax(2) @ v
        return x + conv(f"{id_}.out", mixed.transpose(1, 2).view_as(x))

    rng = torch.Generator().manual_seed(4)
    image = torch.randn(2, 3, 16, 16, generator=rng, dtype=torch.float64)
    sigma, y = torch.tensor([0.3, 7.0], dtype=torch.float64), torch.tensor([2, 0])
    angles = (sigma.log() / 4)[:, None] * torch.tensor([1.0, 10000**-0.5], dtype=torch.float64)
    known = linear("known0", torch.cat((angles.cos(), angles.sin()), 1))
    known = F.silu(linear("known1", F.silu(known)) + w["net.kind.weight"][y])
    s, half = sigma.view(-1, 1, 1, 1), 0.5
    x = conv("enter", image / (s**2 + half**2).sqrt())
    skips = [x]
    for id_, change in (("d0.block0", ""), ("d1.shrunk", "down"), ("d1.block0", "")):
        x = block(id_, x, change)
        skips.append(x)
    inner = x
    x = block("middle1", block("middle0", x))
    for id_ in ("u1.block0", "u1.block1", "grown", "u0.block0", "u0.block1"):
        x = block("u0.grown", x, "up") if id_ == "grown" else block(id_, torch.cat((x, skips.pop()), 1))
    last = conv("last", F.silu(norm("norm", x)))
    clean = image * half**2 / (s**2 + half**2) + last * s * half / (s**2 + half**2).sqrt()
    torch.testing.assert_close(unet(image, sigma, y), (clean, inner), rtol=1e-9, atol=1e-9)
