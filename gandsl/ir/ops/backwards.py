"""What acts on gradients alone: the numbers pass as they are."""

from __future__ import annotations

from gandsl.ir.op import Keep, Op, Param, Port, Trait
from gandsl.ir.ops.arithmetic import NUMBERS, SAMPLED

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
    Op(
        "normalize_gradient",
        (Port("x", SAMPLED),),
        (
            Param("length", "float", 1.0, minimum=0.0, doc="mean length of a sample's gradient afterwards"),
            Param("eps", "float", 1e-8, minimum=0.0, doc="added to the mean length that is divided by"),
        ),
        output=lambda call: call.input("x"),
        traits=frozenset({Trait.MEASURES_GRADIENT}),
        doc="x; its gradient is divided by the mean length of all samples' gradients, those of a micro-batch "
        "of all processes. Weights of terms behind it weigh no more, and no penalty may differentiate it.",
        source="Défossez et al. 2022 (EnCodec's balancer, arXiv:2210.13438), section 3.4",
    ),
)
