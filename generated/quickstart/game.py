"""The game of quickstart, generated from quickstart.yaml: edit that, not this.

A function is one pass: from items of the data, draws and states to the loss of each player, then what
is logged and heard. `net` has the networks; the player's weights are variables, all others constants.
"""

from torch import Tensor

from gandsl_runtime.game.program import Drawn, Item
from gandsl_runtime.game.written import Networks, WrittenGame, WrittenPass
from gandsl_runtime.ops import relu
from gandsl_runtime.plan.game import DataField, GamePlan, Player, Term


def discriminator_loss(
    net: Networks, image: Tensor, y: Tensor, z: Tensor, c: Tensor
) -> tuple[Tensor | None, ...]:
    """`discriminator` minimizes adversarial."""
    fake = net.generator(z, c)
    real = net.discriminator(image, y)
    said = net.discriminator(fake, c)
    # loss.hinge: Hinge; D relu(1 − D(x)) + relu(1 + D(G(z))), G −D(G(z)) (Lim and Ye 2017,
    # arXiv:1705.02894)
    adversarial = relu(1.0 - real).mean() + relu(1.0 + said).mean()
    loss = adversarial
    return loss, adversarial, real.mean(), said.mean()


def generator_loss(net: Networks, z: Tensor, c: Tensor) -> tuple[Tensor | None, ...]:
    """`generator` minimizes adversarial."""
    fake = net.generator(z, c)
    said = net.discriminator(fake, c)
    # loss.hinge: Hinge; D relu(1 − D(x)) + relu(1 + D(G(z))), G −D(G(z)) (Lim and Ye 2017,
    # arXiv:1705.02894)
    adversarial = -said.mean()
    loss = adversarial
    return loss, adversarial


def shown(net: Networks, z: Tensor, c: Tensor) -> tuple[Tensor, ...]:
    """What grids show."""
    fake = net.generator(z, c)
    return (fake,)


def watched(net: Networks, image: Tensor, y: Tensor, z: Tensor, c: Tensor) -> tuple[Tensor, ...]:
    """What the guard looks at."""
    fake = net.generator(z, c)
    real = net.discriminator(image, y)
    said = net.discriminator(fake, c)
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
    watches={"real": "real.head", "fake": "said.head", "samples": "fake.image", "items": "image"},
    data={"image": DataField(kind="Image", shape=(1, 28, 28)), "y": DataField(kind="Label", shape=(10,))},
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
                Item("y", "y", "Label"),
                Drawn("z", (64,), "normal"),
                Drawn("c", (), "labels", high=10.0),
            ),
            values=("adversarial.d", "discriminator.adversarial.log1", "discriminator.adversarial.log2"),
            used={"generator": ("",), "discriminator": ("",)},
        ),
        WrittenPass(
            "generator",
            generator_loss,
            terms=("generator.adversarial",),
            sources=(Drawn("z", (64,), "normal"), Drawn("c", (), "labels", high=10.0)),
            values=("adversarial.g",),
            used={"generator": ("",), "discriminator": ("",)},
        ),
    )
    views = (
        WrittenPass(
            "shows",
            shown,
            sources=(Drawn("z", (64,), "normal"), Drawn("c", (), "labels", high=10.0)),
            values=("fake.image",),
        ),
        WrittenPass(
            "watches",
            watched,
            sources=(
                Item("image", "image"),
                Item("y", "y", "Label"),
                Drawn("z", (64,), "normal"),
                Drawn("c", (), "labels", high=10.0),
            ),
            values=("real.head", "said.head", "fake.image", "image"),
        ),
    )
