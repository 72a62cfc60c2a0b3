"""The collector of messages, the sink that it is to a stage, and the exception that carries them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from typing import Protocol

from gandsl.diagnostics.code import Severity
from gandsl.diagnostics.diagnostic import Diagnostic, Label
from gandsl.diagnostics.span import Span
from gandsl_runtime.errors import Error

Sources = MutableMapping[str, str]
"""File (as spans name it, pseudo files such as ``--set`` included) → its text."""


class Sink(Protocol):
    """Where a stage puts its messages. `Diagnostics` is one; the frontend makes one for each context."""

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
    ) -> object:
        """Record one message."""


class Unheard:
    """A sink for what is only tried: that it was wrong shows in what comes of it."""

    def add(self, *args: object, **others: object) -> None:
        """Nothing is recorded, nor looked up."""


class Diagnostics:
    """Collects messages from every stage of the front half: each once, in order of place.

    Readers put the text of each file they open into `sources`, from where the text renderer quotes it.
    At most `limit` messages of each severity are kept; a closing note says how many were left out.
    """

    def __init__(self, sources: Sources | None = None, limit: int = 200) -> None:
        self.sources: Sources = {} if sources is None else sources
        self._limit = limit
        self._kept: dict[Severity, dict[Diagnostic, None]] = {"error": {}, "warning": {}, "note": {}}
        self._left_out: list[Diagnostic] = []

    def add(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        label: str = "",
        secondary: Sequence[Label] = (),
        notes: Sequence[str] = (),
        help: str | None = None,
    ) -> Diagnostic:
        """Record one message and return it. `code` must be in the table (gandsl/diagnostics/catalogue)."""
        found = Diagnostic(code, message, span, label, tuple(secondary), tuple(notes), help)
        self._keep(found)
        return found

    def extend(self, others: Iterable[Diagnostic]) -> None:
        """Record messages made elsewhere."""
        for other in others:
            self._keep(other)

    def _keep(self, found: Diagnostic) -> None:
        kept = self._kept[found.severity]
        if found in kept:
            return
        if len(kept) >= self._limit:
            self._left_out.append(found)
        else:
            kept[found] = None

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The errors, in order of place."""
        return tuple(sorted(self._kept["error"], key=_place))

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """The warnings, in order of place."""
        return tuple(sorted(self._kept["warning"], key=_place))

    @property
    def has_errors(self) -> bool:
        """Whether anything found so far forbids going on."""
        return bool(self._kept["error"])

    @property
    def is_full(self) -> bool:
        """Whether no more errors are kept, so that a stage may stop looking for them."""
        return len(self._kept["error"]) >= self._limit

    def __iter__(self) -> Iterator[Diagnostic]:
        """Everything, in order of place, and the closing note if messages were left out."""
        yield from sorted((found for kept in self._kept.values() for found in kept), key=_place)
        if self._left_out:
            count, first = len(self._left_out), min(self._left_out, key=_place)
            message = f"{count} more message{'s' * (count != 1)} left out; mend these first"
            yield Diagnostic("G0000", message, first.span, "the first of them" if first.span else "")

    def __len__(self) -> int:
        return sum(map(len, self._kept.values())) + bool(self._left_out)


def _place(found: Diagnostic) -> tuple[bool, Span, str, str]:
    return found.span is None, found.span or Span("", 0, 0, 0, 0), found.code, found.message


class SpecError(Error):
    """The spec (or another input of the user's) is wrong. Carries every diagnostic that was found."""

    def __init__(self, diagnostics: Iterable[Diagnostic], sources: Sources | None = None) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        self.sources: Sources = {} if sources is None else sources
        super().__init__(self.diagnostics, self.sources)

    def __str__(self) -> str:
        from gandsl.diagnostics.text import render_text  # here, since few messages are ever shown

        return render_text(self.diagnostics, self.sources)
