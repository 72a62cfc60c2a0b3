"""Published games in small, of the primitives that they draw, code and replay by, against loops by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, autograd
from torch.optim import Adam

from gandsl.analysis import analyze
from gandsl_runtime.augment import Augment
from gandsl_runtime.plan import Augment as Pipe
from gandsl_runtime.rng import Draws
from tests.games.loop import GAMES, Loop, descend


def replayed(pool: list[Tensor], made: Tensor, draws: Draws, id_: str) -> tuple[Tensor, list[Tensor]]:
    """What is shown of images that were made, and the pool of 3 after it (arXiv:1703.10593, section 4)."""
    coins = draws.uniform(f"{id_}.coin") < 0.5
    places = draws.integers(f"{id_}.place", 0, 2)
    if len(pool) < 3:
        return made.detach(), [*pool, *made.detach()][:3]
    shown, after = [], list(pool)
    for image, coin, place in zip(made.detach(), coins.tolist(), places.tolist(), strict=True):
        shown.append(pool[place] if coin else image)
        after[place] = image if coin else after[place]
    return torch.stack(shown), after


@pytest.mark.parametrize("micro_batch", [None, 2])
def test_cyclegan(micro_batch: int | None) -> None:
    """Four steps: in the second a pool of 3 is full, and shows what it has."""
    changes = {} if micro_batch is None else {"training.micro_batch": micro_batch}
    loop = Loop(GAMES / "cyclegan.yaml", changes, (1, 4, 4))
    to_a, to_b, judge_a, judge_b = (loop[name] for name in ("to_a", "to_b", "judge_a", "judge_b"))
    moving = [loop.adam(name, 0.01, (0.5, 0.999)) for name in ("to_a", "to_b", "judge_a", "judge_b")]
    pool_a, pool_b = list[Tensor](), list[Tensor]()
    replays = 0
    for _ in loop.steps(4):
        draws = loop.draws("", 4)
        a, _ = loop.real(4)
        b = draws.uniform("b", 1, 4, 4) * 2 - 1
        fake_b, fake_a = to_b(a), to_a(b)
        cycle = F.l1_loss(to_a(fake_b), a) + F.l1_loss(to_b(fake_a), b)
        identity = F.l1_loss(to_a(a), a) + F.l1_loss(to_b(b), b)
        asked = ((judge_b(fake_b) - 1) ** 2).mean() + ((judge_a(fake_a) - 1) ** 2).mean()
        old_b, pool_b = replayed(pool_b, fake_b, draws, "old_b")
        old_a, pool_a = replayed(pool_a, fake_a, draws, "old_a")
        replays += int((old_b != fake_b).any(3).any(2).sum())
        judged = [
            ((judge(real) - 1) ** 2).mean() / 2 + (judge(old) ** 2).mean() / 2
            for judge, real, old in ((judge_b, b, old_b), (judge_a, a, old_a))
        ]
        translators = [*to_a.parameters(), *to_b.parameters()]
        slopes = autograd.grad(asked + 10 * cycle + 5 * identity, translators)
        judges = [*judge_a.parameters(), *judge_b.parameters()]
        slopes += autograd.grad(judged[0] + judged[1], judges)
        for weight, slope in zip([*translators, *judges], slopes, strict=True):
            weight.grad = slope
        for optimizer in moving:
            optimizer.step()
    assert replays, "the pool has shown what it had"
    loop.compare()


def test_what_grows_has_no_pool(tmp_path: Path) -> None:
    text = (GAMES / "pggan.yaml").read_text("utf-8").replace("../../specs", str(GAMES.parents[1] / "specs"))
    path = tmp_path / "pooled.yaml"
    path.write_text(text.replace("    mix: {", "    old: {op: replay, x: fake, size: 3}\n    mix: {", 1))
    _, found = analyze(path)
    assert {one.code for one in found.errors} == {"G0651"}


def test_vqgan_with_its_codes() -> None:
    """Straight through the nearest code, codebook and commitment; the judge comes in after a step."""
    loop = Loop(GAMES / "codes.yaml", {}, (1, 4, 4))
    encoder, decoder, judge = loop["encoder"], loop["decoder"], loop["judge"]
    codes = loop["codebook"].get_parameter("code.weight")
    last = decoder.get_parameter("rgb.weight")
    moving = [loop.adam(name, 0.01, (0.5, 0.9)) for name in ("encoder", "codebook", "decoder", "judge")]
    for step in loop.steps(3):
        x, _ = loop.real(4)
        h = encoder(x)
        rows = h.permute(0, 2, 3, 1).reshape(-1, 3)
        nearest = torch.cdist(rows.detach(), codes.detach()).argmin(1)
        q = codes[nearest].view(4, 2, 2, 3).permute(0, 3, 1, 2)
        again = decoder(h + (q - h).detach())
        rebuilt = (x - again).abs().mean()
        loss = rebuilt + ((q - h.detach()) ** 2).mean() + 0.25 * ((h - q.detach()) ** 2).mean()
        if step >= 1:
            fooled = -judge(again).mean()
            one, other = (autograd.grad(of, last, retain_graph=True)[0].norm() for of in (rebuilt, fooled))
            loss = loss + 0.8 * (one / (other + 1e-6)).clamp(0, 1e4).detach() * fooled
        for optimizer in moving:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in moving[:3]:
            optimizer.step()
        if step >= 1:
            with torch.no_grad():
                h = encoder(x)
                rows = h.permute(0, 2, 3, 1).reshape(-1, 3)
                q = codes[torch.cdist(rows, codes).argmin(1)].view(4, 2, 2, 3).permute(0, 3, 1, 2)
                back = decoder(q)
            descend(moving[3], F.relu(1 - judge(x)).mean() + F.relu(1 + judge(back)).mean())
    loop.compare()


def test_infogan() -> None:
    """A class by shares of its own, numbers in [−1, 1): both players bring the readings to them."""
    loop = Loop(GAMES / "infogan.yaml", {}, (1, 4, 4))
    generator, discriminator = loop["generator"], loop["discriminator"]
    of_g, of_d = loop.adam("generator", 0.01, (0.5, 0.999)), loop.adam("discriminator", 0.002, (0.5, 0.999))

    def made(draws: Draws) -> tuple[Tensor, Tensor, Tensor]:
        kind = torch.bucketize(draws.uniform("kind"), torch.tensor([1, 3, 6]).double() / 8, right=True)
        code = draws.uniform("code", 2) * 2 - 1
        return generator(draws.normal("z", 3), kind, code), kind, code

    def read(said: tuple[Tensor, ...], kind: Tensor, code: Tensor) -> Tensor:
        _, classes, mean, log_variance = said
        normal = ((code - mean) ** 2 / log_variance.exp() + log_variance).sum(1).mean() / 2
        return F.cross_entropy(classes, kind) + 0.1 * normal

    for _ in loop.steps(2):
        image, _ = loop.real(4)
        with torch.no_grad():
            fake, kind, code = made(loop.draws("discriminator", 4))
        said = discriminator(fake)
        judged = F.softplus(-discriminator(image)[0]).mean() + F.softplus(said[0]).mean()
        descend(of_d, judged + read(said, kind, code))
        fake, kind, code = made(loop.draws("generator", 4))
        said = discriminator(fake)
        descend(of_g, F.softplus(-said[0]).mean() + read(said, kind, code))
    loop.compare()


def test_srgan() -> None:
    """Squared error in the first step, then with moments of its own against judge and features."""
    loop = Loop(GAMES / "srgan.yaml", {}, (1, 8, 8))
    generator, judge, vgg = loop["generator"], loop["judge"], loop["vgg"]
    before = loop.adam("generator", 0.01, (0.9, 0.999))
    after = Adam(generator.parameters(), 0.02, (0.9, 0.99), foreach=False)
    of_judge = loop.adam("judge", 0.01, (0.9, 0.999))
    for step in loop.steps(3):
        sharp, _ = loop.real(4)
        small = F.interpolate(sharp, (4, 4), mode="bicubic", antialias=False)
        if step < 1:
            descend(before, F.mse_loss(generator(small), sharp))
            continue
        fake = generator(small).detach()
        descend(of_judge, F.softplus(-judge(sharp)).mean() + F.softplus(judge(fake)).mean())
        made = generator(small)
        content = F.mse_loss(vgg(made), vgg(sharp))
        descend(after, 0.5 * content + 0.1 * F.softplus(-judge(made)).mean())
    loop.compare()


def test_projected_gan_and_a_finite_difference() -> None:
    """Hinge over two scales; R1 by (D(x + σε) − D(x))² / 2σ², both copies flipped by one draw."""
    loop = Loop(GAMES / "projected.yaml", {}, (1, 8, 8))
    generator, features, judges = loop["generator"], loop["features"], loop["judges"]
    of_g, of_d = (loop.adam(name, 0.01, (0.0, 0.99)) for name in ("generator", "judges"))
    flips = Augment(Pipe(pipe=("xflip",), p=0.5), (-1.0, 1.0))

    def score(logits: tuple[Tensor, ...]) -> Tensor:
        return sum((one.flatten(1).mean(1) for one in logits), torch.zeros(())) / 2

    for _ in loop.steps(2):
        draws = loop.draws("judges", 4)
        image, _ = loop.real(4)
        with torch.no_grad():
            fake = generator(draws.normal("z", 3))
        real, said = judges(*features(image)), judges(*features(fake))
        hinge = sum(F.relu(1 - r).mean() + F.relu(1 + f).mean() for r, f in zip(real, said, strict=True)) / 2
        half = loop.draws("judges", 2, batch=2)
        moved = image[:2] + 0.05 * half.normal("noise", 1, 8, 8)
        still, then = flips.view(0.5, half)((image[:2], moved), "seen")
        flipped = [not torch.equal(a, b) for a, b in zip(still, image[:2], strict=True)]
        assert all(torch.equal(still[i], image[i].flip(2)) for i in range(2) if flipped[i])
        apart = score(judges(*features(then))) - score(judges(*features(still)))
        descend(of_d, 2 * hinge + 3 * apart.square().mean() / (2 * 0.05**2))
        fake = generator(loop.draws("generator", 4).normal("z", 3))
        descend(of_g, -2 * score(judges(*features(fake))).mean())
    loop.compare()
