"""The game of pggan, generated from pggan.yaml: edit that, not this.

A function is one pass: from items of the data, draws and states to the loss of each player, then what
is logged and heard. `net` has the networks; the player's weights are variables, all others constants.
"""

from dataclasses import replace

from torch import Tensor

from gandsl_runtime.game.program import ClockValue, Drawn, Item
from gandsl_runtime.game.written import Networks, WrittenGame, WrittenPass, at_stages
from gandsl_runtime.ops import differentiable, gradient, lerp, pool, resize, sample_mean, sample_sum, upsample
from gandsl_runtime.plan.game import DataField, GamePlan, Player, Term


def discriminator_loss(
    net: Networks, image: Tensor, z: Tensor, mix: Tensor, *, size: int
) -> tuple[Tensor | None, ...]:
    """`discriminator` minimizes adversarial + gradient_penalty + drift."""
    fake = net.generator(z)
    # level.item: Averaged down to the level's size; while it fades in, blended with its half size
    # enlarged again, as G's are (arXiv:1710.10196, section 2)
    small = resize(image, size=size)
    real = net.discriminator(small)
    said = net.discriminator(fake)
    between = lerp(small, fake, mix)
    between = differentiable(between)
    middle = net.discriminator(between)
    # loss.wasserstein: Wasserstein; D minimizes D(G(z)) − D(x), G −D(G(z)); wants a gradient penalty
    # (arXiv:1701.07875)
    score_fake = said.mean()
    score_real = real.mean()
    adversarial = score_fake - score_real
    # penalty.gradient: E(‖∇D(x̂)‖ − target)² (Gulrajani et al. 2017, arXiv:1704.00028, equation 3)
    score = sample_mean(middle)
    (slope,) = gradient(score, [between])
    norm = (sample_sum(slope.square()) + 1e-12).sqrt()
    gradient_penalty = (norm - 1.0).square().mean()
    # penalty.drift: E D(x)², which keeps the score near 0 (Karras et al. 2017, arXiv:1710.10196,
    # appendix A.1)
    drift_score = sample_mean(real)
    drift = drift_score.square().mean()
    loss = adversarial + 10.0 * gradient_penalty + 0.001 * drift
    return loss, adversarial, score_real, score_fake, gradient_penalty, drift


def generator_loss(net: Networks, z: Tensor) -> tuple[Tensor | None, ...]:
    """`generator` minimizes adversarial."""
    fake = net.generator(z)
    said = net.discriminator(fake)
    # loss.wasserstein: Wasserstein; D minimizes D(G(z)) − D(x), G −D(G(z)); wants a gradient penalty
    # (arXiv:1701.07875)
    adversarial = -said.mean()
    loss = adversarial
    return loss, adversarial


def discriminator_loss_fading(
    net: Networks, alpha: Tensor, image: Tensor, z: Tensor, mix: Tensor, *, size: int
) -> tuple[Tensor | None, ...]:
    """`discriminator` minimizes adversarial + gradient_penalty + drift."""
    fake = net.generator(z, alpha)
    # level.item: Averaged down to the level's size; while it fades in, blended with its half size
    # enlarged again, as G's are (arXiv:1710.10196, section 2)
    small = resize(image, size=size)
    half = pool(small)
    old = upsample(half)
    faded = lerp(old, small, alpha)
    real = net.discriminator(faded, alpha)
    said = net.discriminator(fake, alpha)
    between = lerp(faded, fake, mix)
    between = differentiable(between)
    middle = net.discriminator(between, alpha)
    # loss.wasserstein: Wasserstein; D minimizes D(G(z)) − D(x), G −D(G(z)); wants a gradient penalty
    # (arXiv:1701.07875)
    score_fake = said.mean()
    score_real = real.mean()
    adversarial = score_fake - score_real
    # penalty.gradient: E(‖∇D(x̂)‖ − target)² (Gulrajani et al. 2017, arXiv:1704.00028, equation 3)
    score = sample_mean(middle)
    (slope,) = gradient(score, [between])
    norm = (sample_sum(slope.square()) + 1e-12).sqrt()
    gradient_penalty = (norm - 1.0).square().mean()
    # penalty.drift: E D(x)², which keeps the score near 0 (Karras et al. 2017, arXiv:1710.10196,
    # appendix A.1)
    drift_score = sample_mean(real)
    drift = drift_score.square().mean()
    loss = adversarial + 10.0 * gradient_penalty + 0.001 * drift
    return loss, adversarial, score_real, score_fake, gradient_penalty, drift


