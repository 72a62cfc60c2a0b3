"""One message to the user: a code, a sentence, the place, and other places that explain it."""

from __future__ import annotations

from gandsl.diagnostics.code import Code, Severity
from gandsl.diagnostics.errors import InvariantError
from gandsl.diagnostics.span import Span
from gandsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that explains the first, and what it has to do with it."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message: a code of the table, a plain sentence, and where it happened."""

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None

    def __post_init__(self) -> None:
        if _row(self.code) is None:
            raise InvariantError(f"diagnostic code {self.code} is not in the table")

    @property
    def severity(self) -> Severity:
        """Taken from the code table: a code is always an error, a warning or a note."""
        row = _row(self.code)
        assert row is not None
        return row.severity


def _row(code: str) -> Code | None:
    from gandsl.diagnostics.codes import CODES  # imported only where something is said

    return CODES.get(code)
