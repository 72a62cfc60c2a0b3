"""Where an unfolding network puts its messages: each at the user's text, with the way there, and once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gandsl.diagnostics import Diagnostics, Label, Sink, Span
from gandsl.frontend.context import Context
from gandsl.frontend.references import names_of, scalars_of
from gandsl.records import dataclass
from gandsl.spec.tree import Tree

_NUMBER = re.compile(r"\d+")


class Enough(Exception):
    """As many errors as are shown have been found; ends the elaboration."""


class Reporter:
    """A block unfolds many times; what is wrong in it is reported for the first time only."""

    def __init__(self, diagnostics: Diagnostics, network: str, library_root: str) -> None:
        self.diagnostics = diagnostics
        self.network = network
        self._library_root = library_root
        self._said: set[tuple[str, Span, str]] = set()

    def at(self, context: Context, tree: Tree | None = None) -> Sink:
        """The sink for what is wrong in this context; `tree` is what is evaluated."""
        return _Placed(self, context, tree)

    def in_library(self, span: Span) -> bool:
        """Whether a place lies in the standard library's text."""
        return span.file.startswith(self._library_root)

    def is_news(self, code: str, span: Span, message: str) -> bool:
        """Whether this is said for the first time, though sizes differ from stage to stage."""
        said = (code, span, _NUMBER.sub("", message))
        if said in self._said:
            return False
        self._said.add(said)
        return True


@dataclass(frozen=True)
class _Placed:
    """Adds the way to this place; what is wrong in the standard library is told at the user's line."""

    reporter: Reporter
    context: Context
    tree: Tree | None

    def add(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        secondary: Sequence[Label] = (),
        notes: Sequence[str] = (),
        help: str | None = None,
    ) -> None:
        labels = [*secondary]
        if code == "G0113" and self.tree is not None:
            labels = [*reasons(self.tree, self.context), *labels]
        for frame in self.context.frames:
            if not self.reporter.in_library(span):
                break
            labels.append(Label(span, "here in the standard library"))
            span = frame.span
        if not self.reporter.is_news(code, span, message):
            return
        if self.reporter.diagnostics.is_full:
            raise Enough
        notes = (*notes, *(() if code.startswith("W") else self._way()))
        self.reporter.diagnostics.add(
            code, message, span, label=label, secondary=labels[:3], notes=notes, help=help
        )

    def _way(self) -> list[str]:
        frames = [frame for frame in self.context.frames if not self.reporter.in_library(frame.span)]
        if not frames:
            return []
        steps = ", ".join(
            f"{frame.what} ({frame.span.file}:{frame.span.line}:{frame.span.column})" for frame in frames[:3]
        )
        return [f"in {steps} of the {self.reporter.network}"]


def reasons(tree: Tree, context: Context) -> list[Label]:
    """Where and why what an expression names is absent."""
    names = dict.fromkeys(name for scalar in scalars_of(tree) for name, _ in names_of(scalar))
    return [context.absent[name] for name in names if name in context.absent]
