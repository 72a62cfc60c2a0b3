"""Many seeds: a process forked for each, so that one that dies is one finding, and torch is imported once."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.random_specs import hold, roles
from tests.random_specs.grow import spec_text
from tests.random_specs.recipe import Recipe

LIMIT = 120  # seconds that one may compute
PLAIN = """
gandsl: 1
name: plain
generator:
  inputs: {z: "Latent[2]"}
  body: {d: {op: linear, features: 16}, r: {op: reshape, channels: 1, size: 4}}
discriminator:
  inputs: {image: "Image[1, 4]"}
  body: {c: {op: conv, channels: 1}, f: {op: flatten}, h: {op: linear, features: 1}}
training: {length: 1 steps, batch: 4, loss: hinge, optimizer: {lr: 1e-3}, regularizers: {r1: {gamma: 1}}}
"""


FINE = ("held", "refused", "diverged")


@dataclass(frozen=True)
class Result:
    """What came of a recipe. `outcome`: one of those that are fine, died, or the promise that was broken."""

    recipe: str
    outcome: str
    words: str = ""  # of the error; codes where it was refused
    trace: str = ""
    roles: tuple[tuple[str, str], ...] = ()  # op and role, of a spec that was accepted
    seconds: float = 0.0

    @property
    def fine(self) -> bool:
        return self.outcome in FINE

    def told(self) -> str:
        """The finding, and how to see it again."""
        return (
            f"{self.recipe}, {self.outcome}: {self.words}\n{self.trace}\n"
            f"again: python -m tests.random_specs {self.recipe}\n\n{spec_text(Recipe.of(self.recipe))}"
        )


def one(recipe: Recipe, folder: Path, whole: bool = False) -> Result:
    """A recipe in this process."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = folder / "random.yaml"
    path.write_text(spec_text(recipe), "utf-8")
    found = hold.examined(path, folder / "run", whole)
    seconds = resource.getrusage(resource.RUSAGE_SELF)
    known = {
        "recipe": str(recipe),
        "outcome": found.outcome,
        "roles": tuple(sorted(roles.of_module(found.module))) if found.module else (),
        "seconds": seconds.ru_utime + seconds.ru_stime,
    }
    if found.outcome == "refused":
        return Result(**known, words=" ".join(found.codes))
    if found.error is None:
        return Result(**known)
    words = f"{type(found.error).__name__}: {found.error}"
    return Result(**known, words=words, trace="".join(traceback.format_exception(found.error)))


def warmed(folder: Path) -> None:
    """Import all that a recipe needs, before processes are forked."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plain.yaml").write_text(PLAIN)
    found = hold.examined(folder / "plain.yaml", folder / "run")
    assert found.outcome == "held", found
    shutil.rmtree(folder / "run")


def many(
    recipes: Iterable[Recipe], folder: Path, processes: int = 1, whole: bool = False
) -> Iterator[Result]:
    """Each recipe in a process of its own, so many at a time; results as they come."""
    warmed(folder)
    waiting = list(reversed(list(recipes)))
    running: dict[int, Recipe] = {}
    while waiting or running:
        while waiting and len(running) < processes:
            recipe = waiting.pop()
            running[_forked(recipe, folder / _folder(recipe), whole)] = recipe
        pid, status = os.wait()
        recipe = running.pop(pid)
        yield _collected(recipe, folder / _folder(recipe), status)


def _folder(recipe: Recipe) -> str:
    return str(recipe).replace(":", "_").replace(",", "_")


def _forked(recipe: Recipe, folder: Path, whole: bool) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
        null = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):  # torch.fx prints the code around an error; the result has it
            os.dup2(null, stream)
        result = one(recipe, folder, whole)
        (folder / "result.json").write_text(json.dumps(asdict(result)), "utf-8")
        code = 0
    finally:
        os._exit(code)


def _collected(recipe: Recipe, folder: Path, status: int) -> Result:
    try:
        found: dict[str, Any] = json.loads((folder / "result.json").read_text("utf-8"))
        found["roles"] = tuple((op, role) for op, role in found["roles"])
        result = Result(**found)
    except (OSError, ValueError):
        how = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"exit {status >> 8}"
        result = Result(str(recipe), "died", how)
    shutil.rmtree(folder, ignore_errors=True)
    return result
