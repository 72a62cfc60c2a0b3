"""The game of stylegan2, generated from stylegan2.yaml: edit that, not this.

A function is one pass: from items of the data, draws and states to the loss of each player, then what
is logged and heard. `net` has the networks; the player's weights are variables, all others constants.
"""

from torch import Tensor

from gandsl_runtime.game.program import ClockValue, Drawn, Item, StateValue
from gandsl_runtime.game.written import Networks, WrittenGame, WrittenPass, WrittenState
from gandsl_runtime.ops import (
    below,
    crossover,
    differentiable,
    gradient,
    lerp,
    mean,
    row_sum,
    sample_mean,
    sample_sum,
    softplus,
)
from gandsl_runtime.plan.game import DataField, GamePlan, GameState, Player, Term


def discriminator_loss(
    net: Networks, image: Tensor, z: Tensor, z2: Tensor, split: Tensor, coin: Tensor
) -> tuple[Tensor | None, ...]:
    """`discriminator` minimizes adversarial."""
    mapped = net.generator.mapping(z)
    other = net.generator.mapping(z2, holds=("mapping.centre",))
    # style.crossover: Mixing, in a game: layers from a random one on take the styles of b, by chance
    # (StyleGAN, section 3.1)
    at = 18.0 + below(coin, number=0.9) * (split - 18.0)
    ws = crossover(mapped, other, at)
    fake = net.generator.synthesis(ws, draws="fake")
    real = net.discriminator(image)
    said = net.discriminator(fake)
    # loss.logistic: Non-saturating logistic; D softplus(−D(x)) + softplus(D(G(z))), G
    # softplus(−D(G(z))) (arXiv:1406.2661)
    adversarial = softplus(-real).mean() + softplus(said).mean()
    loss = adversarial
    return loss, adversarial, real.mean(), said.mean()


def discriminator_loss_each_16(net: Networks, image: Tensor) -> tuple[Tensor | None, ...]:
    """`discriminator` minimizes r1, each 16 steps."""
    image = differentiable(image)
    real = net.discriminator(image)
    # penalty.zero_centred: γ/2 · E‖∇D‖², as R1 at real images, as R2 at generated ones (Mescheder et
    # al. 2018, arXiv:1801.04406, equations 9 and 10)
    score = sample_mean(real)
    (slope,) = gradient(score, [image])
    r1 = sample_sum(slope.square()).mean() / 2.0
    loss = 2.0 * r1
    return loss, r1


def generator_loss(
    net: Networks, z: Tensor, z2: Tensor, split: Tensor, coin: Tensor
) -> tuple[Tensor | None, ...]:
    """`generator` minimizes adversarial."""
    mapped = net.generator.mapping(z)
    other = net.generator.mapping(z2, holds=("mapping.centre",))
    # style.crossover: Mixing, in a game: layers from a random one on take the styles of b, by chance
    # (StyleGAN, section 3.1)
    at = 18.0 + below(coin, number=0.9) * (split - 18.0)
    ws = crossover(mapped, other, at)
    fake = net.generator.synthesis(ws, draws="fake")
    said = net.discriminator(fake)
    # loss.logistic: Non-saturating logistic; D softplus(−D(x)) + softplus(D(G(z))), G
    # softplus(−D(G(z))) (arXiv:1406.2661)
    adversarial = softplus(-said).mean()
    loss = adversarial
    return loss, adversarial


def generator_loss_each_4(
    net: Networks,
    z: Tensor,
    z2: Tensor,
    split: Tensor,
    coin: Tensor,
    y: Tensor,
    a: Tensor,
    moved_constant: Tensor,
) -> tuple[Tensor | None, ...]:
    """`generator` minimizes path_length, each 4 steps."""
    mapped = net.generator.mapping(z)
    other = net.generator.mapping(z2, holds=("mapping.centre",))
    # style.crossover: Mixing, in a game: layers from a random one on take the styles of b, by chance
    # (StyleGAN, section 3.1)
    at = 18.0 + below(coin, number=0.9) * (split - 18.0)
    ws = crossover(mapped, other, at)
    ws = differentiable(ws)
    fake = net.generator.synthesis(ws, draws="fake")
    # penalty.path_length: E(‖Jᵀy‖ − a)² by the styles, a the running mean of the lengths, which the
    # gradient passes through (arXiv:1912.04958, equation 4)
    projected = sample_sum(fake * y) / 1024.0
    (slope,) = gradient(projected, [ws])
    length = (sample_mean(row_sum(slope.square())) + 1e-12).sqrt()
    now = mean(length)
    moved = lerp(a, now, moved_constant)
    path_length = (length - moved).square().mean()
    loss = 2.0 * path_length
    return loss, moved, path_length, now


