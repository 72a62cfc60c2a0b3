"""Reporting from inside an unfolding network: points at the user's text, says by which way, says it once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gandsl.diagnostics import Diagnostics, Label, Span
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend.context import Context

_NUMBER = re.compile(r"\d+")


class Enough(Exception):
    """As many errors as are shown have been found; ends the elaboration."""


class Report:
    """A block unfolds many times; what is wrong in it is reported for the first time only."""

    def __init__(self, diagnostics: Diagnostics, network: str, library_root: str) -> None:
        self.diagnostics = diagnostics
        self.network = network
        self._library_root = library_root
        self._said: set[tuple[str, Span, str]] = set()

    def __call__(
        self,
        context: Context,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        secondary: Sequence[tuple[Span, str]] = (),
        notes: Sequence[str] = (),
        help: str | None = None,
    ) -> None:
        """Add a diagnostic; in the standard library's text it moves to the user's line that led there."""
        labels = [Label(*pair) for pair in secondary]
        for frame in context.frames:
            if not self.in_library(span):
                break
            labels.append(Label(span, "here in the standard library"))
            span = frame.span
        said = (code, span, _NUMBER.sub("", message))  # once, though sizes differ from stage to stage
        if said in self._said:
            return
        self._said.add(said)
        if self.diagnostics.is_full:
            raise Enough
        self.diagnostics.add(
            code,
            message,
            span,
            label=label,
            secondary=labels[:3],
            notes=(*notes, *(() if code.startswith("W") else self._way(context))),
            help=help,
        )

    def in_library(self, span: Span) -> bool:
        return span.file.startswith(self._library_root)

    def _way(self, context: Context) -> list[str]:
        frames = [frame for frame in context.frames if not self.in_library(frame.span)]
        if not frames:
            return []
        steps = ", ".join(
            f"{frame.what} ({frame.span.file}:{frame.span.line}:{frame.span.column})" for frame in frames[:3]
        )
        return [f"in {steps} of the {self.network}"]

    def unknown(
        self, context: Context, code: str, what: str, name: str, span: Span, candidates: Sequence[str]
    ) -> None:
        """`there is no op `cnov``, with a hint from the names there are."""
        self(context, code, f"there is no {what} `{name}`", span, help=did_you_mean(name, candidates))
