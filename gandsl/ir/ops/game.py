"""What a game has beside arithmetic: all that a pass takes from outside, calls, gradients, joined batches."""

from __future__ import annotations

from gandsl.diagnostics.articles import a
from gandsl.ir.op import TWICE, Call, Keep, Op, Param, Port, ShapeError, Stands, Trait
from gandsl.ir.ops.arithmetic import SAMPLED
from gandsl.ir.types import KINDS, TensorType, feature
from gandsl_runtime.distribution import DISTRIBUTIONS

MAPS = ("Image", "Mask", "Classes")
BATCHES = (*SAMPLED, "Label", "Classes")
ANYTHING = (*BATCHES, "Scalar")
OUTPUTS, SCALAR = TensorType("Outputs", ()), TensorType("Scalar", ())
KIND = Param("kind", "enum", choices=tuple(KINDS))
SHAPE = Param("shape", "ints", ())
DRAWS = Param("draws", "str", "", doc="the id by which it draws; empty: its own")


def _written(call: Call) -> TensorType:
    """The type that a source says it is of."""
    return TensorType(call.kind, tuple(call.shape))


def _drawn(call: Call) -> TensorType:
    made = _written(call)
    if (call.distribution == "labels") != (made.kind == "Label"):
        raise ShapeError("G0209", f"{a(made.kind)} is not drawn from `{call.distribution}`", "distribution")
    if made.kind == "Scalar" and call.per == "sample":
        raise ShapeError(
            "G0208",
            "a Scalar has no samples: draw it once for all",
            "per",
            help="`per: batch` or `micro_batch`",
        )
    if (call.low >= call.high and call.distribution == "uniform") or call.low > call.high:
        raise ShapeError("G0208", f"`low` is {call.low:g} and `high` {call.high:g}", "high")
    of, least, most = call.distribution, *DISTRIBUTIONS[call.distribution].axes
    if not least <= len(made.shape) <= most and of != "labels":
        wanted = "a Vector" if most == 1 else "more than one number"
        raise ShapeError("G0209", f"`{of}` draws {wanted}, and this is {a(made)}", "distribution")
    if (wrong := DISTRIBUTIONS[of].wrong(call.numbers)) and of != "labels":
        raise ShapeError("G0208", f"of `{of}`, {wrong}", "numbers")
    if of == "labels" and call.numbers:
        if wrong := DISTRIBUTIONS["categorical"].wrong(call.numbers):
            raise ShapeError("G0208", wrong, "numbers")
        if len(call.numbers) != made.shape[0]:
            count = f"{len(call.numbers)} shares and {made.shape[0]} classes"
            raise ShapeError("G0210", f"there are {count}", "numbers")
    return made


def _called(call: Call) -> TensorType:
    given, names = call.inputs.get("inputs", ()), call.names
    if len(given) != len(names):
        raise ShapeError("G0204", f"{len(given)} tensors for the inputs {', '.join(names)}", "inputs")
    return OUTPUTS


def _picked(call: Call) -> TensorType:
    return TensorType(call.kind, tuple(call.shape), call.times)


def _differentiated(call: Call) -> TensorType:
    return OUTPUTS


def _joined(call: Call) -> TensorType:
    first, *others = call.inputs["terms"]
    for other in others:
        if (other.kind, other.shape) != (first.kind, first.shape):
            raise ShapeError(
                "G0213",
                f"batches of one type are joined, and these are {first} and {other}",
                "terms",
                help="`concat` joins channels",
            )
    return TensorType(first.kind, first.shape, sum(term.times for term in call.inputs["terms"]))


def _split(call: Call) -> TensorType:
    x = call.input("x")
    if sum(call.counts) != x.times or min(call.counts) < 1:
        parts = " + ".join(map(str, call.counts))
        raise ShapeError("G0208", f"{x} is of {x.times}, and does not come apart into {parts}", "counts")
    return TensorType("Outputs", (), x.times)


def _crossed(call: Call) -> TensorType:
    a, b = call.input("a"), call.input("b")
    if a.shape != b.shape:
        raise ShapeError("G0213", f"{a} and {b} have not the same layers", "b")
    return a


