"""The blocks and interfaces that names stand for: a document's own, its imports', the standard library's."""

from __future__ import annotations

import os
from dataclasses import field
from functools import cache

from gandsl.diagnostics import Diagnostics, Span
from gandsl.records import dataclass
from gandsl.spec.document import BlockDecl, Document, InterfaceDecl
from gandsl.spec.loader import load_blocks
from gandsl.spec.places import STANDARD, TABLE, block_folders, namespaces
from gandsl.spec.tree import Mapping


@dataclass(slots=True)
class Library:
    """Reads a file when a name in it is first asked for, and once. What is wrong in it is reported then."""

    diagnostics: Diagnostics
    standard: str = STANDARD
    documents: dict[str, Document | None] = field(default_factory=dict)  # by path; None: could not be read
    _paths: dict[str, str] = field(default_factory=dict)  # of files, as written → where that leads
    _spaces: dict[str, str | None] = field(default_factory=dict)  # of the standard library → its file

    def block(self, name: str, home: Document) -> BlockDecl | None:
        """`res_up` of `home`, `lib.res_up` of its import `lib`, `norm.batch` of the library, or None.

        A block of an import that could not be read is there, and broken: that was reported already.
        """
        space, _, local = name.rpartition(".")
        if not space:
            return home.blocks.get(name)
        document, known = self._space(space, home)
        if document:
            return document.blocks.get(local)
        return _broken(local, home) if known else None

    def interface(self, name: str, home: Document) -> InterfaceDecl | None:
        """An interface of `home`, of an import (`lib.Name`), or of the standard library; None if unknown."""
        space, _, local = name.rpartition(".")
        if space:
            document, known = self._space(space, home)
            if document is None and known:
                return InterfaceDecl(local, {}, None, (), "", Span.point(home.file))
            return document.interfaces.get(local) if document else None
        if name in home.interfaces:
            return home.interfaces[name]
        document, _ = self._space("interfaces", None)
        return document.interfaces.get(name) if document else None

    def candidates(self, home: Document) -> list[str]:
        """Every block name that `block` would know here: for did-you-mean."""
        names = list(home.blocks)
        for space in (*home.imports, *self.namespaces()):
            document, _ = self._space(space, home)
            names += [f"{space}.{name}" for name in document.blocks] if document else []
        return list(dict.fromkeys(names))

    def interface_names(self, home: Document) -> list[str]:
        """Every interface name that `interface` would know here: for did-you-mean."""
        standard, _ = self._space("interfaces", None)
        names = [*home.interfaces, *(standard.interfaces if standard else ())]
        for space in home.imports:
            document, _ = self._space(space, home)
            names += [f"{space}.{name}" for name in document.interfaces] if document else []
        return list(dict.fromkeys(names))

    def namespaces(self) -> list[str]:
        """The files of blocks of the standard library, those for games among them."""
        return namespaces(self.standard)

    def _space(self, space: str, home: Document | None) -> tuple[Document | None, bool]:
        """The document that a prefix stands for, and whether the prefix is known at all."""
        if home and space in home.imports:
            return self._load(home.imports[space]), True
        path = self._standard(space)
        return (self._load(path), True) if path else (None, False)

    def _standard(self, space: str) -> str | None:
        """The file of a namespace of the standard library, if there is one."""
        if space not in self._spaces:
            named = space.isidentifier() and space != TABLE
            paths = [os.path.join(one, f"{space}.yaml") for one in block_folders(self.standard) if named]
            self._spaces[space] = next(filter(os.path.exists, paths), None)
        return self._spaces[space]

    def _load(self, place: str | Document) -> Document | None:
        if isinstance(place, Document):
            return place
        if not place:  # an import that was not found, which was reported
            return None
        if place not in self._paths:
            self._paths[place] = os.path.realpath(place)
        key = self._paths[place]
        if key not in self.documents:
            is_ours = os.path.dirname(place) in block_folders()
            self.documents[key] = self._ours(place) if is_ours else load_blocks(place, self.diagnostics)
        return self.documents[key]

    def _ours(self, path: str) -> Document | None:
        """A file of our own standard library, which all specs of a process share while it stays as it is."""
        stat = os.stat(path)
        document = _sound(path, stat.st_mtime_ns, stat.st_size)
        if document is None:
            return load_blocks(path, self.diagnostics)
        self.diagnostics.sources.update(document.sources)
        return document


@cache
def _sound(path: str, changed: int, size: int) -> Document | None:
    """What a file holds, `changed` when and as large as is said; None where something is wrong in it."""
    found = Diagnostics()
    document = load_blocks(path, found)
    return None if list(found) else document


def _broken(name: str, home: Document) -> BlockDecl:
    nowhere = Span.point(home.file)
    return BlockDecl(name, "", "", {}, {}, {}, Mapping({}, nowhere), {}, nowhere, home, broken=True)
