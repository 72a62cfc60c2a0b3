"""The losses and their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import BeforeValidator, ConfigDict, Field, create_model

from .blocks import BLOCKS, doc_of, params_of
from .number import Weight
from .part import PlanPart


class Objective(PlanPart):
    """A loss: a block of the library, or one of the spec's own."""

    if TYPE_CHECKING:

        @property
        def kind(self) -> str:
            """What it is called."""


class OwnLoss(Objective):
    """A loss that a spec brings: a block of it, or of an import, with the block's parameters beside."""

    model_config = ConfigDict(extra="allow")

    block: str = Field(description="the block's name: tilted, mine.tilted")

    @property
    def kind(self) -> str:
        """What it is called."""
        return self.block


def _made(name: str) -> type[PlanPart]:
    """The loss of a block of the library, with the block's parameters."""
    block = f"loss.{name}"
    title = "".join(word.capitalize() for word in name.split("_"))
    fields: dict[str, Any] = {"kind": (Literal[name], name), **params_of(block)}
    return create_model(title, __base__=Objective, __doc__=doc_of(block), **fields)


LOSSES = {
    name.removeprefix("loss."): _made(name.removeprefix("loss."))
    for name in BLOCKS
    if name.startswith("loss.")
}
LOSS_NAMES = tuple(LOSSES)


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
    return LOSSES[kind].model_validate(written)


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
if TYPE_CHECKING:
    Loss = Objective
else:
    Loss = Annotated[Union[(*LOSSES.values(), OwnLoss)], BeforeValidator(_loss)]


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