def _boxed(call: Call) -> TensorType:
    if call.input("corner").shape != (2,):
        raise ShapeError("G0210", f"a corner has 2 numbers, not {call.input('corner').shape[0]}", "corner")
    return feature(1, *call.input("like").sides)


def _taken(call: Call) -> TensorType:
    x, at = call.input("x"), call.input("at")
    return TensorType(x.kind, (at.shape[0], x.shape[1]))


OPS = (
    Op(
        "item",
        (),
        (Param("field", "str", doc="a field of `data`"), KIND, SHAPE),
        output=_written,
        traits=TWICE,
        place=Stands.GAME,
        needs="the data",
        doc="A field of the data's items; its name in an expression writes it.",
    ),
    Op(
        "draw",
        (),
        (
            KIND,
            SHAPE,
            Param(
                "distribution",
                "enum",
                "normal",
                choices=tuple(DISTRIBUTIONS),
                doc="labels: classes, by their shares in the data, or by those in `numbers`",
            ),
            Param("low", "float", 0.0, doc="of uniform and integers"),
            Param("high", "float", 1.0, doc="of uniform, which stays below it, and of integers"),
            Param(
                "per",
                "enum",
                "sample",
                choices=("sample", "micro_batch", "batch"),
                doc="drawn for each, or once and the same for all",
            ),
            Param("even", "bool", False, doc="classes alike, whatever their shares"),
            DRAWS,
            Param("numbers", "floats", (), doc="of the distribution, in order; none: its defaults"),
        ),
        output=_drawn,
        traits=TWICE | {Trait.RANDOM},
        place=Stands.GAME,
        needs="the draws of a pass",
        doc="Random numbers, by the node's id; `{draw: …}` writes it.",
    ),
    Op(
        "clock",
        (),
        (Param("number", "any", doc="a number, a curve or stairs of the plan"),),
        output=lambda call: SCALAR,
        traits=TWICE,
        place=Stands.GAME,
        needs="the clock",
        doc="A number that changes during training; `{value: {shape: …}}` writes it.",
    ),
    Op(
        "fade",
        (),
        (),
        output=lambda call: SCALAR,
        traits=TWICE,
        place=Stands.GAME,
        needs="the clock",
        doc="The weight of a level that fades in; inputs called `alpha` are given it.",
    ),
    Op(
        "state",
        (),
        (Param("start", "float", 0.0),),
        output=lambda call: SCALAR,
        traits=TWICE,
        place=Stands.GAME,
        needs="the game's states",
        doc="A number that the game keeps, as it stood when the micro-batch began; `{state: …}` writes it.",
    ),
    Op(
        "heard",
        (),
        (Param("node", "str", doc="whose values are meant"),),
        output=lambda call: SCALAR,
        traits=TWICE,
        place=Stands.GAME,
        needs="the game's states",
        doc="The mean of a node's values since the last time: what a state's `next` reads.",
    ),
    Op(
        "weights",
        (),
        (
            Param("network", "str"),
            Param("path", "str", "", doc="a node of it; empty: all of the network"),
            Param("skip", "any", (), doc="nodes that are left out, with what lies in them"),
        ),
        output=lambda call: TensorType("Weights", ()),
        traits=TWICE,
        place=Stands.GAME,
        needs="the networks",
        doc="What a network learns, of two dimensions or more.",
    ),
    Op(
        "call",
        (Port("inputs", ANYTHING, variadic=True, optional=True),),
        (
            Param("network", "str"),
            Param("entry", "enum", "forward", choices=("forward", "mapping", "synthesis")),
            Param("names", "any", (), doc="of the inputs given, in order"),
            Param("outputs", "any", (), doc="name, kind and shape of each that it gives"),
            Param("weights", "enum", "own", choices=("own", "average")),
            Param("mode", "enum", "", choices=("", "training", "evaluation"), doc="empty: by who is trained"),
            Param("holds", "any", (), doc="ops whose state stays"),
            Param("draws", "str", "", doc="the call whose layers' draws it takes; empty: its own"),
            Param("all", "bool", False, doc="run what no output wants, too"),
        ),
        output=_called,
        traits=TWICE,
        place=Stands.GAME,
        needs="a network, whose traits it has",
        doc="A program of a network; `{network: NAME, …}` writes it.",
    ),
    Op(
        "output",
        (Port("x", ("Outputs",)),),
        (
            Param("index", "int", minimum=0),
            KIND,
            SHAPE,
            Param("times", "int", 1, minimum=1, doc="how many batches were joined"),
        ),
        output=_picked,
        traits=TWICE,
        place=Stands.GAME,
        counts_itself=True,
        needs="a node that gives several tensors",
        doc="One of the tensors that a call, a gradient, a split or an augmentation gives.",
    ),
    Op(
        "gradient",
        (
            Port("of", ("Number", "Scalar")),
            Port(
                "by",
                (*SAMPLED, "Scalar", "Weights"),
                variadic=True,
                doc="what `of` was computed from; weights of a network that was called",
            ),
        ),
        (),
        output=_differentiated,
        traits=TWICE,
        place=Stands.GAME,
        counts_itself=True,
        needs="inputs of which one is computed from the others",
        doc="∂(Σ of)/∂by over the samples, for each `by`; it can be differentiated again. By weights it is"
        " that of all processes.",
    ),
    Op(
        "join",
        (Port("terms", BATCHES, variadic=True),),
        (),
        output=_joined,
        traits=TWICE,
        place=Stands.GAME,
        counts_itself=True,
        doc="Batches one behind the other, for one call of a network.",
    ),
    Op(
        "split",
        (Port("x", BATCHES),),
        (Param("counts", "ints", doc="how many batches each part is of"),),
        output=_split,
        traits=TWICE,
        place=Stands.GAME,
        needs="batches that were joined",
        doc="Takes joined batches apart.",
    ),
    Op(
        "crossover",
        (
            Port("a", ("Styles",)),
            Port("b", ("Styles",)),
            Port("at", ("Number",), doc="the first layer of b's"),
        ),
        (),
        output=_crossed,
        traits=TWICE | {Trait.REGULARIZES},
        place=Stands.GAME,
        doc="a's styles, and b's from one layer on.",
        source="StyleGAN (arXiv:1812.04948), section 3.1",
    ),
    Op(
        "box_mask",
        (
            Port("like", ("Feature",), sides=(2,), doc="gives the batch, height and width"),
            Port("corner", ("Vector",), doc="2 numbers from 0 to 1: place down and across, of the room left"),
            Port("share", ("Number",), doc="of the area, from 0 to 1"),
        ),
        (),
        output=_boxed,
        traits=TWICE | {Trait.CONSTANT},
        place=Stands.GAME,
        example={"corner": (2,)},
        doc="1 inside a box of the image's proportions, 0 outside; its derivative is 0.",
        source="Yun et al. 2019 (CutMix), section 3.1; Schönfeld et al. 2020 (arXiv:2002.12655), section 3.2",
    ),
    Op(
        "take",
        (
            Port("x", ("Tokens", "Styles")),
            Port("at", ("Vector",), positive=True, doc="positions from 0, as `integers` are drawn"),
        ),
        (),
        output=_taken,
        traits=TWICE,
        keeps=(Keep("x"), Keep("places", extra=lambda call, out: 2 * out.shape[0])),
        place=Stands.GAME,
        doc="Some of a list's vectors.",
    ),
    Op(
        "augment",
        (
            Port("x", MAPS, variadic=True, doc="of one image: sizes, masks and class maps move alike"),
            Port("p", ("Scalar",), optional=True, doc="the chance, where it is a tensor"),
        ),
        (
            Param("pipe", "any", doc="transforms, as `training.augment.pipe` has them"),
            Param("chance", "float", 1.0, minimum=0.0, maximum=1.0, doc="of each transform"),
            DRAWS,
        ),
        output=lambda call: OUTPUTS,
        traits=TWICE | {Trait.RANDOM, Trait.REGULARIZES},
        place=Stands.GAME,
        needs="the draws of a pass",
        doc="Transforms of images, each made by chance.",
        source="Karras et al. 2020 (arXiv:2006.06676), section 2.2",
    ),
)
