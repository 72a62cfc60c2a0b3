"""What acts on gradients alone: the numbers pass as they are."""

from __future__ import annotations

from gandsl.ir.op import Keep, Op, Param, Port, Trait
from gandsl.ir.ops.arithmetic import NUMBERS

X = Port("x", NUMBERS)

OPS = (
    Op(
        "stop_gradient",
        (X,),
        (),
        output=lambda call: call.input("x"),
        traits=frozenset({Trait.CONSTANT}),
        doc="x, for a constant.",
    ),
    Op(
        "scale_gradient",
        (
            X,
            Port("by", ("Scalar",), optional=True, doc="a factor that is a tensor, beside `factor`"),
        ),
        (Param("factor", "float", 1.0, doc="on the gradient; −1 reverses it"),),
        output=lambda call: call.input("x"),
        traits=frozenset(),
        keeps=(Keep("by", ("x",)),),
        example={"factor": -0.5},
        doc="x; its gradient is multiplied, which is no derivative: no penalty may differentiate it.",
        source="Ganin and Lempitsky 2015 (gradient reversal, arXiv:1409.7495), section 3.1",
    ),
)
