"""`gandsl sample`: images from a trained run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gandsl.cli.options import Set

if TYPE_CHECKING:
    from gandsl_runtime.network import Network
    from gandsl_runtime.plan import Plan
    from gandsl_runtime.schedule import Stage


class Noise(StrEnum):
    """What noise layers add."""

    random = "random"
    constant = "constant"
    none = "none"


def run(
    source: Annotated[
        Path, typer.Argument(metavar="RUN|SPEC", help="a run's folder, or a spec (then with --weights)")
    ],
    set: Set = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE|RUN", help="a checkpoint; default: the run's newest", show_default=False),
    ] = None,
    seeds: Annotated[str, typer.Option(help="one image each: 0-63, or 1,5,9")] = "0-31",
    classes: Annotated[
        str | None,
        typer.Option(help="a row for each class, with every seed: 0-9, or 3,7", show_default=False),
    ] = None,
    truncation: Annotated[
        float | None, typer.Option(min=0, help="ψ of styles, or bound of latents", show_default=False)
    ] = None,
    cutoff: Annotated[
        int | None, typer.Option(min=1, help="truncate the styles of this many layers", show_default=False)
    ] = None,
    noise: Annotated[Noise, typer.Option(help="what noise layers add")] = Noise.constant,
    columns: Annotated[
        int | None, typer.Option(min=1, help="images in a row of the grid", show_default=False)
    ] = None,
    device: Annotated[
        str, typer.Option(help="cpu, cuda, cuda:1 …; auto takes a GPU if there is one")
    ] = "auto",
    output: Annotated[
        Path, typer.Option("--output", "-o", help="a PNG for a grid, a folder for an image each")
    ] = Path("samples.png"),
) -> int:
    """Draw images from a trained run: the averaged weights, one image a seed."""
    from gandsl.cli.ranges import numbers

    wanted = numbers(seeds, "--seeds")
    rows = numbers(classes, "--classes") if classes else None
    generator, plan, stage = _trained(source, set, weights, device)
    from gandsl_runtime import images
    from gandsl_runtime.sample import sample

    chosen = wanted * len(rows) if rows else wanted
    labels = [row for row in rows for _ in wanted] if rows else None
    options: dict[str, Any] = {
        "truncation": truncation,
        "cutoff": cutoff,
        "noise": noise.value,
        "stage": stage,
    }
    drawn = sample(generator, chosen, labels, **options)[-1]
    low, high = plan.data.range if plan else (-1.0, 1.0)
    pixels = images.to_pixels(drawn, low, high)
    if output.suffix.lower() == ".png":
        wide = columns or (len(wanted) if rows else _columns(len(pixels)))
        if missing := -len(pixels) % wide:  # an uneven last row ends in black
            pixels = _padded(pixels, missing)
        images.save(images.grid(pixels, wide), output)
    else:
        for index, image in enumerate(pixels):
            label = f"_class{labels[index]}" if labels else ""
            images.save(images.to_pillow(image), output / f"seed{chosen[index]}{label}.png")
    print(f"{len(chosen)} images: {output}")
    return 0


def _columns(count: int) -> int:
    return min(count, max(1, round((count * 1.6) ** 0.5)))


def _padded(pixels: Any, missing: int) -> Any:
    import torch

    return torch.cat([pixels, pixels.new_zeros(missing, *pixels.shape[1:])])


def _trained(
    source: Path, sets: list[str] | None, weights: Path | None, device: str
) -> tuple[Network, Plan | None, Stage | None]:
    """The generator with its weights, the plan, and the stage of growth that the weights are of."""
    from gandsl.cli.read import module_of

    if source.is_dir() and not (source / "spec.yaml").is_file():
        raise typer.BadParameter(f"{source} is no run's folder: it holds no spec.yaml")
    if not source.is_dir() and weights is None:
        raise typer.BadParameter("a spec has no weights: give a run's folder, or --weights FILE")
    module = module_of(source / "spec.yaml" if source.is_dir() else source, sets)
    from gandsl.api import Program
    from gandsl.cli.device import device_named
    from gandsl.passes.target import Target
    from gandsl_runtime.checkpoint import load_weights

    place = device_named(device)
    kind = "cuda" if place.startswith("cuda") else "cpu"
    generator = Program(module, Target(device=kind, mode="inference")).generator  # type: ignore[arg-type]
    facts = load_weights(weights or source, generator)
    return generator.to(place), module.plan, _stage(module.plan, generator, facts)


def _stage(plan: Plan | None, generator: Network, facts: dict[str, Any]) -> Stage | None:
    """Where in its growth the run was. None where it does not grow, or the file does not say."""
    counters = facts.get("counters")
    if plan is None or plan.growth is None or not counters:
        return None
    from gandsl_runtime import schedule

    return schedule.step(plan, generator.levels, schedule.Clock(counters["images"], counters["steps"])).stage
