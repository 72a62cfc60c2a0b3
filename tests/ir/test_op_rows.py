"""Every row of the op table against the truth: what is left out or wrong fails here, and is named."""

from __future__ import annotations

import copy
import inspect
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
import torch

from gandsl.codegen.identifiers import class_name
from gandsl.codegen.printing.locations import Locations
from gandsl.codegen.printing.network import network_source
from gandsl.diagnostics import Diagnostics
from gandsl.diagnostics.diagnostic import InvariantError
from gandsl.ir.op import REQUIRED, TWICE, WEIGHT, Fused, Keep, LayerRule, Op, Param, Trait
from gandsl.ir.ops import GAME_OPS, OPS, PRIMITIVES
from gandsl.ir.parser import parse_network
from gandsl.ir.text import network_text
from gandsl.ir.types import vector
from gandsl.lowering.lower import lower_graph
from gandsl.lowering.table import Layer, literal, lower
from gandsl.lowering.verify import verify, verify_shapes
from gandsl.passes.group_epilogues import GroupEpilogues
from gandsl.spec.values import Size
from tests.codegen.twins import assert_equal_programs
from tests.graphs import Builder
from tests.ir.row_numbers import BATCH, OF_NUMBERS, Faults, run_of
from tests.op_uses import ID, Use, uses
from tests.passes.firing import apply, reasons

ROWS = {name: op for name, op in (OPS | GAME_OPS).items() if name != "input" and not op.needs}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_whole_and_true(name: str) -> None:
    faults = faults_of(ROWS[name])
    assert not faults, "\n".join(faults)


def faults_of(op: Op) -> list[str]:
    """What is wrong with a row, in sentences; none where it is as it should be."""
    if untold := [f"{op.name}: {fault}" for fault in _words(op)]:
        return untold
    faults = [f"{use}: {fault}" for use in uses(op) for check in CHECKS for fault in check(use)]
    return faults + [f"{op.name}: {fault}" for check in OF_ROWS for fault in check(op)]


WRONG: list[tuple[str, dict[str, Any], str]] = [  # a row, what is changed on it, and what is said then
    ("tanh", {"doc": ""}, "say in `doc` what it computes"),
    ("dot", {"name": "inner"}, "gandsl_runtime.ops lacks the function inner"),
    ("gain", {"layer": LayerRule("Gained")}, "gandsl_runtime.layers lacks the class Gained"),
    ("gain", {"layer": LayerRule("Gain")}, "missing 1 required positional argument"),
    ("scale", {"params": (Param("factor", "float", 2.0),)}, "`factor` is"),
    ("gain", {"weights": lambda call: {}}, "its layer holds"),
    ("tanh", {"traits": frozenset()}, "its gradient is its true derivative, twice"),
    ("quantize", {"traits": TWICE}, "its gradient is no derivative"),
    ("sign", {"traits": TWICE}, "its derivative is 0"),
    ("tanh", {"traits": TWICE | {Trait.CONSTANT}}, "its derivative is not 0"),
    ("normalize_gradient", {"traits": frozenset()}, "its backward is not linear"),
    ("tanh", {"traits": TWICE | {Trait.MEASURES_GRADIENT}}, "its backward is linear"),
    ("minibatch_similarity", {"traits": TWICE}, "samples see each other"),
    ("tanh", {"traits": TWICE | {Trait.BATCH_COUPLED}}, "samples do not see each other"),
    ("track_average", {"traits": TWICE}, "buffers move in training"),
    ("gain", {"traits": TWICE | {Trait.STATEFUL}}, "buffers stay in training"),
    ("dropout", {"traits": TWICE}, "draws numbers"),
    ("dropout", {"traits": TWICE | {Trait.RANDOM}}, "draws nothing in evaluation"),
    ("noise", {"traits": TWICE | {Trait.RANDOM, Trait.REGULARIZES}}, "draws too in evaluation"),
    ("tanh", {"traits": TWICE | {Trait.RANDOM}}, "draws no numbers"),
    ("tanh", {"traits": TWICE | {Trait.REGULARIZES}}, "changes what it reads in evaluation"),
    ("box_mask", {"traits": TWICE | {Trait.CONSTANT, Trait.REGULARIZES}}, "changes what it reads"),
    ("gain", {"traits": TWICE | {Trait.WEIGHTED}}, "takes the parameters of a weight, or has the trait"),
    ("attention", {"products": lambda call, out: ()}, "torch counts"),
    ("tanh", {"keeps": ()}, "autograd keeps 288 numbers of a sample, `keeps` says 0"),
    ("flatten", {"keeps": (Keep("x"),)}, "autograd keeps 0 numbers of a sample, `keeps` says 288"),
    ("tanh", {"keeps": (Keep("y"),)}, "`keeps` names `y`, which is no port"),
    ("tanh", {"keeps": (Keep("output", mask=True),)}, "its second derivative is not 0"),
    ("clamp", {"factor": "limit"}, "its result is no multiple of `limit`"),
    ("flatten", {"output": lambda call: vector(7)}, "Vector[7]"),
]


