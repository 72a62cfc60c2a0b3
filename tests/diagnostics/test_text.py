"""The terminal form of diagnostics: every shape of it as a text that somebody has read."""

from __future__ import annotations

from textwrap import dedent

from hypothesis import given
from hypothesis import strategies as st

from gandsl.diagnostics import Diagnostic, Label, Span
from gandsl.diagnostics.excerpt import width
from gandsl.diagnostics.text import render_text, summary

SPEC = "\n".join(
    [
        "gandsl: 1",
        "name: mine",
        "blocks:",
        "  res:",
        "    body:",
        "      conv: {op: conv, x: x, channels: channels / 2}",
        "      sum:  {op: add, terms: [conv, x]}",
        "training:",
        "  batch: 4",
        "",
        "",
        "after: 1",
    ]
)


def at(line: int, text: str, file: str = "mine.yaml", source: str = SPEC) -> Span:
    """The span of `text` on `line` of the source."""
    column = source.splitlines()[line - 1].index(text) + 1
    return Span(file, line, column, line, column + len(text))


def shown(found: Diagnostic, source: str = SPEC, **options: object) -> str:
    return render_text([found], {"mine.yaml": source}, **options)  # type: ignore[arg-type]


def golden(text: str) -> str:
    return dedent(text).strip("\n")


def test_whole_form() -> None:
    found = Diagnostic(
        "G0212",
        "the terms of a sum have 256 and 512 channels",
        at(7, "conv"),
        "256 channels at res = 32",
        (Label(at(6, "channels / 2"), "halved here"),),
        ("in block `res`, used by stage s32 of the discriminator's stages (mine.yaml:18:5)",),
        "a residual sum needs equal channels: did you mean `channels`?",
    )
    assert shown(found) == golden("""
        error[G0212]: the terms of a sum have 256 and 512 channels
         ┌─ mine.yaml:7:31
        6│       conv: {op: conv, x: x, channels: channels / 2}
         │                                        ------------ halved here
        7│       sum:  {op: add, terms: [conv, x]}
         │                               ^^^^ 256 channels at res = 32
         = note: in block `res`, used by stage s32 of the discriminator's stages
                 (mine.yaml:18:5)
         = help: a residual sum needs equal channels: did you mean `channels`?
        """)


def test_lines_far_apart_and_two_marks_on_one_line() -> None:
    found = Diagnostic(
        "G0212", "m", at(7, "conv"), "a", (Label(at(7, "x]").part(0, 1), "b"), Label(at(2, "mine"), "c"))
    )
    assert shown(found) == golden("""
        error[G0212]: m
         ┌─ mine.yaml:7:31
        2│ name: mine
         │       ---- c
         ·
        7│       sum:  {op: add, terms: [conv, x]}
         │                               ^^^^ a
         │                                     - b
        """)


def test_other_files_quoted_or_gone() -> None:
    found = Diagnostic(
        "G0404",
        "`width` exists already",
        Span("patch.yaml", 2, 1, 2, 6),
        "added here",
        (
            Label(Span("base.yaml", 10, 3, 10, 8), "declared here"),
            Label(Span("gone.yaml", 4, 1, 4, 2), "and here"),
        ),
    )
    base = "\n" * 9 + "  width: 64\n"
    assert render_text([found], {"patch.yaml": "params:\nwidth: 32", "base.yaml": base}) == golden("""
        error[G0404]: `width` exists already
          ┌─ patch.yaml:2:1
         2│ width: 32
          │ ^^^^^ added here
          ┌─ base.yaml:10:3
        10│   width: 64
          │   ----- declared here
          ┌─ gone.yaml:4:1
          │ and here
        """)


def test_without_a_place() -> None:
    assert shown(Diagnostic("G0612", "no generator", help="add one")) == golden("""
        error[G0612]: no generator
        = help: add one
        """)


def test_behind_the_end_of_the_file() -> None:
    assert shown(Diagnostic("G0003", "unexpected end", Span.point("mine.yaml", 99), "here")) == golden("""
        error[G0003]: unexpected end
          ┌─ mine.yaml:99:1
          │ here
        """)


def test_behind_the_end_of_a_line() -> None:
    assert shown(Diagnostic("G0003", "unexpected end", Span.point("mine.yaml", 2, 11), "here")) == golden("""
        error[G0003]: unexpected end
         ┌─ mine.yaml:2:11
        2│ name: mine
         │           ^ here
        """)


