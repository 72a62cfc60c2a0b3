"""Games whose batch is done in parts, or whose networks grow, against loops written by hand, in float64."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from gandsl_runtime.rng import Draws, Part
from tests.games.loop import GAMES, Loop, called, descend, lazy, slope, squares


def test_joined_game() -> None:
    """One pass of D for both, two steps of D, four accumulations, orthogonal weights (arXiv:1809.11096)."""
    loop = Loop(GAMES / "biggan.yaml", {"training.ema": {"decay": 0.9}}, (3, 32, 32), classes=3)
    g, d = loop["generator"], loop["discriminator"]
    of_g = loop.adam("generator", 1e-4, (0.0, 0.999), 1e-6)
    of_d = loop.adam("discriminator", 4e-4, (0.0, 0.999), 1e-6)
    (dim,) = g.inputs[0].shape

    def parts(phase: str, repeat: int = 0) -> Iterator[tuple[int, Draws]]:
        """Every fourth image of the batch; running statistics move once, as for the whole of it."""
        buffers = [*g.buffers(), *d.buffers()]
        before, after = [buffer.clone() for buffer in buffers], []
        for start in range(4):
            for buffer, value in zip(buffers, before, strict=True):
                buffer.copy_(value)
            yield start, loop.draws(phase, Part(start, 4, 16), repeat)
            after.append([buffer.clone() for buffer in buffers])
        for buffer, *values in zip(buffers, *after, strict=True):
            buffer.copy_(sum(values) / 4)

    def generated(draws: Draws) -> tuple[Tensor, Tensor]:
        y = loop.labels(draws)
        return called(g, draws, "fake", draws.normal("z", dim), y), y

    for _ in loop.steps(2):
        for repeat in range(2):
            x, y = loop.real(16)
            assert y is not None
            of_d.zero_grad()
            for start, draws in parts("discriminator", repeat):
                with torch.no_grad():
                    fake, c = generated(draws)
                on_fake, on_real = d(torch.cat((fake, x[start::4])), torch.cat((c, y[start::4]))).split(4)
                (0.25 * (F.relu(1 - on_real).mean() + F.relu(1 + on_fake).mean())).backward()
            of_d.step()
        of_g.zero_grad()
        for _, draws in parts("generator"):
            (0.25 * -d(*generated(draws)).mean()).backward()
        for name, weight in g.named_parameters():
            if weight.dim() > 1 and name != "shared.weight":
                rows = weight.detach().flatten(1)
                assert weight.grad is not None
                weight.grad += 1e-4 * 2 * ((rows @ rows.T).fill_diagonal_(0) @ rows).view_as(weight)
        of_g.step()
        loop.average("generator", 0.9)
    loop.compare()


def test_growing_game() -> None:
    """4², then 8² fading in over faded images, then alone; moments are forgotten (arXiv:1710.10196)."""
    stages = {
        "training.growth.stable": "16 img",
        "training.growth.fade": "16 img",
        "training.ema": {"decay": 0.9},
    }
    loop = Loop(GAMES / "pggan.yaml", stages, (3, 16, 16))
    of_g, of_d = [loop.adam(name, 1e-3, (0.0, 0.99)) for name in ("generator", "discriminator")]
    images, seen = 0, []
    for _ in loop.steps(11):
        rounds, into = divmod(images, 32)
        fading, alpha = into > 16, (into - 16) / 16
        level = rounds + fading
        batch = 8 if level == 0 else 4
        if seen and seen[-1] != (level, fading):
            of_g.state.clear(), of_d.state.clear()
        seen.append((level, fading))
        extra = [torch.tensor(alpha, dtype=torch.float64)] if fading else []
        g, d = (loop[name].program("forward", level, fading) for name in ("generator", "discriminator"))

        full, _ = loop.real(batch)
        x = shrunk(full, 4 * 2**level)
        if fading:
            old = shrunk(x, 2 * 2**level).repeat_interleave(2, 2).repeat_interleave(2, 3)
            x = (1 - alpha) * old + alpha * x
        draws = loop.draws("discriminator", batch)
        with torch.no_grad():
            fake = g(draws.normal("z", 8), *extra)
        on_real, on_fake = d(x, *extra), d(fake, *extra)
        t = draws.uniform("mix")[:, None, None, None]
        between = ((1 - t) * x + t * fake).requires_grad_()
        lengths = squares(slope(d(between, *extra), between)[0]).sqrt()
        wasserstein = on_fake.mean() - on_real.mean()
        descend(of_d, wasserstein + 10 * (lengths - 1).square().mean() + 0.001 * on_real.square().mean())

        z = loop.draws("generator", batch).normal("z", 8)
        descend(of_g, -d(g(z, *extra), *extra).mean())
        loop.average("generator", 0.9)
        images += batch
    assert list(dict.fromkeys(seen)) == [(0, False), (1, True), (1, False), (2, True)], seen
    loop.compare()


def shrunk(x: Tensor, size: int) -> Tensor:
    """The means of equal squares."""
    factor = x.shape[2] // size
    return x.reshape(*x.shape[:2], size, factor, size, factor).mean((3, 5))


def test_growing_game_of_several_scales() -> None:
    """Logistic loss and R1, of all scales of a level at once; each level adds one, with its moments."""
    loop = Loop(GAMES / "scales.yaml", {}, (3, 16, 16))
    r = lazy(1, 2)
    of_g, of_d = (
        loop.adam("generator", 0.01, (0.0, 0.99)),
        loop.adam("discriminator", 0.01 * r, (0.0, 0.99**r)),
    )
    for number in loop.steps(5):
        level = min(number // 2, 2)
        g, d = (loop[name].program("forward", level) for name in ("generator", "discriminator"))

        def listed(found: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            return found if isinstance(found, tuple) else (found,)

        x, _ = loop.real(4)
        items = [shrunk(x, 4 * 2**scale) for scale in range(level + 1)]
        with torch.no_grad():
            fake = listed(g(loop.draws("discriminator", 4).normal("z", 4)))
        on_real, on_fake = listed(d(*items)), listed(d(*fake))
        pairs = list(zip(on_real, on_fake, strict=True))
        descend(of_d, sum(F.softplus(-a).mean() + F.softplus(b).mean() for a, b in pairs) / len(pairs))
        if number % 2 == 0:
            leaves = [item.clone().requires_grad_() for item in items]
            logits = listed(d(*leaves))
            slopes = slope(sum(logits) / len(logits), *leaves)
            descend(of_d, 2 * 2 / 2 * sum(map(squares, slopes)).mean() + 0 * sum(logits).sum())
        said = listed(d(*listed(g(loop.draws("generator", 4).normal("z", 4)))))
        descend(of_g, sum(F.softplus(-one).mean() for one in said) / len(said))
    loop.compare()
