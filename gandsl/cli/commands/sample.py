"""`gandsl sample`: images, interpolations and style mixing from a trained run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gandsl.cli.options import Set

if TYPE_CHECKING:
    from gandsl_runtime.facts import Facts
    from gandsl_runtime.network import Network
    from gandsl_runtime.plan import Plan
    from gandsl_runtime.sample import How
    from gandsl_runtime.schedule import Stage


class Noise(StrEnum):
    """What noise layers add."""

    random = "random"
    constant = "constant"
    none = "none"


class Space(StrEnum):
    """Where the way from image to image lies."""

    z = "z"
    w = "w"
    classes = "class"


def run(
    source: Annotated[
        Path, typer.Argument(metavar="RUN|SPEC", help="a run's folder, or a spec (then with --weights)")
    ],
    set: Set = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE|RUN", help="a checkpoint; default: the run's newest", show_default=False),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            help="one image each: 0-63, or 1,5,9; default: 0-31, and 0-3 for other kinds", show_default=False
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(help="a row for each class, with every seed: 0-9, or 3,7", show_default=False),
    ] = None,
    class_columns: Annotated[
        bool, typer.Option("--class-columns", help="a column for each class instead of a row")
    ] = False,
    truncation: Annotated[
        float | None, typer.Option(help="ψ of styles, else of normal latents", show_default=False)
    ] = None,
    cutoff: Annotated[
        int | None, typer.Option(min=1, help="truncate the styles of this many layers", show_default=False)
    ] = None,
    noise: Annotated[Noise, typer.Option(help="what noise layers add")] = Noise.constant,
    standing_statistics: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="average batch norm's statistics over N batches first",
            show_default=False,
        ),
    ] = None,
    interpolate: Annotated[
        Space | None,
        typer.Option(
            help="from seed to seed through latents or styles, or from class to class", show_default=False
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="of --interpolate, from one stop to the next; default: 7, video 25",
            show_default=False,
        ),
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="of --interpolate: back to the first stop")] = False,
    mix: Annotated[
        str | None,
        typer.Option(
            metavar="LAYERS",
            help="a grid of --seeds (rows) whose layers, such as 4-7, take other styles",
            show_default=False,
        ),
    ] = None,
    mix_seeds: Annotated[
        str | None, typer.Option(help="of --mix: seeds of those styles (columns)", show_default=False)
    ] = None,
    columns: Annotated[
        int | None, typer.Option(min=1, help="images in a row of the grid", show_default=False)
    ] = None,
    fps: Annotated[
        int | None, typer.Option(min=1, max=120, help="frames a second; default: 25", show_default=False)
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="images at a time")] = 32,
    device: Annotated[
        str, typer.Option(help="cpu, cuda, cuda:1 …; auto takes a GPU if there is one")
    ] = "auto",
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help=".png: a grid; .gif, .mp4: a video; a folder: an image each"),
    ] = Path("samples.png"),
) -> int:
    """Draw images from a trained run: the averaged weights, one image a seed.

    Other kinds: the way from image to image (--interpolate), images that share styles (--mix).
    """
    from gandsl.cli.ranges import numbers
    from gandsl.cli.sampling.ask import Ask
    from gandsl.cli.sampling.studio import Studio

    plain = interpolate is None and mix is None
    ask = Ask(
        output,
        numbers(("0-31" if plain else "0-3") if seeds is None else seeds, "--seeds"),
        None if classes is None else numbers(classes, "--classes"),
        class_columns,
        columns,
        interpolate.value if interpolate else None,
        steps,
        loop,
        fps,
        None if mix is None else numbers(mix, "--mix"),
        None if mix_seeds is None else numbers(mix_seeds, "--mix-seeds"),
    )
    ask.check()
    if ask.form == "video":
        from gandsl_runtime import video

        video.writer(output)  # before the work: is its package there?
    generator, plan, stage = _trained(source, set, weights, device)
    how: How = {
        "truncation": truncation,
        "cutoff": cutoff,
        "noise": noise.value,
        "batch": batch,
        "stage": stage,
    }
    if standing_statistics:
        from gandsl_runtime.sample import accumulate_statistics

        accumulate_statistics(generator, standing_statistics, **how)
    made = Studio(generator, how, plan.data.range if plan else (-1.0, 1.0)).make(ask)
    print(f"{made}: {output}")
    return 0


def _trained(
    source: Path, sets: list[str] | None, weights: Path | None, device: str
) -> tuple[Network, Plan | None, Stage | None]:
    """The generator with its weights, the plan, and the stage of growth that the weights are of."""
    from gandsl.cli.read import module_of

    if source.is_dir() and not (source / "spec.yaml").is_file():
        raise typer.BadParameter(f"{source} is no run's folder: it holds no spec.yaml")
    if not source.exists():
        raise typer.BadParameter(f"there is no such folder or spec: {source}")
    if not source.is_dir() and weights is None:
        raise typer.BadParameter("a spec has no weights: give a run's folder, or --weights FILE")
    module = module_of(source / "spec.yaml" if source.is_dir() else source, sets)
    from gandsl.api import Program
    from gandsl.cli.device import device_named
    from gandsl.cli.output import say
    from gandsl.passes.target import Target
    from gandsl_runtime.checkpoint import load_weights
    from gandsl_runtime.facts import RunFacts, digest_of

    place = device_named(device)
    target = Target("cuda" if place.startswith("cuda") else "cpu", mode="inference")
    generator = Program(module, target).generator
    facts = load_weights(weights or source, generator, warn=lambda reason: say(f"warning: {reason}"))
    if source.is_dir() and isinstance(facts, RunFacts):
        path = source / "spec.yaml"
        if facts.spec not in (None, digest_of(path.read_text(encoding="utf-8"))):
            say(f"warning: {path} was changed since the run was trained with it: these may be other networks")
    return generator.to(place), module.plan, _stage(module.plan, generator, facts)


def _stage(plan: Plan | None, generator: Network, facts: Facts) -> Stage | None:
    """Where in its growth the run was. None where it does not grow, or the file does not say."""
    from gandsl_runtime import schedule
    from gandsl_runtime.facts import RunFacts

    if plan is None or plan.growth is None or not isinstance(facts, RunFacts):
        return None
    now = schedule.Clock(facts.counters.images, facts.counters.steps)
    return schedule.step(plan, generator.levels, now).stage
