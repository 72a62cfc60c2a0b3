"""Specs with random slips: nothing raises, nothing takes long, and a refused spec always says why."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gandsl.diagnostics import Diagnostics
from gandsl.diagnostics.text import render_text
from gandsl.spec.document import Document
from gandsl.spec.loader import load
from gandsl.spec.params import OF_SPEC, evaluate_tree, resolve
from gandsl.spec.scope import Budget, LetFunction, Scope
from gandsl.spec.tree import Mapping
from tests.spec.helpers import MINIMAL, said

ROOT = Path(__file__).resolve().parents[2]
SPECS = sorted([*(ROOT / "specs").glob("*.yaml"), *(ROOT / "gandsl" / "std").glob("*.yaml")])
PIECES = [
    *"\n\t :,[]{}()'\"#&*!|>%@`-+=.",
    "  ",
    "- ",
    ": ",
    "x",
    "9",
    "1e999",
    "no",
    "if",
    "**",
    "é",
    "\x00",
    "\u2028",
    "null",
]


def read_all(path: Path, *overrides: str) -> tuple[Document | None, Diagnostics]:
    """Load a spec and evaluate what stands in it, as far as that needs no ops."""
    diagnostics = Diagnostics()
    document = load(path, overrides, diagnostics=diagnostics)
    if document:
        scope, budget = Scope(), Budget(steps=20_000)
        for let in document.let.values():
            scope.values[let.name] = LetFunction(let.name, let.args, let.expr, scope)
        resolve(document.params, scope, diagnostics, budget, codes=OF_SPEC)
        for network in document.networks.values():
            for entry in network.body:
                if not isinstance(entry.value, Mapping):
                    evaluate_tree(entry.value, scope, diagnostics, budget)
    return document, diagnostics


@settings(max_examples=300)
@given(
    st.sampled_from(SPECS),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES) | st.text(max_size=3)),
        max_size=4,
    ),
)
def test_any_mutation_is_read_or_reported(path: Path, edits: list[tuple[float, int, str]]) -> None:
    text = path.read_text(encoding="utf-8")
    for where, length, piece in edits:
        at = int(where * len(text))
        text = text[:at] + piece + text[at + length :]
    with tempfile.TemporaryDirectory() as folder:
        spoiled = Path(folder) / "spec.yaml"
        spoiled.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
        start = time.process_time()
        document, diagnostics = read_all(spoiled)
        assert time.process_time() - start < 2
    assert document is not None or diagnostics.has_errors
    assert render_text(diagnostics, diagnostics.sources) or not len(diagnostics)
    for found in diagnostics:
        assert found.span is not None or found.code.startswith("G00")


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_override_is_applied_or_reported(name: str, value: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "spec.yaml").write_text(MINIMAL)
        for override in (f"{name}={value}", f"layers={value}", f"generator.{name}={value}", name):
            _, diagnostics = read_all(Path(folder) / "spec.yaml", override)
            for found in diagnostics:
                assert found.span is None or found.span.file in diagnostics.sources


# a name, a field or a bracket in MINIMAL, and what it is turned into: code, and the words pointed at
SLIPS = [
    ("resolution: {type", "resolution: {tpye", "G0008", "tpye"),
    ("type: size", "type: sizee", "G0506", "sizee"),
    ("default: 8,", "default: 99,", "G0502", "99"),
    ("default: 8,", "default: eight,", "G0102", "eight"),
    ("default: nearest", "default: nerest", "G0504", "nerest"),
    ("channel_max, 4096", "chanel_max, 4096", None, ""),
    ("4096 // res)", "4096 // res", "G0101", "("),
    ("4096 // res)", "4096 /// res)", "G0101", "/"),
    ("width(res):", "width(res:", "G0011", "width(res"),
    ("ports: {x: Feature}", "ports: {x: Feature", "G0003", "{"),
    ("body:\n      conv0", "bdoy:\n      conv0", "G0008", "bdoy"),
    ('"Latent[128]"', '"Latent[128"', "G0101", "["),
    ('"Latent[128]"', "Latent[128]", "G0003", "["),
    ("generator:", "genrator:", "G0008", "genrator"),
    ("name: tiny", "name: tiny\nname: tiny", "G0004", "name"),
    ("gandsl: 1", "gandsl: 9", "G0007", "9"),
]


@pytest.mark.parametrize(("old", "new", "code", "words"), SLIPS)
def test_the_place_is_the_spoiled_token(
    tmp_path: Path, old: str, new: str, code: str | None, words: str
) -> None:
    assert old in MINIMAL
    (tmp_path / "spec.yaml").write_text(MINIMAL.replace(old, new, 1))
    _, diagnostics = read_all(tmp_path / "spec.yaml")
    assert code is None or (code, words) in said(diagnostics)


def test_all_of_it_in_one_go(tmp_path: Path) -> None:
    """Slips that do not hide each other are all reported by one run, in the order of the file."""
    chosen = ("sizee", "nerest", "width(res", "bdoy", "genrator")
    text = MINIMAL
    for old, new, _, words in SLIPS:
        text = text.replace(old, new, 1) if words in chosen else text
    (tmp_path / "spec.yaml").write_text(text)
    _, diagnostics = read_all(tmp_path / "spec.yaml")
    assert [words for _, words in said(diagnostics) if words in chosen] == list(chosen)
