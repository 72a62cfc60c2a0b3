"""Parameters and `let` as a spec declares them."""

from __future__ import annotations

import re

from gandsl.diagnostics import Diagnostics, Unheard
from gandsl.spec import shapes
from gandsl.spec.builtins import BUILTINS
from gandsl.spec.document import LetDecl, ParamDecl
from gandsl.spec.expressions import Expr, Name, TableOf
from gandsl.spec.fields import entries_in, expression, read_fields, text_in
from gandsl.spec.names import check_name
from gandsl.spec.params import TYPES
from gandsl.spec.parse import parse
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree


def params(given: dict[str, Tree], diagnostics: Diagnostics) -> dict[str, ParamDecl]:
    """The parameters under `params`, of a spec or a block."""
    entries = entries_in(given, "params")
    names = {entry.key for entry in entries}
    return {entry.key: _param(entry, names, diagnostics) for entry in entries}


def short_type(tree: Tree, names: set[str]) -> str:
    """The type of a parameter written as its default alone. `names`: those an expression may start from."""
    if isinstance(tree, Sequence):
        kinds = {type(item.value) if isinstance(item, Scalar) else Mapping for item in tree.items}
        return "ints" if kinds == {int} else "floats" if kinds in ({float}, {int, float}) else "any"
    if not isinstance(tree, Scalar):
        return "any"
    if isinstance(tree.value, str):
        expr = parse(tree.text, tree.span, Unheard())
        word = expr is None or (isinstance(expr.root, Name) and expr.root.name not in names)
        return "str" if word else "any"
    return {bool: "bool", int: "int", float: "float"}.get(type(tree.value), "any")


def _param(entry: Entry, names: set[str], diagnostics: Diagnostics) -> ParamDecl:
    tree = entry.value
    if isinstance(tree, Scalar) and tree.text in TYPES:  # `channels: int`: to be given
        return ParamDecl(entry.key, tree.text, None, None, None, (), "", entry.key_span, tree.span)
    if not isinstance(tree, Mapping):
        return ParamDecl(
            entry.key, short_type(tree, names), tree, None, None, (), "", entry.key_span, tree.span
        )
    errors = len(diagnostics)
    given = read_fields(shapes.PARAM, tree, entry.key_span, diagnostics) or {}
    type_tree = given.get("type")
    kind = type_tree.text if isinstance(type_tree, Scalar) else "any"
    choices = given.get("choices")
    listed = choices.items if isinstance(choices, Sequence) else ()
    decl = ParamDecl(
        name=entry.key,
        type=kind,
        default=given.get("default"),
        minimum=_bound(given.get("min"), diagnostics),
        maximum=_bound(given.get("max"), diagnostics),
        choices=tuple(item.text for item in listed if isinstance(item, Scalar)),
        doc=text_in(given, "doc"),
        span=entry.key_span,
        type_span=type_tree.span if type_tree else entry.key_span,
    )
    _consistent(decl, tree, diagnostics)
    if len(diagnostics) == errors:
        return decl
    return ParamDecl(
        decl.name, "any", decl.default, None, None, (), decl.doc, decl.span, decl.type_span, True
    )


def _bound(tree: Tree | None, diagnostics: Diagnostics) -> float | Expr | None:
    if isinstance(tree, Scalar) and isinstance(tree.value, int | float):
        return tree.value
    return expression(tree, diagnostics)


_CHOOSABLE = frozenset({"enum", "int", "float", "str", "size"})
_ORDERED = frozenset({"int", "float", "size", "ints", "floats", "sizes"})


def _consistent(decl: ParamDecl, tree: Mapping, diagnostics: Diagnostics) -> None:
    def refuse(field: str, message: str, help: str | None = None) -> None:
        diagnostics.add("G0506", message, tree.entries[field].key_span, help=help)

    if decl.type == "enum" and not decl.choices and "choices" not in tree:
        refuse("type", f"the enum `{decl.name}` has no `choices`", "add `choices: [one, other]`")
    elif decl.type == "enum" and not decl.choices:
        refuse("choices", f"`choices` of `{decl.name}` are empty")
    elif decl.choices and decl.type not in _CHOOSABLE:
        refuse(
            "choices",
            f"`choices` belong to an enum, and `{decl.name}` is of type {decl.type}",
            "write `type: enum`",
        )
    for field, bound in (("min", decl.minimum), ("max", decl.maximum)):
        if bound is not None and decl.type not in _ORDERED:
            refuse(
                field, f"`{decl.name}` is of type {decl.type}, which has no order: `{field}` means nothing"
            )
    low, high = decl.minimum, decl.maximum
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        refuse("max", f"`max` of `{decl.name}` is below its `min`")


_HEAD = re.compile(r"\s*([^\s(]+)\s*(?:\(([^()]*)\)\s*)?")


def lets(
    given: dict[str, Tree], params: dict[str, ParamDecl], diagnostics: Diagnostics
) -> dict[str, LetDecl]:
    """What stands under `let`, by name; a name that is a parameter too, or stands twice, is reported."""
    found: dict[str, LetDecl] = {}
    for entry in entries_in(given, "let"):
        head = _HEAD.fullmatch(entry.key)
        if head is None:
            help = "write `name: expression` or `name(a, b): expression`"
            diagnostics.add("G0011", f"`{entry.key}` is no name or function head", entry.key_span, help=help)
            continue
        name, args = (
            head[1],
            tuple(arg.strip() for arg in head[2].split(",")) if (head[2] or "").strip() else (),
        )
        names_fit = all([check_name(word, entry.key_span, diagnostics) for word in (name, *args)])
        if not names_fit:
            continue
        if head[2] is not None and not args:
            diagnostics.add("G0011", f"`{name}` has no arguments: write it without `()`", entry.key_span)
        if len(set(args)) < len(args):
            diagnostics.add("G0011", f"`{name}` has two arguments of the same name", entry.key_span)
        if args and name in BUILTINS:
            diagnostics.add("G0011", f"`{name}` is a function of the language", entry.key_span)
        earlier = found.get(name) or params.get(name)
        if earlier:
            message = f"`{name}` is defined twice, as a {'let' if name in found else 'parameter'} and here"
            diagnostics.add("G0404", message, entry.key_span)
        found[name] = LetDecl(name, args, _value(entry, args, diagnostics), entry.key_span)
    return found


def _value(entry: Entry, args: tuple[str, ...], diagnostics: Diagnostics) -> Expr | None:
    """What a `let` is: an expression, or a table of them."""
    if not isinstance(entry.value, Mapping):
        return expression(entry.value, diagnostics)
    if args or not entry.value.entries:
        message = "a table has no arguments" if args else f"the table `{entry.key}` has no entries"
        diagnostics.add("G0011" if args else "G0013", message, entry.value.span)
        return None
    found: dict[int | float | str, Expr] = {}
    for each in entry.value:
        key = _key(each.key)
        if key in found:
            diagnostics.add("G0404", f"`{each.key}` stands twice in this table", each.key_span)
        if (expr := expression(each.value, diagnostics)) is None:
            if not isinstance(each.value, Scalar | Sequence):
                diagnostics.add("G0010", "a value is wanted here, not a mapping", each.value.span)
            return None
        found[key] = expr
    return Expr(TableOf(tuple(found.items()), start=0, end=0), "", entry.value.span)


def _key(text: str) -> int | float | str:
    """A key of a table: a number where it is one."""
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number
