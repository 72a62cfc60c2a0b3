"""Every row of the op table against the truth: what is left out or wrong fails here, and is named."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from gandsl.analysis.autodiff import Flow, kept_elements
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
from tests.op_uses import ID, Use, uses
from tests.passes.firing import apply, reasons

ROWS = {name: op for name, op in (OPS | GAME_OPS).items() if name != "input" and not op.needs}
BATCH = 4
Faults = Iterator[str]
Run = Callable[..., Tensor]


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
    ("minibatch_similarity", {"traits": TWICE}, "samples see each other"),
    ("tanh", {"traits": TWICE | {Trait.BATCH_COUPLED}}, "samples do not see each other"),
    ("track_average", {"traits": TWICE}, "buffers move in training"),
    ("gain", {"traits": TWICE | {Trait.STATEFUL}}, "buffers stay in training"),
    ("dropout", {"traits": TWICE}, "draws numbers"),
    ("tanh", {"traits": TWICE | {Trait.RANDOM}}, "draws no numbers"),
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


# ---- traits


def _run(use: Use, *, moving: bool = True) -> tuple[Any, Run, list[Tensor]]:
    """The network, a call of it that always draws the same, and inputs. `moving`: in training, all of it."""
    network = use.network()
    spectral = use.node.attrs.get("weight") == "spectral"
    still = spectral or (use.op.has(Trait.STATEFUL) and not use.op.has(Trait.BATCH_NORMALIZED))
    if not moving and still:
        network.eval()

    def run(*inputs: Tensor) -> Tensor:
        torch.manual_seed(1)
        made: Tensor = network(*inputs)
        return made

    return network, run, use.inputs(BATCH)


def _derivatives(use: Use) -> Faults:
    """Two orders, against central differences in float64, to inputs and weights along random directions."""
    network, run, inputs = _run(use, moving=False)
    ports = zip(use.graph.inputs, inputs, strict=True)
    free = [x for port, x in ports if x.requires_grad and port.id in use.graph.reads(use.node)]
    spectral = use.node.attrs.get("weight") == "spectral"  # leaves the power iteration out, by definition
    free += [] if spectral else list(network.parameters())
    if not free:
        return
    along = [[_random(x, seed + 10 * place) for place, x in enumerate(free)] for seed in (1, 2)]

    def value() -> Tensor:
        made = run(*inputs)
        return (made * _random(made, 3)).sum()

    def slope() -> Tensor:
        return _along(value(), free, along[0])

    once = _is_derivative(value, free, along[0])
    twice = once and _is_derivative(slope, free, along[1])
    if twice != use.op.has(Trait.TWICE_DIFFERENTIABLE):
        told = "is its true derivative, twice" if twice else "has none itself" if once else "is no derivative"
        yield f"its gradient {told}: mend `traits` ({Trait.TWICE_DIFFERENTIABLE}) or the function"


def _random(like: Tensor, seed: int) -> Tensor:
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(seed), dtype=like.dtype)


def _along(value: Tensor, free: list[Tensor], direction: list[Tensor]) -> Tensor:
    """The derivative of a number along a direction, which can be differentiated again."""
    if not value.requires_grad:
        return torch.zeros((), dtype=value.dtype)
    slopes = torch.autograd.grad(value, free, create_graph=True, allow_unused=True)
    return sum(((g * d).sum() for g, d in zip(slopes, direction, strict=True) if g is not None), 0 * value)


def _is_derivative(value: Callable[[], Tensor], free: list[Tensor], direction: list[Tensor]) -> bool:
    """Whether autograd's derivative along the direction is that of a finite step."""
    step, at = 1e-6, []
    for moved in (1, -1, -1, 1):  # ahead, back, behind, back
        with torch.no_grad():
            for x, d in zip(free, direction, strict=True):
                x += moved * step * d
        at.append(value())
    slope = float((at[0] - at[2]).detach() / (2 * step))
    return math.isclose(_along(at[3], free, direction).item(), slope, rel_tol=1e-5, abs_tol=1e-5)


def _coupling(use: Use) -> Faults:
    """Samples whose output another sample's input changes."""
    _, run, inputs = _run(use, moving=False)
    others = use.inputs(BATCH, seed=1)
    moved = [
        x if not x.dim() else torch.cat([(1 - y if y.dtype == torch.int64 else y)[:1] % 8, x[1:]])
        for x, y in zip(inputs, others, strict=True)
    ]
    first, second = run(*inputs), _run(use, moving=False)[1](*moved)
    if first.dim():
        first, second = (x.unflatten(0, (use.node.type.times, -1))[:, 1:] for x in (first, second))
    coupled = not torch.equal(first, second)
    if coupled != use.op.has(Trait.BATCH_COUPLED):
        how = "see" if coupled else "do not see"
        yield f"samples {how} each other: mend `traits` ({Trait.BATCH_COUPLED})"
    if use.op.has(Trait.BATCH_COUPLED):
        shifted = [3 * x + 3 if x.is_floating_point() else x for x in inputs]
        normal = torch.allclose(run(*inputs), run(*shifted), atol=1e-4)
        if normal != use.op.has(Trait.BATCH_NORMALIZED):
            yield f"scale and shift of the batch {'go' if normal else 'stay'}: {Trait.BATCH_NORMALIZED}?"


