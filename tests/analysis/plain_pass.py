"""Plain torch that plays a pass of a random game."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from gandsl.analysis.game.slices import PassIR, roots
from gandsl.analysis.game.whole import Place
from gandsl.ir.graph import Node
from tests.analysis.random_games import SIZE

_FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "tanh": torch.tanh,
    "softplus": functional.softplus,
    "relu": functional.relu,
    "sigmoid": torch.sigmoid,
    "silu": functional.silu,
    "exp": torch.exp,
    "abs": torch.abs,
    "negate": torch.neg,
    "sqrt": torch.sqrt,
    "stop_gradient": torch.Tensor.detach,
    "sign": lambda x: torch.sign(x.detach()),
    "sample_mean": lambda x: x if x.dim() < 2 else x.flatten(1).mean(1),
    "sample_sum": lambda x: x if x.dim() < 2 else x.flatten(1).sum(1),
    "mean": torch.mean,
    "norm": lambda x: torch.linalg.vector_norm(x) if x.any() else x.sum(),
}
_ARITHMETIC: dict[str, Callable[..., Tensor]] = {
    "plus": lambda a, b: a + b,
    "minus": lambda a, b: a - b,
    "times": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "below": lambda a, b: (a < b).to((a if isinstance(a, Tensor) else b).dtype),
}


@dataclass
class Play:
    """A pass in plain torch. `values`: of each place; `through`: where derivatives were tracked."""

    one: PassIR
    variables: Callable[[str, str], bool]  # network, layer
    again: Sequence[str] = ()  # gradients that are taken so that they can be differentiated
    rows: tuple[int, int] = (0, 4)  # of the four samples
    dtype: torch.dtype = torch.float32
    means: Mapping[str, Tensor] = field(default_factory=dict)  # given from outside
    values: dict[Place, Tensor] = field(default_factory=dict)
    weights: dict[tuple[str, str, bool], dict[str, Tensor]] = field(default_factory=dict)
    was: dict[str, bool] = field(default_factory=dict)  # `by` → whether it required a gradient by itself
    through: dict[str, set[Place]] = field(default_factory=dict)
    _running: str = ""
    _results: dict[str, tuple[Tensor, ...]] = field(default_factory=dict)

    def run(self) -> Tensor:
        """The loss of all players together."""
        torch.manual_seed(0)
        graph = self.one.whole.graph
        bys = {
            by
            for node in graph
            if node.op == "gradient" and node.id in self.one.nodes
            for by in node.inputs["by"]
        }
        for id_ in self.one.nodes:
            self._node(graph[id_])
            if id_ in bys and graph[id_].op == "weights":
                network = graph[id_].attrs["network"]
                layers = self.one.whole.networks[network].weighted()
                self.was[id_] = any(
                    _covers(graph[id_], network, one) and self.variables(network, one) for one in layers
                )
            elif id_ in bys:
                value = self.values["", id_]
                self.was[id_] = value.requires_grad
                self.values["", id_] = value if value.requires_grad else value.detach().requires_grad_()
        loss = torch.zeros((), dtype=self.dtype)
        for term in self.one.terms:
            value, *weight = (self.values["", root] for root in roots(term))
            loss = loss + (weight[0] if weight else float(term.weight)) * value  # type: ignore[arg-type]
        return loss

    def _node(self, node: Node) -> None:
        place = ("", node.id)
        given = [self.values["", id_] for id_ in node.operands if ("", id_) in self.values]
        if node.op in ("item", "draw"):
            self.values[place] = (torch.rand(4, *node.type.shape, dtype=self.dtype) + 0.5)[slice(*self.rows)]
        elif node.op == "state":
            self.values[place] = torch.tensor(0.7, dtype=self.dtype)
        elif node.id in self.means:
            self.values[place] = self.means[node.id]
        elif node.op == "call":
            self._call(node)
        elif node.op == "output":
            self.values[place] = self._picked(node)
        elif node.op == "weights":
            pass
        elif node.op == "gradient" and self._matrices(node.inputs["by"][0]) is not None:
            self._gradient_by_weights(node, given[0])
        elif node.op == "gradient":
            self.through[node.id] = set()
            again = node.id in self.again
            if not given[0].requires_grad:  # a constant: what is above it stands behind a constant
                self._results[node.id] = tuple(torch.zeros_like(by) for by in given[1:])
                return
            self._running = node.id
            found = torch.autograd.grad(given[0].sum(), given[1:], None, True, again, allow_unused=True)
            self._results[node.id] = tuple(
                torch.zeros_like(by) if one is None else one for one, by in zip(found, given[1:], strict=True)
            )
            self._running = ""
        else:
            with self._watched(place, given):
                self.values[place] = compute(node, given)

    def _matrices(self, by: str) -> list[Tensor] | None:
        """The matrices that a node stands for, as far as they have run; None: it stands for no weights."""
        node = self.one.whole.graph[by]
        if node.op != "weights":
            return None
        return [
            of["weight"]
            for (network, layer, average), of in self.weights.items()
            if not average and _covers(node, network, layer) and of.get("weight", torch.zeros(())).dim() > 1
        ]

    def _gradient_by_weights(self, node: Node, of: Tensor) -> None:
        self.through[node.id] = set()
        weights = self._matrices(node.inputs["by"][0])
        zero = torch.zeros(1, dtype=self.dtype)
        if not of.requires_grad or not weights:
            self._results[node.id] = (zero,)
            return
        self._running = node.id
        again = node.id in self.again
        found = torch.autograd.grad(of.sum(), weights, None, True, again, materialize_grads=True)
        self._results[node.id] = (torch.cat([zero, *(one.flatten() for one in found)]),)
        self._running = ""

    def _picked(self, node: Node) -> Tensor:
        made = node.operands[0]
        if made in self._results:
            return self._results[made][node.attrs["index"]]
        called = self.one.whole.calls[made]
        return self.values[made, called.output(node.attrs["index"])]

    def _call(self, node: Node) -> None:
        call = self.one.calls[node.id]
        graph = self.one.whole.calls[node.id].graph
        for id_ in call.layers:
            layer = graph[id_]
            place = (node.id, id_)
            if layer.op == "input":
                self.values[place] = self.values["", call.given[id_]]
                continue
            given = [self.values[node.id, one] for one in layer.operands]
            with self._watched(place, given):
                self.values[place] = compute(layer, given, self._weights(call.network, layer, call.average))

    def _weights(self, network: str, layer: Node, average: bool) -> dict[str, Tensor]:
        key = (network, layer.id, average)
        if key not in self.weights:
            shapes = {
                "linear": {"weight": (SIZE, SIZE), "bias": (SIZE,)},
                "bias": {"bias": (SIZE,)},
                "gain": {"weight": ()},
            }
            learned = not average and self.variables(network, layer.id)
            self.weights[key] = {
                name: (torch.rand(shape, dtype=self.dtype) + 0.1).requires_grad_(
                    learned or (len(shape) > 1 and not average and self._asked_by(network, layer.id))
                )
                for name, shape in shapes.get(layer.op, {}).items()
            }
        return self.weights[key]

    def _asked_by(self, network: str, layer: str) -> bool:
        """Whether something in the pass is differentiated by a layer's weights."""
        graph = self.one.whole.graph
        bys = {by for id_ in self.one.nodes if graph[id_].op == "gradient" for by in graph[id_].inputs["by"]}
        return any(graph[by].op == "weights" and _covers(graph[by], network, layer) for by in bys)

    @contextmanager
    def _watched(self, place: Place, given: Sequence[Tensor]) -> Iterator[None]:
        """Note whether the derivative of what is computed inside is tracked, when a gradient passes it."""
        yield
        value = self.values[place]
        ends = {id(tensor.grad_fn) for tensor in given if tensor.grad_fn is not None}
        waiting = [value.grad_fn]
        seen = set(ends)
        while waiting:
            function = waiting.pop()
            if function is None or id(function) in seen or "AccumulateGrad" in type(function).__name__:
                continue
            seen.add(id(function))
            waiting.extend(before for before, _ in function.next_functions)
            function.register_hook(lambda found, _: self._note(place, found))

    def _note(self, place: Place, found: Sequence[Tensor | None]) -> None:
        if self._running and any(tensor is not None and tensor.requires_grad for tensor in found):
            self.through[self._running].add(place)


