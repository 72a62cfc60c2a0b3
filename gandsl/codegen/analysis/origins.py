"""What a scope is in the spec: the block or stage that it came from, as its nodes' provenance tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gandsl.codegen.analysis.statements import Path, path_of
from gandsl.codegen.identifiers import class_name
from gandsl.diagnostics.span import Span
from gandsl.ir.graph import Frame, NetworkIR, Node

STANDARD = "gandsl/std/"  # how the spans of the standard library's files begin


_BEFORE = (
    "style",
    "up",
    "down",
    "residual",
)  # libraries whose name comes before the block's: StyleLayer, but BatchNorm


@dataclass(frozen=True)
class ScopeOrigin:
    """`what`: block, stage or, unexplained, nothing. `name`: the block's, or the stage's label."""

    what: str = ""
    name: str = ""
    used: Span | None = None  # where the spec uses it; for blocks inside the standard library's: uses those
    frame: Frame | None = None
    library: str = ""  # the standard library's file that defines the block: norm, topology, …


def origins_of(network: NetworkIR) -> dict[Path, ScopeOrigin]:
    """A origin for every scope of every program."""
    nodes: dict[str, Node] = {}
    for variant in sorted(network.programs, reverse=True):
        for node in network.programs[variant]:
            nodes.setdefault(node.id, node)
    common: dict[Path, tuple[Frame, ...]] = {}
    leaves: dict[Path, Node] = {}
    inner: dict[Path, set[Path]] = {}
    for node in nodes.values():
        path = path_of(node.id)
        for depth in range(1, len(path)):
            scope = path[:depth]
            known = common.get(scope)
            common[scope] = node.provenance.frames if known is None else _outer(known, node.provenance.frames)
            inner.setdefault(scope[:-1], set()).add(scope)
        leaves.setdefault(path[:-1], node)
    return {scope: _origin(scope, common, leaves, inner) for scope in common}


def ports_of(network: NetworkIR, origins: Mapping[Path, ScopeOrigin]) -> dict[Path, dict[str, str]]:
    """Scope → node that it is given, in any program → its block's port, or its fold's carry."""
    found: dict[Path, dict[str, str]] = {}
    for graph in network.programs.values():
        for node in graph:
            path = path_of(node.id)
            for depth in range(1, len(path)):
                frame = origins[path[:depth]].frame
                for own in node.provenance.frames:
                    if own == frame:
                        found.setdefault(path[:depth], {}).update(own.ports)
    return found


def _outer(a: tuple[Frame, ...], b: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """The frames that both share, which are the outermost."""
    count = 0
    while count < min(len(a), len(b)) and a[len(a) - 1 - count] == b[len(b) - 1 - count]:
        count += 1
    return a[len(a) - count :]


def _origin(
    scope: Path,
    common: Mapping[Path, tuple[Frame, ...]],
    leaves: Mapping[Path, Node],
    inner: Mapping[Path, set[Path]],
) -> ScopeOrigin:
    frames = common[scope]
    if (
        scope not in leaves
        and len(children := inner.get(scope, set())) == 1
        and common[next(iter(children))] == frames
    ):
        frames = frames[1:]  # the innermost frame is the only inner scope's
    elif (
        scope in leaves
        and frames == common.get(scope[:-1])
        and (scope[:-1] in leaves or len(inner.get(scope[:-1], ())) > 1)
    ):
        frames = ()  # the innermost frame is the outer scope's
    if not frames:
        return ScopeOrigin()
    frame = frames[0]
    used = next((outer.span for outer in frames if not outer.span.file.startswith(STANDARD)), frame.span)
    if frame.what.startswith("stage "):
        label = re.sub(r"[0-9]+(x[0-9]+)?$", "", frame.what.removeprefix("stage "))
        return ScopeOrigin("stage", label, used, frame)
    name = re.search(r"`([^`]*)`", frame.what)
    files = {
        *([leaves[scope].provenance.span.file] if scope in leaves else ()),
        *_files_inside(scope, common, inner),
    }
    standard = sorted(file for file in files if file.startswith(STANDARD))
    library = standard[0].removeprefix(STANDARD).removesuffix(".yaml") if standard else ""
    return ScopeOrigin("block", name[1] if name else frame.what, used, frame, library)


def _files_inside(
    scope: Path, common: Mapping[Path, tuple[Frame, ...]], inner: Mapping[Path, set[Path]]
) -> Iterable[str]:
    """The files in which the scope's inner blocks and stages are written: most likely its own."""
    count = len(common[scope])
    for child in inner.get(scope, ()):
        if len(common[child]) > count:
            yield common[child][len(common[child]) - count - 1].span.file


def base_name(scope: Path, origin: ScopeOrigin, siblings: Iterable[str]) -> str:
    """The class name that a scope asks for: its block's, its stages', else from its own name."""
    if origin.what == "block":
        name = origin.name.rpartition(".")[2]
        words = [origin.library, name] if origin.library in _BEFORE else [name, origin.library]
        return class_name(name if origin.library in name else "_".join(words))
    parent = class_name(scope[-2]) if len(scope) > 1 else ""
    label = origin.name if origin.what == "stage" else re.sub(r"[0-9]+(x[0-9]+)?$", "", scope[-1])
    alike = [name for name in siblings if name.startswith(label) and name[len(label) :][:1].isdigit()]
    if origin.what == "stage" or (label != scope[-1] and len(alike) > 1):
        if len(label) > 1:
            return f"{parent}{class_name(label)}"
        return f"{re.sub('Stages?$', '', parent)}Stage"  # of `synthesis` SynthesisStage, of `stages` Stage
    return class_name(scope[-1])
