"""The whole plan, and what its parts say of each other."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import Field, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from .augment import Adaptive, Augment
from .cadence import Cadence
from .data import Data
from .ema import Ema
from .freeze import Freeze
from .growth import Growth
from .guard import Guard
from .loss import LOSS_NAMES, Auxiliary, Loss, OwnLoss, loss_or_name
from .metrics import Metrics
from .mixing import StyleMixing
from .optimizer import Optimizer, OptimizerChanges
from .part import Int, PlanPart
from .precision import Precision
from .quantity import Length
from .regularizers import Regularizers, TopSingularValue
from .synchronize import Synchronize


def _or_none(value: Any, validated: ValidatorFunctionWrapHandler) -> Any:
    return None if value is None else validated(value)


class Plan(PlanPart):
    """The whole experiment; the command line adds places, devices and the seed."""

    length: Length = Field(description="how long to train (img, kimg, Mimg or steps)")
    batch: Int = Field(ge=1, description="images a step, from 1")
    micro_batch: Int | None = Field(
        default=None,
        ge=1,
        description="images at a time in a step: gradients are accumulated; null: the batch at once",
    )
    loss: Annotated[Loss, WrapValidator(_or_none)] = Field(
        default=cast("Loss", None),  # of a game that is written out; what reads it is for the short form
        description="a name or an object with its parameters: "
        + ", ".join(LOSS_NAMES)
        + ", or a block of one's own; null: `game` says what is minimized",
        json_schema_extra=loss_or_name,
    )
    auxiliary: Auxiliary | None = Field(
        default=None, description="classifies images by one of the discriminator's outputs; null: none"
    )
    regularizers: Regularizers = Field(
        default=Regularizers.of_defaults(), description="penalties of both networks"
    )
    top_singular_value: TopSingularValue | None = Field(
        default=None, description="bound on the first singular value of weights; null: none"
    )
    optimizer: Optimizer = Field(description="of all networks")
    optimizers: dict[str, OptimizerChanges] = Field(
        default={}, description="what differs for a network, by its name: {discriminator: {lr: 4e-4}}"
    )
    generator_optimizer: OptimizerChanges | None = Field(
        default=None, description="what differs for the generator; the same as optimizers.generator"
    )
    discriminator_optimizer: OptimizerChanges | None = Field(
        default=None, description="what differs for the discriminator; the same as optimizers.discriminator"
    )
    freeze: tuple[Freeze, ...] = Field(
        default=(), description="weights that rest: [{network: generator, nodes: [mapping], until: 10 kimg}]"
    )
    discriminator_steps: Int = Field(
        default=1, ge=1, description="discriminator steps, each on fresh images, for one of the generator"
    )
    discriminator_passes: Literal["separate", "joint"] = Field(
        default="separate",
        description="D sees generated and real images in two passes, or concatenated in one (in that order)",
    )
    style_mixing: StyleMixing | None = Field(default=None, description="needs a style space; null: none")
    averages: dict[str, Ema] = Field(
        default={}, description="averages of networks' weights, by name: {generator: {half_life: 10 kimg}}"
    )
    ema: Ema | None = Field(
        default=None,
        description="the same as averages.generator: samples come from this average; null: none",
    )
    growth: Growth | None = Field(default=None, description="null: all of training at full size")
    augment: Augment | None = Field(
        default=None, description="random transforms of what the discriminator sees; null: none"
    )
    synchronize: Synchronize = Field(
        default=Synchronize.of_defaults(),
        description="what several processes share, beside weights and gradients",
    )
    precision: Precision = Field(
        default=Precision.of_defaults(), description="in which numbers a step is computed"
    )
    memory_format: Literal["contiguous", "channels_last"] = Field(
        default="contiguous",
        description="order of a feature's numbers in memory: contiguous has a channel's pixels side by side, "
        "channels_last a pixel's channels (faster 16-bit convolutions on GPUs); saved weights don't change",
    )
    checkpointing: Literal["none", "stages"] | tuple[Int, ...] = Field(
        default="none",
        description="whose features are not kept for the backward but computed again (arXiv:1604.06174: less "
        "memory, up to a third more time). none; stages: those of every stage; or of the stages at these "
        "resolutions alone, by their longer sides: [256, 128]",
    )
    data: Data = Field(default=Data.of_defaults(), description="how images enter the networks")
    guard: Guard | None = Field(
        default=Guard.of_defaults(), description="what is watched and done against collapse; null: nothing"
    )
    cadence: Cadence = Field(default=Cadence.of_defaults(), description="how often the run writes something")
    metrics: Metrics = Field(
        default={},
        description="metrics of samples of the averaged weights, by name: {kid: {every: 200 kimg, images: "
        "5000}}; in the log as metric/NAME",
    )

    @property
    def adapts(self) -> bool:
        """Whether augmentation follows what D says of real images."""
        return self.augment is not None and isinstance(self.augment.p, Adaptive)

    @property
    def own_loss(self) -> str:
        """The block that is the loss, of the spec or of what it imports; empty for one of the plan's."""
        return self.loss.block if isinstance(self.loss, OwnLoss) else ""

    @model_validator(mode="after")
    def _consistent(self) -> Plan:
        for name, size in self.regularizers.batches.items():
            if size > self.batch:
                raise ValueError(f"regularizers.{name} is {size}, more than the batch of {self.batch}")
        for short, (section, network) in _SHORT.items():
            if getattr(self, short) is not None and network in getattr(self, section):
                raise ValueError(f"{section}.{network} is given twice: `{short}` says the same")
        for network in dict.fromkeys(("generator", "discriminator", *self.optimizers)):
            place, changes = self.changes_of(network)
            if changes:
                try:
                    changes.of(self.optimizer)
                except ValueError as error:
                    raise ValueError(f"{place}.{error}") from error
        if self.growth and self.growth.lr:
            own = [(name, getattr(self, name)) for name in _SHORT if name != "ema"]
            named = [(f"optimizers.{name}", changes) for name, changes in self.optimizers.items()]
            for name, changes in (*own, *named):
                if changes and changes.lr is not None:
                    raise ValueError(f"growth.lr sets the rate of all networks: leave {name}.lr out")
        return self

    def optimizer_of(self, network: str) -> Optimizer:
        """The optimizer of one network, its changes applied."""
        changes = self.changes_of(network)[1]
        return changes.of(self.optimizer) if changes else self.optimizer

    def changes_of(self, network: str) -> tuple[str, OptimizerChanges | None]:
        """What differs for one network, and the path of that in the plan."""
        return self._said("optimizers", network)

    def average_of(self, network: str) -> Ema | None:
        """How the weights of one network are averaged; None where they are not."""
        found: Ema | None = self._said("averages", network)[1]
        return found

    @property
    def averaged(self) -> dict[str, Ema]:
        """The networks whose weights are averaged, and how."""
        names = dict.fromkeys(("generator", *self.averages))
        return {name: average for name in names if (average := self.average_of(name))}

    def _said(self, section: str, network: str) -> tuple[str, Any]:
        """What a section says of a network, or a field of its own."""
        own = next((short for short, place in _SHORT.items() if place == (section, network)), "")
        if own and getattr(self, own) is not None:
            return own, getattr(self, own)
        return f"{section}.{network}", getattr(self, section).get(network)


# a field of its own → the section that says the same, and the network's name there
_SHORT = {
    "generator_optimizer": ("optimizers", "generator"),
    "discriminator_optimizer": ("optimizers", "discriminator"),
    "ema": ("averages", "generator"),
}
