"""Whether a GraphModule still is what the lowering promises.

A failure is the compiler's fault, never the user's.
"""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, fx, nn

from gandsl.diagnostics.errors import InvariantError
from gandsl.ir.op import Call, ShapeError
from gandsl.ir.types import TensorType
from gandsl_runtime import ops
from gandsl_runtime.layers import Folded, Layer, Recomputed
from gandsl_runtime.layers.epilogue import Epilogue
from gandsl_runtime.port import INDICES, sample_shape

META = ("id", "ids", "span", "provenance", "stack_trace")


def verify(module: fx.GraphModule) -> None:
    """Check structure and types, without running anything.

    Targets exist, calls fit signatures and the op table's type rules, no IR node is done twice, every node
    says where it is from.
    Raises InvariantError naming the fx node.
    """
    module.graph.lint()
    done: dict[str, fx.Node] = {}
    for node in module.graph.nodes:
        if node.op == "output":
            continue
        missing = [key for key in META if key not in node.meta]
        if missing:
            raise InvariantError(f"{node.name} lacks meta {', '.join(missing)}")
        for id_ in node.meta["ids"]:
            if id_ in done:
                raise InvariantError(f"{id_} is done by both {done[id_].name} and {node.name}")
            done[id_] = node
        _CHECKS[node.op](module, node)
        _check_type(node)


def _check_module(module: fx.GraphModule, node: fx.Node) -> None:
    layer = module.get_submodule(str(node.target))
    if not isinstance(layer, Layer):
        raise InvariantError(f"{node.name} calls {node.target}, which is no layer but {type(layer).__name__}")
    _bind(node, type(layer).forward, self=layer)


def _check_function(module: fx.GraphModule, node: fx.Node) -> None:
    function = node.target
    if function is not operator.getitem:
        name, ir = getattr(function, "__name__", str(function)), node.meta.get("node")
        homes = [ops, *([import_module(ir.spec.module)] if ir is not None and ir.spec.module else [])]
        if isinstance(function, str) or all(getattr(home, name, None) is not function for home in homes):
            raise InvariantError(f"{node.name} calls {function}, which is none of the runtime's ops")
        _bind(node, function)


def _check_attribute(module: fx.GraphModule, node: fx.Node) -> None:
    path, _, name = str(node.target).rpartition(".")
    if not isinstance(getattr(module.get_submodule(path), name, None), Tensor):
        raise InvariantError(f"{node.name} reads {node.target}, which is no tensor")


def _resized(type_: TensorType, enlarge: Any = 1, shrink: Any = 1) -> TensorType:
    """A feature changed in size: by what a convolution took over."""
    channels, *sides = type_.shape
    return TensorType(type_.kind, (channels, *(side * enlarge // shrink for side in sides)))


def _check_type(node: fx.Node) -> None:
    """The type a node carries must follow from its inputs' types, where all of these are known."""
    ir, type_ = node.meta.get("node"), node.meta.get("type")
    if ir is None or type_ is None or ir.op == "input" or node.target is operator.getitem:
        return
    given: dict[str, Any] = dict(zip((port.name for port in ir.spec.ports), node.args, strict=False))
    given |= {name: value for name, value in node.kwargs.items() if ir.spec.port(name)}
    types = {
        port: tuple(value.meta.get("type") for value in (values if isinstance(values, list) else [values]))
        for port, values in given.items()
    }
    if any(known is None for known_types in types.values() for known in known_types):
        return
    if "enlarge" in node.kwargs:
        types["x"] = (_resized(types["x"][0], enlarge=node.kwargs["enlarge"]),)
    try:
        expected = ir.spec.result(Call(types, ir.attrs))
    except ShapeError as error:
        raise InvariantError(f"{node.name}: {error}") from error
    if "shrink" in node.kwargs:
        expected = _resized(expected, shrink=node.kwargs["shrink"])
    if expected.shape != type_.shape:
        raise InvariantError(f"{node.name} is called {type_} but computes {expected}")


def _refuse(module: fx.GraphModule, node: fx.Node) -> None:
    raise InvariantError(f"{node.name} is a {node.op}, which the lowering never makes")


def _fine(module: fx.GraphModule, node: fx.Node) -> None:
    return None


_CHECKS: dict[str, Callable[[fx.GraphModule, fx.Node], None]] = {
    "placeholder": _fine,
    "call_module": _check_module,
    "call_function": _check_function,
    "get_attr": _check_attribute,
    "call_method": _refuse,
}


@cache
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def _bind(node: fx.Node, function: Callable[..., Any], **self_: Any) -> None:
    signature = _signature(function)
    try:
        bound = signature.bind(*self_.values(), *node.args, **node.kwargs)
    except TypeError as error:
        raise InvariantError(f"{node.name}: {error}") from error
    unknown = set(bound.arguments.get("after", ())) - set(Epilogue.__annotations__)
    if unknown:
        raise InvariantError(f"{node.name}: unknown {', '.join(sorted(unknown))}")


def verify_shapes(module: fx.GraphModule, twin: nn.Module) -> None:
    """Run the graph without numbers, at two batch sizes, and compare every shape with the IR's types.

    `twin` holds the same layers on the meta device. Raises InvariantError naming the fx node.
    """
    for batch in batches(module.graph):
        inputs = [_meta_input(node, batch) for node in module.graph.nodes if node.op == "placeholder"]
        with torch.no_grad():
            _Shapes(module, twin, batch).run(*inputs)


def batches(graph: fx.Graph) -> tuple[int, int]:
    """Two batch sizes that every group of a minibatch statistic divides."""
    irs = [ir for node in graph.nodes if (ir := node.meta.get("node")) is not None]
    groups = [ir.attrs[ir.spec.group] or 1 for ir in irs if ir.spec.group]
    return 2, 2 * math.lcm(1, *groups) + (0 if groups else 1)


def _meta_input(node: fx.Node, batch: int) -> Tensor:
    type_ = node.meta["type"]
    if type_.kind == "Scalar":
        return torch.empty((), device="meta")
    dtype = torch.int64 if type_.kind in INDICES else None
    return torch.empty(batch, *sample_shape(type_.kind, type_.shape), dtype=dtype, device="meta")


class _Shapes(fx.Interpreter):
    """Runs a graph on the twin's layers and compares as it goes."""

    def __init__(self, real: fx.GraphModule, twin: nn.Module, batch: int) -> None:
        super().__init__(twin, graph=real.graph)
        self.real, self.batch = real, batch
        self.extra_traceback = False

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if target in self.submodules:
            return super().call_module(target, args, kwargs)
        added = self.real.get_submodule(target)  # by a pass; running it could move statistics
        if isinstance(added, Recomputed):
            return _Shapes(added.program, self.module, self.batch).run(*args)
        assert isinstance(added, Folded)
        return torch.empty(added.shape, device="meta")

    def run_node(self, n: fx.Node) -> Any:
        try:
            value = super().run_node(n)
        except Exception as error:  # torch raises many kinds at a wrong call; each means that a pass made one
            raise InvariantError(f"{n.name} ({n.meta.get('stack_trace', '')}): {error}") from error
        type_ = n.meta.get("type")
        if type_ is None or n.op == "output":
            return value
        batch = 1 if n.meta.get("single") else self.batch * type_.times  # computed for one sample, by a pass
        expected = () if type_.kind == "Scalar" else (batch, *sample_shape(type_.kind, type_.shape))
        if tuple(value.shape) != tuple(expected):
            raise InvariantError(
                f"{n.name} is {type_} but gives {list(value.shape)} for a batch of {self.batch}"
            )
        return value
