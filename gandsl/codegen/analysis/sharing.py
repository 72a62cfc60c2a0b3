"""Scopes that run the layers of another scope: what a spec uses again is one module, called twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gandsl.codegen.analysis.methods import FlatMethod
from gandsl.codegen.analysis.statements import Path, path_of


def shared_scopes(methods: Sequence[FlatMethod]) -> tuple[dict[Path, Path], set[Path]]:
    """Scope → the scope whose module it calls; and scopes that no module computes, so that they are opened.

    A scope calls another one's module where all the layers it runs are that one's, under the same names. One
    that runs some layers from elsewhere, and others not, has no module that holds them.
    """
    layers: dict[Path, Path] = {}  # of each node that has one
    for flat in methods:
        for id_ in flat.nodes:
            if flat.graph[id_].spec.layer is not None:
                layers[path_of(id_)] = path_of(flat.graph[id_].layer)
    strange = {path for path, layer in layers.items() if path != layer}
    scopes = {path[:depth] for path in strange for depth in range(1, len(path))}
    shares: dict[Path, Path] = {}
    foreign: set[Path] = set()
    for scope in scopes:
        below = {path: layer for path, layer in layers.items() if path[: len(scope)] == scope}
        if all(layer[: len(scope)] == scope for layer in below.values()):
            continue  # it uses its own layers again
        first = next((first for first in _candidates(scope, below) if _is(scope, first, below, layers)), None)
        if first is None:
            foreign.add(scope)
        else:
            shares[scope] = first
    return shares, foreign


def _candidates(scope: Path, below: dict[Path, Path]) -> Iterator[Path]:
    """Other scopes whose layers have the names of a scope's; none around it, whose module is that at work."""
    found = set()
    for path, layer in below.items():
        rest = path[len(scope) :]
        if layer[-len(rest) :] == rest and len(layer) > len(rest):
            found.add(layer[: -len(rest)])
    yield from sorted(one for one in found if one != scope[: len(one)])


def _is(scope: Path, first: Path, below: dict[Path, Path], layers: dict[Path, Path]) -> bool:
    """Whether all layers below a scope are those of `first`, under the same names."""
    same = ((layer, (*first, *path[len(scope) :])) for path, layer in below.items())
    return all(layer in (there, layers.get(there)) for layer, there in same)
