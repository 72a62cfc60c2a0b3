"""The game of biggan, generated from biggan.yaml: edit that, not this.

A function is one pass: from items of the data, draws and states to the loss of each player, then what
is logged and heard. `net` has the networks; the player's weights are variables, all others constants.
"""

from torch import Tensor

from gandsl_runtime.game.program import Drawn, Item
from gandsl_runtime.game.written import Networks, WrittenGame, WrittenPass
from gandsl_runtime.ops import join, relu, split
from gandsl_runtime.plan.game import DataField, GamePlan, Player, Term


def discriminator_loss(
    net: Networks, image: Tensor, y: Tensor, z: Tensor, c: Tensor
) -> tuple[Tensor | None, ...]:
    """`discriminator` minimizes adversarial."""
    fake = net.generator(z, c)
    joined = join([fake, image])
    labels = join([c, y])
    both = net.discriminator(joined, labels)
    halves0, halves1 = split(both, counts=(1, 1))
    # loss.hinge: Hinge; D relu(1 − D(x)) + relu(1 + D(G(z))), G −D(G(z)) (Lim and Ye 2017,
    # arXiv:1705.02894)
    adversarial = relu(1.0 - halves1).mean() + relu(1.0 + halves0).mean()
    loss = adversarial
    return loss, adversarial, halves1.mean(), halves0.mean()


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
    joined = join([fake, image])
    labels = join([c, y])
    both = net.discriminator(joined, labels)
    halves0, halves1 = split(both, counts=(1, 1))
    return halves1, halves0, fake, image


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
            terms=(Term(id="generator.adversarial", node="wanted.g", logs={"loss/G": "wanted.g"}),),
        ),
    },
    order=(("discriminator",), ("generator",)),
    shows=("fake.image",),
    watches={"real": "halves.x1", "fake": "halves.x", "samples": "fake.image", "items": "image"},
    data={"image": DataField(kind="Image", shape=(3, 128, 128)), "y": DataField(kind="Label", shape=(1000,))},
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
                Drawn("z", (120,), "normal"),
                Drawn("c", (), "labels", high=1000.0),
            ),
            values=("adversarial.d", "discriminator.adversarial.log1", "discriminator.adversarial.log2"),
            used={"generator": ("",), "discriminator": ("",)},
        ),
        WrittenPass(
            "generator",
            generator_loss,
            terms=("generator.adversarial",),
            sources=(Drawn("z", (120,), "normal"), Drawn("c", (), "labels", high=1000.0)),
            values=("wanted.g",),
            used={"generator": ("",), "discriminator": ("",)},
        ),
    )
    views = (
        WrittenPass(
            "shows",
            shown,
            sources=(Drawn("z", (120,), "normal"), Drawn("c", (), "labels", high=1000.0)),
            values=("fake.image",),
        ),
        WrittenPass(
            "watches",
            watched,
            sources=(
                Item("image", "image"),
                Item("y", "y", "Label"),
                Drawn("z", (120,), "normal"),
                Drawn("c", (), "labels", high=1000.0),
            ),
            values=("halves.x1", "halves.x", "fake.image", "image"),
        ),
    )
