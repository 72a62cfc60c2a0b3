"""Reductions: over a sample's numbers, over the batch, over the entries of a list."""

from __future__ import annotations

from gandsl.ir.op import TWICE, Call, Keep, Op, Param, Port, ShapeError, Stands, Trait
from gandsl.ir.ops.arithmetic import NUMBERS, SAMPLED
from gandsl.ir.types import TensorType, vector

X = Port("x", SAMPLED)
NUMBER, SCALAR = TensorType("Number", ()), TensorType("Scalar", ())
TERMS = Port("terms", NUMBERS, variadic=True)


def _entries(call: Call) -> TensorType:
    first, *others = call.inputs["terms"]
    for other in others:
        if (other.kind, other.shape) != (first.kind, first.shape):
            raise ShapeError(
                "G0213",
                f"the entries of a list are joined where they are alike, and these are {first} and {other}",
                "terms",
                help="`sample_mean(x)` or `mean(x)` makes a number of each first",
            )
    return first


def _entropy(call: Call) -> TensorType:
    classes, labels = call.input("logits").shape[0], call.input("y").shape[0]
    if classes != labels:
        raise ShapeError("G0210", f"{classes} logits and {labels} classes", "logits")
    return NUMBER


OPS = (
    Op(
        "mean",
        (X,),
        (
            Param(
                "processes",
                "enum",
                "all",
                choices=("all", "own"),
                doc="whose samples: a micro-batch's of all processes, or of each its own",
            ),
        ),
        output=lambda call: SCALAR,
        traits=TWICE | {Trait.BATCH_COUPLED},
        place=Stands.GAME,
        doc="The mean over numbers, and over the samples of the micro-batch: where an expectation is taken.",
    ),
    Op(
        "sample_mean",
        (X,),
        (),
        output=lambda call: NUMBER,
        traits=TWICE,
        doc="The mean of a sample's own numbers.",
    ),
    Op(
        "sample_sum",
        (X,),
        (),
        output=lambda call: NUMBER,
        traits=TWICE,
        doc="The sum of a sample's own numbers.",
    ),
    Op(
        "row_sum",
        (Port("x", ("Styles", "Tokens")),),
        (),
        output=lambda call: vector(call.input("x").shape[0]),
        traits=TWICE,
        doc="The sum of each vector of a list: of each layer's style.",
    ),
    Op(
        "average",
        (TERMS,),
        (),
        output=_entries,
        traits=TWICE,
        doc="The mean of a list's entries, number by number: of heads, of scales.",
    ),
    Op(
        "total",
        (TERMS,),
        (),
        output=_entries,
        traits=TWICE,
        doc="The sum of a list's entries, number by number.",
    ),
    Op(
        "own_class_entropy",
        (Port("logits", ("Vector", "Logits")), Port("y", ("Label",))),
        (),
        output=_entropy,
        traits=TWICE,
        keeps=(Keep("probabilities", extra=lambda call, out: call.input("logits").elements),),
        place=Stands.GAME,
        doc="−log P(y | x), P the softmax of a sample's logits.",
        source="Odena et al. 2017 (arXiv:1610.09585), equation 3",
    ),
    Op(
        "norm",
        (Port("x", ("Weights",)),),
        (),
        output=lambda call: SCALAR,
        traits=TWICE,
        keeps=(Keep("x"), Keep("output")),
        place=Stands.GAME,
        needs="the weights themselves",
        doc="The Euclidean norm of all numbers of weights, or of a gradient by them, together.",
    ),
    Op(
        "off_diagonal",
        (Port("x", ("Weights",)),),
        (),
        output=lambda call: SCALAR,
        traits=TWICE,
        place=Stands.GAME,
        needs="the weights themselves",
        doc="½ Σ ‖WWᵀ ∘ (1 − I)‖² over weights, each as (out, −1).",
        source="Brock et al. 2019 (arXiv:1809.11096), equation 3",
    ),
)
