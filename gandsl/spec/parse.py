"""Reads expressions: tokens, and a parser by operator precedence (Pratt's), as deep as a spec may make it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from gandsl.diagnostics import Sink, Span
from gandsl.diagnostics.suggest import nearest
from gandsl.records import dataclass
from gandsl.spec.expressions import (
    CONSTANTS,
    KEYWORDS,
    UNITS,
    AbsentLiteral,
    Ast,
    Attribute,
    Binary,
    CallExpr,
    Compare,
    Expr,
    IfExpr,
    IndexExpr,
    ListOf,
    Literal,
    Logic,
    Measure,
    Name,
    Slice,
    TypeExpr,
    Unary,
    part_of,
)

MAX_LENGTH = 4096
MAX_TOKENS = 1000
MAX_NESTING = 40


class Token(NamedTuple):
    """A piece of the text; kind is one of number, text, name, op, end."""

    kind: str
    text: str
    start: int
    end: int


class _SyntaxError(Exception):
    def __init__(self, message: str, start: int, end: int, help: str | None = None) -> None:
        super().__init__(message)
        self.message, self.start, self.end, self.help = message, start, end, help


_TOKEN = re.compile(
    r"\s*(?:(?P<number>0x[0-9a-fA-F]+|0o[0-7]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"""|(?P<text>'[^'\n]*'|"[^"\n]*")"""
    r"|(?P<op>\*\*|//|==|!=|<=|>=|[-+*/%<>()\[\],.:])"
    r"|(?P<end>$)|(?P<bad>.))",
    re.DOTALL,
)
# characters of other languages → what to write here
_FOREIGN = {
    "=": "compare with `==`; there are no assignments",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`, or `!=`",
    "^": "write `**` for a power",
    "@": "write `matmul(a, b)`",
    "?": "write `x if c else y`",
    "{": "there are no mappings in expressions",
    "$": "write the name alone",
    "'": "the quote is not closed",
    '"': "the quote is not closed",
    "×": "write `*`",
    "÷": "write `/` or `//`",
    "≤": "write `<=`",
    "≥": "write `>=`",
    "≠": "write `!=`",
    "−": "write `-`",
}


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while True:
        match = _TOKEN.match(text, at)
        assert match and match.lastgroup
        kind, start, at = match.lastgroup, match.start(match.lastgroup), match.end()
        if kind == "bad":
            character = text[start]
            raise _SyntaxError(f"`{character}` means nothing here", start, start + 1, _FOREIGN.get(character))
        yield Token(kind, text[start:at], start, at)
        if kind == "end":
            return


_BINARY = {"+": 7, "-": 7, "*": 8, "/": 8, "//": 8, "%": 8, "**": 10}
_CLOSING = {"(": ")", "[": "]"}
_COMPARE = frozenset({"==", "!=", "<", "<=", ">", ">="})
_CHOICE, _OR, _AND, _NOT, _COMPARISON, _SIGN, _UNIT, _POSTFIX = 1, 2, 3, 4, 5, 9, 11, 12
_BINDS = {
    **_BINARY,
    **dict.fromkeys(_COMPARE, _COMPARISON),
    **dict.fromkeys((".", "[", "("), _POSTFIX),
    **{"if": _CHOICE, "else": 0, "or": _OR, "and": _AND},
    **dict.fromkeys(("not", "true", "false", "null", "absent"), _COMPARISON),
}


