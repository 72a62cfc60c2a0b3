"""The nodes that a game's body has and no other body does, as tables of their fields."""

from __future__ import annotations

from gandsl.spec.fields import ChoiceShape, Field, FieldsShape, Leaf
from gandsl.spec.shapes import EXPRESSION, NUMBER, TEXT
from gandsl.spec.tree import Scalar
from gandsl_runtime.distribution import DISTRIBUTIONS, SHARES

CONDITIONS = (
    Field("when", EXPRESSION, "condition under which the node exists"),
    Field("unless", EXPRESSION, "condition under which it does not exist"),
    Field("doc", TEXT, "what it is for"),
)
_EACH = ("sample", "micro_batch", "batch", "per")  # the last is what a block calls such a parameter
PER = Leaf(
    "sample, micro_batch or batch",
    lambda tree: isinstance(tree, Scalar) and tree.text in _EACH,
    {"enum": list(_EACH)},
)


def _drawing(number: str) -> list[str]:
    """The distributions that a number is of."""
    return [name for name, one in DISTRIBUTIONS.items() if number in one.names]


DRAW = FieldsShape(
    "a draw: {draw: …}",
    (
        Field(
            "draw", TEXT, "what is drawn: an input (generator.z), a field of the data, a type", required=True
        ),
        Field("distribution", TEXT, f"default: the input's own; {', '.join(DISTRIBUTIONS)}"),
        Field("low", EXPRESSION, "least value of a uniform draw, or of integers"),
        Field("high", EXPRESSION, "what all values of a uniform draw are below; the largest of integers"),
        *(
            Field(one.name, EXPRESSION, f"of {' and '.join(_drawing(one.name))}: {one.doc}")
            for one in {n.name: n for d in DISTRIBUTIONS.values() for n in d.numbers}.values()
        ),
        Field(SHARES, EXPRESSION, "of categorical: a list of numbers, one for each class"),
        Field("per", PER, "what has one of its own: sample (default), micro_batch, batch"),
        Field("draws", TEXT, "the id of the node whose draws it takes"),
        *CONDITIONS,
    ),
)
STATE = FieldsShape(
    "a state: {state: Scalar, next: …}",
    (
        Field("state", TEXT, "its type: Scalar", required=True),
        Field("start", EXPRESSION, "its first value; default 0"),
        Field("every", TEXT, "when it moves: at the end of each n-th step (16 steps), or micro_batch"),
        Field("in", EXPRESSION, "the players in whose phases it hears, by name"),
        Field("next", EXPRESSION, "its next value; nodes below stand for what was heard", required=True),
        Field("moved", TEXT, "its name in older checkpoints"),
        *CONDITIONS,
    ),
)
CALL = FieldsShape(
    "a call: {network: …}, and its inputs by name",
    (
        Field("network", TEXT, "a network, or an entry of one (generator.mapping)", required=True),
        Field("holds", EXPRESSION, "ops whose state stays as it is in this call; `all`"),
        Field("weights", ChoiceShape(("own", "average")), "its own (default), or their average"),
        Field("mode", ChoiceShape(("training", "evaluation")), "default: training, of what somebody trains"),
        Field("draws", TEXT, "the id of the call whose layers' draws it takes"),
        Field("outputs", ChoiceShape(("all",)), "all are computed, whether something reads them or not"),
        *CONDITIONS,
    ),
)
CLOCK = FieldsShape(
    "a value: {value: …}",
    (
        Field("value", NUMBER, "an expression; in a game also a curve or stairs", required=True),
        *CONDITIONS,
    ),
)
