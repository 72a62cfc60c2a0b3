"""Samples among samples: put in another order, held against each other, replaced by those of before."""

from __future__ import annotations

from gandsl.ir.op import AUTO, TWICE, Call, Keep, Op, Param, Port, ShapeError, Stands, Trait
from gandsl.ir.ops.arithmetic import SAMPLED
from gandsl.ir.ops.game import KIND, SHAPE
from gandsl.ir.types import TensorType

BATCHES = (*SAMPLED, "Label")
NUMBER = TensorType("Number", ())
WHO = ("all", "same", "another")


def _same(call: Call) -> TensorType:
    return call.input("x")


def _paired(call: Call) -> TensorType:
    a, b = call.input("a"), call.input("b")
    if a.shape != b.shape:
        raise ShapeError("G0210", f"vectors of {a.shape[0]} and of {b.shape[0]} numbers are compared", "b")
    return NUMBER


def _others(call: Call) -> TensorType:
    if call.who != "all" and not call.has("y"):
        raise ShapeError("G0213", f"those of {call.who} class are wanted, and no `y` says classes", "who")
    return _paired(call)


def _pooled(call: Call) -> TensorType:
    x, pooled = call.input("x"), call.input("pooled")
    if x.shape != pooled.shape:
        raise ShapeError("G0213", f"{x} and {pooled} from its pool", "pooled")
    return x


OPS = (
    Op(
        "shuffle",
        (
            Port("x", BATCHES),
            Port("by", ("Number",), doc="whose order decides: a draw gives a random one"),
        ),
        (),
        output=_same,
        traits=TWICE | {Trait.BATCH_COUPLED},
        keeps=(Keep("places", extra=lambda call, out: 2),),
        place=Stands.GAME,
        doc="The samples of a micro-batch of all processes in the order of `by`: partners, at random.",
        source="Zhang et al. 2018 (mixup, arXiv:1710.09412), section 2",
    ),
    Op(
        "own_sample_entropy",
        (
            Port("a", ("Vector",)),
            Port("b", ("Vector",), doc="of the same samples"),
        ),
        (),
        output=_paired,
        traits=TWICE | {Trait.BATCH_COUPLED},
        keeps=(Keep("a"), Keep("b")),
        place=Stands.GAME,
        doc="−log of its own share in the softmax of a·b over the b of all samples of a micro-batch.",
        source="van den Oord et al. 2018 (InfoNCE, arXiv:1807.03748), equation 4",
    ),
    Op(
        "sum_over_others",
        (
            Port("a", ("Vector",)),
            Port("b", ("Vector",), doc="of the same samples"),
            Port("y", ("Label",), optional=True, doc="their classes"),
        ),
        (
            Param("who", "enum", "all", choices=WHO, doc="all others, or those of the same or another class"),
            Param("of", "enum", "exp", choices=("exp", "square"), doc="what is summed of each product"),
            Param("floor", "float", AUTO, doc="what a product counts as at least; none if left out"),
        ),
        output=_others,
        traits=TWICE | {Trait.BATCH_COUPLED},
        keeps=(Keep("a"), Keep("b")),
        place=Stands.GAME,
        doc="Σ exp(a·b), or Σ (a·b)², over the b of the other samples of a micro-batch.",
        source="Kang and Park 2020 (ContraGAN, arXiv:2006.12681), equation 8",
        example={"y": (3,), "floor": -1.0},
    ),
    Op(
        "kept",
        (),
        (
            KIND,
            SHAPE,
            Param("of", "str", doc="the node that replays"),
            Param("size", "int", minimum=1, doc="samples that are kept"),
            Param("instead", "bool", False, doc="1 where a kept sample is taken, in place of that sample"),
        ),
        output=lambda call: NUMBER if call.instead else TensorType(call.kind, tuple(call.shape)),
        traits=TWICE | {Trait.RANDOM},
        place=Stands.GAME,
        needs="the game's pools",
        doc="For each sample one that was kept, as the pool stood when the step began; `replay` writes it.",
    ),
    Op(
        "replay",
        (
            Port("x", SAMPLED),
            Port("pooled", SAMPLED, doc="the kept ones"),
            Port("instead", ("Number",), doc="1 where they are taken"),
        ),
        (),
        output=_pooled,
        traits=frozenset({Trait.CONSTANT, Trait.REGULARIZES}),
        place=Stands.GAME,
        doc="Each sample or, by a fair coin, one of before that it replaces in the pool; no gradient passes.",
        source="Shrivastava et al. 2017 (arXiv:1612.07828), section 2.3; CycleGAN, section 4",
    ),
)
