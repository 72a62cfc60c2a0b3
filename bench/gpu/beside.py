"""Ours beside the official code: ratios of time and memory for the same work."""

from __future__ import annotations

from bench.figures import ratio
from bench.gpu.entry import Entry, Group
from bench.gpu.results import FAILED, OK, Results, Row


def compare(group: Group, results: Results) -> None:
    """Add a row for each pair of which both were measured."""
    for entry in group.entries:
        if entry.beside and results.named(entry.name) and results.named(entry.beside):
            results.add(compared(group.name, entry, results))


def compared(group: str, entry: Entry, results: Results) -> Row:
    mine, theirs = results.named(entry.beside or ""), results.named(entry.name)
    assert mine and theirs
    name = f"{mine.name.replace('step ours', 'ours : official,')}"
    a, b = mine.found, theirs.found
    try:
        if abs(a["parameters"] - b["parameters"]) > b["parameters"] / 1000:
            raise SystemExit(f"{a['parameters']} parameters here, {b['parameters']} there")
        found = {
            "time": ratio("time", a["step ms"], b["step ms"]),
            "clock": ratio("time by the clock", a["wall ms"], b["wall ms"]),
            "memory": ratio("memory", a["peak GiB"], b["peak GiB"]),
        }
    except SystemExit as error:
        return Row(name, group, FAILED, why=str(error))
    return Row(name, group, OK, found=found)
