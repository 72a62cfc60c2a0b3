"""The game of dcgan, generated from dcgan.yaml: edit that, not this.

A function is one pass: from items of the data, draws and states to the loss of each player, then what
is logged and heard. `net` has the networks; the player's weights are variables, all others constants.
"""

from torch import Tensor

from gandsl_runtime.game.program import Drawn, Item
from gandsl_runtime.game.written import Networks, WrittenGame, WrittenPass
from gandsl_runtime.ops import softplus
from gandsl_runtime.plan.game import DataField, GamePlan, Player, Term


def discriminator_loss(net: Networks, image: Tensor, z: Tensor) -> tuple[Tensor | None, ...]:
    """`discriminator` minimizes adversarial."""
    fake = net.generator(z)
    real = net.discriminator(image)
    said = net.discriminator(fake)
    # loss.bce: Binary cross-entropy; D −t log σ(D(x)) − (1 − t) log(1 − σ(D(x))) − log(1 − σ(D(G(z)))),
    # G −log σ(D(G(z))), t the real_target (arXiv:1406.2661)
    right = 1.0 * softplus(-real) + 0.0 * softplus(real)
    adversarial = right.mean() + softplus(said).mean()
    loss = adversarial
    return loss, adversarial, real.mean(), said.mean()


def generator_loss(net: Networks, z: Tensor) -> tuple[Tensor | None, ...]:
    """`generator` minimizes adversarial."""
    fake = net.generator(z)
    said = net.discriminator(fake)
    # loss.bce: Binary cross-entropy; D −t log σ(D(x)) − (1 − t) log(1 − σ(D(x))) − log(1 − σ(D(G(z)))),
    # G −log σ(D(G(z))), t the real_target (arXiv:1406.2661)
    adversarial = softplus(-said).mean()
    loss = adversarial
    return loss, adversarial


def shown(net: Networks, z: Tensor) -> tuple[Tensor, ...]:
    """What grids show."""
    fake = net.generator(z)
    return (fake,)


def watched(net: Networks, image: Tensor, z: Tensor) -> tuple[Tensor, ...]:
    """What the guard looks at."""
    fake = net.generator(z)
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
    watches={"real": "real.flat", "fake": "said.flat", "samples": "fake.image", "items": "image"},
    data={"image": DataField(kind="Image", shape=(3, 64, 64))},
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
            sources=(Item("image", "image"), Drawn("z", (100,), "normal")),
            values=("adversarial.d", "discriminator.adversarial.log1", "discriminator.adversarial.log2"),
            used={"generator": ("",), "discriminator": ("",)},
        ),
        WrittenPass(
            "generator",
            generator_loss,
            terms=("generator.adversarial",),
            sources=(Drawn("z", (100,), "normal"),),
            values=("adversarial.g",),
            used={"generator": ("",), "discriminator": ("",)},
        ),
    )
    views = (
        WrittenPass("shows", shown, sources=(Drawn("z", (100,), "normal"),), values=("fake.image",)),
        WrittenPass(
            "watches",
            watched,
            sources=(Item("image", "image"), Drawn("z", (100,), "normal")),
            values=("real.flat", "said.flat", "fake.image", "image"),
        ),
    )
