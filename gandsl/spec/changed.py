"""What the changes of a spec's files and of the command line came to: the places that hold what they say."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.diagnostics import Diagnostics, Span
from gandsl.records import dataclass
from gandsl.spec.document import Document
from gandsl.spec.reader import read_text
from gandsl.spec.tree import Mapping, Scalar, Sequence, Tree, is_null


@dataclass(frozen=True)
class AppliedChange:
    """One `set`, step of a `patch`, or `--set`: what it says, where, and the paths that have it now.

    Nothing has it where something is taken out, or where a later change replaced it.
    """

    said: str  # set **.norm.op
    span: Span  # of the path
    places: tuple[str, ...]


def changes(document: Document) -> list[AppliedChange]:
    """The changes behind a document, in the order of its files."""
    at: dict[Span, list[str]] = {}
    for path, value in _values(document.tree, ()):
        at.setdefault(value.span, []).append(path)
    found = []
    for file, text in document.sources.items():
        written = _of_command if file.startswith("--set ") else _of_file
        for said, span, put in written(file, text):
            places = at.get(put.span, []) if put is not None else []
            found.append(AppliedChange(said, span, tuple(places)))
    return found


_Written = Iterator[tuple[str, Span, Tree | None]]  # what is said, where, and the value that it puts


def _of_command(file: str, text: str) -> _Written:
    path, _, value = text.partition("=")
    tree = read_text(" " * (len(path) + 1) + value, file, Diagnostics())
    yield f"--set {path.strip()}", Span(file, 1, 1, 1, len(path) + 1), tree


def _of_file(file: str, text: str) -> _Written:
    tree = read_text(text, file, Diagnostics())
    if not isinstance(tree, Mapping):
        return
    yield from _of_set(tree.get("set"))
    steps = tree.get("patch")
    for step in steps.items if isinstance(steps, Sequence) else ():
        for entry in step if isinstance(step, Mapping) else ():
            if entry.key == "set":
                yield from _of_set(entry.value)
            elif isinstance(entry.value, Scalar):  # delete
                yield f"{entry.key} {entry.value.text}", entry.value.span, None
            elif isinstance(entry.value, Mapping) and isinstance(at := entry.value.get("at"), Scalar):
                yield f"{entry.key} {at.text}", at.span, entry.value.get("node")


def _of_set(changes: Tree | None) -> _Written:
    for entry in changes if isinstance(changes, Mapping) else ():
        value = None if is_null(entry.value) and not entry.key.startswith("training.") else entry.value
        yield f"set {entry.key}", entry.key_span, value


def _values(tree: Mapping, above: tuple[str, ...]) -> Iterator[tuple[str, Tree]]:
    """Every value with its path, as one writes it: without `body`."""
    for entry in tree:
        path = above if entry.key == "body" and above else (*above, entry.key)
        yield ".".join(path), entry.value
        if isinstance(entry.value, Mapping):
            yield from _values(entry.value, path)
