"""Which experiment `gandsl train` runs: a spec's, or on a resume the run's own, unless it is to change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from gandsl.cli.read import is_run, spec_in

if TYPE_CHECKING:
    from gandsl.diff import ModuleDiff
    from gandsl.frontend.module import ModuleIR
    from gandsl_runtime.runs.record import MachineOptions


class Experiment(NamedTuple):
    """A checked spec, and its resolved text as a run's folder has it."""

    module: ModuleIR
    text: str


def folder_named(source: Path, run_dir: Path | None) -> Path | None:
    """The run's folder, where the command line names one. Raises BadParameter where it names two."""
    if not is_run(source):
        return run_dir
    if run_dir is not None and run_dir.resolve() != source.resolve():
        raise typer.BadParameter(f"two runs are named, {source} and {run_dir}: leave --run-dir out")
    return source


def of_spec(source: Path, sets: Sequence[str] | None, processes: int) -> Experiment:
    """What a spec says, or a run's, changed by `sets`. Raises SpecError, BadParameter."""
    from gandsl.analysis.resolved import resolved_text
    from gandsl.cli.read import reported

    module = reported(_spec_in(source), sets, processes)
    return Experiment(module, resolved_text(module))


def of_run(folder: Path, processes: int) -> Experiment:
    """What a run's folder says, word for word. Raises SpecError, BadParameter."""
    from gandsl.cli.read import reported

    path = _spec_in(folder)
    return Experiment(reported(path, None, processes), path.read_text(encoding="utf-8"))


def _spec_in(source: Path) -> Path:
    if is_run(source) and not spec_in(source).is_file():
        raise typer.BadParameter(f"{source} is no run's folder: it holds no spec.yaml")
    return spec_in(source)


def resumed(folder: Path, given: Experiment, change: bool, processes: int) -> Experiment:
    """The run's own, or with `change` what is given. Raises CheckpointError where they differ otherwise."""
    from gandsl.cli.output import columns, say
    from gandsl.cli.read import analyzed
    from gandsl.diff import compare
    from gandsl.diff.text import differences
    from gandsl_runtime.errors import CheckpointError
    from gandsl_runtime.system.pasted import pasted

    path = folder / "spec.yaml"
    if not path.exists():  # a run that Python began, or a folder that lost it: plan and weights are compared
        return given
    module, diagnostics = analyzed(path, None, processes)
    if module is None:
        why = next(iter(diagnostics)).message
        say(f"warning: {path} can't be compared, {why}; --change writes it anew")
        return given
    own = Experiment(module, path.read_text(encoding="utf-8"))
    if own.text == given.text:
        return own
    diff = compare(own.module, given.module)
    if not diff:  # names and docs alone, and places that `moved` names: the run needs neither
        return given if change else own
    said = differences(diff, columns=columns())
    goes_on = f"`{pasted('train', folder)}` goes on as it was begun"
    if not fits(diff):
        raise CheckpointError(
            f"the run in {folder} has other networks: its weights don't fit\n{said}",
            f"{goes_on}; for other networks start a new run in another folder",
        )
    if not change:
        raise CheckpointError(
            f"this is not the experiment that the run in {folder} is\n{said}",
            f"{goes_on}; with --change it goes on like this",
        )
    say(f"changed from here on:\n{said}")
    return given


def fits(diff: ModuleDiff) -> bool:
    """Whether every weight has its place and its meaning in the new networks."""
    from gandsl.diff.weights import WeightVerdict

    verdicts = {network.weights.verdict for network in diff.networks.values()}
    return not diff.added and not diff.removed and verdicts <= {WeightVerdict.compatible}


def how_before(folder: Path) -> MachineOptions:
    """What the run's last command line said of the machine; with a warning nothing, where it is lost."""
    from gandsl.cli.output import say
    from gandsl_runtime.runs.record import MachineOptions, recorded
    from gandsl_runtime.runs.run_dir import RunDir

    path = RunDir(folder).facts
    record = recorded(path)
    if record is None and path.exists():
        say(f"warning: {path} can't be read: --device, --workers and the like are at their defaults")
    return record.how if record else MachineOptions()