def generator_loss_fading(net: Networks, alpha: Tensor, z: Tensor) -> tuple[Tensor | None, ...]:
    """`generator` minimizes adversarial."""
    fake = net.generator(z, alpha)
    said = net.discriminator(fake, alpha)
    # loss.wasserstein: Wasserstein; D minimizes D(G(z)) − D(x), G −D(G(z)); wants a gradient penalty
    # (arXiv:1701.07875)
    adversarial = -said.mean()
    loss = adversarial
    return loss, adversarial


def shown(net: Networks, z: Tensor) -> tuple[Tensor, ...]:
    """What grids show."""
    fake = net.generator(z)
    return (fake,)


def watched(net: Networks, image: Tensor, z: Tensor, *, size: int) -> tuple[Tensor, ...]:
    """What the guard looks at."""
    fake = net.generator(z)
    # level.item: Averaged down to the level's size; while it fades in, blended with its half size
    # enlarged again, as G's are (arXiv:1710.10196, section 2)
    small = resize(image, size=size)
    real = net.discriminator(small)
    said = net.discriminator(fake)
    return real, said, fake, small


def shown_fading(net: Networks, alpha: Tensor, z: Tensor) -> tuple[Tensor, ...]:
    """What grids show."""
    fake = net.generator(z, alpha)
    return (fake,)


def watched_fading(
    net: Networks, alpha: Tensor, image: Tensor, z: Tensor, *, size: int
) -> tuple[Tensor, ...]:
    """What the guard looks at."""
    fake = net.generator(z, alpha)
    # level.item: Averaged down to the level's size; while it fades in, blended with its half size
    # enlarged again, as G's are (arXiv:1710.10196, section 2)
    small = resize(image, size=size)
    half = pool(small)
    old = upsample(half)
    faded = lerp(old, small, alpha)
    real = net.discriminator(faded, alpha)
    said = net.discriminator(fake, alpha)
    return real, said, fake, faded


PLAN = GamePlan(
    players={
        "discriminator": Player(
            name="discriminator",
            trains=("discriminator",),
            terms=(
                Term(
                    id="discriminator.adversarial",
                    node="adversarial.d",
                    logs={
                        "loss/D": "adversarial.d",
                        "score/real": "discriminator.adversarial.log1",
                        "score/fake": "discriminator.adversarial.log2",
                    },
                ),
                Term(
                    id="discriminator.gradient_penalty",
                    node="discriminator.gradient_penalty.penalty",
                    weight=10.0,
                    logs={"penalty/gradient_penalty": "discriminator.gradient_penalty.penalty"},
                ),
                Term(
                    id="discriminator.drift",
                    node="discriminator.drift.penalty",
                    weight=0.001,
                    logs={"penalty/drift": "discriminator.drift.penalty"},
                ),
            ),
        ),
        "generator": Player(
            name="generator",
            trains=("generator",),
            terms=(Term(id="generator.adversarial", node="adversarial.g", logs={"loss/G": "adversarial.g"}),),
        ),
    },
    order=(("discriminator",), ("generator",)),
    shows=("fake.image",),
    watches={"real": "real.logit", "fake": "said.logit", "samples": "fake.image", "items": "item.small"},
    data={"image": DataField(kind="Image", shape=(3, 1024, 1024))},
)

