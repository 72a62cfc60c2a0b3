"""Which spec a checkpoint's weights are of: that of its run as it was then, or that of its import."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gandsl.interop.matching import at_hand
from gandsl_runtime.errors import RuntimeFault
from gandsl_runtime.runs.header import Facts, ImportFacts, RunFacts
from gandsl_runtime.runs.run_dir import RunDir
from gandsl_runtime.system.pasted import pasted

DEPTH = 3  # folders from a run's file up to its own, at most: RUN/guard/good/FILE


class NoWeights(RuntimeFault):
    """A path names no weights, or weights of no known spec."""

    exit_code = 2


class Origin(NamedTuple):
    """The spec of some weights. `doubt` says why it may be another than the one they were made with."""

    spec: Path
    overrides: tuple[str, ...] = ()
    sha256: str | None = None  # of the resolved spec, where the weights tell it
    doubt: str = ""


def origin_of(path: Path, facts: Facts) -> Origin:
    """The spec of the weights in a checkpoint file. Raises NoWeights where it is not at hand."""
    if isinstance(facts, RunFacts):
        return _of_run(path, facts)
    if facts.imported:
        return _of_import(path, facts.imported)
    raise NoWeights(f"{path} holds weights, and does not say of which spec", _name_it(path))


def _name_it(path: Path) -> str:
    command = pasted("sample", "SPEC", "--weights", path)
    return f"name it: `{command}`, or `gandsl.load({str(path)!r}, spec=SPEC)` from Python"


def overrides_of(facts: Facts) -> tuple[str, ...]:
    """Those of an import; of other weights none are known."""
    imported = None if isinstance(facts, RunFacts) else facts.imported
    return imported.overrides if imported else ()


def _of_run(path: Path, facts: RunFacts) -> Origin:
    """The spec that was in force when the run wrote the file."""
    above = path.absolute().parents[:DEPTH]
    folder = next((folder for folder in above if RunDir(folder).spec.is_file()), None)
    if folder is None:
        raise NoWeights(f"{path} is of a run, and no spec.yaml is in the folders it lies in", _name_it(path))
    own = RunDir(folder).spec
    if facts.spec is None:
        return Origin(own)
    for spec in (own, *sorted(folder.glob("spec-*.yaml"))):
        if facts.spec in _digests(spec):
            return Origin(spec)
    changed = f"{own} was changed since the run was trained with it: these may be other networks"
    return Origin(own, doubt=changed)


def _digests(spec: Path) -> Iterator[str]:
    if spec.is_file():
        yield hashlib.sha256(spec.read_bytes()).hexdigest()


def _of_import(path: Path, facts: ImportFacts) -> Origin:
    """The spec that the import named, where it was or by that name at hand."""
    named = Path(facts.spec.file)
    tails = (str(Path(*named.parts[first:])) for first in range(len(named.parts)))
    found = named if named.is_file() else next(filter(None, map(at_hand, tails)), None)
    if found is None:
        raise NoWeights(f"{path} was imported into {named}, which is not at hand", _name_it(path))
    return Origin(found, facts.overrides, facts.spec.sha256)
