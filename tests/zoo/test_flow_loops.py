"""Games of specs/zoo around diffusion and flows against loops written by hand, in float64."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, autograd

from gandsl_runtime.augment import Augment
from gandsl_runtime.network import Network
from gandsl_runtime.plan import Augment as Pipe
from gandsl_runtime.rng import Draws
from tests.games.loop import Loop, cosine
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


def test_adversarial_flow() -> None:
    """Relativistic pairs under one augmentation; D's slope by a step aside, for G over a running length."""
    rng = torch.Generator().manual_seed(2)
    latents = torch.rand(20, 2, 4, 4, generator=rng, dtype=torch.float64)
    fields = {"latent": latents, "y": torch.randint(0, 3, (20,), generator=rng)}
    loop = Loop(path_of("adversarial_flow"), REDUCED["adversarial_flow"], fields=fields)
    g, d = loop["generator"], loop["discriminator"]
    _transformers_are_their_formulas(g, d)
    weights = {name: [*loop[name].parameters()] for name in ("generator", "discriminator")}
    moving = {name: torch.optim.AdamW(of, 1e-4, (0.0, 0.9)) for name, of in weights.items()}
    augment = Augment(Pipe(pipe=("diff_translation", "diff_cutout"), p=0.4), (-8.0, 8.0))
    square, changed = 0.0, 0

    def step(name: str, loss: Tensor) -> None:
        moving[name].zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights[name], 5)
        moving[name].step()

    def pairs(draws: Draws, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        at = draws.integers("at", 1, 2).double()
        source, target = (t.view(-1, 1, 1, 1) for t in (at / 2, (at - 1) / 2))
        begun = (1 - source) * x + source * draws.normal("noise", 2, 4, 4)
        wanted = (1 - target) * x + target * draws.normal("other", 2, 4, 4)
        made = begun - g(begun, at / 2, y) / 2
        seen = augment.view(0.4, draws)((wanted, made), "seen")
        both = augment.view(0.4, draws)((torch.cat((wanted, made), 1),), "seen")[0]
        assert torch.equal(torch.cat(seen, 1), both), "one draw for both"
        return begun, made, *seen, (at - 1) / 2, wanted

    for number in loop.steps(2):
        item, draws = loop.items(8), loop.draws("discriminator", 8)
        x, y = 16 * item["latent"] - 8, item["y"]
        with torch.no_grad():
            _, _, real, made, t, wanted = pairs(draws, x, y)
        changed += int((real != wanted).any())
        on_real, on_made = d(real, t, y), d(made, t, y)
        loss = F.softplus(on_made - on_real).mean() + 0.01 * ((on_real + on_made) ** 2).mean()
        draws = loop.draws("discriminator", 2, batch=2)
        with torch.no_grad():
            _, _, *both, t, _ = pairs(draws, x[:2], y[:2])
        for seen, name in zip(both, ("aside", "aside_too"), strict=True):
            moved = d(seen + 0.01 * draws.normal(name, 2, 4, 4), t, y[:2])
            loss = loss + 0.25 / 2 / 0.01**2 * ((moved - d(seen, t, y[:2])) ** 2).mean()
        step("discriminator", loss)

        item, draws = loop.items(8), loop.draws("generator", 8)
        x, y = 16 * item["latent"] - 8, item["y"]
        begun, made, real, shown, t, _ = pairs(draws, x, y)
        fooled = F.softplus(d(real, t, y) - d(shown, t, y)).mean()
        (slope,) = autograd.grad(fooled, shown, retain_graph=True)
        square = 0.9 * square + 0.1 * float((slope**2).sum() * slope.numel())
        way = ((made - begun) ** 2).mean((1, 2, 3)) / 0.5
        step("generator", fooled / (square**0.5 + 1e-8) + cosine(0.25, 0.005, number / 500000) * way.mean())
        loop.average("generator", 0.9999)
    assert changed
    loop.compare(old=square)


def _transformers_are_their_formulas(g: Network, d: Network) -> None:
    """DiT's layers (2212.09748, figure 3): a velocity of patches, a logit of a token before them."""
    rng = torch.Generator().manual_seed(4)
    x = torch.randn(2, 2, 4, 4, generator=rng, dtype=torch.float64)
    t, y = torch.tensor([0.25, 1.0], dtype=torch.float64), torch.tensor([2, 0])
    frequencies = 10000.0 ** -(torch.arange(128, dtype=torch.float64) / 128)
    angles = 1000 * t[:, None] * frequencies

    def body(w: Mapping[str, Tensor], patches: str, first: str = "") -> tuple[Tensor, Tensor]:
        def linear(id_: str, x: Tensor) -> Tensor:
            return F.linear(x, w[f"{id_}.weight"], w.get(f"{id_}.bias"))

        time = linear(
            "known.time1", F.silu(linear("known.time0", torch.cat((angles.cos(), angles.sin()), 1)))
        )
        known = F.silu(w["known.kind.weight"][y] + time)
        rows = F.conv2d(x, w[f"{patches}.conv.weight"], w[f"{patches}.conv.bias"], stride=2)
        rows = (rows + places(8, 2)).flatten(2).transpose(1, 2)
        if first:
            rows = torch.cat((w[first].flatten().expand(2, 1, 8), rows), 1)
        for at in range(2):
            id_ = f"layer{at}"
            by = linear(f"{id_}.by", known)[:, None].chunk(6, 2)
            inner = F.layer_norm(rows, (8,), eps=1e-6) * (1 + by[1]) + by[0]
            q, k, v = (
                linear(f"{id_}.attention.{n}", inner).unflatten(2, (2, 4)).transpose(1, 2) for n in "qkv"
            )
            mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
            rows = rows + by[2] * linear(f"{id_}.attention.o", mixed)
            inner = F.layer_norm(rows, (8,), eps=1e-6) * (1 + by[4]) + by[3]
            inner = F.gelu(linear(f"{id_}.up", inner), approximate="tanh")
            rows = rows + by[5] * linear(f"{id_}.down", inner)
        return rows, known

    w = g.state_dict()
    rows, known = body(w, "tokens")
    shift, scale = F.linear(known, w["by.weight"], w["by.bias"])[:, None].chunk(2, 2)
    rows = F.layer_norm(rows, (8,), eps=1e-6) * (1 + scale) + shift
    rows = F.linear(rows, w["last.weight"], w["last.bias"]).transpose(1, 2).unflatten(2, (2, 2))
    torch.testing.assert_close(g(x, t, y), F.pixel_shuffle(rows, 2), rtol=1e-9, atol=1e-9)
    w = d.state_dict()
    rows, _ = body(w, "patches", next(key for key in w if key.startswith("tokens.")))
    logit = F.linear(F.layer_norm(rows[:, 0], (8,), eps=1e-6), w["logit.weight"])
    torch.testing.assert_close(d(x, t, y), logit.view_as(d(x, t, y)), rtol=1e-9, atol=1e-9)


def places(channels: int, size: int) -> Tensor:
    """Sines, then cosines, of rows and of columns [channels, size, size]."""
    quarter = channels // 4
    frequencies = 10000.0 ** -(torch.arange(quarter, dtype=torch.float64) / quarter)
    angles = torch.arange(size, dtype=torch.float64)[:, None] * frequencies
    waves = torch.cat((angles.sin(), angles.cos()), 1).T  # half of the channels by place
    down, across = waves[:, :, None].expand(-1, -1, size), waves[:, None, :].expand(-1, size, -1)
    return torch.cat((down, across))
