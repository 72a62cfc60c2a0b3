"""No module of the compiler waits for itself to be imported; a class's name has one meaning, or a reason."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import networkx
import pytest

from tests.test_structure import modules, trees


def targets(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules of ours that a module imports at any depth: in functions and for types too."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield from (one for one in (whole if whole in known else base,) if one in known)


def circles(known: Mapping[str, Path]) -> list[list[str]]:
    """Groups of modules that cannot be imported one after the other."""
    graph = networkx.DiGraph()
    graph.add_edges_from(
        (name, other) for name, path in known.items() for other in targets(name, path, known) if other != name
    )
    return sorted(sorted(part) for part in networkx.strongly_connected_components(graph) if len(part) > 1)


def test_no_module_waits_for_itself(root: Path) -> None:
    """A reader can go through the files in an order in which each stands on those before it."""
    assert circles(modules(root)) == []


def test_circles_are_found(tmp_path: Path) -> None:
    texts = {
        "p": "",
        "p.a": "def f():\n    from p import b",
        "p.b": "from .c import x",
        "p.c": "import p.a",
        "p.d": "from p import a",
    }
    known = {}
    for name, text in texts.items():
        known[name] = tmp_path / ("__init__.py" if name == "p" else f"{name}.py")
        known[name].write_text(text)
    assert circles(known) == [["p.a", "p.b", "p.c"]]


def meanings(root: Path) -> dict[str, set[str]]:
    """Class → the modules that define one of this name; private ones are their module's own affair."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, tree in trees(root, r"(?m)^\s*class ").items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].add(name)
    return found


def glossary(root: Path) -> dict[str, str]:
    """Class → why two share its name, as docs/architecture.md says."""
    page = (root / "docs" / "architecture.md").read_text("utf-8")
    section = page.partition("## Words with two meanings\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| .+ \| .+ \| (.+) \|$", section, re.MULTILINE))


def test_a_class_s_name_has_one_meaning_or_a_reason(root: Path) -> None:
    twice = {name for name, where in meanings(root).items() if len(where) > 1}
    said = glossary(root)
    assert said and all(len(why) > 10 for why in said.values())
    assert twice == set(said), "rename one of the two, or say in docs/architecture.md why both have the name"


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md", "docs/architecture.md", "docs/python.md"])
def test_what_a_page_names_of_the_code_is_there(root: Path, page: str) -> None:
    """Modules and what they define, by dotted names; files, by the ends of their paths."""
    text, known = (root / page).read_text("utf-8"), modules(root)
    for name in re.findall(r"`(gandsl(?:_runtime)?(?:\.\w+)+)`", text):
        module, _, last = name.rpartition(".")
        assert name in known or re.search(rf"\b{last}\b", known[module].read_text("utf-8")), name
    paths = [
        f"/{path.relative_to(root)}"
        for top in ("gandsl", "runtime", "tests", "bench")
        for path in (root / top).rglob("*.py")
    ]
    for name in re.findall(r"`((?:\w+/)*\w+\.py)`(?!, new)", text):
        assert any(path.endswith(f"/{name}") for path in paths), name
