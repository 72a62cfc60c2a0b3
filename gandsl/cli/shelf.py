"""What `gandsl specs` tells of a spec, and how it copies one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR
    from gandsl.spec.document import Document


def document_of(name: str) -> Document:
    """A spec as it is written, by name or path. Raises SpecError."""
    from gandsl.diagnostics import Diagnostics, SpecError
    from gandsl.spec.loader import load

    diagnostics = Diagnostics()
    document = load(name, diagnostics=diagnostics)
    if document is None or diagnostics.has_errors:
        raise SpecError(tuple(diagnostics), diagnostics.sources)
    return document


def module_of(document: Document) -> ModuleIR:
    """Its networks. Raises SpecError."""
    from gandsl.diagnostics import Diagnostics, SpecError
    from gandsl.frontend.elaborate import elaborate

    diagnostics = Diagnostics()
    module = elaborate(document, diagnostics)
    if module is None or diagnostics.has_errors:
        raise SpecError(tuple(diagnostics), diagnostics.sources)
    return module


def size_of(document: Document) -> tuple[int, ...]:
    """The sides of the images: what the parameter says; of a spec without it, what its networks do."""
    from gandsl.spec.tree import Scalar

    declared = document.params.get("resolution")
    if declared and isinstance(declared.default, Scalar) and isinstance(declared.default.value, int):
        return declared.default.value, declared.default.value
    return image_in(module_of(document))[1:]


def image_in(module: ModuleIR) -> tuple[int, ...]:
    """The largest image (or signal, or volume) that the discriminator reads, (c, …); else that any reads."""
    from gandsl.ir.types import PICTURES, TensorType

    judge = module.networks.get("discriminator")
    networks = [judge] if judge else module.networks.values()
    inputs = (node.type for network in networks for node in network.main.inputs)
    images = (type_ for type_ in inputs if type_.kind in PICTURES)
    return max(images, key=lambda type_: prod(type_.sides), default=TensorType("Image", (0, 0, 0))).shape


def shown_size(size: tuple[int, ...]) -> str:
    """`256²`, `64³`, or `96×160`."""
    return f"{size[0]}{'¹²³'[len(size) - 1]}".rstrip("¹") if len({*size}) == 1 else "×".join(map(str, size))


def facts(name: str, document: Document, module: ModuleIR) -> dict[str, Any]:
    """One spec in the form that `specs/1` lists (docs/cli.md)."""
    from gandsl.analysis.cost import state_sizes

    networks = {
        role: sum(state_sizes(graph, node)[0] for graph, node in network.weighted().values())
        for role, network in module.networks.items()
    }
    return {
        "name": name,
        "doc": document.doc,
        "source": document.source,
        "file": document.path,
        "size": list(image_in(module)[1:]),
        "parameters": networks,
        "params": {
            declared.name: {"type": declared.type, "value": _plain(module.params[declared.name])}
            | ({"doc": declared.doc} if declared.doc else {})
            for declared in document.params.values()
        },
    }


def _plain(value: Any) -> Any:
    """Numbers, texts and lists as they are; a size as `[h, w]`."""
    from gandsl.spec.values import Size

    return [*value.sides] if isinstance(value, Size) else value


def copied(path: Path, to: Path) -> str:
    """The text of a spec for another file: what it extends and imports of gandsl's own has its name there.

    Raises ValueError where the copy would extend itself.
    """
    from gandsl.spec.places import SHIPPED

    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    for line, start, end, written in reversed(list(_references(path, text))):
        lies = path.resolve().parent / written
        if not lies.is_file() or not lies.resolve().is_relative_to(Path(SHIPPED).resolve()):
            continue  # found by a folder of GANDSL_PATH, or in the standard library: there as here
        name = os.path.relpath(lies.resolve(), Path(SHIPPED).resolve()).replace(os.sep, "/")
        if (to.parent / name).resolve() == to.resolve():
            raise ValueError(f"the copy builds on {name}, and a file of that name would build on itself")
        lines[line] = lines[line][:start] + name + lines[line][end:]
    return "\n".join(lines)


def _references(path: Path, text: str) -> Iterator[tuple[int, int, int, str]]:
    """Line, first and end column (from 0) of each path that a spec names."""
    from gandsl.diagnostics import Diagnostics
    from gandsl.spec.reader import read_text
    from gandsl.spec.tree import Mapping, Scalar, Sequence

    tree = read_text(text, str(path), Diagnostics())
    assert isinstance(tree, Mapping)
    imports = tree.get("imports")
    others = [entry.value for entry in imports] if isinstance(imports, Mapping) else []
    extends = tree.get("extends")
    bases = extends.items if isinstance(extends, Sequence) else (extends,)
    for value in (*bases, *others):
        if isinstance(value, Scalar):
            span = value.span
            yield span.line - 1, span.column - 1, span.end_column - 1, value.text
