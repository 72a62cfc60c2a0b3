"""A line of IR text as tokens, read from left to right; what is wrong is raised at its token."""

from __future__ import annotations

import re
from typing import NamedTuple

from gandsl.diagnostics import Span
from gandsl.diagnostics.articles import a

_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*")
      | (?P<place>@\d{1,9}:\d{1,9}:\d{1,9}-\d{1,9}(?::\d{1,9})?)
      | (?P<size>[1-9]\d{0,8}(?:x[1-9]\d{0,8}){1,2})
      | (?P<float>[+-]?(?:\d+\.\d*(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|inf\b))
      | (?P<int>[+-]?\d{1,18}\b)
      | (?P<name>[^\W\d][\w.]*)
      | (?P<mark>[=():,<×\[\]{}])""",
    re.VERBOSE,
)
_SPACE = re.compile(r"[ \t\r]*")


class TextToken(NamedTuple):
    """A word, a number or a mark, and where it stands."""

    kind: str  # a group of _TOKEN, or "end"
    text: str
    span: Span


class WrongText(Exception):
    """What is wrong with a line, at a token."""

    def __init__(self, message: str, span: Span, help: str | None = None) -> None:
        super().__init__(message)
        self.message, self.span, self.help = message, span, help


def _past_space(text: str, start: int) -> int:
    space = _SPACE.match(text, start)
    assert space is not None  # it matches the empty text
    return space.end()


class TextLine:
    """The tokens of one line, read from left to right."""

    def __init__(self, text: str, file: str, number: int) -> None:
        self.tokens: list[TextToken] = []
        self.at = 0
        position = _past_space(text, 0)
        while position < len(text) and text[position] != "#":
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise WrongText(
                    f"`{text[position]}` means nothing here", Span.point(file, number, position + 1)
                )
            span = Span(file, number, position + 1, number, match.end() + 1)
            self.tokens.append(TextToken(match.lastgroup, match[0], span))
            position = _past_space(text, match.end())
        self.tokens.append(TextToken("end", "the end of the line", Span.point(file, number, position + 1)))

    @property
    def now(self) -> TextToken:
        return self.tokens[self.at]

    def opens(self, word: str) -> bool:
        """Whether this is a `word …` line, and not a node of that name (`word = …`)."""
        return self.tokens[0].text == word and self.tokens[1].text != "="

    def take(self, kind: str, what: str = "") -> TextToken:
        token = self.now
        if token.kind != kind or (kind == "mark" and token.text != what):
            raise WrongText(f"expected {what or a(kind)}, not `{token.text}`", token.span)
        self.at += 1
        return token

    def skip(self, text: str) -> bool:
        found = self.now.kind in ("mark", "name") and self.now.text == text
        self.at += found
        return found

    def end(self) -> None:
        if self.now.kind != "end":
            raise WrongText(f"expected the end of the line, not `{self.now.text}`", self.now.span)
