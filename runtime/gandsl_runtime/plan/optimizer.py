"""The optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from .number import Beta, Rate
from .part import Flag, Float, PlanPart

LearningRate = Annotated[Rate, Field(description="learning rate, [0, 10]; a number, a curve or stairs")]
Betas = Annotated[tuple[Beta, Beta], Field(description="decay of the first and second moment, [0, 1)")]
Epsilon = Annotated[Float, Field(gt=0, le=1, description="added to the root of the second moment")]
WeightDecay = Annotated[Float, Field(ge=0, le=1, description="times the weights, added to their gradients")]
Clip = Annotated[
    Float | None,
    Field(gt=0, description="the most that the norm of all its weights' gradients may be; null: any"),
]

Bound = Annotated[
    Float | None,
    Field(gt=0, description="the most that a weight may be, either way, after each step; null: any"),
]


class Adam(PlanPart):
    """Adam (arXiv:1412.6980). `lr` and `betas` are as without lazy regularization.

    A network with lazy penalties takes Σ 1/every extra optimizer steps (over the distinct intervals) for its
    d main ones. `game.optimizers.lazy_ratio` gives r = d / (d + Σ 1/every), which is every / (every + 1) for
    one penalty and d = 1; the optimizer runs with lr·r and β^r throughout (arXiv:1912.04958, appendix B).
    Other kinds do the same with their decays.
    """

    kind: Literal["adam"] = Field(default="adam", description="the optimizer's name")
    lr: LearningRate
    betas: Betas = (0.9, 0.999)
    eps: Epsilon = 1e-8
    weight_decay: WeightDecay = 0.0
    clip: Clip = None
    bound: Bound = None


class AdamW(PlanPart):
    """Adam with weight decay apart from the moments: W ← W − lr·weight_decay·W (arXiv:1711.05101)."""

    kind: Literal["adamw"] = Field(default="adamw", description="the optimizer's name")
    lr: LearningRate
    betas: Betas = (0.9, 0.999)
    eps: Epsilon = 1e-8
    weight_decay: Float = Field(default=0.01, ge=0, le=1, description="times lr, the share of W that goes")
    clip: Clip = None
    bound: Bound = None


class RMSprop(PlanPart):
    """RMSprop (Hinton 2012, lecture 6e): the gradient over the root of its mean square."""

    kind: Literal["rmsprop"] = Field(default="rmsprop", description="the optimizer's name")
    lr: LearningRate
    alpha: Float = Field(default=0.99, ge=0, lt=1, description="decay of the mean square, [0, 1)")
    eps: Epsilon = 1e-8
    momentum: Float = Field(default=0.0, ge=0, lt=1, description="decay of the sum of steps, [0, 1)")
    centered: Flag = Field(default=False, description="the variance in place of the mean square")
    weight_decay: WeightDecay = 0.0
    clip: Clip = None
    bound: Bound = None


class SGD(PlanPart):
    """Stochastic gradient descent, with momentum where one is given."""

    kind: Literal["sgd"] = Field(default="sgd", description="the optimizer's name")
    lr: LearningRate
    momentum: Float = Field(default=0.0, ge=0, lt=1, description="decay of the sum of gradients, [0, 1)")
    nesterov: Flag = Field(default=False, description="momentum as Nesterov's: looks a step ahead")
    weight_decay: WeightDecay = 0.0
    clip: Clip = None
    bound: Bound = None

    @model_validator(mode="after")
    def _looks_ahead(self) -> SGD:
        _look_ahead(self.nesterov, self.momentum)
        return self


def _look_ahead(nesterov: bool, momentum: float) -> None:
    """Raises ValueError for a look ahead along no way."""
    if nesterov and not momentum:
        raise ValueError("nesterov looks ahead by momentum, which is 0: give momentum, such as 0.9")


_Kinds = Adam | AdamW | RMSprop | SGD
OPTIMIZERS: Mapping[str, type[_Kinds]] = {
    part.model_fields["kind"].default: part for part in get_args(_Kinds)
}


def optimizer(value: Any) -> Any:
    """An optimizer by its `kind`, adam where none is said; errors speak of that kind alone."""
    if not isinstance(value, Mapping):
        return value
    kind = value.get("kind") or "adam"
    if kind not in OPTIMIZERS:
        raise ValueError(f"unknown optimizer `{kind}`: one of {', '.join(OPTIMIZERS)}")
    of = OPTIMIZERS[kind].model_fields
    said = {k: v for k, v in value.items() if v is not None or k not in of or of[k].is_required()}
    return OPTIMIZERS[kind].model_validate(said)


Optimizer = Annotated[_Kinds, BeforeValidator(optimizer)]


class OptimizerChanges(PlanPart):
    """What differs from `optimizer` for one network. Another `kind` takes over its rate and clip alone."""

    kind: Literal["adam", "adamw", "rmsprop", "sgd"] | None = Field(
        default=None, description="another optimizer, which begins with the defaults of its own"
    )
    lr: Rate | None = Field(default=None, description="learning rate, [0, 10]; null: as in `optimizer`")
    betas: tuple[Beta, Beta] | None = Field(
        default=None, description="moments' decay, [0, 1); null: as in `optimizer`"
    )
    eps: Float | None = Field(default=None, gt=0, le=1, description="null: as in `optimizer`")
    alpha: Float | None = Field(default=None, ge=0, lt=1, description="of rmsprop; null: as in `optimizer`")
    momentum: Float | None = Field(
        default=None, ge=0, lt=1, description="of sgd and rmsprop; null: as in `optimizer`"
    )
    nesterov: Flag | None = Field(default=None, description="of sgd; null: as in `optimizer`")
    centered: Flag | None = Field(default=None, description="of rmsprop; null: as in `optimizer`")
    weight_decay: Float | None = Field(default=None, ge=0, le=1, description="null: as in `optimizer`")
    clip: Float | None = Field(default=None, gt=0, description="null: as in `optimizer`")
    bound: Float | None = Field(default=None, gt=0, description="null: as in `optimizer`")

    def of(self, base: _Kinds) -> _Kinds:
        """The optimizer with these changes. Raises ValueError, `FIELD …`, for one that it cannot have."""
        said = {name: value for name, value in self if value is not None}
        known = OPTIMIZERS[self.kind or base.kind].model_fields
        for name in said:
            if name not in known:
                raise ValueError(f"{name} is no field of {self.kind or base.kind}")
        kept = dict(base) if self.kind in (None, base.kind) else {"lr": base.lr, "clip": base.clip}
        changed: dict[str, Any] = kept | said
        _look_ahead(changed.get("nesterov", False), changed.get("momentum", 0.0))
        return OPTIMIZERS[self.kind or base.kind].model_validate(changed)
