"""Parameters: their declarations, and the check of a value against one, for specs, blocks and ops alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from gandsl.diagnostics import Sink, Span, Unheard
from gandsl.diagnostics.errors import Fault
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.records import dataclass
from gandsl.spec.evaluate import evaluate
from gandsl.spec.expressions import Attribute, Expr, IndexExpr, Literal, Name
from gandsl.spec.operators import bounded
from gandsl.spec.parse import parse
from gandsl.spec.scalars import former_truth
from gandsl.spec.scalars import resolve as resolve_scalar
from gandsl.spec.scope import Budget, Scope
from gandsl.spec.tree import Scalar, Sequence, Tree
from gandsl.spec.values import (
    ABSENT,
    LARGEST,
    POISON,
    Opaque,
    Size,
    as_size,
    is_number,
    is_quantity,
    show,
    type_name,
)

TYPES = (
    "int",
    "float",
    "bool",
    "str",
    "size",
    "sides",
    "enum",
    "ints",
    "floats",
    "sizes",
    "any",
    "number",
    "quantity",
    "ids",
)


@dataclass(frozen=True, slots=True)
class ParamDecl:
    """A declared parameter of a spec or block. `default` None: it has to be given."""

    name: str
    type: str
    default: Tree | None
    minimum: float | Expr | None
    maximum: float | Expr | None
    choices: tuple[str, ...]
    doc: str
    span: Span  # of the name
    type_span: Span
    broken: bool = False  # its declaration was refused: the value is POISON, whatever is given

    @property
    def required(self) -> bool:
        return self.default is None


class Declared(Protocol):
    """What `coerce` reads of a parameter; gandsl.ir's op parameters have it too. `choices` are names."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def default(self) -> Any: ...
    @property
    def minimum(self) -> Any: ...
    @property
    def maximum(self) -> Any: ...
    @property
    def choices(self) -> tuple[str, ...]: ...
    @property
    def doc(self) -> str: ...
    @property
    def required(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Codes:
    """The diagnostics for a wrong type, a wrong range, a wrong choice and a missing value."""

    type: str
    range: str
    choice: str
    missing: str


OF_CALLEE = Codes("G0207", "G0208", "G0209", "G0206")  # arguments of ops and blocks
OF_SPEC = Codes("G0503", "G0502", "G0504", "G0505")  # the spec's own parameters


def coerce(
    decl: Declared,
    value: Any,
    span: Span,
    diagnostics: Sink,
    where: str = "",
    *,
    codes: Codes = OF_CALLEE,
) -> Any:
    """An evaluated `value` as the parameter's type, checked against its range and choices.

    POISON after reporting at `span`. Bounds that are expressions are not looked at: see `with_bounds`.
    `where` names the owner for the message ("op `conv`").
    """
    if value is POISON or getattr(decl, "broken", False):
        return POISON
    if value is None and _nullable(decl):
        return None
    title = f"`{decl.name}`" + (f" of {where}" if where else "")
    if value is ABSENT:
        help = "guard the node with `when: present(…)`, or name a stand-in with `first_present(…, …)`"
        diagnostics.add("G0113", f"{title} gets an absent value", span, help=help)
        return POISON
    if decl.type == "enum":
        return _choice(decl, value, span, diagnostics, title, codes)
    wanted, convert = _TYPES[decl.type]
    found = convert(value)
    if found is POISON:
        message = f"{title} wants {wanted}, not {_described(value)}"
        diagnostics.add(codes.type, message, span, help=_hint(decl.type, value))
        return POISON
    if decl.choices and not any(convert(resolve_scalar(choice)) == found for choice in decl.choices):
        help = "choices are " + ", ".join(f"`{choice}`" for choice in decl.choices)
        diagnostics.add(codes.choice, f"{title} cannot be {_described(value)}", span, help=help)
        return POISON
    return _in_range(decl, found, span, diagnostics, title, codes)


def _nullable(decl: Declared) -> bool:
    default = decl.default
    return not decl.required and (default.value if isinstance(default, Scalar) else default) is None


def _choice(decl: Declared, value: Any, span: Span, diagnostics: Sink, title: str, codes: Codes) -> Any:
    # `choices: [none, true, 1]`: what YAML or an expression turned into a value is a name again
    name = show(value) if value is None or isinstance(value, bool | int) else value
    if name in decl.choices:
        return name
    help = did_you_mean(str(value), decl.choices, "choices are")
    diagnostics.add(codes.choice, f"{title} cannot be {show(value)}", span, help=help)
    return POISON


def _in_range(decl: Declared, value: Any, span: Span, diagnostics: Sink, title: str, codes: Codes) -> Any:
    for number in _numbers(value):
        for bound, sign, words in ((decl.minimum, 1, "at least"), (decl.maximum, -1, "at most")):
            if is_number(bound) and (number - bound) * sign < 0:
                diagnostics.add(codes.range, f"{title} is {words} {show(bound)}, not {show(number)}", span)
                return POISON
    return value


def _numbers(value: Any) -> list[int | float]:
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    if isinstance(value, Size):
        return [*value.sides]
    return [value] if is_number(value) else []


# ---- the types ---------------------------------------------------------------------------------------------


def _int(value: Any) -> Any:
    if isinstance(value, Size):
        value = value.long
    return int(value) if is_number(value) and float(value).is_integer() and abs(value) <= LARGEST else POISON


def _float(value: Any) -> Any:
    if isinstance(value, Size):
        value = value.long
    return float(value) if is_number(value) and math.isfinite(value) else POISON


def _number(value: Any) -> Any:
    return value if isinstance(value, Opaque) else _float(value)


def _instance(kind: type) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, kind) else POISON