def test_span_of_several_lines_ends_at_its_own_last_character() -> None:
    block = Span("mine.yaml", 4, 3, 8, 1)  # a YAML block ends where the next key begins
    assert shown(Diagnostic("W0704", "block never used", block, "this one")) == golden("""
        warning[W0704]: block never used
         ┌─ mine.yaml:4:3
        4│   res:
         │   ^^^^
         ·
        7│       sum:  {op: add, terms: [conv, x]}
         │       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this one
        """)


def test_span_over_blank_lines_is_one_line() -> None:
    assert shown(Diagnostic("G0602", "m", Span("mine.yaml", 9, 3, 12, 1), "wrong")) == golden("""
        error[G0602]: m
          ┌─ mine.yaml:9:3
         9│   batch: 4
          │   ^^^^^^^^ wrong
        """)


def test_tabs_wide_characters_and_controls() -> None:
    source = "\tname:\t{op: 漢字, x: \x1b[31m}"
    found = Diagnostic("G0201", "unknown op `漢字\x1b[31m`", at(1, "漢字", source=source), "no such op")
    assert shown(found, source) == golden("""
        error[G0201]: unknown op `漢字�[31m`
         ┌─ mine.yaml:1:13
        1│     name:    {op: 漢字, x: �[31m}
         │                   ^^^^ no such op
        """)


def test_long_line_is_cut_around_the_mark_and_label_moves_below() -> None:
    source = "list: [" + ", ".join(f"item{i}" for i in range(50)) + "]"
    found = Diagnostic(
        "G0102",
        "unknown name `item30`",
        at(1, "item30", source=source),
        "this name is not known here, and the label is too long to stand beside it",
        (Label(at(1, "list", source=source), "in this list"),),
    )
    assert shown(found, source) == golden("""
        error[G0102]: unknown name `item30`
         ┌─ mine.yaml:1:238
        1│ … item27, item28, item29, item30, item31, item32, item33, item34, item35, it…
         │                           ^^^^^^
         │                           this name is not known here, and the label is too
         │                           long to stand beside it
        1│ list: [item0, item1, item2, item3, item4, item5, item6, item7, item8, item9…
         │ ---- in this list
        """)


def test_pseudo_file() -> None:
    found = Diagnostic("G0503", "`layers` is an int", Span("--set", 1, 8, 1, 12), "a text")
    assert render_text([found], {"--set": "layers=many"}) == golden("""
        error[G0503]: `layers` is an int
         ┌─ --set:1:8
        1│ layers=many
         │        ^^^^ a text
        """)


def test_color_adds_escapes_and_nothing_else() -> None:
    found = Diagnostic("W0704", "m", at(7, "sum"), "a", (Label(at(6, "conv"), "b"),), ("n",), "h")
    colored = shown(found, color=True)
    assert "\x1b[1;33mwarning[W0704]\x1b[0m" in colored and "\x1b[1;33m^^^\x1b[0m" in colored
    plain = colored
    for escape in ("\x1b[0m", "\x1b[1m", "\x1b[34m", "\x1b[1;33m"):
        plain = plain.replace(escape, "")
    assert plain == shown(found)


def test_summary() -> None:
    error, warning, note = (Diagnostic(code, "m") for code in ("G0001", "W0701", "G0000"))
    assert summary([error, warning, warning, note]) == "1 error and 2 warnings"
    assert summary([error, error]) == "2 errors"
    assert summary([note]) == ""


TEXTS = st.text(st.sampled_from("ab :{\t\n漢\u0301\x1b\r"), max_size=300)
PLACES = st.integers(1, 9), st.integers(1, 300), st.integers(0, 3), st.integers(1, 300)


@given(TEXTS, *PLACES, st.text(max_size=120))
def test_any_span_of_any_text_is_shown_in_80_columns(
    source: str, line: int, column: int, lines: int, end: int, label: str
) -> None:
    """Spans that lie outside the text, too: a wrong place must not turn a message into a traceback."""
    span = Span("f", line, column, line + lines, end if lines else column + end)
    secondary = (Label(Span.point("f", 1, end), "b " * 60),)
    text = render_text(
        [Diagnostic("G0003", "message " * 20, span, "word " + label[:20], secondary)], {"f": source}
    )
    assert "word" in text and "b b b" in text
    assert max(map(width, text.split("\n"))) <= 80
