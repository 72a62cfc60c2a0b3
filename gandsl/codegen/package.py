"""A module of the IR as a folder of files: networks, plan, manifest; rendered, written, compared."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gandsl.analysis.resolved import resolved
from gandsl.codegen.analysis.origins import STANDARD, ScopeOrigin
from gandsl.codegen.identifiers import class_name, is_identifier, unique
from gandsl.codegen.printing.game import game_source
from gandsl.codegen.printing.layout import collection, lay, quoted
from gandsl.codegen.printing.locations import Locations
from gandsl.codegen.printing.network import network_source
from gandsl.codegen.printing.template import fill
from gandsl.codegen.printing.text import docstring
from gandsl.diagnostics import Diagnostics
from gandsl.diagnostics.errors import InvariantError
from gandsl.ir.game import GAME
from gandsl.ir.graph import Node
from gandsl.lowering.planned import planned, recomputed
from gandsl.spec.document import BlockDecl
from gandsl.spec.library import Library
from gandsl.version import __version__
from gandsl_runtime.system.files import write as write_file

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR

MANIFEST = "manifest.json"
FORMAT = 1  # of the manifest
_GAME = (
    "A function is one pass: from items of the data, draws and states to the loss of each player, then what "
    "is logged and heard. `net` has the networks; the player's weights are variables, all others constants."
)
_FILE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\.(py|json)")


def render(module: ModuleIR) -> dict[str, str]:
    """Every file of the generated package by its name, the manifest last: the same text on every machine."""
    document = module.document
    locations = Locations(document.file)
    block_of = _Blocks(module)
    files: dict[str, str] = {}
    for name, network in module.networks.items():
        if not is_identifier(name) or name.startswith("__"):
            raise InvariantError(f"the network {name!r} cannot name a Python module")
        origin = locations.file(document.file)
        about = f"The {name} of {module.name}, generated from {origin}: edit that, not this."
        if doc := _one_paragraph(document.networks[name].doc):
            about += f"\n\n{doc}"
        as_planned, kept = planned(network, module.plan), recomputed(network, module.plan)
        files[f"{name}.py"] = network_source(as_planned, about, locations, block_of, kept)
    classes = {name: class_name(name) for name in module.networks}
    if module.game is not None and module.plan is not None:
        name = unique(GAME, classes)
        classes[name] = unique(class_name(name), classes.values(), "")
        origin = locations.file(document.file)
        about = f"The game of {module.name}, generated from {origin}: edit that, not this.\n\n{_GAME}"
        remark = _Remarks(block_of)
        files[f"{name}.py"] = game_source(
            module.game, module.networks, classes[name], about, remark, module.plan.data.range
        )
    classes = {name: classes[name] for name in sorted(classes, key=_natural)}
    exported = [quoted(name) for name in sorted({*classes.values()}, key=_natural)]
    files["__init__.py"] = fill(
        "package.py.jinja",
        doc=docstring(_about(module), 0),
        classes=classes,
        exported=lay(collection(exported, "[]"), 0, "__all__ = "),
    )
    if module.plan is not None:
        files["plan.json"] = _json(module.plan.model_dump(mode="json"))
    files[MANIFEST] = _json(
        {
            "format": FORMAT,
            "name": module.name,
            "spec": spec_hash(module),
            "compiler": __version__,
            "language": document.version,
            "files": {name: _sha256(text) for name, text in sorted(files.items())},
        }
    )
    return files


def write(module: ModuleIR, directory: str | os.PathLike[str]) -> list[str]:
    """Write the package's files into `directory`; return the names of those that changed or went.

    Each file is replaced whole, the manifest last. A file that an older manifest names and that is no longer
    generated is deleted; all else in the folder is left alone. Raises OSError where the disk refuses.
    """
    folder = Path(directory)
    files = render(module)
    different = stale(module, folder, files)
    folder.mkdir(parents=True, exist_ok=True)
    for name in different:
        if name in files:
            write_file(folder / name, files[name])
        else:
            (folder / name).unlink(missing_ok=True)
    return different


def stale(
    module: ModuleIR, directory: str | os.PathLike[str], files: Mapping[str, str] | None = None
) -> list[str]:
    """Names of files that are missing, differ or should be gone, in the order in which `write` goes."""
    folder = Path(directory)
    fresh = render(module) if files is None else files
    different = [name for name, text in fresh.items() if _read(folder / name) != text.encode()]
    gone = [name for name in _listed(folder) if name not in fresh and (folder / name).is_file()]
    return sorted(gone) + different


def spec_hash(module: ModuleIR) -> str:
    """SHA-256 of the resolved spec: patches applied, parameters in force, every default of the plan."""
    return _sha256(json.dumps(resolved(module), ensure_ascii=True, separators=(",", ":")))


def _natural(name: str) -> list[tuple[int, str]]:
    """The order of imports: `net2` before `net10`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name)]


def _about(module: ModuleIR) -> str:
    document = module.document
    parts = [f"{module.name}: {document.doc}" if document.doc else f"{module.name}."]
    parts += [f"Source: {document.source}"] if document.source else []
    return "\n\n".join(_one_paragraph(part) for part in parts)


def _one_paragraph(text: str) -> str:
    return " ".join(text.split())


class _Blocks:
    """The block behind an origin: one of the spec's own, or the standard library's."""

    def __init__(self, module: ModuleIR) -> None:
        self._document = module.document
        self._library = Library(Diagnostics())

    def __call__(self, origin: ScopeOrigin) -> BlockDecl | None:
        if origin.what != "block":
            return None
        return self._library.block(
            f"{origin.library}.{origin.name}" if origin.library else origin.name, self._document
        )


class _Remarks:
    """Of a node of a game: the outermost block that it is of, what that computes, and after whom."""

    def __init__(self, block_of: _Blocks) -> None:
        self._block_of = block_of

    def __call__(self, node: Node) -> str:
        frames = [frame for frame in node.provenance.frames if frame.what.startswith("block ")]
        if not frames:
            return ""
        inside = frames[-2].span if len(frames) > 1 else node.provenance.span  # written in the block's text
        library = inside.file.removeprefix(STANDARD).removeprefix("game/").removesuffix(".yaml")
        library = library if inside.file.startswith(STANDARD) else ""
        name = frames[-1].what.removeprefix("block ").strip("`")
        block = self._block_of(ScopeOrigin("block", name, library=library))
        said = f"{library}.{name}" if library else name
        if block is None:
            return said
        source = f" ({_one_paragraph(block.source)})" if block.source else ""
        return f"{said}: {_one_paragraph(block.doc).rstrip('.')}{source}" if block.doc else f"{said}{source}"


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=True) + "\n"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _listed(folder: Path) -> Iterator[str]:
    """Files that the folder's manifest names; only names that this compiler could have written."""
    try:
        manifest = json.loads(_read(folder / MANIFEST) or b"{}")
    except ValueError:
        return
    files = manifest.get("files") if isinstance(manifest, dict) else None
    yield from (name for name in files if _FILE.fullmatch(name)) if isinstance(files, dict) else ()