@dataclass(slots=True)
class _Parser:
    """Top-down operator precedence: `expression(level)` reads all that binds tighter than `level`."""

    text: str
    tokens: list[Token]
    at: int = 0
    depth: int = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += token.kind != "end"
        return token

    def accept(self, text: str) -> bool:
        found = self.next.text == text and self.next.kind in ("op", "name")
        self.at += found
        return found

    def close(self, bracket: str, opener: Token) -> int:
        token = self.next
        if self.accept(bracket):
            return token.end
        if token.kind == "end":
            raise self.unfinished()
        raise _SyntaxError(f"`{bracket}` or `,` is wanted, not `{token.text}`", token.start, token.end)

    def unfinished(self) -> _SyntaxError:
        """What to say of an expression that ends too soon."""
        opened: list[Token] = []
        for token in self.tokens:
            if token.kind == "op" and token.text in _CLOSING:
                opened.append(token)
            elif token.kind == "op" and token.text in (")", "]") and opened:
                opened.pop()
        if not opened:
            last = self.tokens[-2]
            return _SyntaxError(f"something is wanted behind `{last.text}`", last.start, last.end)
        last = opened[-1]
        help = f"add the missing `{_CLOSING[last.text]}`; in {{…}} and […] a value with a comma needs quotes"
        return _SyntaxError(f"`{last.text}` is not closed", last.start, last.end, help)

    def nested(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise _SyntaxError(f"nested more than {MAX_NESTING} deep", token.start, token.end)

    def expression(self, level: int = 0) -> Ast:
        depth = self.depth
        self.nested(self.next)
        left = self.prefix(self.take())
        while self.binds(self.next) > level:
            left = self.infix(left, self.take())
        self.depth = depth
        return left

    def binds(self, token: Token) -> int:
        """How tightly the token holds on to what stands before it; 0 ends the expression."""
        if token.kind == "op":
            return _BINDS.get(token.text, 0)
        if token.kind == "name":
            return _BINDS.get(token.text, _UNIT)
        return 0 if token.kind == "end" else _COMPARISON  # a second value: `infix` complains

    def prefix(self, token: Token) -> Ast:
        start, end, text = token.start, token.end, token.text
        match token.kind:
            case "number":
                return Literal(_number(token), start=start, end=end)
            case "text":
                return Literal(text[1:-1], start=start, end=end)
            case "name" if text in CONSTANTS:
                return Literal(CONSTANTS[text], start=start, end=end)
            case "name" if text == "absent":
                return AbsentLiteral(start=start, end=end)
            case "name" if text == "not":
                operand = self.expression(_NOT)
                return Unary("not", operand, start=start, end=operand.end)
            case "name" if text not in KEYWORDS:
                return Name(text, start=start, end=end)
            case "op" if text in ("-", "+"):
                operand = self.expression(_SIGN)
                return Unary(text, operand, start=start, end=operand.end)
            case "op" if text == "(":
                inner = self.expression()
                return replace(inner, start=start, end=self.close(")", token))
            case "op" if text == "[":
                items, end = self.listed("]", token)
                return ListOf(items, start=start, end=end)
            case "end":
                raise self.unfinished()
        raise _SyntaxError(f"a value is wanted here, not `{text}`", start, end)

    def infix(self, left: Ast, token: Token) -> Ast:
        text = token.text
        if token.kind == "op" and text in _BINARY:
            right = self.expression(_SIGN if text == "**" else _BINARY[text])  # `**` groups to the right
            return Binary(text, left, right, start=left.start, end=right.end)
        if token.kind == "op" and text in _COMPARE:
            return self.comparison(left, token)
        if token.kind == "op":
            return {".": self.attribute, "[": self.subscript, "(": self.call}[text](left, token)
        match text if token.kind == "name" else "":
            case "and" | "or":
                return self.logic(left, text)
            case "if":
                return self.choice(left, token)
            case "not":
                raise _SyntaxError("`not in` and the like do not exist", token.start, token.end)
            case _ if text in UNITS:
                self.nested(token)
                return Measure(left, text, start=left.start, end=token.end)
        near = nearest(text, UNITS) if token.kind == "name" else None
        help = (
            f"did you mean `{near}`?"
            if near
            else "numbers are written without `_`"
            if text[0] == "_"
            else None
        )
        raise _SyntaxError(f"an operator is wanted before `{text}`", token.start, token.end, help)

    def comparison(self, left: Ast, token: Token) -> Ast:
        operands, operators = [left], []
        while True:
            operators.append(token.text)
            operands.append(self.expression(_COMPARISON))
            token = self.next
            if token.kind != "op" or token.text not in _COMPARE:
                return Compare(tuple(operands), tuple(operators), start=left.start, end=operands[-1].end)
            self.take()

    def logic(self, left: Ast, word: str) -> Ast:
        level = _AND if word == "and" else _OR
        operands = [left, self.expression(level)]
        while self.accept(word):
            operands.append(self.expression(level))
        return Logic(word, tuple(operands), start=left.start, end=operands[-1].end)

    def choice(self, then: Ast, token: Token) -> Ast:
        condition = self.expression(_CHOICE)
        if not self.accept("else"):
            raise _SyntaxError("`if` has no `else`", token.start, token.end, "write `x if c else y`")
        otherwise = self.expression()
        return IfExpr(condition, then, otherwise, start=then.start, end=otherwise.end)

    def attribute(self, value: Ast, dot: Token) -> Ast:
        self.nested(dot)
        name = self.take()
        if name.kind != "name":
            at = name if name.kind != "end" else dot
            raise _SyntaxError("a name is wanted behind the dot", at.start, at.end)
        return Attribute(value, name.text, name.start, start=value.start, end=name.end)

    def subscript(self, value: Ast, opener: Token) -> Ast:
        self.nested(opener)
        low = None if self.next.text == ":" else self.expression()
        if self.accept(":"):
            high = None if self.next.text == "]" else self.expression()
            return Slice(value, low, high, start=value.start, end=self.close("]", opener))
        assert low is not None
        return IndexExpr(value, low, start=value.start, end=self.close("]", opener))

    def call(self, function: Ast, opener: Token) -> Ast:
        self.nested(opener)
        if not isinstance(function, Name):
            raise _SyntaxError("only a name can be called", opener.start, opener.end)
        args, end = self.listed(")", opener)
        return CallExpr(function.name, function.end, args, start=function.start, end=end)

    def listed(self, bracket: str, opener: Token) -> tuple[tuple[Ast, ...], int]:
        """Expressions between commas up to the closing bracket; a comma may follow the last."""
        items: list[Ast] = []
        while self.next.text != bracket:
            items.append(self.expression())
            if not self.accept(","):
                break
        return tuple(items), self.close(bracket, opener)


def _number(token: Token) -> int | float:
    text = token.text
    if text[:2] in ("0x", "0o"):
        return int(text, 0) if len(text) <= 40 else float("inf")
    return int(text) if text.isdigit() and len(text) <= 40 else float(text)


@lru_cache(maxsize=8192)
def _analyse(text: str) -> Ast | _SyntaxError:
    try:
        if len(text) > MAX_LENGTH:
            raise _SyntaxError(f"longer than {MAX_LENGTH} characters", 0, len(text))
        tokens = list(_tokens(text))
        if len(tokens) > MAX_TOKENS:
            raise _SyntaxError(f"made of more than {MAX_TOKENS} parts", 0, len(text))
        if len(tokens) == 1:
            raise _SyntaxError("an expression is wanted, and nothing is written", 0, len(text))
        parser = _Parser(text, tokens)
        root = parser.expression()
        if parser.next.kind != "end":
            left = parser.next
            raise _SyntaxError(f"`{left.text}` cannot follow here", left.start, left.end)
        return root
    except _SyntaxError as error:
        return error.with_traceback(None)  # the cache shall not hold frames


def parse(text: str, span: Span, diagnostics: Sink) -> Expr | None:
    """Read an expression; `span` is its scalar's. Reports G0101 at the very token and returns None."""
    found = _analyse(text)
    if isinstance(found, _SyntaxError):
        diagnostics.add("G0101", found.message, part_of(text, span, found.start, found.end), help=found.help)
        return None
    return Expr(found, text, span)


_TYPE = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(\[.*)?", re.DOTALL)


def parse_type(text: str, span: Span, diagnostics: Sink) -> TypeExpr | None:
    """Read the type of a port. Reports G0216 or G0101 at the very token and returns None if it is none."""
    found = _TYPE.fullmatch(text)
    if found is None:
        help = "write a kind, such as `Feature`, or a kind and its shape: `Image[3, resolution]`"
        diagnostics.add("G0216", f"`{text}` is not a type", span, help=help)
        return None
    kind_span = part_of(text, span, found.start(1), found.end(1))
    if found[2] is None:
        return TypeExpr(found[1], kind_span, None)
    blank = " " * found.start(2)  # in place of the kind, so that offsets stay those of the whole text
    listed = parse(blank + text[found.start(2) :], span, diagnostics)
    if listed is None:
        return None
    if not isinstance(listed.root, ListOf):
        help = "write a kind and its shape: `Image[3, resolution]`"
        diagnostics.add("G0216", f"`{text}` is not a type", span, help=help)
        return None
    return TypeExpr(found[1], kind_span, tuple(Expr(item, text, span) for item in listed.root.items))
