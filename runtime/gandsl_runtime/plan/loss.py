"""The losses and their parameters."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Field

from .number import Weight
from .part import Float, PlanPart


class _Objective(PlanPart):
    """A loss: where it draws the line between real and generated."""

    @property
    def boundary(self) -> float | None:
        """The logit above which D takes an image for real; None where the plan knows of none."""
        return 0.0


class BinaryCrossEntropy(_Objective):
    """Binary cross-entropy on logits (arXiv:1406.2661); the generator's form is the non-saturating one."""

    kind: Literal["bce"] = "bce"
    real_target: Float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="target probability of real images in D's loss; 0.9 is one-sided smoothing",
    )


class Logistic(_Objective):
    """Non-saturating logistic: D softplus(−D(x)) + softplus(D(G(z))), G softplus(−D(G(z)))."""

    kind: Literal["logistic"] = "logistic"


class Hinge(_Objective):
    """Hinge (Lim and Ye 2017, arXiv:1705.02894): D relu(1 − D(x)) + relu(1 + D(G(z))), G −D(G(z))."""

    kind: Literal["hinge"] = "hinge"


class LeastSquares(_Objective):
    """Least squares (arXiv:1611.04076, eq. 2): D ½(D(x) − b)² + ½(D(G(z)) − a)², G ½(D(G(z)) − c)²."""

    kind: Literal["least_squares"] = "least_squares"
    a: Float = Field(default=0.0, description="D's target for generated images")
    b: Float = Field(default=1.0, description="D's target for real images")
    c: Float = Field(default=1.0, description="what G wants D to say of generated images")

    @property
    def boundary(self) -> float | None:
        return (self.a + self.b) / 2 if self.b > self.a else None


class Wasserstein(_Objective):
    """Wasserstein (arXiv:1701.07875): D minimizes D(G(z)) − D(x), G −D(G(z)); wants a gradient penalty."""

    kind: Literal["wasserstein"] = "wasserstein"

    @property
    def boundary(self) -> None:
        return None


class RelativisticLogistic(_Objective):
    """Relativistic pairing (arXiv:2501.05441, eq. 2): D softplus(D(G(z)) − D(x)); G the reverse."""

    kind: Literal["relativistic_logistic"] = "relativistic_logistic"

    @property
    def boundary(self) -> None:
        return None


class RelativisticHinge(_Objective):
    """Relativistic average hinge (arXiv:1807.00734): of D(x) − mean D(G(z)) and its mirror; G the reverse.

    The means are over a micro-batch, of all processes together.
    """

    kind: Literal["relativistic_hinge"] = "relativistic_hinge"

    @property
    def boundary(self) -> None:
        return None


class OwnLoss(_Objective):
    """A loss that a spec brings: a block of it, or of an import, with the block's parameters beside."""

    model_config = ConfigDict(extra="allow")

    block: str = Field(description="the block's name: tilted, mine.tilted")

    @property
    def kind(self) -> str:
        """What it is called."""
        return self.block

    @property
    def boundary(self) -> None:
        return None


_Losses = (
    BinaryCrossEntropy
    | Logistic
    | Hinge
    | LeastSquares
    | Wasserstein
    | RelativisticLogistic
    | RelativisticHinge
)
_LOSS_OF: dict[str, type[PlanPart]] = {part.model_fields["kind"].default: part for part in get_args(_Losses)}
LOSS_NAMES = tuple(_LOSS_OF)


def _loss(value: Any) -> Any:
    """A name, or an object with `kind`; errors speak of that kind alone."""
    written = {"kind": value} if isinstance(value, str) else value
    if not isinstance(written, dict):
        return written
    if "block" in written and "kind" not in written:
        return OwnLoss.model_validate(written)
    kind = written.get("kind")
    if kind not in LOSS_NAMES:
        raise ValueError(f"unknown loss `{kind}`: one of {', '.join(LOSS_NAMES)}")
    return _LOSS_OF[kind].model_validate(written)


def loss_or_name(schema: dict[str, Any]) -> None:
    """In the JSON schema, a loss may be its name alone; that of a block of one's own has any parameters."""
    form = {key: schema.pop(key) for key in ("anyOf", "oneOf") if key in schema}
    own = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": OWN_NAME},
        "description": "a block of one's own, and its parameters",
    }
    schema["anyOf"] = [{"enum": list(LOSS_NAMES)}, form, OWN_NAME, own]


OWN_NAME = {"type": "string", "not": {"enum": list(LOSS_NAMES)}, "description": "a block of one's own"}
Loss = Annotated[_Losses | OwnLoss, BeforeValidator(_loss)]


def _name(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("must name an output; a name that is a parameter's as well in quotes: \"'label'\"")
    return value


class Auxiliary(PlanPart):
    """Auxiliary classifier (arXiv:1610.09585, eq. 3): cross-entropies of one of D's outputs with the class.

    D minimizes its loss + real·E[−log P(c | x)] + fake·E[−log P(c | G(z, c))], G its loss + generator·E[−log
    P(c | G(z, c))]. Losses and penalties leave that output out.
    """

    output: Annotated[str, BeforeValidator(_name)] = Field(
        description="D's output that holds a logit for each class"
    )
    real: Weight = Field(default=1.0, description="weight in D's loss on real images, from 0")
    fake: Weight = Field(default=1.0, description="weight in D's loss on generated images, from 0")
    generator: Weight = Field(default=1.0, description="weight in G's loss, from 0")
