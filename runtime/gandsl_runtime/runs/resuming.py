"""From which state a run goes on, and what a resume may change of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from torch import Tensor

from ..data.identity import ItemSet, all_differences
from ..errors import CheckpointError
from ..plan import Plan, schedule
from ..plan.difference import changes, flat, told
from ..plan.schedule import Clock
from . import checkpoint
from .header import DRAWS, DataFacts, RunFacts, digest_of
from .record import recorded
from .run_dir import RunDir

REMEDY = "leave it out to go on as the run was begun, or say that it is to change: --change (change=True)"
FIXED = {"data.range": "what both networks have learned lies in the old range"}  # fields → why
Levels = Sequence[tuple[int, ...]]
State = tuple[Path, dict[str, Tensor], RunFacts, list[str]]


def latest(files: RunDir) -> State:
    """The newest whole checkpoint, its content, and what is wrong with newer ones. Raises CheckpointError.

    Where no checkpoint is left, the newest state that the guard holds.
    """
    try:
        path, tensors, facts, refused = checkpoint.newest(files.checkpoints)
    except checkpoint.NoneWhole as error:
        for path in guarded(files):
            try:
                tensors, facts = checkpoint.read(path)
            except CheckpointError:
                continue
            return path, tensors, checkpoint.run_facts(path, facts), [f"{error.message}, but in guard/"]
        raise
    return path, tensors, checkpoint.run_facts(path, facts), refused


def begun(files: RunDir) -> bool:
    """Whether there is something to resume."""
    return bool(checkpoint.found_in(files.checkpoints) or next(guarded(files), None))


def guarded(files: RunDir) -> Iterator[Path]:
    """States of this run that its guard holds for good or until they are proven, the newest first."""
    own = recorded(files.facts)
    paths = (
        path for name in ("good", "unproven", "before") for path in checkpoint.found_in(files.guard / name)
    )
    for path in sorted(paths, key=lambda path: path.name, reverse=True):
        run = checkpoint.run_of(path)
        if run is not None and (own is None or own.run == run):
            yield path


def check_seed(own: int, seed: int | None) -> None:
    """Raise CheckpointError where another seed than the run's own is asked for."""
    if seed is not None and seed != own:
        raise CheckpointError(
            f"the run has the seed {own}, not {seed}: it decides every draw from the first on",
            "leave the seed out, or start a new run in another folder",
        )


def check_draws(where: Path, facts: RunFacts, change: bool) -> bool:
    """Whether the run had other draws. Raises CheckpointError where it had, and nobody said so."""
    if facts.draws == DRAWS:
        return False
    if not change:
        raise CheckpointError(
            f"the run in {where} was trained with draws of version {facts.draws}; those of this version of "
            f"gandsl are {DRAWS}: from the same seed come other latents, noise and transforms",
            f"say that it goes on with new draws: --change (change=True); or resume it with the version that "
            f"trained it, {facts.gandsl_runtime}",
        )
    return True


def check_plan(where: Path, facts: RunFacts, plan: Plan, levels: Levels, change: bool) -> bool:
    """Whether the plan differs from the run's. Raises CheckpointError where it may not, or where nobody said
    so.
    """
    found = changes(*(flat(one.model_dump(mode="json")) for one in (facts.plan, plan)))
    if not found:
        return False
    said = "".join(f"\n  {told(one)}" for one in found)
    if not change:
        raise CheckpointError(f"the run in {where} was trained by another plan than this:{said}", REMEDY)
    clock = Clock(facts.counters.images, facts.counters.steps)
    reasons = [f"{one.path}: {FIXED[one.path]}" for one in found if one.path in FIXED]
    before, after = (_moment(one, levels, clock) for one in (facts.plan, plan))
    if before != after:
        reasons.append(
            f"growth: after {clock.images} images the run {before}, by the new schedule it {after}"
        )
    if reasons:
        raise CheckpointError(
            f"a run can't change this on its way: {'; '.join(reasons)}", "start a new run in another folder"
        )
    return True


def check_spec(files: RunDir, facts: RunFacts, change: bool) -> None:
    """Raise CheckpointError where the spec's text is another than the run's, and nobody said so.

    Networks with the same weights may compute something else, and a file may be cut short.
    """
    spec = files.resolved
    if spec is not None and facts.spec not in (None, digest_of(spec)) and not change:
        raise CheckpointError(
            f"{files.spec} was changed since the run was trained with it",
            "put it back as it was, or say that the run is to change: --change (change=True)",
        )


def _moment(plan: Plan, levels: Levels, clock: Clock) -> str:
    """What trains at a moment: between these the state of growth, weights and moments, means something."""
    stage = schedule.step(plan, levels, clock).stage
    level = len(levels) - 1 if stage.level is None else stage.level
    if not levels:
        return "is at its only size"
    return f"{'fades in' if stage.fading else 'trains'} level {max(levels[level])}"


def check_data(
    where: Path, old: DataFacts, new: DataFacts, sets: Mapping[str, ItemSet], change: bool
) -> bool:
    """Whether the images differ from the run's. Raises CheckpointError where they do, and nobody said so."""
    found = list(all_differences(old, new, sets))
    if found and not change:
        said = "".join(f"\n  {line}" for line in found)
        names = " and ".join(dict.fromkeys(one.name for one in sets.values()))
        raise CheckpointError(
            f"the run in {where} was trained on other images than those of {names}:{said}", REMEDY
        )
    return bool(found)