LAYERS = {
    "generator": (
        ("dense", (0, False), (8, False)),
        ("bias", (0, False), (8, False)),
        ("synthesis.s4.conv1", (0, False), (8, False)),
        ("synthesis.s4.rgb", (0, False), (1, True)),
        ("synthesis.s8.conv0", (1, True), (8, False)),
        ("synthesis.s8.conv1", (1, True), (8, False)),
        ("synthesis.s8.rgb", (1, True), (2, True)),
        ("synthesis.s16.conv0", (2, True), (8, False)),
        ("synthesis.s16.conv1", (2, True), (8, False)),
        ("synthesis.s16.rgb", (2, True), (3, True)),
        ("synthesis.s32.conv0", (3, True), (8, False)),
        ("synthesis.s32.conv1", (3, True), (8, False)),
        ("synthesis.s32.rgb", (3, True), (4, True)),
        ("synthesis.s64.conv0", (4, True), (8, False)),
        ("synthesis.s64.conv1", (4, True), (8, False)),
        ("synthesis.s64.rgb", (4, True), (5, True)),
        ("synthesis.s128.conv0", (5, True), (8, False)),
        ("synthesis.s128.conv1", (5, True), (8, False)),
        ("synthesis.s128.rgb", (5, True), (6, True)),
        ("synthesis.s256.conv0", (6, True), (8, False)),
        ("synthesis.s256.conv1", (6, True), (8, False)),
        ("synthesis.s256.rgb", (6, True), (7, True)),
        ("synthesis.s512.conv0", (7, True), (8, False)),
        ("synthesis.s512.conv1", (7, True), (8, False)),
        ("synthesis.s512.rgb", (7, True), (8, True)),
        ("synthesis.s1024", (8, True), (8, False)),
    ),
    "discriminator": (
        ("stages.rgb", (0, False), (1, True)),
        ("conv", (0, False), (8, False)),
        ("hidden", (0, False), (8, False)),
        ("logit", (0, False), (8, False)),
        ("stages.s8.rgb", (1, True), (2, True)),
        ("stages.s8.conv0", (1, True), (8, False)),
        ("stages.s8.conv1", (1, True), (8, False)),
        ("stages.s16.rgb", (2, True), (3, True)),
        ("stages.s16.conv0", (2, True), (8, False)),
        ("stages.s16.conv1", (2, True), (8, False)),
        ("stages.s32.rgb", (3, True), (4, True)),
        ("stages.s32.conv0", (3, True), (8, False)),
        ("stages.s32.conv1", (3, True), (8, False)),
        ("stages.s64.rgb", (4, True), (5, True)),
        ("stages.s64.conv0", (4, True), (8, False)),
        ("stages.s64.conv1", (4, True), (8, False)),
        ("stages.s128.rgb", (5, True), (6, True)),
        ("stages.s128.conv0", (5, True), (8, False)),
        ("stages.s128.conv1", (5, True), (8, False)),
        ("stages.s256.rgb", (6, True), (7, True)),
        ("stages.s256.conv0", (6, True), (8, False)),
        ("stages.s256.conv1", (6, True), (8, False)),
        ("stages.s512.rgb", (7, True), (8, True)),
        ("stages.s512.conv0", (7, True), (8, False)),
        ("stages.s512.conv1", (7, True), (8, False)),
        ("stages.s1024", (8, True), (8, False)),
    ),
}


