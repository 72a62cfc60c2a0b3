"""What a row says of its op's numbers, tried: derivatives, samples apart, draws, state, cost, what is kept.

A check gives sentences on what is wrong with a row, for one use of it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from gandsl.analysis.autodiff import GradientFlow, kept_elements
from gandsl.analysis.game.views import in_evaluation
from gandsl.ir.op import Stands, Trait
from gandsl_runtime.port import INDICES
from tests.op_uses import ID, Use

BATCH = 4
Faults = Iterator[str]
Run = Callable[..., Tensor]


# ---- traits


def run_of(use: Use, *, moving: bool = True) -> tuple[Any, Run, list[Tensor]]:
    """The network, a call of it that always draws the same, and inputs. `moving`: in training, all of it."""
    network = use.network()
    spectral = use.node.attrs.get("weight") == "spectral"
    still = spectral or (use.op.has(Trait.STATEFUL) and not use.op.has(Trait.BATCH_NORMALIZED))
    if not moving and still:
        network.eval()

    def run(*inputs: Tensor) -> Tensor:
        torch.default_generator.manual_seed(1)  # as torch.manual_seed, which looks for a GPU each time
        made: Tensor = network(*inputs)
        return made

    return network, run, use.inputs(BATCH)


def _derivatives(use: Use) -> Faults:
    """Two orders, against central differences in float64, to inputs and weights along random directions."""
    network, run, inputs = run_of(use, moving=False)
    ports = zip(use.graph.inputs, inputs, strict=True)
    free = [x for port, x in ports if x.requires_grad and port.id in use.graph.reads(use.node)]
    spectral = use.node.attrs.get("weight") == "spectral"  # leaves the power iteration out, by definition
    free += [] if spectral else list(network.parameters())
    if not free or use.node.type.kind == "Label":
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
    constant = slope().item() == 0
    if constant != use.op.has(Trait.CONSTANT) and use.node.type.sampled:  # one number may lie below 0
        yield f"its derivative is {'' if constant else 'not '}0: mend `traits` ({Trait.CONSTANT})"


def _backward(use: Use) -> Faults:
    """Whether a sum of gradients comes back as the sum of what comes back of each."""
    network, run, inputs = run_of(use, moving=False)
    made = run(*inputs)
    free = [x for x in (*inputs, *network.parameters()) if x.requires_grad]
    if not made.requires_grad:
        return
    along = [_random(made, seed) for seed in (4, 5)]
    one, other, both = (
        torch.autograd.grad(made, free, slope, retain_graph=True, allow_unused=True)
        for slope in (*along, sum(along))
    )
    triples = zip(one, other, both, strict=True)
    measures = any(z is not None and not torch.allclose(x + y, z) for x, y, z in triples)
    if measures != use.op.has(Trait.MEASURES_GRADIENT):
        yield f"its backward is {'not ' * measures}linear: mend `traits` ({Trait.MEASURES_GRADIENT})"


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
    _, run, inputs = run_of(use, moving=False)
    others = use.inputs(BATCH, seed=1)
    moved = [
        x if not x.dim() else torch.cat([(1 - y if y.dtype == torch.int64 else y)[:1] % 8, x[1:]])
        for x, y in zip(inputs, others, strict=True)
    ]
    first, second = run(*inputs), run_of(use, moving=False)[1](*moved)
    if first.dim():
        first, second = (x.unflatten(0, (use.node.type.times, -1))[:, 1:] for x in (first, second))
    coupled = not torch.equal(first, second)
    if coupled != use.op.has(Trait.BATCH_COUPLED):
        how = "see" if coupled else "do not see"
        yield f"samples {how} each other: mend `traits` ({Trait.BATCH_COUPLED})"
    if use.op.has(Trait.BATCH_COUPLED) and first.is_floating_point():
        shifted = [3 * x + 3 if x.is_floating_point() else x for x in inputs]
        normal = torch.allclose(run(*inputs), run(*shifted), atol=1e-4)
        if normal != use.op.has(Trait.BATCH_NORMALIZED):
            yield f"scale and shift of the batch {'go' if normal else 'stay'}: {Trait.BATCH_NORMALIZED}?"


def _draws_and_moves(use: Use) -> Faults:
    """Whether two calls differ, and whether a call in training moves the buffers."""
    network, run, inputs = run_of(use)
    before = copy.deepcopy(dict(network.named_buffers()))
    first = run(*inputs)
    after = dict(network.named_buffers())
    moved = any(not torch.equal(before[key], after[key]) for key in before)
    if use.node.attrs.get("weight") != "spectral" and moved != use.op.has(Trait.STATEFUL):
        yield f"buffers {'move' if moved else 'stay'} in training: mend `traits` ({Trait.STATEFUL})"
    other = run_of(use)[0](*inputs)  # behind other draws
    drawn = not torch.equal(first, other)
    if drawn != use.op.has(Trait.RANDOM):
        yield f"{'draws' if drawn else 'draws no'} numbers: mend `traits` ({Trait.RANDOM})"
    elif drawn or use.op.has(Trait.REGULARIZES):
        evaluated = run_of(use)[0].eval()
        still = torch.equal(evaluated(*inputs), evaluated(*inputs))
        if still != use.op.has(Trait.REGULARIZES):
            yield f"draws {'nothing' if still else 'too'} in evaluation: mend `traits` ({Trait.REGULARIZES})"
        elif still and not _passes(use, evaluated):
            yield f"changes what it reads in evaluation: mend `traits` ({Trait.REGULARIZES})"


def _passes(use: Use, network: Any) -> bool:
    """Whether its first input passes in evaluation: by its layer, or in its place in views."""
    first = use.node.inputs[use.op.ports[0].name][0]
    if use.op.place is Stands.GAME:
        return in_evaluation(use.graph)[1] == {ID: first} and use.graph[first].type == use.node.type
    inputs = use.inputs(BATCH)
    return torch.equal(network(*inputs), inputs[0])


def _format(use: Use) -> Faults:
    """What counts samples gives 32 bits, whatever it counts them by: casts are put in on that account."""
    if use.op.is_source:
        inputs = [x.half() if x.is_floating_point() else x for x in use.inputs(BATCH)]
        if (found := use.network().float().lowered()(*inputs).dtype) != torch.float32:
            yield f"gives {found} where it counts 16-bit samples: lowering/precision.py takes it for 32 bits"


# ---- cost


def _single(use: Use) -> tuple[Any, Callable[[int], list[Tensor]]]:
    """The network and inputs in float32."""
    return use.network().float(), lambda samples: [
        x.detach().float().requires_grad_() if x.is_floating_point() else x for x in use.inputs(samples)
    ]


def _multiply_adds(use: Use) -> Faults:
    """What torch counts; a layer without a weight multiplies by constants, which are left out."""
    op, node = use.op, use.node
    if op.couples_statistics and not op.group:
        return  # all pairs of a batch: no count for one sample tells them
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
    sources = frozenset(node.id for node in graph.inputs if node.type.kind not in INDICES)
    said = sum(kept_elements(GradientFlow(graph, sources)).values())
    whole = max(node.type.elements for node in graph)
    if abs(kept - said) > 0.1 * whole + 3:
        yield f"autograd keeps {kept:g} numbers of a sample, `keeps` says {said}"


def _masks(use: Use) -> Faults:
    """What is kept as a mask gives a penalty nothing to keep: the second derivative is 0."""
    if not use.op.keeps or not all(keep.mask for keep in use.op.keeps):
        return
    _, run, inputs = run_of(use)
    free = [x for x in inputs if x.requires_grad]
    slopes = torch.autograd.grad(run(*inputs).sum(), free, create_graph=True, allow_unused=True)
    once = [slope for slope in slopes if slope is not None and slope.requires_grad]
    if not once:
        return
    along = sum((slope * torch.randn_like(slope)).sum() for slope in once)
    twice = torch.autograd.grad(along, free, allow_unused=True)  # type: ignore[arg-type]
    if any(second is not None and second.any() for second in twice):
        yield "its second derivative is not 0, so what it keeps is no mask"


OF_NUMBERS = (_derivatives, _backward, _coupling, _draws_and_moves, _format, _multiply_adds, _kept, _masks)
