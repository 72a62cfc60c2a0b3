"""The collector, the exceptions and the span's arithmetic."""

from __future__ import annotations

import pytest

from gandsl.diagnostics import Diagnostics, InvariantError, Span, SpecError


def test_sorted_by_place_with_the_placeless_last() -> None:
    found = Diagnostics()
    found.add("G0612", "no place")
    found.add("G0201", "third", Span.point("b.yaml", 1))
    found.add("W0701", "second", Span.point("a.yaml", 10, 1))
    found.add("G0202", "first", Span.point("a.yaml", 9, 40))
    assert [one.message for one in found] == ["first", "second", "third", "no place"]
    assert [one.message for one in found.errors] == ["first", "third", "no place"]
    assert [one.message for one in found.warnings] == ["second"]


def test_same_message_at_same_place_is_kept_once() -> None:
    found = Diagnostics()
    for label in ("x", "x", "y"):
        found.add("G0201", "m", Span.point("a"), label=label)
    assert [one.label for one in found] == ["x", "y"]
    assert len(found) == 2


def test_limit_keeps_errors_whatever_the_number_of_warnings() -> None:
    found = Diagnostics(limit=3)
    for line in range(1, 11):
        found.add("W0703", "w", Span.point("a", line))
    assert not found.has_errors
    found.add("G0201", "e", Span.point("a", 99))
    assert found.has_errors and len(found.errors) == 1 and len(found.warnings) == 3
    *_, last = found
    assert (last.code, last.severity) == ("G0000", "note")
    assert last.span is not None and last.label == "the first of them"
    assert last.message == "7 more messages left out; mend these first"
    assert len(found) == len(list(found)) == 5


def test_the_exception_carries_everything_and_quotes_the_source() -> None:
    found = Diagnostics({"a.yaml": "opp: conv"})
    found.add("W0701", "a warning")
    assert not found.has_errors
    found.add("G0008", "unknown field `opp`", Span("a.yaml", 1, 1, 1, 4), help="did you mean `op`?")
    assert found.has_errors
    error = SpecError(found, found.sources)
    assert [one.code for one in error.diagnostics] == ["G0008", "W0701"]
    assert "1│ opp: conv\n │ ^^^\n = help: did you mean `op`?" in str(error)


def test_extend_takes_messages_made_elsewhere() -> None:
    first, second = Diagnostics(), Diagnostics()
    first.add("G0201", "m")
    second.extend(first)
    assert list(second) == list(first)


def test_a_code_outside_the_table_is_our_bug() -> None:
    with pytest.raises(InvariantError, match=r"(?s)G9999 is not in the table.*bug in gandsl"):
        Diagnostics().add("G9999", "m")


def test_span_parts() -> None:
    span = Span("a", 3, 10, 3, 20)
    assert span.part(2, 5) == Span("a", 3, 12, 3, 15)
    assert span.part(2, 2) == Span.point("a", 3, 12)
    assert Span.point("a", 1, 4).to(span) == Span("a", 1, 4, 3, 20)
    assert str(span) == "a:3:10"
