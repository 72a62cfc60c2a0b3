"""From a path to a document: `extends` followed, patches and overrides applied, declarations read."""

from __future__ import annotations

import os
from collections.abc import Mapping as Values
from collections.abc import Sequence as Items
from typing import Any

from gandsl.diagnostics import Diagnostics, Label, Span
from gandsl.spec import shapes
from gandsl.spec.declarations import HELD, LIBRARY, build
from gandsl.spec.document import Document
from gandsl.spec.fields import meant
from gandsl.spec.files import SpecFile, find, read_file, spec_file
from gandsl.spec.overrides import apply_overrides, as_texts
from gandsl.spec.patches import apply_patch, apply_set
from gandsl.spec.reader import read_text
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree, describe

MAX_CHAIN = 16  # files that extend each other

_CHANGES = ("extends", "set", "patch")  # what a file says about its base; gone from the resolved tree
_OWN = (
    "gandsl",
    "name",
    "doc",
    "source",
)  # a file's own replace the base's; the first two are never inherited
_JOINED = (
    "params",
    "let",
    "blocks",
    "interfaces",
    "imports",
    "requires",
    "networks",
    "moved",
)  # added to the base's


def load(
    path: str | os.PathLike[str],
    overrides: Values[str, Any] | Items[str] = (),
    *,
    diagnostics: Diagnostics,
) -> Document | None:
    """Read a spec, by path or name. `overrides`, `"a.b=c"` texts or paths with values, are applied last.

    Every error that can be found is reported; the document then still holds what could be read. None where
    there is nothing to go on with.
    """
    return _Loader(diagnostics).document(spec_file(os.fspath(path)), as_texts(overrides))


def load_blocks(path: str, diagnostics: Diagnostics) -> Document | None:
    """Read a file of blocks, such as an import: like `load`, but it needs no name and no networks."""
    return _Loader(diagnostics).document(SpecFile.at(path), [], blocks_only=True)