def compute(node: Node, given: Sequence[Tensor], weights: dict[str, Tensor] | None = None) -> Tensor:
    """One op, in plain torch."""
    weights = weights or {}
    if node.op in _ARITHMETIC:
        number = node.attrs["number"]
        if number is not None:
            given = [number, *given] if "b" in node.inputs else [*given, number]
        a, b = (_over(x, y) for x, y in (given, given[::-1]))
        return _ARITHMETIC[node.op](a, b)
    if node.op == "power":
        return given[0].pow(int(node.attrs["exponent"]))
    if node.op == "leaky_relu":
        return functional.leaky_relu(given[0], 0.2)
    if node.op == "linear":
        return functional.linear(given[0], weights["weight"], weights["bias"])
    if node.op == "bias":
        return given[0] + weights["bias"]
    if node.op == "gain":
        return given[0] * weights["weight"]
    if node.op == "add":
        return given[0] + given[1]
    if node.op == "multiply":
        return given[0] * given[1]
    if node.op == "lerp":
        return torch.lerp(given[0], given[1], given[2][:, None])
    return _FUNCTIONS[node.op](given[0])


def _over(x: Tensor | float, y: Tensor | float) -> Tensor | float:
    if isinstance(x, Tensor) and isinstance(y, Tensor) and x.dim() == 1 and y.dim() == 2:
        return x[:, None]
    return x


def _covers(node: Node, network: str, layer: str) -> bool:
    path = node.attrs["path"]
    return node.attrs["network"] == network and (not path or layer.startswith(f"{path}."))