def next_generator_path_length_a(moved: Tensor) -> Tensor:
    """What the state `generator.path_length.a` moves to, of means of what was heard."""
    return moved


def shown(net: Networks, z: Tensor) -> tuple[Tensor, ...]:
    """What grids show."""
    mapped = net.generator.mapping(z)
    fake = net.generator.synthesis(mapped, draws="fake")
    return (fake,)


def watched(net: Networks, image: Tensor, z: Tensor) -> tuple[Tensor, ...]:
    """What the guard looks at."""
    mapped = net.generator.mapping(z)
    fake = net.generator.synthesis(mapped, draws="fake")
    real = net.discriminator(image)
    said = net.discriminator(fake)
    return real, said, fake, image


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
                    id="discriminator.r1",
                    node="discriminator.r1.penalty",
                    weight=2.0,
                    every=16,
                    logs={"penalty/r1": "discriminator.r1.penalty"},
                ),
            ),
        ),
        "generator": Player(
            name="generator",
            trains=("generator",),
            terms=(
                Term(id="generator.adversarial", node="adversarial.g", logs={"loss/G": "adversarial.g"}),
                Term(
                    id="generator.path_length",
                    node="generator.path_length.penalty",
                    weight=2.0,
                    every=4,
                    batch=16,
                    logs={
                        "penalty/path_length": "generator.path_length.penalty",
                        "path_length": "generator.path_length.now",
                    },
                ),
            ),
        ),
    },
    order=(("discriminator",), ("generator",)),
    states=(
        GameState(
            id="generator.path_length.a",
            next="generator.path_length.a.next",
            heard=("generator.path_length.moved",),
            players=("generator",),
            moved=("path_length_mean",),
        ),
    ),
    shows=("fake.image",),
    watches={"real": "real.logit", "fake": "said.logit", "samples": "fake.image", "items": "image"},
    data={"image": DataField(kind="Image", shape=(3, 1024, 1024))},
    boundary=0.0,
)


class Game(WrittenGame):
    """Players and their passes, over the networks by name."""

    plans = {None: PLAN}
    passes = (
        WrittenPass(
            "discriminator",
            discriminator_loss,
            terms=("discriminator.adversarial",),
            sources=(
                Item("image", "image"),
                Drawn("z", (512,), "normal"),
                Drawn("z2", (512,), "normal"),
                Drawn("ws.split", (), "integers", low=1.0, high=17.0, per="micro_batch"),
                Drawn("ws.coin", (), "uniform", per="micro_batch"),
            ),
            values=("adversarial.d", "discriminator.adversarial.log1", "discriminator.adversarial.log2"),
            used={"generator": ("",), "discriminator": ("",)},
        ),
        WrittenPass(
            "discriminator/16",
            discriminator_loss_each_16,
            terms=("discriminator.r1",),
            sources=(Item("image", "image"),),
            values=("discriminator.r1.penalty",),
            used={"discriminator": ("",)},
        ),
        WrittenPass(
            "generator",
            generator_loss,
            terms=("generator.adversarial",),
            sources=(
                Drawn("z", (512,), "normal"),
                Drawn("z2", (512,), "normal"),
                Drawn("ws.split", (), "integers", low=1.0, high=17.0, per="micro_batch"),
                Drawn("ws.coin", (), "uniform", per="micro_batch"),
            ),
            values=("adversarial.g",),
            used={"generator": ("",), "discriminator": ("",)},
        ),
        WrittenPass(
            "generator/4",
            generator_loss_each_4,
            terms=("generator.path_length",),
            sources=(
                Drawn("z", (512,), "normal"),
                Drawn("z2", (512,), "normal"),
                Drawn("ws.split", (), "integers", low=1.0, high=17.0, per="micro_batch"),
                Drawn("ws.coin", (), "uniform", per="micro_batch"),
                Drawn("generator.path_length.y", (3, 1024, 1024), "normal"),
                StateValue("generator.path_length.a"),
                ClockValue("generator.path_length.moved.sub", 0.01),
            ),
            values=(
                "generator.path_length.moved",
                "generator.path_length.penalty",
                "generator.path_length.now",
            ),
            heard=(("generator.path_length.a", "generator.path_length.moved"),),
            used={"generator": ("",)},
        ),
    )
    states = (
        WrittenState(
            "generator.path_length.a",
            next_generator_path_length_a,
            sources=(),
            heard=("generator.path_length.moved",),
        ),
    )
    views = (
        WrittenPass("shows", shown, sources=(Drawn("z", (512,), "normal"),), values=("fake.image",)),
        WrittenPass(
            "watches",
            watched,
            sources=(Item("image", "image"), Drawn("z", (512,), "normal")),
            values=("real.logit", "said.logit", "fake.image", "image"),
        ),
    )
