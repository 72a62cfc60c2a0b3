"""What installed packages add to gandsl: found by a package's name, as pip knows it, and never by a path.

A package offers entry points. Those of the groups `gandsl.ops` and `gandsl.passes` are used by specs that
require the package; those of `gandsl.layouts` whenever a checkpoint is read. Each names a sequence: of `Op`,
of `Pass`, of `Layout`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from gandsl.ir.op import Op
from gandsl_runtime.errors import RuntimeFault

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

OPS, PASSES, LAYOUTS = "gandsl.ops", "gandsl.passes", "gandsl.layouts"
_NAME = re.compile(r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?", re.ASCII)  # of a package (PEP 508)


ADDED: dict[str, Op] = {}
"""The ops of installed packages, by full name, as far as specs have asked for them."""


class PackageFault(RuntimeFault):
    """A package that adds something is not there, or cannot be used."""

    exit_code = 6


class MissingPackage(PackageFault):
    """It is not installed, or offers nothing of this name."""


def broken(package: str, why: str) -> PackageFault:
    """The fault of a package that is there."""
    return PackageFault(
        f"the package `{package}` cannot be used: {why}", "this is its fault, not gandsl's: mend or update it"
    )


def check(prefix: str, package: str) -> None:
    """Raises Missing unless the package is installed and offers ops or passes under this name."""
    offered = {entry.name for entry in _distribution(package).entry_points if entry.group in (OPS, PASSES)}
    if prefix not in offered:
        has = f"but as {', '.join(f'`{name}`' for name in sorted(offered))}" if offered else "and no others"
        raise MissingPackage(
            f"the package `{package}` offers no ops or passes as `{prefix}`, {has}",
            "its documentation says what it offers to gandsl, and under which name",
        )


@cache
def ops_of(prefix: str, package: str) -> dict[str, Op]:
    """The package's ops by their full names, `prefix.name`. Raises PackageFault."""
    found: dict[str, Op] = {}
    for op in offered(prefix, package, OPS):
        why = _wrong(op)
        if why:
            raise broken(package, why)
        full = replace(op, name=f"{prefix}.{op.name}")
        if ADDED.get(full.name, full).module != full.module:
            raise broken(package, f"in this process `{full.name}` is an op of another one already")
        found[full.name] = full
    ADDED.update(found)
    return found


def find(name: str) -> None:
    """Put an op into ADDED by its full name, if any installed package has it."""
    prefix = name.rpartition(".")[0]
    for package, entry in everywhere(OPS):
        if entry.name == prefix:
            ops_of(prefix, package)


def _wrong(op: Any) -> str:
    from importlib.util import find_spec

    if not isinstance(op, Op):
        return f"among its ops is a {type(op).__name__}, which is no gandsl.ir.op.Op"
    if not op.name.isidentifier():
        return f"`{op.name}` is no name for an op"
    if not op.module:
        return f"its op `{op.name}` does not say in which `module` its function or layer is"
    try:
        there = find_spec(op.module) is not None
    except ModuleNotFoundError:
        there = False
    return "" if there else f"its op `{op.name}` is to be in the module `{op.module}`, which is not there"


def offered(prefix: str, package: str, group: str) -> list[Any]:
    """What the package's entry point of this name and group holds; nothing where it has none."""
    entries = _distribution(package).entry_points.select(group=group, name=prefix)
    return [item for entry in entries for item in loaded(entry, package)]


def loaded(entry: EntryPoint, package: str) -> Iterable[Any]:
    """The sequence that an entry point names. Raises PackageFault, whatever goes wrong in the package."""
    try:
        return tuple(entry.load())
    except Exception as error:  # the package's own code runs, and may raise anything: the fault names it
        why = f"{entry.value}, for {entry.group}, does not load: {type(error).__name__}: {error}"
        raise broken(package, why) from error


def everywhere(group: str) -> list[tuple[str, EntryPoint]]:
    """The entry points of a group that any installed package has, with the packages' names."""
    from importlib.metadata import entry_points

    return [(entry.dist.name if entry.dist else entry.name, entry) for entry in entry_points(group=group)]


def _distribution(package: str) -> Distribution:
    from importlib.metadata import PackageNotFoundError, distribution

    if not _NAME.fullmatch(package):
        raise MissingPackage(f"`{package}` is no name of a package", "write it as `pip install` takes it")
    try:
        return distribution(package)
    except PackageNotFoundError as error:
        raise MissingPackage(f"the package `{package}` is not installed", f"pip install {package}") from error
