"""The house's structure, checked: who may import whom, what is loaded when, and what no module may know."""

from __future__ import annotations

import ast
import gc
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

FRONT_HALF = ("diagnostics", "spec", "ir", "frontend", "analysis", "diff")
HEAVY = {"torch", "networkx", "rich", "jinja2", "numpy", "safetensors"}

SYSTEMS = re.compile(
    r"(?i:(style|big|pg|pro|dc|w|ls|sn|sa|r3|msg|fast|cycle|ac|info|studio|giga)[_-]?gan)(?![a-z])|(?i:pix2pix|wgangp)"
)
"""Product names of published systems. They live in specs/ and gandsl/std/, as data."""


def modules(root: Path) -> dict[str, Path]:
    """Every module of the two import packages, by its dotted name."""
    found = {}
    for base in (root, root / "runtime"):
        for package in ("gandsl", "gandsl_runtime"):
            for path in sorted((base / package).rglob("*.py")):
                parts = path.relative_to(base).with_suffix("").parts
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    assert {"gandsl.diagnostics.text", "gandsl_runtime.training.trainer"} <= set(found), (
        "the search finds them"
    )
    return found


@cache
def sources(root: Path) -> dict[str, str]:
    """What each module says. A search for a word passes over those without it, and parses the others."""
    return {name: path.read_text("utf-8") for name, path in modules(root).items()}


def trees(root: Path, word: str = "") -> dict[str, ast.Module]:
    """The modules, or those in whose text a pattern is found, parsed; meanwhile no garbage is collected."""
    wanted = re.compile(word)
    gc.disable()
    try:
        return {name: ast.parse(text) for name, text in sources(root).items() if wanted.search(text)}
    finally:
        gc.enable()


def loaded_by(root: Path, code: str) -> set[str]:
    """The top-level packages in memory after a fresh interpreter has run `code`."""
    script = f"import sys\n{code}\nprint(*sorted(sys.modules))"
    env = {"PYTHONPATH": f"{root}:{root / 'runtime'}"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return {name.split(".")[0] for name in done.stdout.split()}


def test_front_half_loads_nothing_heavy(root: Path) -> None:
    """`check`, `diff`, `cost` and `--help` answer in a fraction of a second, since this holds."""
    front = [
        name
        for name in modules(root)
        if name.split(".")[0] == "gandsl" and name.split(".")[1:2] and name.split(".")[1] in FRONT_HALF
    ]
    assert len(front) > 20
    code = "\n".join(f"import {name}" for name in ["gandsl", *front, "gandsl_runtime.plan"])
    assert not loaded_by(root, code) & HEAVY


def test_diagnostics_load_nothing_but_the_standard_library(root: Path) -> None:
    code = "\n".join(f"import {name}" for name in modules(root) if name.startswith("gandsl.diagnostics"))
    outside = loaded_by(root, code) - loaded_by(root, "") - set(sys.stdlib_module_names)
    assert outside == {"gandsl", "gandsl_runtime"}


def test_runtime_loads_no_compiler(root: Path) -> None:
    names = [name for name in modules(root) if name.split(".")[0] == "gandsl_runtime"]
    assert "gandsl" not in loaded_by(root, "\n".join(f"import {name}" for name in names))


def imported(tree: ast.Module) -> Iterator[str]:
    """Top-level packages that a module names in an import, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def imported_by(root: Path, package: str) -> set[str]:
    """Packages outside the standard library that some module of `package` names, lazily too."""
    found = [ast.parse(text) for name, text in sources(root).items() if f"{name}.".startswith(f"{package}.")]
    return {name for tree in found for name in imported(tree)} - set(sys.stdlib_module_names) - {package}


def test_runtime_imports_no_compiler(root: Path) -> None:
    """Lazy imports too, which the test above cannot see."""
    named = trees(root, r"import gandsl\b|from gandsl\b").items()
    assert {"gandsl.cli.app"} <= {name for name, _ in named}, "the search finds them"
    assert not [
        name for name, tree in named if name.split(".")[0] == "gandsl_runtime" and "gandsl" in imported(tree)
    ]


def spoken(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every identifier and text that can act, with its line: no comments, docstrings, `source=`."""
    quiet: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            quiet.add(node.value)  # a docstring, of a module, class, function or constant
        if isinstance(node, ast.keyword) and node.arg == "source":
            quiet.update(ast.walk(node.value))
    for node in ast.walk(tree):
        if node in quiet:
            continue
        for field in ("id", "attr", "arg", "name", "asname", "module", "value"):
            text = getattr(node, field, None)
            if isinstance(text, str):
                yield getattr(node, "lineno", 0), text


def guilty_of_naming(source: str) -> list[tuple[int, str]]:
    return [(line, text) for line, text in spoken(ast.parse(source)) if SYSTEMS.search(text)]


def test_no_module_names_a_published_system(root: Path) -> None:
    """`gandsl.interop` alone may: it reads their checkpoints."""
    others = {
        name: text for name, text in sources(root).items() if not f"{name}.".startswith("gandsl.interop.")
    }
    suspect = {name: text for name, text in others.items() if SYSTEMS.search(text)}
    assert suspect, "comments may, and do"
    assert not {
        f"{name}:{line}": said for name, text in suspect.items() for line, said in guilty_of_naming(text)
    }
    assert not [name for name in others if SYSTEMS.search(name)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('if kind == "stylegan2": pass', True),
        ("class BigGANBlock: pass", True),
        ("import pg_gan", True),
        ("def f(use_dcgan): pass", True),
        ('x = f"wgan-gp {y}"', True),
        ('"""StyleGAN2, section 2.2."""', False),
        ("x = 1  # as BigGAN does", False),
        ('op("modulated_conv", source="StyleGAN2, section 2.2")', False),
        ('x = "gandsl: organ, slogan"', False),
    ],
)
def test_the_search_for_names_sees_what_it_should(source: str, found: bool) -> None:
    assert bool(guilty_of_naming(source)) is found


