"""JSON and SARIF: what other tools read."""

from __future__ import annotations

import json

import pytest

from gandsl.diagnostics import Diagnostic, Diagnostics, Label, Span
from gandsl.diagnostics.json import to_json
from gandsl.diagnostics.sarif import render_sarif
from gandsl.diagnostics.text import render_text

FOUND = [
    Diagnostic(
        "G0212",
        "channels differ",
        Span("my specs/a.yaml", 7, 31, 7, 35),
        "256",
        (Label(Span("/base.yaml", 1, 2, 3, 4), "512"),),
        ("in stage s8",),
        "make them equal",
    ),
    Diagnostic("W0722", "batch of 4"),
]


def test_json() -> None:
    assert json.loads(json.dumps(to_json(FOUND))) == {
        "format": "gandsl.diagnostics",
        "version": 1,
        "counts": {"error": 1, "warning": 1, "note": 0},
        "diagnostics": [
            {
                "code": "G0212",
                "severity": "error",
                "title": "terms have different channels",
                "message": "channels differ",
                "span": {"file": "my specs/a.yaml", "line": 7, "column": 31, "end_line": 7, "end_column": 35},
                "label": "256",
                "secondary": [
                    {
                        "span": {
                            "file": "/base.yaml",
                            "line": 1,
                            "column": 2,
                            "end_line": 3,
                            "end_column": 4,
                        },
                        "text": "512",
                    }
                ],
                "notes": ["in stage s8"],
                "help": "make them equal",
                "source": None,
            },
            {
                "code": "W0722",
                "severity": "warning",
                "title": "batch normalization with a small batch",
                "message": "batch of 4",
                "span": None,
                "label": "",
                "secondary": [],
                "notes": [],
                "help": None,
                "source": "Wu and He 2018, Group Normalization, figure 1 (arXiv:1803.08494)",
            },
        ],
    }


def test_sarif() -> None:
    log = json.loads(render_sarif(FOUND))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "gandsl"
    first, second = run["results"]
    assert first["ruleId"] == driver["rules"][first["ruleIndex"]]["id"] == "G0212"
    assert second["ruleId"] == driver["rules"][second["ruleIndex"]]["id"] == "W0722"
    assert (first["level"], second["level"]) == ("error", "warning")
    assert first["message"]["text"] == "channels differ (256)\nin stage s8\nhelp: make them equal"
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "my%20specs/a.yaml"},
                "region": {"startLine": 7, "startColumn": 31, "endLine": 7, "endColumn": 35},
            }
        }
    ]
    (related,) = first["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "file:///base.yaml"
    assert related["message"]["text"] == "512"
    assert "locations" not in second
    assert "How to mend it" in driver["rules"][0]["fullDescription"]["text"]


def test_no_messages_is_a_valid_report() -> None:
    assert to_json([])["diagnostics"] == []
    assert json.loads(render_sarif([]))["runs"][0]["results"] == []


@pytest.mark.parametrize("folder", ["", "/tmp/x/"])
def test_a_file_of_any_name(folder: str) -> None:
    """Names may hold line breaks, what moves a cursor, and bytes that are no UTF-8."""
    file = f"{folder}bad\udcff\n\x1b[31m ü.yaml"
    found = Diagnostics()
    found.add("G0008", "unknown field `zzz`", Span(file, 1, 1, 1, 4))
    found.sources[file] = "zzz: 1\n"
    (result,) = json.loads(render_sarif(found))["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.endswith("bad%FF%0A%1B%5B31m%20%C3%BC.yaml")
    assert to_json(found)["diagnostics"][0]["span"]["file"] == file
    shown = render_text(found, found.sources)
    assert "bad���[31m ü.yaml:1:1" in shown
    assert all(char.isprintable() or char == "\n" for char in shown)
