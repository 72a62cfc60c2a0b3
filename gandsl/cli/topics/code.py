"""Explains a diagnostic's code."""

from __future__ import annotations

from gandsl.cli.topics.topic import Topic
from gandsl.diagnostics.codes import CODES


def find(name: str, width: int) -> Topic | None:
    """`G0212`, in any case."""
    row = CODES.get(name.upper())
    if row is None:
        return None
    facts = {
        "severity": row.severity,
        "title": row.title,
        "explanation": row.explanation,
        "source": row.source,
    }
    return Topic("code", row.code, f"{row.code}: {row.title} ({row.severity})\n\n{row.explanation}", facts)


def names() -> dict[str, str]:
    """Every code and its title."""
    return {code: row.title for code, row in CODES.items()}
