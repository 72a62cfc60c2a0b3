"""The elaborator's tools: evaluates a tree in a context, and checks that the value has the wanted type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from gandsl.diagnostics import Label, Sink, Span
from gandsl.diagnostics.articles import a
from gandsl.frontend.algebra import TensorAlgebra
from gandsl.frontend.builder import Builder, Tally
from gandsl.frontend.context import Context
from gandsl.frontend.functions import functions
from gandsl.frontend.reporting import Reporter
from gandsl.frontend.values import Above, TensorValue, first_output
from gandsl.ir.op import Op, Port
from gandsl.ir.ops import OPS
from gandsl.ir.types import is_a
from gandsl.spec import tree as trees
from gandsl.spec.builtins import Builtin
from gandsl.spec.document import Document, NetworkDecl
from gandsl.spec.evaluate import evaluate
from gandsl.spec.expressions import Expr
from gandsl.spec.library import Library
from gandsl.spec.params import Declared, argument, evaluate_tree, resolve
from gandsl.spec.parse import parse
from gandsl.spec.scope import Budget, LetFunction, Scope
from gandsl.spec.tree import Entry, Scalar, Tree
from gandsl.spec.values import ABSENT, POISON, Absent, Poison, type_name

UnfoldBody = Callable[["Unfolder", trees.Mapping, Context, Above], tuple[Context, Any]]


class Unfolder:
    """What every form of node needs. One for each program of a network."""

    ops: Mapping[str, Op] = {name: op for name, op in OPS.items() if name != "input"}  # that a node may be
    reuses = True  # whether a node may be made again with the weights of another
    absent_outputs = False  # whether the first of a block's outputs may be absent, where it has others

    def __init__(
        self,
        document: Document,
        library: Library,
        reporter: Reporter,
        budget: Budget,
        family: Mapping[str, Any],
        tally: Tally,
        unfold_body: UnfoldBody,
    ) -> None:
        self.library = library
        self.reporter = reporter
        self.builder, self.builtins = self._made(reporter)
        self.budget = budget
        self.tally = tally
        self.growing = document.growth is not None
        self._unfold_body = unfold_body  # given, since blocks and folds, which bodies hold, hold bodies
        self._family = family  # level, level_size, levels, fading: known to every expression
        self._scopes: dict[int, Scope] = {}  # by document, of which a file may hold several

    def _made(self, reporter: Reporter) -> tuple[Builder, Mapping[str, Builtin]]:
        """What makes nodes, and the functions that an expression may call."""
        builder = Builder(reporter)
        builder.algebra = algebra = TensorAlgebra(builder)
        return builder, functions(algebra)

    def scope_of(self, document: Document) -> Scope:
        """What all expressions of a document see: its parameters and definitions, and the family's names."""
        scope = self._scopes.get(id(document))
        if scope is None:
            scope = self._scopes[id(document)] = Scope(None, self._family, self.builtins)
            for let in document.let.values():
                scope.values[let.name] = LetFunction(let.name, let.args, let.expr, scope)
            resolve(document.params, scope, self.reporter.diagnostics, self.budget)
        return scope

    def body(self, body: trees.Mapping, context: Context, above: Above) -> tuple[Context, Any]:
        """Unfold every node of a body: the context with their names in sight, and the last present one."""
        return self._unfold_body(self, body, context, above)

    def unfolding(self, entry: Entry, context: Context) -> AbstractContextManager[None]:
        """Around the work on one node of a body."""
        return self.builder.unfolding(context.at(entry.key), entry.key_span)

    def own(self, name: str, tree: Tree, context: Context) -> Any:
        """The value of a node that is an expression; POISON after reporting."""
        value = self.evaluate(tree, context)
        return value if value is POISON else self.builder.settle(value, name, context, tree.span)

    def kinds(self, port: Port) -> tuple[str, ...]:
        """The kinds that an op's port takes."""
        return self.builder.kinds(port)

    def network(self, name: str) -> NetworkDecl | None:
        """A network that may fill a slot."""
        return None

    def at(self, context: Context, tree: Tree | None = None) -> Sink:
        """The sink for what is wrong in this context; `tree` is what is evaluated."""
        return self.reporter.at(context, tree)

    # ---- expressions

    def evaluate(self, tree: Tree, context: Context) -> Any:
        """The value of a scalar or a list of them; POISON after reporting."""
        with self.builder.reading(context, tree.span):
            return evaluate_tree(tree, context.scope, self.at(context, tree), self.budget)

    def readable(self, scalar: Scalar, context: Context) -> bool:
        """Whether a text is an expression; reported if not."""
        return parse(scalar.text, scalar.span, self.at(context)) is not None

    def evaluate_expr(self, expr: Expr, context: Context) -> Any:
        with self.builder.reading(context, expr.span):
            return evaluate(expr, context.scope, self.at(context), self.budget)

    # ---- for a wanted type

    def condition(self, tree: Tree | None, context: Context, default: bool) -> bool | Poison:
        """A truth value, `default` where there is no condition, POISON after reporting."""
        if tree is None or trees.is_null(tree):
            return default
        value = first_output(self.evaluate(tree, context))
        if value is POISON or isinstance(value, bool):
            return value
        self.at(context).add("G0105", f"a condition is true or false, not {type_name(value)}", tree.span)
        return POISON

    def parameter(self, param: Declared, tree: Tree, context: Context, where: str) -> Any:
        """The value for a parameter of an op or a block, checked; POISON after reporting."""
        with self.builder.reading(context, tree.span):
            sink = self.at(context, tree)
            return first_output(argument(param, tree, context.scope, sink, self.budget, where))

    def tensor(
        self, tree: Tree, kinds: Sequence[str], context: Context, *, port: str, where: str
    ) -> TensorValue | Absent | Poison:
        """One tensor of one of `kinds`, ABSENT, or POISON after reporting."""
        return self.as_tensor(self.evaluate(tree, context), kinds, tree.span, context, port=port, where=where)

    def as_tensor(
        self,
        value: Any,
        kinds: Sequence[str],
        span: Span,
        context: Context,
        *,
        port: str,
        where: str,
        above: Above | None = None,
    ) -> TensorValue | Absent | Poison:
        """`value`, checked as by `tensor`; with `above` where the port reads the node above."""
        value = first_output(value)
        if value is None:  # an expression's `null`
            return ABSENT
        read, labels = (
            (f"`{above.name}` above it", [Label(above.span, "read from here")])
            if above and above.span
            else ("this", [])
        )
        if value is POISON or value is ABSENT:
            return value
        wanted = " or ".join(kinds)
        if not isinstance(value, TensorValue):
            self.at(context).add(
                "G0211",
                f"port `{port}` of {where} takes a tensor ({wanted}), "
                + (f"but {read} is {type_name(value)}" if labels else f"not {type_name(value)}"),
                span,
                secondary=labels,
                help=f"name the tensor it is to read: `{port}: NODE`" if labels else None,
            )
            return POISON
        if not any(is_a(value.type.kind, kind) for kind in kinds):
            self.at(context).add(
                "G0211",
                f"port `{port}` of {where} takes {a(wanted)}, but {read} is {a(value.type)}",
                span,
                secondary=labels,
                help=_conversion(value.type.kind, kinds),
            )
            return POISON
        return value


_CONVERSIONS = {
    ("Feature", "Vector"): "`flatten` or `global_pool` makes a vector of a feature",
    ("Vector", "Feature"): "`reshape` makes a feature of a vector",
    ("Label", "Vector"): "`embedding` or `one_hot` makes a vector of a label",
    ("Feature", "Tokens"): "`to_tokens` makes tokens of a feature",
    (
        "Tokens",
        "Feature",
    ): "`from_tokens` makes a feature of tokens; their mean is `reduce(t, 'mean', 'tokens')`",
    ("Styles", "Vector"): "pick one of the styles: `ws[0]`",
}


def _conversion(kind: str, wanted: Sequence[str]) -> str | None:
    for (source, target), hint in _CONVERSIONS.items():
        if is_a(kind, source) and target in wanted:
            return hint
    return None
