"""What a path holds, be it a run, a checkpoint, an import or a file of others: weights and their spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from gandsl.analysis import checked
from gandsl.codegen.package import spec_hash
from gandsl.frontend.module import ModuleIR
from gandsl.interop.foreign import WEIGHTS
from gandsl.interop.load import Sources, import_checkpoint
from gandsl.interop.matching import Overrides
from gandsl.interop.origin import NoWeights, Origin, origin_of
from gandsl.spec.overrides import as_texts
from gandsl.spec.places import ENDINGS, named
from gandsl_runtime.plan.schedule import Clock
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.header import RunFacts
from gandsl_runtime.runs.run_dir import RunDir
from gandsl_runtime.runs.tensors import average_name


@dataclass(frozen=True)
class Held:
    """Weights and their spec."""

    path: str  # of the file, or of several
    module: ModuleIR
    tensors: Mapping[str, Tensor]  # `<part>/<key>`, of networks and of averages of them
    clock: Clock | None = None  # where a run was

    @property
    def parts(self) -> list[str]:
        """Those that there are weights of."""
        there = {key.partition("/")[0] for key in self.tensors}
        return [part for part in parts_of(self.module) if part in there]


def held(
    source: Sources,
    spec: str | Path | None = None,
    overrides: Overrides = (),
    layout: str | None = None,
    *,
    warn: Callable[[str], None],
) -> Held:
    """All weights that a path leads to: a run's folder, one of its checkpoints, an import, a published file.

    spec: by default the run's own, or the one that an import fits. overrides: as `--set`, on top of those of
    an import. layout: of a published file; by default recognized. `warn` is told what may be wrong.
    Raises NoWeights, CheckpointError, InteropError or SpecError.
    """
    path = Path(source) if isinstance(source, str | Path) else None
    if path is not None and _is_spec(path):
        raise NoWeights(
            "a spec has no weights: give a run's folder, or --weights FILE",
            f"`gandsl.load(FILE, spec={str(path)!r})`, or `gandsl.compile` for fresh ones, from Python",
        )
    if path is None or not _is_ours(path):
        found = import_checkpoint(source, spec, overrides, layout)
        return Held(_named(source), found.module, found.tensors())
    file, tensors, facts, refused = checkpoint.named(path)
    for reason in refused:
        warn(f"{reason}; taking {file.name}")
    origin = Origin(Path(spec)) if spec is not None else origin_of(file, facts)
    module, _ = checked(origin.spec, [*origin.overrides, *as_texts(overrides)])
    if origin.doubt or (origin.sha256 and not overrides and origin.sha256 != spec_hash(module)):
        changed = f"{origin.spec} is another than when {file} was imported: these may be other networks"
        warn(origin.doubt or changed)
    counted = facts.counters if isinstance(facts, RunFacts) else None
    known = parts_of(module)
    weights = {key: tensor for key, tensor in tensors.items() if key.partition("/")[0] in known}
    return Held(str(file), module, weights, Clock(counted.images, counted.steps) if counted else None)


def parts_of(module: ModuleIR) -> list[str]:
    """What a checkpoint calls the weights of a module's networks, and their averages."""
    return [part for name in module.networks for part in (name, average_name(name))]


def _is_spec(path: Path) -> bool:
    return path.suffix in ENDINGS if path.is_file() else not path.exists() and bool(named(str(path)))


def _is_ours(path: Path) -> bool:
    """Whether what lies there is a run or a checkpoint of ours. Raises NoWeights for a folder without any."""
    if not path.is_dir():
        return not path.exists() or checkpoint.is_ours(path)
    if RunDir(path).spec.is_file() or RunDir(path).checkpoints.is_dir() or checkpoint.found_in(path):
        return True
    if any(True for ending in WEIGHTS for _ in path.glob(f"*{ending}")):
        return False  # which of them to import is told there
    raise NoWeights(f"{path} is no run's folder: it holds no spec.yaml", "name a run's folder, or a file")


def _named(source: Sources) -> str:
    if isinstance(source, str | Path):
        return str(source)
    return ", ".join(str(path) for path in (source.values() if isinstance(source, Mapping) else source))
