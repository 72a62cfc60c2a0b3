"""What each primitive becomes, as its row says: a layer to build and call, or a function to call.

No torch here: names and literals only; `found` imports what they name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from gandsl.ir.op import Call, Op
from gandsl.ir.packages import PackageFault
from gandsl.spec.values import Size

Literal = int | float | bool | str | None | tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """`<module>.<name>(**kwargs)`, built once under the node's id; called with the inputs in port order."""

    name: str
    kwargs: Mapping[str, Literal]
    module: str = "gandsl_runtime.layers"


@dataclass(frozen=True, slots=True)
class Function:
    """`<module>.<name>(<inputs in the order of ports>, **kwargs)`; a variadic port is one list."""

    name: str
    kwargs: Mapping[str, Literal]
    module: str = "gandsl_runtime.ops"


Target = Layer | Function


def lower(call: Call, node: Any) -> Target:
    """The target of an IR node. Its keyword arguments are complete, defaults included, and literals all."""
    return target_of(node.spec, call)


def target_of(op: Op, call: Call) -> Target:
    """The target of one use of an op."""
    home = (op.module,) if op.module else ()
    rule = op.layer
    if rule is None:
        name = op.name.rpartition(".")[2]  # an added op's name begins with its package's
        plain = {param.name: literal(call.attrs[param.name]) for param in op.params}
        return Function(name, plain | {key: literal(rule(call)) for key, rule in op.derived.items()}, *home)
    sizes = {
        name: literal(call.attrs[source] if isinstance(source, str) else source(call))
        for name, source in rule.sizes.items()
    }
    given = {*rule.sizes, *rule.sizes.values()}
    rest = {p.name: literal(call.attrs[p.name]) for p in op.params if p.name not in given}
    return Layer(rule.named(call), sizes | rest, *home)


def found(target: Target) -> Any:
    """The class or function that a target names. Raises PackageFault where an installed package lacks it."""
    return imported(target.module, target.name)


def imported(module: str, name: str) -> Any:
    """What a module has by this name. Raises PackageFault where it is an installed package's, and fails."""
    try:
        return getattr(import_module(module), name)
    except Exception as error:  # an import runs a package's code, which may raise anything; ours goes on up
        if module.startswith("gandsl_runtime."):
            raise
        raise PackageFault(
            f"{module}.{name} cannot be used: {type(error).__name__}: {error}",
            "this is the fault of the package that adds it, not gandsl's: mend or update it",
        ) from error


def literal(value: Any) -> Literal:
    """A parameter's value as it stands in source: a size is a number (of a square), or its sides."""
    if isinstance(value, Size):
        value = value.plain
    if isinstance(value, (list, tuple)):
        return tuple(literal(item) for item in value)
    return value