class Game(WrittenGame):
    """Players and their passes, over the networks by name."""

    plans = {
        None: PLAN,
        **dict.fromkeys(
            ((1, True), (2, True), (3, True), (4, True), (5, True), (6, True), (7, True), (8, True)),
            replace(
                PLAN,
                watches={
                    "real": "real.logit",
                    "fake": "said.logit",
                    "samples": "fake.image",
                    "items": "item.faded",
                },
            ),
        ),
    }
    passes = (
        *at_stages(
            WrittenPass(
                "discriminator",
                discriminator_loss,
                terms=("discriminator.adversarial", "discriminator.gradient_penalty", "discriminator.drift"),
                sources=(Item("image", "image"), Drawn("z", (512,), "normal"), Drawn("mix", (), "uniform")),
                values=(
                    "adversarial.d",
                    "discriminator.adversarial.log1",
                    "discriminator.adversarial.log2",
                    "discriminator.gradient_penalty.penalty",
                    "discriminator.drift.penalty",
                ),
                used={"generator": (), "discriminator": ()},
            ),
            LAYERS,
            (
                (0, False),
                (1, False),
                (2, False),
                (3, False),
                (4, False),
                (5, False),
                (6, False),
                (7, False),
                (8, False),
            ),
            {"size": (4, 8, 16, 32, 64, 128, 256, 512, 1024)},
        ),
        *at_stages(
            WrittenPass(
                "generator",
                generator_loss,
                terms=("generator.adversarial",),
                sources=(Drawn("z", (512,), "normal"),),
                values=("adversarial.g",),
                used={"generator": (), "discriminator": ()},
            ),
            LAYERS,
            (
                (0, False),
                (1, False),
                (2, False),
                (3, False),
                (4, False),
                (5, False),
                (6, False),
                (7, False),
                (8, False),
            ),
        ),
        *at_stages(
            WrittenPass(
                "discriminator",
                discriminator_loss_fading,
                terms=("discriminator.adversarial", "discriminator.gradient_penalty", "discriminator.drift"),
                sources=(
                    ClockValue("alpha", "fade"),
                    Item("image", "image"),
                    Drawn("z", (512,), "normal"),
                    Drawn("mix", (), "uniform"),
                ),
                values=(
                    "adversarial.d",
                    "discriminator.adversarial.log1",
                    "discriminator.adversarial.log2",
                    "discriminator.gradient_penalty.penalty",
                    "discriminator.drift.penalty",
                ),
                used={"generator": (), "discriminator": ()},
            ),
            LAYERS,
            ((1, True), (2, True), (3, True), (4, True), (5, True), (6, True), (7, True), (8, True)),
            {"size": (8, 16, 32, 64, 128, 256, 512, 1024)},
        ),
        *at_stages(
            WrittenPass(
                "generator",
                generator_loss_fading,
                terms=("generator.adversarial",),
                sources=(ClockValue("alpha", "fade"), Drawn("z", (512,), "normal")),
                values=("adversarial.g",),
                used={"generator": (), "discriminator": ()},
            ),
            LAYERS,
            ((1, True), (2, True), (3, True), (4, True), (5, True), (6, True), (7, True), (8, True)),
        ),
    )
    views = (
        *at_stages(
            WrittenPass("shows", shown, sources=(Drawn("z", (512,), "normal"),), values=("fake.image",)),
            LAYERS,
            (
                (0, False),
                (1, False),
                (2, False),
                (3, False),
                (4, False),
                (5, False),
                (6, False),
                (7, False),
                (8, False),
            ),
        ),
        *at_stages(
            WrittenPass(
                "watches",
                watched,
                sources=(Item("image", "image"), Drawn("z", (512,), "normal")),
                values=("real.logit", "said.logit", "fake.image", "item.small"),
            ),
            LAYERS,
            (
                (0, False),
                (1, False),
                (2, False),
                (3, False),
                (4, False),
                (5, False),
                (6, False),
                (7, False),
                (8, False),
            ),
            {"size": (4, 8, 16, 32, 64, 128, 256, 512, 1024)},
        ),
        *at_stages(
            WrittenPass(
                "shows",
                shown_fading,
                sources=(ClockValue("alpha", "fade"), Drawn("z", (512,), "normal")),
                values=("fake.image",),
            ),
            LAYERS,
            ((1, True), (2, True), (3, True), (4, True), (5, True), (6, True), (7, True), (8, True)),
        ),
        *at_stages(
            WrittenPass(
                "watches",
                watched_fading,
                sources=(ClockValue("alpha", "fade"), Item("image", "image"), Drawn("z", (512,), "normal")),
                values=("real.logit", "said.logit", "fake.image", "item.faded"),
            ),
            LAYERS,
            ((1, True), (2, True), (3, True), (4, True), (5, True), (6, True), (7, True), (8, True)),
            {"size": (8, 16, 32, 64, 128, 256, 512, 1024)},
        ),
    )