class _Loader:
    """Reads one document; remembers which file has which name in messages."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics
        self.paths: dict[str, str] = {}

    def document(self, file: SpecFile, overrides: list[str], *, blocks_only: bool = False) -> Document | None:
        tree = self.resolved(file, None, ())
        if tree is None:
            return None
        tree = apply_overrides(tree, overrides, self.diagnostics)
        form = LIBRARY if blocks_only else shapes.SPEC
        document = build(tree, file.shown, file.path, self.diagnostics, form)
        if not blocks_only:
            self.require_networks(document)
        document.imports = self.imports(tree, file)
        files = [*self.paths, *(f"--set {text}" for text in overrides)]
        document.sources = {
            name: self.diagnostics.sources[name] for name in files if name in self.diagnostics.sources
        }
        return document

    def require_networks(self, document: Document) -> None:
        """The two that a short form plays; a game of its own says which networks it has."""
        if document.game is not None:
            return
        misspelt = meant(shapes.SPEC, document.tree)
        for role in ("generator", "discriminator"):
            written = document.tree.entries.get(role)  # where it is null
            if role not in document.networks and role not in misspelt:
                place = written.key_span if written else Span.point(document.file)
                help = f"add `{role}: {{inputs: …, body: …}}`"
                self.diagnostics.add("G0612", f"the spec has no {role}", place, help=help)

    def imports(self, tree: Mapping, file: SpecFile) -> dict[str, str | Document]:
        """Name → path, looked up beside the file whose text names it; or what stands there in its place."""
        written = tree.get("imports")
        found: dict[str, str | Document] = {}
        for entry in written if isinstance(written, Mapping) else ():
            if isinstance(entry.value, Mapping):
                held = build(entry.value, file.shown, file.path, self.diagnostics, HELD)
                held.imports = self.imports(entry.value, file)
                found[entry.key] = held
            elif isinstance(entry.value, Scalar) and entry.value.text:
                beside = self.paths.get(entry.value.span.file, file.path)
                place = find(entry.value.text, beside, entry.value.span, self.diagnostics)
                found[entry.key] = place.path if place else ""
        return found

    def resolved(self, file: SpecFile, named_at: Span | None, chain: tuple[SpecFile, ...]) -> Mapping | None:
        """The tree of a file with its bases under it."""
        if file.identity in [other.identity for other in chain] or len(chain) >= MAX_CHAIN:
            circle = " → ".join(other.shown for other in (*chain, file))
            message = (
                f"`{file.shown}` extends itself"
                if len(chain) < MAX_CHAIN
                else "too many files extend each other"
            )
            self.diagnostics.add("G0401", f"{message}: {circle}", named_at)
            return None
        tree = self.read(file, named_at)
        if tree is None:
            return None
        extends = tree.entries.get("extends")
        if extends is None:
            self.refuse_changes(tree)
            return _without_changes(tree)
        if not isinstance(extends.value, Scalar) or not isinstance(extends.value.value, str):
            message = f"`extends` wants the path of a file, not {describe(extends.value)}"
            self.diagnostics.add("G0010", message, extends.value.span)
            return None
        found = find(extends.value.text, file.path, extends.value.span, self.diagnostics)
        base = self.resolved(found, extends.value.span, (*chain, file)) if found else None
        if base is None:
            return None
        merged = self.merged(base, tree)
        changes, patch = tree.entries.get("set"), tree.entries.get("patch")
        if changes and self.is_a(changes, Mapping, "a mapping of paths to values"):
            assert isinstance(changes.value, Mapping)
            merged = apply_set(merged, changes.value, self.diagnostics)
        if patch and self.is_a(patch, Sequence, "a list of steps"):
            assert isinstance(patch.value, Sequence)
            merged = apply_patch(merged, patch.value, self.diagnostics)
        return merged

    def read(self, file: SpecFile, named_at: Span | None) -> Mapping | None:
        text = read_file(file, named_at, self.diagnostics)
        if text is None:
            return None
        self.paths[file.shown] = file.path
        tree = read_text(text, file.shown, self.diagnostics)
        if tree is None:
            return None
        if not isinstance(tree, Mapping):
            message = f"a spec is a mapping of fields, not {describe(tree)}"
            self.diagnostics.add("G0010", message, Span.point(file.shown, tree.span.line, tree.span.column))
            return None
        version = tree.get("gandsl")
        if isinstance(version, Scalar) and type(version.value) is int and version.value != shapes.VERSION:
            message = (
                f"language version {version.text} is unknown: this compiler reads version {shapes.VERSION}"
            )
            self.diagnostics.add("G0007", message, version.span, help=f"write `gandsl: {shapes.VERSION}`")
            return None
        return tree

    def is_a(self, entry: Entry, kind: type[Tree], words: str) -> bool:
        if not isinstance(entry.value, kind):
            message = f"`{entry.key}` wants {words}, not {describe(entry.value)}"
            self.diagnostics.add("G0010", message, entry.value.span)
            return False
        return True

    def refuse_changes(self, tree: Mapping) -> None:
        for key in ("set", "patch"):  # `moved` is of weights: they may be of an earlier form of this file
            if entry := tree.entries.get(key):
                help = "add `extends: base.yaml`"
                self.diagnostics.add(
                    "G0409", f"`{key}` changes a base, and there is none", entry.key_span, help=help
                )

    def merged(self, base: Mapping, own: Mapping) -> Mapping:
        """The base with what its child adds. A name that both have is reported; the base's stays."""
        entries = {key: entry for key, entry in own.entries.items() if key in _OWN}
        for entry in base:
            if entry.key not in ("gandsl", "name"):
                entries.setdefault(entry.key, entry)
        for entry in own:
            known = entries.get(entry.key)
            if entry.key in _CHANGES or entry.key in _OWN:
                continue
            if known is None:
                entries[entry.key] = entry
            elif (
                entry.key in _JOINED and isinstance(known.value, Mapping) and isinstance(entry.value, Mapping)
            ):
                joined = self.joined(entry.key, known.value, entry.value)
                entries[entry.key] = Entry(entry.key, entry.key_span, joined)
            else:
                help = f"change it with `set: {{{entry.key}.…: …}}`"
                self.exists(f"`{entry.key}`", entry, known, help)
        return Mapping(entries, own.span)

    def joined(self, field: str, base: Mapping, own: Mapping) -> Mapping:
        entries = dict(base.entries)
        for entry in own:
            known = entries.setdefault(entry.key, entry)
            if known is not entry:
                help = (
                    f"to change it use `set: {{{field}.{entry.key}: …}}`; to add another, choose another name"
                )
                self.exists(f"`{entry.key}`", entry, known, help)
        return Mapping(entries, own.span)

    def exists(self, what: str, entry: Entry, known: Entry, help: str) -> None:
        label = Label(known.key_span, "the base's")
        message = f"{what} exists in the base already"
        self.diagnostics.add("G0404", message, entry.key_span, secondary=(label,), help=help)


def _without_changes(tree: Mapping) -> Mapping:
    """Without the fields that say how to change a base."""
    return Mapping({key: entry for key, entry in tree.entries.items() if key not in _CHANGES}, tree.span)
