"""Diagnostics as SARIF 2.1.0, which code hosts and editors show at the lines concerned."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from gandsl.diagnostics.codes import CODES, Code
from gandsl.diagnostics.diagnostic import Diagnostic, Label
from gandsl.diagnostics.span import Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def to_sarif(diagnostics: Iterable[Diagnostic]) -> dict[str, Any]:
    """One SARIF log with one run; its rules are the rows of the code table that occur."""
    from gandsl.version import __version__

    found = list(diagnostics)
    rules = sorted({one.code for one in found})
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "gandsl",
                        "semanticVersion": __version__,
                        "rules": [_rule(CODES[code]) for code in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, rules.index(one.code)) for one in found],
            }
        ],
    }


def render_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """`to_sarif` as text, indented; no line break at the end."""
    from json import dumps

    return dumps(to_sarif(diagnostics), indent=2, ensure_ascii=False)


def _rule(row: Code) -> dict[str, Any]:
    return {
        "id": row.code,
        "shortDescription": {"text": row.title},
        "fullDescription": {"text": row.explanation},
        "defaultConfiguration": {"level": row.severity},  # SARIF's levels have the same names
    }


def _result(found: Diagnostic, rule: int) -> dict[str, Any]:
    """A result's text is all there is to read in most viewers, so it holds the label, notes and help too."""
    message = f"{found.message} ({found.label})" if found.label else found.message
    remarks = [*found.notes, f"help: {found.help}"] if found.help else list(found.notes)
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": found.severity,
        "message": {"text": "\n".join([message, *remarks])},
    }
    if found.span:
        result["locations"] = [_location(found.span)]
    if found.secondary:
        result["relatedLocations"] = [_related(label) for label in found.secondary]
    return result


def _related(label: Label) -> dict[str, Any]:
    return _location(label.span) | {"message": {"text": label.text}}


def _location(span: Span) -> dict[str, Any]:
    path = PurePath(span.file)
    name = path.as_posix().encode("utf-8", "surrogateescape")  # a name may be no UTF-8
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": path.as_uri() if path.is_absolute() else quote(name)},
            "region": {
                "startLine": span.line,
                "startColumn": span.column,
                "endLine": span.end_line,
                "endColumn": span.end_column,
            },
        }
    }
