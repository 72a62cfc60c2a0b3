"""What an expression sees and may spend: names and their values, definitions, and a budget of work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, NoReturn

from gandsl.diagnostics.errors import Fault
from gandsl.records import dataclass
from gandsl.spec.builtins import BUILTINS, Builtin
from gandsl.spec.expressions import Expr


class Scope:
    """Names and their values; what is not here is looked up in the parent.

    `builtins` are the functions that its expressions may call: those of the language, if the outermost scope
    has no others.
    """

    __slots__ = ("builtins", "parent", "used", "values")

    def __init__(
        self,
        parent: Scope | None = None,
        values: Mapping[str, Any] | None = None,
        builtins: Mapping[str, Builtin] = BUILTINS,
    ) -> None:
        self.parent = parent
        self.builtins: Mapping[str, Builtin] = builtins if parent is None else parent.builtins
        self.values: dict[str, Any] = dict(values or {})
        self.used: set[str] = set()  # own names that somebody has looked up

    def lookup(self, name: str) -> Any:
        """The value of a name, which from now on counts as used where it is defined. Raises KeyError."""
        for scope in self._chain():
            if name in scope.values:
                scope.used.add(name)
                return scope.values[name]
        raise KeyError(name)

    def __contains__(self, name: str) -> bool:
        return any(name in scope.values for scope in self._chain())

    def names(self) -> list[str]:
        """Every name that can be looked up, innermost first."""
        return list(dict.fromkeys(name for scope in self._chain() for name in scope.values))

    def functions(self) -> list[str]:
        """Those of them that are functions with arguments."""
        found = (item for scope in self._chain() for item in scope.values.items())
        return [name for name, value in found if isinstance(value, LetFunction) and value.args]

    def _chain(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


@dataclass(eq=False, slots=True)
class LetFunction:
    """A `let`: a function of its arguments or, without any, a value computed when first asked for.

    `scope` is where it was defined, and what its expression sees. `expr` is None where it could not be read.
    """

    name: str
    args: tuple[str, ...]
    expr: Expr | None
    scope: Scope
    memo: list[Any] = field(
        default_factory=list
    )  # the value of one without arguments, or POISON for one in a circle


@dataclass(slots=True)
class Budget:
    """How much work the expressions of one compilation may do, all together."""

    steps: int = 100_000  # the largest of our own specs needs 15,000
    depth: int = 0
    calls: list[LetFunction] = field(default_factory=list)
    spent: bool = False  # and reported: from now on everything is POISON, in silence

    def spend(self, steps: int) -> None:
        """Count work beyond the step that each node costs. Raises Fault G0108 once it is too much."""
        self.steps -= steps
        if self.steps < 0:
            self.refuse()

    def refuse(self) -> NoReturn:
        """Raise the Fault for what has run out."""
        what = "the spec's expressions do too much work, all together"
        raise Fault("G0108", what if self.steps < 0 else "expressions call on each other too deeply")