def test_every_module_says_what_it_is_for(root: Path) -> None:
    assert not [name for name, text in sources(root).items() if not re.match(r'r?"""\S', text)]


def test_import_contracts_hold(root: Path) -> None:
    """The arrows of the design, as [tool.importlinter] in pyproject.toml states them."""
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed beside this interpreter: pip install -e '.[dev]'")
    done = subprocess.run([linter, "--no-cache"], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_branches_on_the_name_of_a_loss_or_a_penalty(root: Path) -> None:
    """What they compute is written in gandsl/std/game; a plan declares the fields of their short form."""
    from gandsl_runtime.plan import LOSS_NAMES, Regularizers

    names = {*LOSS_NAMES, *Regularizers.model_fields, "zero_centred"}
    told = {
        f"{name}: {found}"
        for name, tree in trees(root, rf"\b({'|'.join(names)})\b").items()
        for node in ast.walk(tree)
        for found in _branches(node)
        if found in names and not name.startswith(WORDS)
    }
    assert told == {"gandsl_runtime.layers.initialize: orthogonal"}, "how weights begin"


WORDS = ("gandsl.diagnostics.", "gandsl.plot.words", "gandsl.spec.game")  # what users call them, in messages


def _branches(node: ast.AST) -> Iterator[str]:
    """The words by which a piece of code may tell cases apart: compared, matched, looked up, asked for."""
    inside: list[ast.AST | None] = []
    match node:
        case ast.Compare():
            inside = [node.left, *node.comparators]
        case ast.MatchValue() | ast.keyword():
            inside = [node.value]
        case ast.Dict():
            inside = [*node.keys]
        case ast.Subscript():
            inside = [node.slice]
        case ast.Call():
            inside = [*node.args[1:2]] if getattr(node.func, "id", "") in ("getattr", "hasattr") else []
        case ast.Attribute():
            yield node.attr
    for one in inside:
        for leaf in ast.walk(one) if isinstance(one, ast.Constant | ast.Tuple | ast.Set | ast.List) else ():
            if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str):
                yield leaf.value
