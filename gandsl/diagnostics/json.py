"""Diagnostics as JSON for other tools: form `gandsl.diagnostics`, which docs/diagnostics.md describes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gandsl.diagnostics.codes import CODES
from gandsl.diagnostics.diagnostic import Diagnostic
from gandsl.diagnostics.span import Span

VERSION = 1
"""Raised when a field is renamed, removed or given another meaning; new fields may come without."""


def to_json(diagnostics: Iterable[Diagnostic]) -> dict[str, Any]:
    """The whole report as plain data (dicts, lists, str, int, None), in the order given."""
    found = list(diagnostics)
    severities = [one.severity for one in found]
    return {
        "format": "gandsl.diagnostics",
        "version": VERSION,
        "counts": {name: severities.count(name) for name in ("error", "warning", "note")},
        "diagnostics": [_diagnostic(one) for one in found],
    }


def _diagnostic(found: Diagnostic) -> dict[str, Any]:
    row = CODES[found.code]
    return {
        "code": found.code,
        "severity": found.severity,
        "title": row.title,
        "message": found.message,
        "span": found.span and _span(found.span),
        "label": found.label,
        "secondary": [{"span": _span(label.span), "text": label.text} for label in found.secondary],
        "notes": list(found.notes),
        "help": found.help,
        "source": row.source,
    }


def _span(span: Span) -> dict[str, Any]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
