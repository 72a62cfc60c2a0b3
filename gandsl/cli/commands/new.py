"""`gandsl new`: a spec for the images, the memory and the time at hand, with the reasons as comments."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gandsl.cli.options import Device, Readers, output_option, refuse_old
from gandsl.spec.places import ENDINGS

if TYPE_CHECKING:
    from gandsl.cli.new.choices import Circumstances


def run(
    data: Annotated[
        str, typer.Option(metavar="WHERE", help="images: a folder, a zip, *.tar shards, hf:NAME, or mnist")
    ],
    output: Annotated[Path | None, output_option("a new file; default: by the images' name")] = None,
    hours: Annotated[float, typer.Option(min=0.01, help="how long it may train")] = 24.0,
    memory: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="that a step may take, such as 16GiB; default: what is free"),
    ] = None,
    device: Device = None,
    workers: Readers = None,
) -> int:
    """Write a spec that fits the images, the memory and the time: size, channels, classes, batch, penalty …

    Every choice has a comment that says why. It is a beginning: edit it, or change it with --set.
    """
    from gandsl.cli.new.chosen import chosen
    from gandsl.cli.new.written import identifier, written
    from gandsl.cli.output import binary, say
    from gandsl_runtime.system.files import whole
    from gandsl_runtime.system.pasted import pasted

    name = identifier(Path(data).stem if ":" not in data else data.partition(":")[2])
    to = output or Path(f"{name}.yaml")
    refuse_old(to, "-o", ENDINGS)
    if not hours < inf:
        raise typer.BadParameter(f"--hours {hours} is no time")
    given = _given(data, hours, memory, device, workers)
    found = chosen(given)
    doc = f"For the {given.images:,} images of {Path(data).name}: a beginning, as gandsl new chose it."
    with whole(to, fresh=True) as new:
        new.write_text(written(name, doc, found.choices), "utf-8")
    if not found.fits:
        say(f"warning: {binary(given.memory)} do not hold a step even of this size (--memory)")
    if not found.enough:
        say(f"warning: {hours:g} h show few images here, even at this size (--hours)")
    print(f"{found.shape.size}², about {found.kimg:,.3g} kimg in {hours:g} h: {to} says why")
    print("next, which looks at everything and writes nothing:")
    print(f"  {pasted('train', to, '--data', data, '--dry-run')}")
    return 0


def _given(
    data: str, hours: float, memory: str | None, device: str | None, workers: int | None
) -> Circumstances:
    import torch

    from gandsl.cli.memory import bytes_of
    from gandsl.cli.new import machine
    from gandsl.cli.new.choices import Circumstances
    from gandsl.cli.progress import progress
    from gandsl_runtime.data.parallel import processors
    from gandsl_runtime.data.sources import open_source
    from gandsl_runtime.data.survey import survey
    from gandsl_runtime.errors import DataError
    from gandsl_runtime.system.device import device_named

    room = bytes_of(memory, "--memory") if memory is not None else None
    place = torch.device(device_named(device or "auto"))
    source = open_source(data)
    with progress("looking", len(source.images)) as told:
        found = survey(source, processors() if workers is None else workers, told)
    if not found.sizes:
        raise DataError(f"no image of {data} can be read", "`gandsl data inspect WHERE` says why")
    return Circumstances(
        images=sum(found.sizes.values()),
        broken=len(found.broken),
        sizes=found.sizes,
        gray=set(found.channels) <= {1, 2},
        classes=found.classes,
        memory=room or machine.memory(place),
        hours=hours,
        speed=machine.speed(place),
        half=machine.halves(place),
        device=place.type,
    )
