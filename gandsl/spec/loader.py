"""From a path to a document: `extends` followed, patches and overrides applied, declarations read."""

from __future__ import annotations

import os
from collections.abc import Mapping as Values
from collections.abc import Sequence as Items
from typing import Any

from gandsl.diagnostics import Diagnostics, Label, Span
from gandsl.spec import shapes
from gandsl.spec.declarations import HELD, LIBRARY, build
from gandsl.spec.document import Document, is_short
from gandsl.spec.fields import meant
from gandsl.spec.files import SpecFile, find, read_file, spec_file
from gandsl.spec.game_changes import GAME, Declared, apply_late, joined, late_set, late_steps
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
_JOINED: Declared = {  # added to the base's
    "params": {},
    "let": {},
    "blocks": {},
    "interfaces": {},
    "imports": {},
    "requires": {},
    "networks": {},
    "data": {},
    "moved": {},
    "game": GAME,
}


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
        self.late: list[Tree] = []  # steps on the game, which are applied last

    def document(self, file: SpecFile, overrides: list[str], *, blocks_only: bool = False) -> Document | None:
        tree = self.resolved(file, None, ())
        if tree is None:
            return None
        tree, late = apply_overrides(tree, overrides, self.diagnostics)
        tree = self.with_late(tree, [*self.late, *late])
        form = LIBRARY if blocks_only else shapes.SPEC
        document = build(tree, file.shown, file.path, self.diagnostics, form)
        if not blocks_only:
            self.require_networks(document)
        document.imports = self.imports(tree, file)
        document.paths = dict(self.paths)
        files = [*self.paths, *(f"--set {text}" for text in overrides)]
        document.sources = {
            name: self.diagnostics.sources[name] for name in files if name in self.diagnostics.sources
        }
        return document

    def with_late(self, tree: Mapping, steps: list[Tree]) -> Mapping:
        """The tree with the changes of its game: made, or left to the expansion of its short form."""
        if not steps:
            return tree
        if not is_short(tree):
            return apply_late(tree, steps, self.diagnostics)
        patch = Entry("patch", steps[0].span, Sequence(tuple(steps), steps[0].span))
        return Mapping({**tree.entries, "patch": patch}, tree.span)

    def require_networks(self, document: Document) -> None:
        """The two that a short form plays; a game of its own says which networks it has."""
        if document.game is not None or ("game" in document.tree and not document.is_short):
            return
        misspelt = meant(shapes.SPEC, document.tree)
        roles = ("generator", "discriminator")
        if document.networks and not {*roles} & {*document.networks, *misspelt, *document.tree.entries}:
            named = ", ".join(f"`{name}`" for name in document.networks)
            self.diagnostics.add(
                "G0612",
                "the spec has no generator and no discriminator, which a loss plays",
                next(iter(document.networks.values())).span,
                help=f"write `game:` in place of `training.loss`, whose players train {named}",
            )
            return
        for role in roles:
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
        if self.goes_round(file, named_at, chain):
            return None
        tree = self.read(file, named_at)
        if tree is None:
            return None
        extends = tree.entries.get("extends")
        if extends is None:
            return self.changed(_without_changes(tree), tree, is_based=False)
        base: Mapping | None = None
        for place, written in enumerate(self.bases(extends)):
            if (found := find(written.text, file.path, written.span, self.diagnostics)) is None:
                return None
            after = (*chain, file)
            if place == 0:
                base = self.resolved(found, written.span, after)
            elif base is not None:
                base = self.laid_on(base, found, written.span, after)
        return None if base is None else self.changed(self.merged(base, tree), tree)

    def bases(self, extends: Entry) -> tuple[Scalar, ...]:
        """The files that a spec extends, in order; none after reporting."""
        value = extends.value
        items = value.items if isinstance(value, Sequence) and value.items else (value,)
        for item in items:
            if not isinstance(item, Scalar) or not isinstance(item.value, str):
                message = f"`extends` wants the path of a file, or a list of them, not {describe(item)}"
                self.diagnostics.add("G0010", message, item.span)
        return tuple(item for item in items if isinstance(item, Scalar) and isinstance(item.value, str))

    def laid_on(
        self, base: Mapping, file: SpecFile, named_at: Span, chain: tuple[SpecFile, ...]
    ) -> Mapping | None:
        """A base with the changes and additions of another file, as if that extended it."""
        if self.goes_round(file, named_at, chain):
            return None
        tree = self.read(file, named_at)
        if tree is None:
            return None
        if extends := tree.entries.get("extends"):
            message = f"`{file.shown}` has a base of its own, so it cannot change another one"
            label = Label(extends.key_span, "here")
            help = "put it first in the list, or take its `extends` away"
            self.diagnostics.add("G0413", message, named_at, secondary=(label,), help=help)
            return None
        return self.changed(self.merged(base, tree), tree)

    def goes_round(self, file: SpecFile, named_at: Span | None, chain: tuple[SpecFile, ...]) -> bool:
        """Whether a file extends itself, which is reported."""
        itself = file.identity in [other.identity for other in chain]
        if itself or len(chain) >= MAX_CHAIN:
            circle = " → ".join(other.shown for other in (*chain, file))
            message = f"`{file.shown}` extends itself" if itself else "too many files extend each other"
            self.diagnostics.add("G0401", f"{message}: {circle}", named_at)
            return True
        return False

    def changed(self, merged: Mapping, tree: Mapping, *, is_based: bool = True) -> Mapping:
        """With the changes that a file says, those of the game aside, which wait.

        Without a base a file can change the game alone, which its short form stands for.
        """
        changes, patch = tree.entries.get("set"), tree.entries.get("patch")
        if changes and self.is_a(changes, Mapping, "a mapping of paths to values"):
            assert isinstance(changes.value, Mapping)
            now, late = late_set(changes.value)
            self.late += late
            if is_based:
                merged = apply_set(merged, now, self.diagnostics)
            elif now.entries or not late:
                self.refuse_change(changes)
        if patch and self.is_a(patch, Sequence, "a list of steps"):
            assert isinstance(patch.value, Sequence)
            steps, late = late_steps(patch.value)
            self.late += late
            if is_based:
                merged = apply_patch(merged, steps, self.diagnostics)
            elif steps.items or not late:
                self.refuse_change(patch)
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

    def refuse_change(self, entry: Entry) -> None:
        message, help = f"`{entry.key}` changes a base, and there is none", "add `extends: base.yaml`"
        self.diagnostics.add("G0409", message, entry.key_span, help=help)

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
                value = joined(known.value, entry.value, _JOINED[entry.key], self.clash, (entry.key,))
                entries[entry.key] = Entry(entry.key, entry.key_span, value)
            else:
                help = f"change it with `set: {{{entry.key}.…: …}}`"
                self.exists(f"`{entry.key}`", entry, known, help)
        return Mapping(entries, own.span)

    def clash(self, path: tuple[str, ...], known: Entry | None, entry: Entry) -> Entry | None:
        if known is None:  # null, where the base has nothing
            return entry
        help = f"to change it use `set: {{{'.'.join(path)}: …}}`; to add another, choose another name"
        self.exists(f"`{entry.key}`", entry, known, help)
        return known

    def exists(self, what: str, entry: Entry, known: Entry, help: str) -> None:
        label = Label(known.key_span, "the base's")
        message = f"{what} exists in the base already"
        self.diagnostics.add("G0404", message, entry.key_span, secondary=(label,), help=help)


def _without_changes(tree: Mapping) -> Mapping:
    """Without the fields that say how to change a base."""
    return Mapping({key: entry for key, entry in tree.entries.items() if key not in _CHANGES}, tree.span)
