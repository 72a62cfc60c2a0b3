"""One row of the code table: what a diagnostic's number means, whatever spec it meets."""

from __future__ import annotations

from typing import Literal

from gandsl.records import dataclass

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Code:
    """A numbered kind of diagnostic. The number is stable: once published it is never used for anything else.

    ``means`` says what is wrong and why it matters, ``example`` is a piece of a spec that triggers the code,
    ``mend`` says how to put it right, ``source`` names the paper a warning rests on.
    """

    code: str
    severity: Severity
    title: str
    means: str
    example: str
    mend: str
    source: str | None = None

    @property
    def explanation(self) -> str:
        """The whole text behind the title, as `gandsl explain CODE` prints it (plain text, 80 columns)."""
        from inspect import cleandoc  # imported only when somebody reads an explanation
        from textwrap import fill, indent

        def paragraph(text: str) -> str:
            return fill(" ".join(text.split()), 80, break_long_words=False, break_on_hyphens=False)

        parts = [
            paragraph(self.means),
            "Example:\n\n" + indent(cleandoc(self.example).rstrip(), "    "),
            paragraph("How to mend it: " + self.mend),
        ]
        if self.source:
            parts.append(paragraph("Source: " + self.source))
        return "\n\n".join(parts)
