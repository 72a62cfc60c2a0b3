"""What is written reads back: any tree of any texts, through the writer, `show`'s text and overrides."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gandsl.analysis import analyze
from gandsl.analysis.resolved import resolved_text
from gandsl.diagnostics import Diagnostics
from gandsl.spec.overrides import as_yaml
from gandsl.spec.reader import read_text
from gandsl.spec.tree import to_plain
from gandsl.spec.write import quoted, to_yaml

FORBIDDEN = [
    *range(0x20),
    *range(0x7F, 0xA1),
    0xAD,
    0x200B,
    0x2028,
    0x2029,
    0xFEFF,
    0xFFFE,
    0xFFFF,
    0x1FFFE,
    0x10FFFF,
]
ODD = [
    *[
        "",
        " ",
        "  two ",
        " lead",
        "tail ",
        "a\n",
        "\n",
        "a\n b\n\n",
        "\t",
        "a\tb",
        "a\r\nb",
        "\\",
        "\\u2028",
        '"',
        "'",
        "''",
    ],
    *[
        "? a",
        "- a",
        "-",
        ": a",
        ":",
        "a: b",
        "a:",
        "a #b",
        "#",
        "&a",
        "*a",
        "!a",
        "!!str a",
        "|",
        ">",
        "%YAML",
        "@a",
        "`a`",
    ],
    *[
        "{a: b}",
        "[a]",
        "a, b",
        ",",
        "}",
        "]",
        "---",
        "...",
        "<<",
        "=",
        "~",
        "null",
        "Null",
        "NULL",
        "nullish",
    ],
    *["true", "True", "yes", "no", "on", "off", "y", "n", "YES"],
    *[
        "1",
        "-1",
        "+1",
        "017",
        "0o17",
        "0x1F",
        "1_000",
        "1e3",
        "1e-3",
        ".5",
        "5.",
        ".inf",
        "-.inf",
        ".nan",
        "inf",
        "nan",
        "12:30:45",
    ],
    *[
        "2001-01-01",
        "2001-12-14t21:59:43.10-05:00",
        "1.2.3",
        "9" * 50,
        "f(a",
        "b)",
        "min(a, b)",
        "x if c else y",
    ],
    *["word " * 60, "w" * 3000, "é" * 1500, "日本", "\U0001f600", "a\u0301"],
    *map(chr, FORBIDDEN),
    *(f"a{chr(code)}b" for code in FORBIDDEN),
]
texts = st.one_of(
    st.sampled_from(ODD),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(st.sampled_from("a0 -:#?,[]{}()&*!|>'\"%@`\\\n\t~.=<\x85\u2028\ufeff"), max_size=12),
)
numbers = st.one_of(st.integers(-(10**38), 10**38), st.floats(allow_nan=False), st.booleans(), st.none())
trees = st.recursive(
    st.one_of(texts, numbers),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
documents = st.dictionaries(texts, trees, min_size=1, max_size=4)


def read(text: str) -> Any:
    diagnostics = Diagnostics()
    tree = read_text(text, "x.yaml", diagnostics)
    assert tree is not None and not list(diagnostics), [found.message for found in diagnostics]
    return to_plain(tree)


def same(a: Any, b: Any) -> bool:
    """Equal in value and in type: true is not 1, and 1.0 is not 1."""
    return repr(a) == repr(b)


@settings(max_examples=300)
@given(documents)
@example({text: {text: [text, {text: [text]}]} for text in ODD})
@example({f"key{index}": text for index, text in enumerate(ODD)})
@example({"a": [["f(a", "b)"], {"f(a": None, "b)": ""}]})
@example({"word " * 30: [], "name " * 30: {}, "path " * 30: None})
def test_any_document_reads_back(document: dict[str, Any]) -> None:
    written = to_yaml(document)
    assert same(read(written), document)
    assert to_yaml(read(written)) == written


def test_not_a_number_reads_back() -> None:
    assert math.isnan(read(to_yaml({"x": math.nan}))["x"])


@settings(max_examples=150)
@given(st.one_of(st.lists(trees, max_size=4), st.dictionaries(texts, trees, max_size=4)))
def test_any_value_of_an_override_reads_back(value: Any) -> None:
    """Lists and mappings from Python. A text alone stands as it is, since it may be an expression."""
    assert same(read(as_yaml(value)), value)


@pytest.mark.parametrize("start", range(0, 0x11000, 0x1000))
def test_every_character(start: int) -> None:
    """All of the first plane, and the first of each other one: alone, and within a text."""
    codes = range(start, start + 0x1000) if start < 0x10000 else range(0x10000, 0x110000, 0xFFF)
    for code in codes:
        if not 0xD800 <= code < 0xE000:
            assert "\n" not in quoted(chr(code))
    text = "".join(chr(code) for code in codes if not 0xD800 <= code < 0xE000)
    assert same(read(to_yaml({"x": text, "y": list(text[::16])})), {"x": text, "y": list(text[::16])})


def test_json_in_flow_reads_back_as_it_is() -> None:
    """What other tools write as JSON is YAML."""
    assert read('{"x": "a\\u2028b", "y": [1, null]}') == {"x": "a\u2028b", "y": [1, None]}
    assert json.loads(quoted("\u2028\x85\U0001f600")) == "\u2028\x85\U0001f600"


SPEC = {
    "gandsl": 1,
    "name": "small",
    "params": {
        "word": {"type": "str", "default": "w"},
        "pick": {"type": "enum", "choices": ["a", "b"], "default": "a"},
    },
    "generator": {
        "inputs": {"z": "Latent[4]"},
        "body": {
            "fc": {"op": "linear", "features": 48},
            "image": {"op": "reshape", "channels": 3, "size": 4},
        },
    },
    "discriminator": {
        "inputs": {"image": "Image[3, 4]"},
        "body": {"conv": {"op": "conv", "channels": 1}, "head": {"op": "global_pool"}},
    },
}


@settings(max_examples=40)
@given(texts, texts, texts)
@example("a\u2028b", "\ufeff", "c\x85\x00")
@example("? a", "null", "0o17")
def test_the_spec_of_a_run_is_the_spec(doc: str, source: str, word: str) -> None:
    """`gandsl show` and a run folder's spec.yaml: read again they say the same, to the letter."""
    params = {**SPEC["params"], "word": {"type": "str", "default": word, "doc": doc}}
    params["pick"] = {"type": "enum", "choices": sorted({word or "w", "a"}), "default": word or "w"}
    networks = {role: {**SPEC[role], "doc": doc} for role in ("generator", "discriminator")}
    text = to_yaml({**SPEC, "doc": doc, "source": source, "params": params, **networks})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.yaml"
        path.write_text(text, encoding="utf-8", newline="")
        module, found = analyze(path)
        assert module is not None, [one.message for one in found]
        shown = resolved_text(module)
        path.write_text(shown, encoding="utf-8", newline="")
        again, found = analyze(path)
        assert again is not None, [one.message for one in found]
    assert resolved_text(again) == shown
    assert (again.document.doc, again.params["word"]) == (module.document.doc, word)