def _size(value: Any) -> Any:
    return as_size(value) or POISON


def _sides(value: Any) -> Any:
    """One number for every side, or a list with one for each."""
    if isinstance(value, Size):
        value = value.sides[0] if value.lone else list(value.sides)
    if not isinstance(value, list | tuple):
        return _int(value)
    return _list(_int)(value) if 1 <= len(value) <= 3 else POISON


def _list(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def items(value: Any) -> Any:
        found = [convert(item) for item in value] if isinstance(value, list | tuple) else [POISON]
        return POISON if any(item is POISON for item in found) else found

    return items


_TYPES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "int": ("a whole number", _int),
    "float": ("a number", _float),
    "bool": ("true or false", _instance(bool)),
    "str": ("a text", _instance(str)),
    "size": ("a size (`256`, or `[height, width]`)", _size),
    "sides": ("a whole number, or a list of one for each side", _sides),
    "ints": ("a list of whole numbers", _list(_int)),
    "floats": ("a list of numbers", _list(_float)),
    "sizes": ("a list of sizes", _list(_size)),
    "any": ("a value", lambda value: value),
    "number": ("a number, a curve, stairs or a Scalar", _number),  # what is no number is the game's to make
    "quantity": ("a quantity, such as `10 kimg`", lambda value: value if is_quantity(value) else POISON),
    "ids": ("a list of ids", _list(_instance(str))),
}


def _described(value: Any) -> str:
    plain = isinstance(value, str | int | float | list | Size) and not isinstance(value, bool)
    return f"{show(value)}" if plain else type_name(value)


def _hint(type: str, value: Any) -> str | None:
    if type == "bool" and isinstance(value, str):
        return former_truth(value)
    if type == "bool" and is_number(value):
        return "write `true` or `false`, or a comparison: `… > 0`"
    if type in ("int", "ints") and isinstance(value, float):
        return "divide with `//`, or use `floor`"
    if type in ("ints", "floats", "sizes") and (is_number(value) or isinstance(value, Size)):
        return f"write a list: `[{show(value)}]`"
    return None


# ---- values as written -------------------------------------------------------------------------------------


def evaluate_tree(tree: Tree, scope: Scope, diagnostics: Sink, budget: Budget) -> Any:
    """The value of a tree: scalars are expressions (quoted or not), sequences lists. POISON if reported."""
    if isinstance(tree, Scalar):
        if tree.plain and not isinstance(tree.value, str):
            return _bounded(tree, diagnostics)
        expr = parse(tree.text, tree.span, diagnostics)
        return POISON if expr is None else evaluate(expr, scope, diagnostics, budget)
    if isinstance(tree, Sequence):
        items = [evaluate_tree(item, scope, diagnostics, budget) for item in tree.items]
        return POISON if any(item is POISON for item in items) else items
    diagnostics.add("G0010", "a value is wanted here, not a mapping", tree.span)
    return POISON


