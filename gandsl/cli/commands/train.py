"""`gandsl train`: run the spec's plan. Options name places, devices and budgets; choices are in the spec."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gandsl.cli.options import Set, Spec

if TYPE_CHECKING:
    from gandsl.api import Program
    from gandsl_runtime.trainer import Trainer


def run(
    spec: Spec,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE",
            help="images: a folder, a zip, *.tar shards, hf:NAME, or mnist",
            show_default=False,
        ),
    ] = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            "--run-dir", "-o", metavar="DIR", help="where to; default: runs/NAME", show_default=False
        ),
    ] = None,
    set: Set = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="decides every draw")] = 0,
    device: Annotated[
        str, typer.Option(help="cpu, cuda, cuda:1 …; auto takes a GPU if there is one")
    ] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="go on from the newest checkpoint in DIR")] = False,
    keep_on: Annotated[
        bool,
        typer.Option("--continue", help="--resume if DIR has a checkpoint, else start: for restarted jobs"),
    ] = False,
    minutes: Annotated[
        float | None,
        typer.Option(min=0, help="save and stop after this time; --resume goes on", show_default=False),
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="processes that read images ahead")] = 0,
    compile: Annotated[
        bool, typer.Option("--compile", help="steps through torch.compile: minutes to start, then faster")
    ] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="scalars and grids for TensorBoard too")
    ] = False,
) -> int:
    """Train a spec on images. The run's folder gets checkpoints, image grids, log.jsonl and the spec.

    Ctrl-C saves the state before it stops; with --resume the run goes on as if it had not been interrupted.
    """
    from gandsl.cli.read import reported
    from gandsl.diagnostics import Diagnostic, SpecError
    from gandsl_runtime.run_dir import RunDir

    module = reported(spec, set, processes=int(os.environ.get("WORLD_SIZE", "1")))  # torchrun says
    folder = run_dir or Path("runs") / module.name
    if keep_on or int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0:  # torchrun starts it again
        resume = resume or RunDir(folder).begun
    if data is None and not resume:
        raise typer.BadParameter("say which images: --data FOLDER, FILE.zip, SHARDS.tar, hf:NAME or mnist")
    if module.plan is None:
        message = f"{spec} has no `training` section, so there is nothing to run"
        raise SpecError([Diagnostic("G0009", message, help="`gandsl explain training` lists its fields")])
    from gandsl.api import Program
    from gandsl.cli.device import device_named
    from gandsl.passes.target import Target

    place = device_named(device)
    program = Program(module, Target("cuda" if place.startswith("cuda") else "cpu"))
    return _train(program, data, folder, seed, place, resume, minutes, workers, tensorboard, compile)


def _train(
    program: Program,
    data: str | None,
    folder: Path,
    seed: int,
    device: str,
    resume: bool,
    minutes: float | None,
    workers: int,
    tensorboard: bool,
    compile: bool,
) -> int:
    import gc

    import torch

    from gandsl.analysis.resolved import resolved_text
    from gandsl.cli.streams import told
    from gandsl_runtime.errors import Interrupted
    from gandsl_runtime.observers import standard
    from gandsl_runtime.trainer import Trainer
    from gandsl_runtime.world import join

    gc.enable()
    torch.manual_seed(seed)
    networks = program.generator, program.discriminator
    plan = program.plan
    assert plan is not None
    world = join(torch.device(device))
    common: dict[str, Any] = {
        "device": device,
        "workers": workers,
        "observing": standard(folder, terminal=True, tensorboard=tensorboard) if world.leads else (),
        "world": world,
        "backend": "inductor" if compile else None,
        "spec": resolved_text(program.module),
    }
    if resume:
        trainer = Trainer.resume(folder, *networks, plan=plan, data=data, **common)
    else:
        trainer = Trainer(plan, *networks, data=data or "", run_dir=folder, seed=seed, **common)
    try:
        finished = trainer.run(minutes)
    except Interrupted as stop:  # each process was; the first one says it
        if world.leads:
            raise
        return stop.exit_code
    world.leave()
    if world.leads:
        said, more = ("done", "") if finished else ("stopped", " (--resume goes on)")
        told(f"{said} after {trainer.state.clock.images} images: {folder}{more}")
        for name, path in _shown(trainer):
            told(f"{name}: {path}")
    return 0


def _shown(trainer: Trainer) -> Iterator[tuple[str, Path]]:
    """Files that a user wants to look at first."""
    from gandsl_runtime.checkpoint import found_in, saved
    from gandsl_runtime.retention import best

    assert trainer.files is not None
    yield from (("the last image grid", path) for path in sorted(trainer.files.grids.glob("[0-9]*.png"))[-1:])
    cadence = trainer.plan.cadence
    if cadence.best:
        for one in best(saved(found_in(trainer.files.checkpoints), cadence), cadence.best):
            yield f"{cadence.best.metric} {one.value:.4g}", one.path
