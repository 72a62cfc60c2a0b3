"""`gandsl train --dry-run`: what a run would be, read and checked as far as that writes nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR
    from gandsl_runtime.data.identity import ItemSet
    from gandsl_runtime.training.trainer import Trainer


def report(
    trainer: Trainer,
    module: ModuleIR,
    source: Path,
    sets: Sequence[str],
    minutes: float | None,
) -> int:
    """Print what the run is and would write; read some of its images, and compare memory.

    Raises DataError, OutOfMemory, Unwritable where the run would not come to its end.
    """
    from gandsl_runtime.observers.opening import facts, laid_out, written

    assert trainer.run_dir is not None
    found = list(facts(trainer))
    if minutes is not None:
        found.append(("ends", f"after {minutes:g} minutes at the latest; --resume goes on"))
    found.append(("would write", written(trainer.run_dir, trainer.plan, trainer.machine.tensorboard)))
    print("\n".join(laid_out(found)), flush=True)
    refuse_unwritable(trainer.run_dir)
    several = len(trainer.sets) > 1
    checked = [
        (f"{'items' if several else 'images'} read{f' of {key}' if several else ''}", images_read(one))
        for key, one in trainer.sets.items()
    ]
    checked += [("memory", memory(trainer, module, source, sets))]
    print("\n".join(laid_out([*checked, ("dry run", "all is well, and nothing was written")])))
    return 0


def images_read(data: ItemSet) -> str:
    """Reads 32 of them, from the first to the last. Raises DataError as the run would."""
    from gandsl_runtime.data.identity import spread
    from gandsl_runtime.system.pasted import pasted

    skipped: dict[str, str] = {}
    places = spread(len(data))
    for place in places:
        data.readable(place, skipped)
    broken = f", {len(skipped)} broken and left out" if skipped else ", none broken"
    more = f"; `{pasted('data', 'inspect', data.name)}` reads all" if len(places) < len(data) else ""
    return f"{len(places)} of {len(data):,}{broken}{more}"


def memory(trainer: Trainer, module: ModuleIR, source: Path, sets: Sequence[str]) -> str:
    """What a step takes at its fullest, and what there is. Raises OutOfMemory where it does not fit."""
    from gandsl.cli.memory import measured
    from gandsl.cli.output import binary
    from gandsl.cli.read import spec_in
    from gandsl_runtime.errors import OutOfMemory
    from gandsl_runtime.system.shortage import free, what_fits

    micro = None
    if trainer.group.size > 1:  # of several processes each has its share of a step
        share = -(-trainer.plan.batch // trainer.group.size)
        micro = min(trainer.plan.micro_batch or share, share)
    needed = measured(module, trainer.device.type, micro).worst.penalty
    held = sum(tensor.nbytes for tensor in trainer.state.tensors().values())  # counted in both
    there = free(trainer.device) + held
    if needed > there:
        spec, budget = spec_in(source), f"{there >> 20}MiB"
        raise OutOfMemory(
            f"a step takes {binary(needed)} at its fullest, and {trainer.device} has {binary(there)} free",
            what_fits(spec, budget, sets),
        )
    return f"a step takes {binary(needed)} at its fullest; {trainer.device} has {binary(there)} free"


def refuse_unwritable(folder: Path) -> None:
    """Raises Unwritable where the folder, or else the nearest one above it, can't be written to."""
    from gandsl_runtime.errors import Unwritable

    place = folder.absolute()
    while not os.path.lexists(place):
        place = place.parent
    if not place.is_dir():
        raise Unwritable(f"can't write in {folder}: {place} is no folder", "choose another folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise Unwritable(f"can't write in {place}: permission denied", "choose another folder")
