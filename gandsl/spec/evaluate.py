"""Evaluation of expressions: bounded in steps, sizes and depth; reports at the token that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gandsl.diagnostics import Label, Sink, Span
from gandsl.diagnostics.errors import Fault
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.spec import expressions as ast
from gandsl.spec.builtins import cut_short
from gandsl.spec.expressions import Expr
from gandsl.spec.operators import MAX_LIST, binary, bounded, compare, condition, known, negate, number, whole
from gandsl.spec.scope import Budget, LetFunction, Scope
from gandsl.spec.values import ABSENT, POISON, Opaque, Size, Table, algebra_of, quantity, show, type_name

MAX_CALLS = 32  # let functions and values within each other
MAX_DEPTH = 120  # expressions within each other, over all calls: at most 450 Python frames

# words of other languages, and of YAML 1.1, for which nobody would look up "unknown name"
_TRAPS = {
    **dict.fromkeys(("yes", "on", "Yes", "On", "YES", "ON", "True", "TRUE"), "true"),
    **dict.fromkeys(("no", "off", "No", "Off", "NO", "OFF", "False", "FALSE"), "false"),
    **dict.fromkeys(("None", "Null", "NULL", "nil"), "null"),
    "none": "absent",  # it fills slots alone
}


def evaluate(expr: Expr, scope: Scope, diagnostics: Sink, budget: Budget) -> Any:
    """The value of an expression; POISON after reporting what is wrong with it (G01xx, at the token)."""
    return _Evaluator(expr, scope, diagnostics, budget, None).value(expr.root)


class _Evaluator:
    """Evaluates the nodes of one expression in one scope."""

    __slots__ = ("budget", "caller", "diagnostics", "expr", "scope")

    def __init__(
        self, expr: Expr, scope: Scope, diagnostics: Sink, budget: Budget, caller: Span | None
    ) -> None:
        self.expr, self.scope, self.diagnostics, self.budget = expr, scope, diagnostics, budget
        self.caller = caller  # where the let that this is was asked for

    def value(self, node: ast.Ast) -> Any:
        budget = self.budget
        budget.steps -= 1
        budget.depth += 1
        try:
            if budget.steps < 0 or budget.depth > MAX_DEPTH:
                budget.refuse()
            return _RULES[type(node)](self, node)
        except Fault as fault:
            if budget.spent:
                return POISON
            budget.spent = budget.steps < 0
            return self.fail(fault.code, fault.message, self.expr.span_of(node), fault.help)
        finally:
            budget.depth -= 1

    def fail(self, code: str, message: str, span: Span, help: str | None = None) -> Any:
        labels = (Label(self.caller, "asked for here"),) if self.caller else ()
        self.diagnostics.add(code, message, span, secondary=labels, help=help)
        return POISON

    def at(self, node: ast.Ast, rule: Callable[..., Any], *args: Any) -> Any:
        """Apply a rule that may raise Fault, and report it at `node` rather than at the node around it."""
        try:
            return rule(*args)
        except Fault as fault:
            return self.fail(fault.code, fault.message, self.expr.span_of(node), fault.help)

    # ---- one rule for each kind of node ------------------------------------------------------------------

    def literal(self, node: ast.Literal) -> Any:
        return bounded(node.value)

    def absent(self, node: ast.AbsentLiteral) -> Any:
        return ABSENT

    def measure(self, node: ast.Measure) -> Any:
        amount = self.value(node.number)
        if amount is POISON:
            return POISON
        try:
            return quantity(number(amount, "a quantity"), node.unit)
        except ValueError as error:
            raise Fault("G0112", str(error)) from error

    def name(self, node: ast.Name) -> Any:
        try:
            value = self.scope.lookup(node.name)
        except KeyError:
            return self.unknown(node)
        if isinstance(value, LetFunction):
            if value.args:
                call = f"{value.name}({', '.join(value.args)})"
                raise Fault("G0105", f"`{value.name}` is a function", f"call it: `{call}`")
            return self.run(value, (), node)
        return value

    def unknown(self, node: ast.Name) -> Any:
        if node.name in self.scope.builtins:
            raise Fault("G0105", f"`{node.name}` is a function", f"call it: `{node.name}(…)`")
        if word := _TRAPS.get(node.name):
            raise Fault("G0102", f"unknown name `{node.name}`", f"write `{word}`")
        help = did_you_mean(node.name, [*self.scope.names(), "true", "false", "null", "absent"])
        raise Fault("G0102", f"unknown name `{node.name}`", help)

    def attribute(self, node: ast.Attribute) -> Any:
        return self._attribute(self.value(node.value), node)

    def _attribute(self, value: Any, node: ast.Attribute) -> Any:
        place = self.expr.part(node.name_start, node.end)
        if value is POISON:
            return POISON
        if isinstance(value, list | tuple) and algebra_of(*value) is not None:  # computed with entry by entry
            entries = [self._attribute(entry, node) for entry in value]
            return POISON if POISON in entries else entries
        if value is ABSENT:
            self.at(node.value, known, value, f"`.{node.name}`")
            return POISON
        if isinstance(value, Size):
            if node.name in (sides := value.attributes):
                return sides[node.name]
            names = " and ".join(f"`.{name}`" for name in sides)
            return self.fail("G0110", f"a size has no `.{node.name}`", place, f"this one has {names}")
        if isinstance(value, Opaque):
            try:
                return value.attribute(node.name)
            except KeyError:
                help = did_you_mean(node.name, value.attributes, "it has")
                return self.fail(
                    value.attribute_code, f"{value.kind_name} has no `.{node.name}`", place, help
                )
        return self.fail("G0110", f"{type_name(value)} has no `.{node.name}`", place)

    def index(self, node: ast.IndexExpr) -> Any:
        value, index = self.value(node.value), self.value(node.index)
        if value is POISON or index is POISON:
            return POISON
        if isinstance(value, Table):
            return self.at(node.index, looked_up, value, index)
        index = self.at(node.index, whole, index, "an index")
        if index is POISON or self.at(node.value, known, value, "`[…]`") is POISON:
            return POISON
        try:
            if isinstance(value, list):
                return value[index]
            if isinstance(value, Opaque):
                return value.item(index)
        except IndexError:
            count = f": there are {len(value)}" if isinstance(value, list) else ""
            place = self.expr.span_of(node.index)
            return self.fail("G0107", f"there is no entry {index} in {type_name(value)}{count}", place)
        except TypeError:
            pass
        raise Fault("G0105", f"{type_name(value)} has no entries to pick from")

    def slice(self, node: ast.Slice) -> Any:
        value = self.value(node.value)
        ends = [bound and self.value(bound) for bound in (node.low, node.high)]
        if value is POISON or POISON in ends:
            return POISON
        low, high = (end if end is None else whole(end, "a slice") for end in ends)
        known(value, "`[…]`")
        try:
            if isinstance(value, list):
                return value[low:high]
            if isinstance(value, Opaque):
                return value.slice(low, high)
        except TypeError:
            pass
        raise Fault("G0105", f"{type_name(value)} has no entries to pick from")

    def call(self, node: ast.CallExpr) -> Any:
        args = [self.value(arg) for arg in node.args]
        place = self.expr.part(node.name_end - len(node.function), node.name_end)
        function = self.scope.lookup(node.function) if node.function in self.scope else None
        if isinstance(function, LetFunction) and function.args:
            if len(args) != len(function.args):
                usage = f"`{function.name}({', '.join(function.args)})`"
                return self.miscounted(place, node, str(len(function.args)), usage)
            return POISON if _any_poison(args) else self.run(function, tuple(args), node)
        builtins = self.scope.builtins
        builtin = builtins.get(node.function)
        if builtin is None:
            if function is not None:
                return self.fail("G0105", f"`{node.function}` is no function", place)
            known_names = [*self.scope.functions(), *builtins]
            help = did_you_mean(node.function, known_names, "functions are")
            return self.fail("G0103", f"unknown function `{node.function}`", place, help)
        if len(args) < builtin.least or (builtin.most is not None and len(args) > builtin.most):
            return self.miscounted(place, node, builtin.arity, builtin.doc)
        if _any_poison(args):
            return POISON
        self.budget.spend(sum(len(arg) for arg in args if isinstance(arg, list)))
        result = builtin.function(*args)
        if node.function in ("doubling", "halving") and (said := cut_short(result, args)):
            self.warn("W0740", said, self.expr.span_of(node))
        return result

    def warn(self, code: str, message: str, span: Span) -> None:
        """Report what is legal, at its place, and go on."""
        self.diagnostics.add(code, message, span)

    def miscounted(self, place: Span, node: ast.CallExpr, wanted: str, usage: str) -> Any:
        plural = "" if wanted.endswith("1") else "s"
        message = f"`{node.function}` takes {wanted} argument{plural}, not {len(node.args)}"
        return self.fail("G0104", message, place, usage)

    def run(self, function: LetFunction, args: tuple[Any, ...], node: ast.Ast) -> Any:
        """The value of a let."""
        if function.expr is None:
            return POISON
        if function.memo:
            return function.memo[0]
        calls = self.budget.calls
        if len(calls) >= MAX_CALLS or (not args and function in calls):
            if function not in calls:
                raise Fault("G0108", f"more than {MAX_CALLS} definitions within each other")
            circle = calls[calls.index(function) :]
            for called in circle:
                called.memo[:] = [POISON]  # or two calls in one body would try again, 2**32 times
            chain = [*dict.fromkeys(called.name for called in circle), function.name]
            raise Fault("G0111", f"`{function.name}` needs itself to be computed: {' → '.join(chain)}")
        calls.append(function)
        try:
            scope = (
                Scope(function.scope, dict(zip(function.args, args, strict=True))) if args else function.scope
            )
            caller = self.expr.span_of(node)
            value = _Evaluator(function.expr, scope, self.diagnostics, self.budget, caller).value(
                function.expr.root
            )
        finally:
            calls.pop()
        if not args and not function.memo:
            function.memo.append(value)
        return value

    def unary(self, node: ast.Unary) -> Any:
        value = self.value(node.operand)
        if value is POISON:
            return POISON
        rule = {"not": lambda x: not condition(x), "-": negate, "+": lambda x: number(x, "`+`")}[
            node.operator
        ]
        return self.at(node.operand, rule, value)

    def binary(self, node: ast.Binary) -> Any:
        spine: list[ast.Binary] = [node]  # `a + b + c + …` leans left: walked in a loop, not by recursion
        while isinstance(left := spine[-1].left, ast.Binary):
            spine.append(left)
        value = self.value(spine[-1].left)
        for part in reversed(spine):
            doing = f"`{part.operator}`"
            value = self.at(part.left, known, value, doing)
            right = self.at(part.right, known, self.value(part.right), doing)
            value = (
                POISON
                if value is POISON or right is POISON
                else self.at(part, binary, part.operator, value, right)
            )
        return value

    def compare(self, node: ast.Compare) -> Any:
        values = [self.value(node.operands[0])]
        result: Any = True
        for operator, operand in zip(node.operators, node.operands[1:], strict=True):
            values.append(self.value(operand))
            left, right = values[-2:]
            if left is POISON or right is POISON:
                result = POISON
            elif result is True:
                result = compare(operator, left, right)
        return result

    def logic(self, node: ast.Logic) -> Any:
        """Stops at the first operand that decides, as Python does."""
        for operand in node.operands:
            value = self.value(operand)
            if value is POISON:
                return POISON
            truth = self.at(operand, condition, value)
            if truth is POISON or truth == (node.operator == "or"):
                return truth
        return node.operator == "and"

    def choice(self, node: ast.IfExpr) -> Any:
        value = self.value(node.condition)
        truth = POISON if value is POISON else self.at(node.condition, condition, value)
        if truth is POISON:
            return POISON
        return self.value(node.then if truth else node.otherwise)

    def list_of(self, node: ast.ListOf) -> Any:
        items = [self.value(item) for item in node.items]
        if any(item is POISON for item in items):
            return POISON
        if len(items) > MAX_LIST:
            raise Fault("G0108", f"a list of more than {MAX_LIST} entries")
        return items

    def table(self, node: ast.TableOf) -> Any:
        found = {
            key: _Evaluator(expr, self.scope, self.diagnostics, self.budget, self.caller).value(expr.root)
            for key, expr in node.entries
        }
        return POISON if _any_poison(list(found.values())) else Table(found)


def looked_up(table: Table, key: Any) -> Any:
    """The value of a table at a number, a size or a text. Raises Fault."""
    wanted = key if isinstance(key, str) else number(key, "a table")
    if wanted in table.entries:
        return table.entries[wanted]
    raise Fault(
        "G0107", f"the table has no entry for {show(wanted)}", f"it has {', '.join(map(show, table.entries))}"
    )


def _any_poison(args: list[Any]) -> bool:
    return any(
        arg is POISON or (isinstance(arg, list) and any(item is POISON for item in arg)) for arg in args
    )


_RULES: dict[type[ast.ExprNode], Callable[[_Evaluator, Any], Any]] = {
    ast.Literal: _Evaluator.literal,
    ast.AbsentLiteral: _Evaluator.absent,
    ast.Measure: _Evaluator.measure,
    ast.Name: _Evaluator.name,
    ast.Attribute: _Evaluator.attribute,
    ast.IndexExpr: _Evaluator.index,
    ast.Slice: _Evaluator.slice,
    ast.CallExpr: _Evaluator.call,
    ast.Unary: _Evaluator.unary,
    ast.Binary: _Evaluator.binary,
    ast.Compare: _Evaluator.compare,
    ast.Logic: _Evaluator.logic,
    ast.IfExpr: _Evaluator.choice,
    ast.ListOf: _Evaluator.list_of,
    ast.TableOf: _Evaluator.table,
}
