"""`gandsl train`: run the spec's plan. Options name places, devices and budgets; choices are in the spec."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gandsl.cli.completion import spec_names
from gandsl.cli.options import Device, Set

if TYPE_CHECKING:
    from gandsl.cli.experiment import Experiment
    from gandsl_runtime.runs.record import MachineOptions
    from gandsl_runtime.training.trainer import Trainer


def run(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SPEC|RUN",
            help="a spec to begin with, or a run's folder to go on in",
            autocompletion=spec_names,
        ),
    ],
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHERE",
            help="images: a folder, a zip, *.tar shards, hf:NAME, or mnist; of a game with several sets "
            "SET=WHERE for each; default of a resume: the run's",
        ),
    ] = None,
    run_dir: Annotated[
        Path | None, typer.Option("--run-dir", "-o", metavar="DIR", help="where to; default: runs/NAME")
    ] = None,
    set: Set = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**63 - 1, help="decides every draw; default: 0")
    ] = None,
    device: Device = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="go on from the newest checkpoint in DIR, as RUN does")
    ] = False,
    keep_on: Annotated[
        bool,
        typer.Option("--continue", help="--resume if DIR has a checkpoint, else start: for restarted jobs"),
    ] = False,
    change: Annotated[
        bool,
        typer.Option(
            "--change", help="a resume takes what SPEC, --set or --data say otherwise than the run began"
        ),
    ] = False,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="save and stop after this time; --resume goes on")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="processes that read images ahead; default: by cores")
    ] = None,
    compile: Annotated[
        bool | None,
        typer.Option(
            "--compile/--no-compile", help="steps through torch.compile: minutes to start, then faster"
        ),
    ] = None,
    cudnn_benchmark: Annotated[
        bool | None,
        typer.Option(
            "--cudnn-benchmark/--no-cudnn-benchmark",
            help="on a GPU, try cuDNN's ways to convolve and keep the fastest; default: do",
        ),
    ] = None,
    tensorboard: Annotated[
        bool | None,
        typer.Option("--tensorboard/--no-tensorboard", help="scalars and grids for TensorBoard too"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what would be done, check all of it, write nothing")
    ] = False,
) -> int:
    """Train a spec on images. The run's folder gets checkpoints, image grids, log.jsonl and the spec.

    Ctrl-C saves the state before it stops; `gandsl train RUN` goes on as if it had not been interrupted: with
    its spec, images, seed, device, workers and observers. What a command line says otherwise is shown, and
    taken only with --change.
    """
    from gandsl.cli.experiment import folder_named, how_before, of_run, of_spec, resumed
    from gandsl.cli.read import is_run
    from gandsl.diagnostics import Diagnostic, SpecError
    from gandsl_runtime.distributed import launch

    processes = launch.processes()
    run = is_run(source)
    resume = resume or run
    given = of_spec(source, set, processes) if set or not run else of_run(source, processes)
    folder = folder_named(source, run_dir) or Path("runs") / given.module.name
    keep_on = keep_on or launch.restarted()
    if keep_on:
        from gandsl_runtime.runs.resuming import begun
        from gandsl_runtime.runs.run_dir import RunDir

        resume = resume or begun(RunDir(folder))
    if change and not (resume or keep_on):
        raise typer.BadParameter("--change is for a resume: give the run's folder, or --resume")
    from gandsl.cli.data_sets import named_sets

    where = named_sets(data or [])
    if where is None and not resume:
        raise typer.BadParameter("say which images: --data FOLDER, FILE.zip, SHARDS.tar, hf:NAME or mnist")
    chosen = resumed(folder, given, change, processes) if resume else given
    if chosen.module.plan is None:
        message = f"{source} has no `training` section, so there is nothing to run"
        raise SpecError([Diagnostic("G0009", message, help="`gandsl explain training` lists its fields")])
    from gandsl_runtime.runs.record import MachineOptions

    before = how_before(folder) if resume else MachineOptions()
    said = {
        **{"device": device, "workers": workers, "compile": compile, "tensorboard": tensorboard},
        "cudnn_benchmark": cudnn_benchmark,
    }
    machine = before.model_copy(update={name: value for name, value in said.items() if value is not None})
    rehearsed = (source, set or []) if dry_run else None
    return _train(chosen, where, folder, seed, machine, resume, change, minutes, rehearsed)


def _train(
    experiment: Experiment,
    data: str | dict[str, str] | None,
    folder: Path,
    seed: int | None,
    machine: MachineOptions,
    resume: bool,
    change: bool,
    minutes: float | None,
    rehearsed: tuple[Path, list[str]] | None,
) -> int:
    """`rehearsed`: SPEC or RUN and what is set in it, where nothing is to be done but said."""
    import gc

    import torch

    from gandsl.api import Program
    from gandsl.cli.streams import told
    from gandsl_runtime.distributed.group import join
    from gandsl_runtime.errors import Interrupted
    from gandsl_runtime.observers import standard
    from gandsl_runtime.runs.resuming import check_seed
    from gandsl_runtime.runs.run_dir import RunDir
    from gandsl_runtime.system.device import device_named
    from gandsl_runtime.training.trainer import Trainer

    gc.enable()
    program = Program(experiment.module, begun=resume)
    torch.manual_seed(seed or 0)
    plan, game = program.plan, program.game
    assert plan is not None and game is not None
    group = join(torch.device(device_named(machine.device)))
    common: dict[str, Any] = {
        "data": data,
        "machine": machine,
        "observing": standard(folder, terminal=True, tensorboard=machine.tensorboard) if group.leads else (),
        "group": group,
    }
    files = RunDir(folder, experiment.text)
    if resume:
        trainer = Trainer.resume(files, game, plan=plan, change=change, **common)
        check_seed(trainer.state.seed, seed)
    else:
        trainer = Trainer(plan, game, run_dir=files, seed=seed or 0, **common)
    if rehearsed:
        from gandsl.cli.dry_run import report

        code = report(trainer, experiment.module, *rehearsed, minutes) if group.leads else 0
        group.leave()
        return code
    try:
        finished = trainer.run(minutes)
    except Interrupted as stop:  # each process was; the first one says it
        if group.leads:
            raise
        return stop.exit_code
    group.leave()
    if group.leads:
        said, more = ("done", "") if finished else ("stopped", " (--resume goes on)")
        told(f"{said} after {trainer.state.clock.images} images: {folder}{more}")
        for name, path in _shown(trainer):
            told(f"{name}: {path}")
    return 0


def _shown(trainer: Trainer) -> Iterator[tuple[str, Path]]:
    """Files that a user wants to look at first."""
    from gandsl_runtime.runs.checkpoint import found_in, saved
    from gandsl_runtime.runs.retention import best

    assert trainer.files is not None
    yield from (("the last image grid", path) for path in sorted(trainer.files.grids.glob("[0-9]*.png"))[-1:])
    cadence = trainer.plan.cadence
    if cadence.best:
        for one in best(saved(found_in(trainer.files.checkpoints), cadence), cadence.best):
            yield f"{cadence.best.metric} {one.value:.4g}", one.path