def _bounded(number: Scalar, diagnostics: Sink) -> Any:
    try:
        return bounded(number.value)
    except Fault as fault:
        diagnostics.add(fault.code, fault.message.replace("the result", "the number"), number.span)
        return POISON


def argument(
    decl: Declared,
    tree: Tree,
    scope: Scope,
    diagnostics: Sink,
    budget: Budget,
    where: str = "",
    *,
    codes: Codes = OF_CALLEE,
) -> Any:
    """The value written for a parameter, checked: `evaluate_tree`, `with_bounds` and `coerce`.

    A choice of an enum, and a text, stand as they are: `mode: nearest`. A text that is a name known in
    `scope` (or `name.attribute`), or in quotes within the expression (`"'x'"`), is an expression.
    """
    literal = _literal(decl, tree, scope)
    value = evaluate_tree(tree, scope, diagnostics, budget) if literal is None else literal
    return coerce(
        with_bounds(decl, scope, diagnostics, budget), value, tree.span, diagnostics, where, codes=codes
    )


def _literal(decl: Declared, tree: Tree, scope: Scope) -> str | list[str] | None:
    """The text of an enum or str that is no expression, ids as they are written; else None."""
    if decl.type == "ids" and isinstance(tree, Sequence):
        texts = [item.text for item in tree.items if isinstance(item, Scalar)]
        return texts if len(texts) == len(tree.items) else None
    if not isinstance(tree, Scalar) or decl.type not in ("enum", "str", "bool"):
        return None
    if decl.type == "bool":  # `no` and the like: `coerce` explains them better than "unknown name" would
        return tree.text if former_truth(tree.text) and tree.text not in scope else None
    if decl.type == "enum" and tree.text in decl.choices:
        return tree.text
    if tree.value is None and tree.plain:
        return None
    expr = parse(tree.text, tree.span, Unheard())
    root = expr.root if expr else None
    while isinstance(root, Attribute | IndexExpr):
        root = root.value
    if decl.type == "enum":
        return tree.text if root is None or (isinstance(root, Name) and root.name not in scope) else None
    is_expression = isinstance(root, Name) and root.name in scope
    is_quoted = isinstance(root, Literal) and isinstance(root.value, str)
    return None if is_expression or is_quoted else tree.text


def with_bounds(decl: Any, scope: Scope, diagnostics: Sink, budget: Budget) -> Any:
    """The declaration with bounds that are expressions computed; the same one where there are none."""
    bounds = {"minimum": decl.minimum, "maximum": decl.maximum}
    computed = {
        name: _bound(bound, scope, diagnostics, budget)
        for name, bound in bounds.items()
        if isinstance(bound, Expr)
    }
    return replace(decl, **computed) if computed else decl


def _bound(expr: Expr, scope: Scope, diagnostics: Sink, budget: Budget) -> float | None:
    value = evaluate(expr, scope, diagnostics, budget)
    if isinstance(value, Size):
        return value.long
    if value is not POISON and not is_number(value):
        diagnostics.add("G0506", f"a bound is a number, not {type_name(value)}", expr.span)
    return value if is_number(value) else None


def resolve(
    decls: Mapping[str, ParamDecl],
    scope: Scope,
    diagnostics: Sink,
    budget: Budget,
    where: str = "",
    *,
    given: Mapping[str, tuple[Tree, Scope]] | None = None,
    codes: Codes = OF_SPEC,
    missing: Span | None = None,
) -> dict[str, Any]:
    """The value of every parameter: what is given (in the scope where it was written), else its default.

    Values are put into `scope` as they are found, so that a default may use the parameters before it; one
    that uses a later one gets G0102. A missing value is reported at `missing` (or at the declaration) and is
    POISON, as is one that failed.
    """
    values: dict[str, Any] = {}
    for name, decl in decls.items():
        tree, home = (given or {}).get(name) or (decl.default, scope)
        if decl.broken:
            value: Any = POISON
        elif tree is None:
            help = decl.doc and f"{name}: {decl.doc}"
            diagnostics.add(codes.missing, f"`{name}` has no value", missing or decl.span, help=help or None)
            value = POISON
        else:
            value = argument(decl, tree, home, diagnostics, budget, where, codes=codes)
        values[name] = scope.values[name] = value
    return values
