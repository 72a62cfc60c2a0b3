"""YAML as the language takes it: values of YAML 1.2, places, and what is refused."""

from __future__ import annotations

import math
import time
import tracemalloc

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gandsl.diagnostics import Diagnostics
from gandsl.spec import reader
from gandsl.spec.reader import read_text, to_plain
from gandsl.spec.tree import Mapping, Scalar, Tree
from tests.spec.helpers import marked, messages, said


def read(text: str) -> tuple[Tree | None, Diagnostics]:
    diagnostics = Diagnostics()
    return read_text(text, "f.yaml", diagnostics), diagnostics


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E5", 1e5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0", 0),
        ("+12", 12),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("no", "no"),
        ("No", "No"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("2001-01-01", "2001-01-01"),
        ("1.2.3", "1.2.3"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("=", "="),
        ("9" * 5000, math.inf),
        ("0x" + "f" * 5000, math.inf),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    tree, diagnostics = read(f"a: {text}")
    assert tree is not None and said(diagnostics) == []
    found = to_plain(tree)["a"]
    assert found == value and type(found) is type(value)


def test_not_a_number_is_a_float() -> None:
    tree, _ = read("a: .nan")
    assert tree is not None and math.isnan(to_plain(tree)["a"])


def test_every_scalar_knows_its_place() -> None:
    text = "a: {b: 'it''s', ü: [x1, \"q\"]}\n😀: plain words  # comment\nlast: 3\n"
    tree, diagnostics = read(text)
    found = []

    def walk(here: Tree) -> None:
        if isinstance(here, Scalar):
            found.append(marked(diagnostics, here.span))
        elif isinstance(here, Mapping):
            for entry in here:
                found.append(marked(diagnostics, entry.key_span))
                walk(entry.value)
        else:
            for item in here.items:
                walk(item)

    assert tree is not None
    walk(tree)
    assert found == ["a", "b", "'it''s'", "ü", "x1", '"q"', "😀", "plain words", "last", "3"]


def test_a_block_mapping_ends_with_its_last_value() -> None:
    tree, _ = read("a:\n  b: 1\n  c: 2\n\n\nd: 3\n")
    assert isinstance(tree, Mapping)
    inner = tree.get("a")
    assert inner is not None
    assert (inner.span.line, inner.span.end_line, inner.span.end_column) == (2, 3, 7)


def test_line_ends_and_byte_order_mark_do_not_matter() -> None:
    unix, _ = read("a: 1\nb:\n  c: 2\n")
    for text in ("a: 1\r\nb:\r\n  c: 2\r\n", "a: 1\rb:\r  c: 2\r", "\ufeffa: 1\nb:\n  c: 2\n"):
        tree, diagnostics = read(text)
        assert tree == unix and said(diagnostics) == []


@pytest.mark.parametrize(
    ("text", "code", "words", "part"),
    [
        ("a: 1\nb: 2\na: 3", "G0004", "a", "a second time"),
        ("{a: 1, 'a': 2}", "G0004", "'a'", "a second time"),
        ("a: &x 1", "G0005", "&x", "anchors"),
        ("a: *x", "G0005", "*x", "aliases"),
        ("a: !!int 3", "G0005", "!!int", "tags"),
        ("a: !!python/object:os.system x", "G0005", "!!python/object:os.system", "tags"),
        ("a: ! x", "G0005", "!", "tags"),
        ("<<: {a: 1}", "G0005", "<<", "merge"),
        ("? [a, b]\n: c", "G0005", "[a, b]", "a key is text"),
        ("a: 1\n---\nb: 2", "G0005", "---", "second document"),
        ("a: [1, 2", "G0003", "[", "not closed"),
        ("a: {b: 1\nc: 2", "G0003", "{", "not closed"),
        ("a: 'x", "G0003", "'", "quote is not closed"),
        ("a: b: c", "G0003", ":", "cannot stand here"),
        ("a:\n\tb: 1", "G0003", "\t", "a tab"),
        ("a: @x", "G0003", "@", "no value can start with `@`"),
        ("a: %x", "G0003", "%", "no value can start with `%`"),
        ("- a\nb: 1", "G0003", "b", "no item of the list"),
        ('a: "\\q"', "G0003", "\\", "unknown escape"),
        ("a: [b]]", "G0003", "]", "nothing can follow `]`"),
        ("a: 'x' if y", "G0003", "i", "closing quote"),
        ("a:\n  b: 1\n c: 3", "G0003", "c", "no key of the mapping"),
        ("a: 1\nb 2\nc: 3", "G0003", "b", "has no `:`"),
        ("a: {b: c: d}", "G0003", ":", "not closed"),
        ("a: {b: ws[3], c: 1}", "G0003", "[", 'in quotes: "ws[3]"'),
        ("a: [Image[3, 4], 2]", "G0003", "[", 'in quotes: "Image[3, 4]"'),
        ("a: }", "G0003", "}", "a value is wanted"),
        ("a: {b: *}", "G0003", "}", "needs quotes"),
        ("a: - b", "G0003", "-", "cannot start on the line"),
        ("a: |x", "G0003", "x", "nothing can follow"),
        ("a: `x`", "G0003", "`", "a backquote"),
        ("{a: 1}}", "G0003", "}", "end of the document"),
        ("%YAML 3.0\n---\na: 1", "G0003", "%", "another version of YAML"),
        ("", "G0013", "", "empty"),
        ("# nothing", "G0013", "#", "empty"),
        ("a: \x07", "G0002", "\x07", "U+0007"),
        ("a: b\u2028c", "G0002", "\u2028", "U+2028"),
        ("a: {c: min(x, y), d: 1}", "G0003", "min(x, y)", "the comma ends the value"),
        ("a: [min(x, g(y, z)), d]", "G0003", "min(x, g(y, z))", "the comma ends the value"),
    ],
)
def test_what_is_refused_and_where(text: str, code: str, words: str, part: str) -> None:
    _, diagnostics = read(text)
    assert said(diagnostics) == [(code, words)]
    assert part in messages(diagnostics)


def test_a_torn_value_is_mended() -> None:
    tree, _ = read("{a: min(x, y), b: [max(1, 2), 3], c: 4}")
    assert tree is not None and to_plain(tree) == {"a": "min(x, y)", "b": ["max(1, 2)", 3], "c": 4}


def test_all_faults_of_a_file_are_reported_at_once() -> None:
    _, diagnostics = read("a: &x 1\nb: *x\nc: !t 2\nb: 3\nd: f(1, 2)\ne: {g: f(1, 2)}\n")
    assert [code for code, _ in said(diagnostics)] == ["G0005", "G0005", "G0005", "G0004", "G0003"]


def test_a_duplicate_shows_the_first() -> None:
    _, diagnostics = read("conv: 1\nconv: 2\n")
    (found,) = diagnostics
    assert found.span is not None and found.span.line == 2
    assert [(other.span.line, other.text) for other in found.secondary] == [(1, "first given here")]


BOMBS = {
    "brackets": ("[" * 100_000, "G0006"),
    "braces": ("{a: " * 100_000, "G0006"),
    "indents": ("".join(" " * i + "a:\n" for i in range(1000)), "G0006"),
    "ten megabytes": ("a: b\n" * 2_000_000, "G0006"),
    "many values": ("[" + "a," * 400_000 + "]", "G0006"),
    "aliases": ("a: &a [x,x]\n" + "\n".join(f"a{i}: &a{i} [*a,*a]" for i in range(9)), "G0005"),
    "long key": ("x" * 500_000 + ": 1\n}", "G0003"),
    "open quote": ('a: "' + "x" * 900_000, "G0003"),
    "dashes": ("- " * 100_000, "G0006"),
    "question marks": ("? " * 100_000, "G0006"),
    "flow pairs": ("[" + "a: b, " * 100_000 + "]", "G0006"),
    "parentheses": ("[" + "f(, " * 20_000 + "]", "G0003"),
}


@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end_soon(name: str, loader: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_LOADER", loader)
    text, code = BOMBS[name]
    start = time.process_time()
    _, diagnostics = read(text)
    assert time.process_time() - start < 10  # a bomb would take minutes; a worker late in the suite is slow
    assert code in {found for found, _ in said(diagnostics)}


@pytest.mark.parametrize("name", ["brackets", "ten megabytes", "many values", "open quote"])
def test_bombs_stay_small(name: str) -> None:
    tracemalloc.start()
    read(BOMBS[name][0])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0 < peak < 100 * 2**20


@given(
    st.text(alphabet=st.sampled_from("ab:-?[]{},#&*!|>'\"%@` \n\t0(e"), max_size=40) | st.text(max_size=40)
)
def test_any_text_is_read_or_reported(text: str) -> None:
    tree, diagnostics = read(text)
    assert tree is not None or diagnostics.has_errors
    for found in diagnostics:
        assert found.span is not None and found.span.line >= 1 and found.span.column >= 1


@given(st.text(alphabet=st.sampled_from("ab:-[]{},# \n01'\"("), max_size=60))
def test_the_tree_is_that_of_pyyaml(text: str) -> None:
    """Where nothing is reported, structure and texts are those of PyYAML's own composer."""
    tree, diagnostics = read(text)
    if tree is None or len(diagnostics):
        return

    def same(mine: Tree, theirs: yaml.Node) -> bool:
        if isinstance(mine, Scalar):
            return isinstance(theirs, yaml.ScalarNode) and mine.text == theirs.value
        if isinstance(mine, Mapping):
            return len(mine) == len(theirs.value) and all(
                entry.key == key.value and same(entry.value, value)
                for entry, (key, value) in zip(mine, theirs.value, strict=True)
            )
        return all(same(item, other) for item, other in zip(mine.items, theirs.value, strict=True))

    assert same(tree, yaml.compose(text, Loader=yaml.SafeLoader))


def test_without_libyaml_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: {b: [1, 'x'], c: 'y'}\nd:\n  - e: |\n      text\n    f: g\n"
    with_c, _ = read(text)
    monkeypatch.setattr(reader, "_LOADER", yaml.SafeLoader)
    without, diagnostics = read(text)
    assert with_c is not None and without is not None and to_plain(with_c) == to_plain(without)
    assert said(diagnostics) == []
    _, diagnostics = read("a: [1, 2")
    assert [code for code, _ in said(diagnostics)] == ["G0003"]