@pytest.mark.parametrize(("name", "changed", "said"), WRONG, ids=[f"{row[0]}, {row[2]}" for row in WRONG])
def test_a_wrong_row_is_told(
    name: str, changed: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    op = replace(ROWS[name], **changed)
    for table in (OPS, PRIMITIVES):
        monkeypatch.setitem(table, op.name, op)
    try:
        told = "\n".join(faults_of(op))
    except (TypeError, InvariantError) as error:  # what Python or the compiler says of the row
        told = str(error)
    assert said in told, told


# ---- what the row itself says, and what it leads to


def _words(op: Op) -> Faults:
    """What must stand before anything can be tried."""
    if not op.doc:
        yield "say in `doc` what it computes"
    home = import_module(op.module or ("gandsl_runtime.layers" if op.layer else "gandsl_runtime.ops"))
    made = getattr(home, op.layer.name if op.layer else op.name, None)
    if made is None:
        what = f"class {op.layer.name}" if op.layer else f"function {op.name}"
        yield f"{home.__name__} lacks the {what}"
        return
    for sides, name in (op.layer.beside if op.layer else {}).items():
        if getattr(getattr(home, name, None), "sides", None) != sides:
            yield f"{home.__name__} lacks the class {name}, of {sides} sides"
    known = inspect.signature(made).parameters
    behind = {(op.layer or LayerRule("")).parameter(argument): argument for argument in known}
    for param in op.params:
        if param.name not in behind:
            yield f"{made.__name__} lacks `{param.name}`"
            continue
        default, wanted = known[behind[param.name]].default, param.default
        if param.type == "size" and isinstance(wanted, int):
            wanted = Size(wanted, wanted)
        if default != (inspect.Parameter.empty if wanted is REQUIRED else literal(wanted)):
            yield f"`{param.name}` is {default!r} by default in {made.__name__}, {wanted!r} in the row"
    ports = {port.name for port in op.ports} | {"output"}
    for keep in op.keeps:
        if keep.extra is None and keep.what not in ports:
            yield f"`keeps` names `{keep.what}`, which is no port"
        if wrong := {*keep.needed_by} - ports - {WEIGHT}:
            yield f"`keeps` names {wrong}, which are no ports"
    for name in filter(None, (op.factor, op.group)):
        if op.param(name) is None:
            yield f"names a parameter `{name}`, which it has not"


def _state(use: Use) -> Faults:
    """Names and shapes of weights and buffers; what a layer without any is for."""
    call, network = use.graph.call(use.node), use.network()
    weights, buffers = use.op.weights(call), use.op.buffers(call)
    held = {key.removeprefix(f"{ID}."): tuple(x.shape) for key, x in network.state_dict().items()}
    if held != {**weights, **buffers}:
        yield f"its layer holds {held}, the row says {weights} and {buffers}"
    if {key.removeprefix(f"{ID}.") for key, _ in network.named_parameters()} != set(weights):
        yield "learned tensors stand in `weights`, others in `buffers`"
    if len(set(weights) - {"bias"}) > 1:
        yield "a primitive has at most one weight and one bias"
    target = lower(call, use.node)
    if (held or use.op.has(Trait.RANDOM)) and not isinstance(target, Layer):
        yield "what holds state, or draws, is a `layer`"
    if use.op.has(Trait.WEIGHTED) != ("spectral_eps" in use.node.attrs):
        yield f"takes the parameters of a weight, or has the trait {Trait.WEIGHTED}, but not both"


def _shapes(use: Use) -> Faults:
    """The graph is what the verifier wants, at two sizes of batch."""
    network = use.network()
    module = lower_graph(use.graph, network)
    verify(module)
    verify_shapes(module, network._meta_twin())
    return
    yield


def _text(use: Use) -> Faults:
    """The IR's text gives the node back; printed source computes the same, to the bit."""
    ir = use.built.ir(ID)
    if parse_network(network_text(ir), "x.ir", Diagnostics()) != ir:
        yield "its text is read as another graph"
    if use.what:
        return
    if not use.network().lowered()(*use.inputs(BATCH)).requires_grad:  # then something behind it has a weight
        built = copy.deepcopy(use.built)
        ir = built.ir(built("behind", "gain", {"x": ID}))
    source = network_source(ir, "A use.", Locations("hand.yaml"), lambda hint: None)
    assert_equal_programs(ir, source, class_name(ir.name))


# ---- what passes ask


def _factor(op: Op) -> Faults:
    if op.factor:
        (_, once, inputs), (_, twice, _) = (
            run_of(next(uses(_with(op, {op.factor: value})))) for value in (1.5, 3.0)
        )
        if not torch.allclose(2 * once(*inputs), twice(*inputs)):
            yield f"`factor`: its result is no multiple of `{op.factor}`"


def _with(op: Op, values: dict[str, Any]) -> Op:
    return replace(op, example={**op.example, **values})


def _group(op: Op) -> Faults:
    if bool(op.group) and not op.has(Trait.BATCH_COUPLED):
        yield "`group`: its samples do not see each other"
    for group in (2, 3) if op.group else ():
        use = next(uses(_with(op, {op.group: group})))
        network = use.network()
        network(*use.inputs(2 * group))
        with pytest.raises(ValueError, match="multiple"):
            network(*use.inputs(2 * group + 1))


def _fused(op: Op) -> Faults:
    """Fused with a product, or as one, it computes the same, first and second derivatives too."""
    if op.fused is None:
        return
    use = next(uses(op))
    b, product = use.built, ID
    last = ID
    if op.fused is Fused.PRODUCT:
        last = b("behind", "leaky_relu", {"x": ID})
    else:
        b = Builder()
        x = b.input("x", "Feature", 3, 4, 4)
        product = b("product", "conv", {"x": x}, channels=4)
        last = b("behind", op.name, {"x": product}, **use.node.attrs)
    _, record = apply(b, last, passes=[GroupEpilogues()])
    if product not in reasons(record, fired=True):
        yield f"`fused`: nothing happened, {record}"


CHECKS = (_state, _shapes, _text, *OF_NUMBERS)
OF_ROWS = (_factor, _group, _fused)