def _draws_and_moves(use: Use) -> Faults:
    """Whether two calls differ, and whether a call in training moves the buffers."""
    network, run, inputs = _run(use)
    before = copy.deepcopy(dict(network.named_buffers()))
    first = run(*inputs)
    after = dict(network.named_buffers())
    moved = any(not torch.equal(before[key], after[key]) for key in before)
    if use.node.attrs.get("weight") != "spectral" and moved != use.op.has(Trait.STATEFUL):
        yield f"buffers {'move' if moved else 'stay'} in training: mend `traits` ({Trait.STATEFUL})"
    other = _run(use)[0](*inputs)  # behind other draws
    drawn = not torch.equal(first, other)
    if drawn != use.op.has(Trait.RANDOM):
        yield f"{'draws' if drawn else 'draws no'} numbers: mend `traits` ({Trait.RANDOM})"


# ---- cost


def _single(use: Use) -> tuple[Any, Callable[[int], list[Tensor]]]:
    """The network and inputs in float32."""
    return use.network().float(), lambda samples: [
        x.detach().float().requires_grad_() if x.is_floating_point() else x for x in use.inputs(samples)
    ]


def _multiply_adds(use: Use) -> Faults:
    """What torch counts; a layer without a weight multiplies by constants, which are left out."""
    op, node = use.op, use.node
    network, inputs = _single(use)
    with FlopCounterMode(display=False) as counter:
        network(*inputs(BATCH))
    counted, said = counter.get_total_flops() / BATCH / 2, op.macs(use.graph.call(node), node.type)
    left_out = op.layer is not None and not op.weights(use.graph.call(node))
    if node.attrs.get("weight") == "spectral" or (left_out and not said):
        return
    if node.type.shape == (1,) and said and not counted:
        return  # torch adds the products of two vectors up, and counts no matrix product
    if not said <= counted <= 1.02 * said:
        yield f"torch counts {counted:g} multiply-adds for a sample, `products` {said}"


def _saved(network: Any, inputs: list[Tensor]) -> int:
    """Bytes that autograd saves, weights and buffers aside."""
    own = {t.untyped_storage().data_ptr() for t in (*network.parameters(), *network.buffers())}
    storages: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        if (at := tensor.untyped_storage().data_ptr()) not in own:
            storages[at] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        made = network(*inputs)
    assert made is not None
    return sum(tensor.untyped_storage().nbytes() for tensor in storages.values())


def _kept(use: Use) -> Faults:
    """What autograd saves for one more sample, up to a tenth: statistics of a channel are not counted."""
    if use.op.couples_statistics and not use.op.group:
        return  # all pairs of a batch: no count for one sample tells them
    network, inputs = _single(use)
    kept = (_saved(network, inputs(4 * BATCH)) - _saved(network, inputs(2 * BATCH))) / (2 * BATCH) / 4
    graph = use.graph
    sources = frozenset(node.id for node in graph.inputs if node.type.kind != "Label")
    said = sum(kept_elements(Flow(graph, sources)).values())
    whole = max(node.type.elements for node in graph)
    if abs(kept - said) > 0.1 * whole + 3:
        yield f"autograd keeps {kept:g} numbers of a sample, `keeps` says {said}"


def _masks(use: Use) -> Faults:
    """What is kept as a mask gives a penalty nothing to keep: the second derivative is 0."""
    if not use.op.keeps or not all(keep.mask for keep in use.op.keeps):
        return
    _, run, inputs = _run(use)
    (first,) = torch.autograd.grad(run(*inputs).sum(), inputs[:1], create_graph=True)
    if not first.requires_grad:
        return
    (second,) = torch.autograd.grad((first * torch.randn_like(first)).sum(), inputs[:1], allow_unused=True)
    if second is not None and second.any():
        yield "its second derivative is not 0, so what it keeps is no mask"


# ---- what passes ask


def _factor(op: Op) -> Faults:
    if op.factor:
        (_, once, inputs), (_, twice, _) = (
            _run(next(uses(_with(op, {op.factor: value})))) for value in (1.5, 3.0)
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


CHECKS = (
    _state,
    _shapes,
    _text,
    _derivatives,
    _coupling,
    _draws_and_moves,
    _multiply_adds,
    _kept,
    _masks,
)
OF_ROWS = (_factor, _group, _fused)
