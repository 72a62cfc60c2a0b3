"""No module writes a file but through `gandsl_runtime.system.files`: searched in the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_structure import sources

HOME = "gandsl_runtime.system.files"
ELSEWHERE = {  # what else may, and why it need not be whole
    ("gandsl_runtime.observers.jsonl", "open"): "a log grows by lines; a resume drops one that is cut short",
    ("gandsl_runtime.guard.guard", "open"): "alarms grow by lines too",
    ("gandsl.cli.evaluating.evaluation", "open"): "figures grow by lines too",
    ("gandsl_runtime.runs.home", "open"): "whether those logs can be written, before there is one",
    ("gandsl_runtime.runs.lock", "open"): "a lock is the file itself",
    ("gandsl.cli.streams", "open"): "the null device, where a stream is closed",
    ("gandsl.cli.guard", "NamedTemporaryFile"): "the report of a bug, under a name that the system makes",
    ("gandsl_runtime.evaluation.cached", "open"): "a lock is the file itself",
    ("gandsl_runtime.evaluation.cached", "savez"): "into memory",
    ("gandsl_runtime.runs.checkpoint", "save_file"): "its caller gives it the name aside",
    ("gandsl_runtime.data.pack", "save"): "into memory",
    ("gandsl_runtime.data.pack_arrays", "open"): "into a folder that `whole_folder` has set aside",
    ("gandsl_runtime.data.pack_arrays", "write_text"): "into that folder too",
    ("gandsl_runtime.data.fields.pack", "open"): "into a folder that `whole_folder` has set aside",
    ("gandsl_runtime.data.fields.pack", "write_text"): "into that folder too",
}
WRITERS = {
    *("write_text", "write_bytes", "save_file", "copyfile", "copy2", "copytree", "mkstemp", "savefig"),
    *("NamedTemporaryFile", "fdopen", "savez", "savez_compressed", "savetxt", "tofile", "symlink_to"),
    *("hardlink_to", "imwrite", "os.link", "os.symlink", "os.truncate", "shutil.copy", "shutil.move"),
}
OF_LIBRARIES = {"Image", "image", "first", "torch", "np", "numpy"}  # whose `save` writes a file
OPENERS = {"open", "ZipFile", "TarFile"}
NAMERS = {"whole"}  # `with whole(path) as new`: what goes to `new` is aside


def aside(tree: ast.AST) -> set[ast.AST]:
    """Calls inside `with whole(…) as new` that mention `new`."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.With):
            continue
        names = {
            name.id
            for item in node.items
            if called(item.context_expr) in NAMERS and isinstance(name := item.optional_vars, ast.Name)
        }
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and any(
                isinstance(part, ast.Name) and part.id in names for part in ast.walk(call)
            ):
                found.add(call)
    return found


def called(node: ast.AST) -> str:
    """The last name of what a call calls."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def owner(node: ast.Call) -> str:
    value = node.func.value if isinstance(node.func, ast.Attribute) else None
    return value.id if isinstance(value, ast.Name) else ""


def opens_to_write(node: ast.Call) -> bool:
    """`open("x", "w")`, `path.open(mode="a")`, `ZipFile(path, "w")`; os.open with flags that write."""
    if called(node) not in OPENERS:
        return False
    texts = [
        part.value
        for argument in (*node.args, *(key.value for key in node.keywords if key.arg == "mode"))
        for part in ast.walk(argument)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    flags = {part.attr for argument in node.args for part in ast.walk(argument) if hasattr(part, "attr")}
    modes = [text for text in texts if text and set(text) <= set("rwaxbt+")]
    return any(set(mode) & set("wax+") for mode in modes) or bool(flags & {"O_WRONLY", "O_RDWR", "O_CREAT"})


def writing(source: str) -> Iterator[tuple[str, int]]:
    """Calls that write a file under its own name: what is called, in which line."""
    tree = ast.parse(source)
    fine = aside(tree) if "whole" in source else set[ast.AST]()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or node in fine:
            continue
        if (
            {called(node), f"{owner(node)}.{called(node)}"} & WRITERS
            or (called(node) == "save" and owner(node) in OF_LIBRARIES)
            or opens_to_write(node)
        ):
            yield called(node), node.lineno


def test_one_module_writes_files(root: Path) -> None:
    words = {word.rpartition(".")[2] for word in WRITERS} | {"save", *OPENERS}
    named = re.compile(rf"\b({'|'.join(words)})\b")  # the others' text has no such call
    found = {
        (name, call): line
        for name, text in sources(root).items()
        if name != HOME and named.search(text)
        for call, line in writing(text)
    }
    assert not {place: line for place, line in found.items() if place not in ELSEWHERE}
    assert not ELSEWHERE.keys() - found.keys()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("open(p, 'w')", True),
        ("p.open(mode='ab')", True),
        ("open(p)", False),
        ("open(p, 'rb')", False),
        ("os.open(p, os.O_RDWR | os.O_CREAT)", True),
        ("os.open(p, os.O_RDONLY)", False),
        ("(a / b).write_text(t, encoding='utf-8')", True),
        ("torch.save(x, p)", True),
        ("trainer.save()", False),
        ("save_file(x, p)", True),
        ("ZipFile(p, 'w')", True),
        ("with whole(p) as new:\n  new.write_text(t)\n  torch.save(x, new)\n  av.open(str(new), 'w')", False),
        ("with whole(p) as new, ZipFile(new, 'w') as z: pass", False),
        ("with whole(p) as new:\n  p.write_text(t)", True),
        ("with other(p) as new:\n  new.write_text(t)", True),
        ("os.link(a, b)", True),
    ],
)
def test_the_search_sees_what_it_should(source: str, found: bool) -> None:
    assert bool(list(writing(source))) is found
