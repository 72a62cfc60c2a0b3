"""Sets aside what an earlier run left in the folder of a new one, so that nobody takes it for new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .description import plan_text, said
from .record import recorded

if TYPE_CHECKING:
    from ..observers.base import Run


def begin(run: Run) -> str | None:
    """Make room for a run that begins; says what was moved.

    What is left of a run without checkpoints goes to earlier/ID/, if it is worth it. The same experiment that
    never came to its first checkpoint is the same run: it writes the same again.
    """
    files = run.files
    assert files is not None
    before = recorded(files.facts)
    states = any(files.guard.glob("*/*"))
    if before and not states and (before.seed, before.data) == (run.state.seed, run.images):
        same_spec = files.resolved is None or said(files.spec, files.resolved)
        if same_spec and said(files.plan, plan_text(run.plan)):
            run.id = before.run
            return None
    if not states and not (files.log.is_file() and files.log.stat().st_size):
        return None
    name = (before.run[:8] if before else "") or "unknown"
    number, place = 1, files.path / "earlier" / name
    while place.exists():
        number, place = number + 1, files.path / "earlier" / f"{name}-{number}"
    place.mkdir(parents=True)
    for path in files.besides_checkpoints():
        if path.exists():
            path.replace(place / path.name)
    return f"{files.path} held what is left of an earlier run: it is in {place} now"
