"""A run in processes of its own that are killed at chosen moments: `survivor.py FOLDER < moments.json`.

Moments are `[kind, number]`. Each is one session: a process, forked from this one to spare it the imports,
starts or resumes the run in FOLDER/killed and gets SIGKILL there. Then a last session ends the run, and
another one does all of it undisturbed in FOLDER/whole. Prints where each session was killed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import torch
import torch._dynamo  # Adam imports it in each session otherwise: seconds

from gandsl_runtime import checkpoint
from gandsl_runtime.observers import JsonLog, Observer, standard
from gandsl_runtime.trainer import Trainer
from tests.runtime.helpers import folder_of, pixels, plan, png
from tests.runtime.networks import GrowingDiscriminator, GrowingGenerator, seeded

PLAN = plan(
    length="460 img",
    loss="logistic",
    regularizers={"r1": {"gamma": 1, "every": "3 steps"}},
    augment={"pipe": "bgc", "p": {"over": "500 img", "start": 0.1}},
    growth={"stable": "60 img", "fade": "60 img", "batch": {4: 6}, "lr": {16: 0.001}},
    cadence={
        "log": "3 steps",
        "grid": "70 img",
        "checkpoint": "20 img",
        "best": {"metric": "loss/G", "keep": 2},
        "milestone": "100 img",
    },
)


class Begun(Observer):
    """Tells the parent after the first step, and remembers the run."""

    def __init__(self, say: Callable[[], object]) -> None:
        self.say, self.run = say, None

    def begin(self, run):
        self.run = run

    def after(self, step, run):
        self.say()
        self.say = int


def die_at(number: int, owner: object, name: str, instead: Callable | None = None, when=lambda: True) -> None:
    """Let the `number`-th call of a function, of those where `when` holds, end in SIGKILL."""
    real, calls = getattr(owner, name), [0]

    def call(*args, **kwargs):
        calls[0] += when()
        if calls[0] == number:
            if instead:
                instead(real, *args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    setattr(owner, name, call)


def half_a_checkpoint(real, tensors, path, **options) -> None:
    real(tensors, path, **options)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def half_a_line(real, self, record, run) -> None:
    self._file.write(json.dumps(record)[:20])
    self._file.flush()


def arm(kind: str, number: int, watch: Begun) -> None:
    def fading() -> bool:
        return bool(watch.run and watch.run.state.stage and watch.run.state.stage.fading)

    adam = torch.optim.Adam
    {
        "never": lambda: None,
        "time": lambda: None,  # the parent kills
        "step": lambda: die_at(number, adam, "step"),
        "stepped": lambda: die_at(number, adam, "step", lambda real, *a, **k: real(*a, **k)),
        "fade": lambda: die_at(number, adam, "step", when=fading),
        "checkpoint not begun": lambda: die_at(number, checkpoint, "save_file"),
        "checkpoint half written": lambda: die_at(number, checkpoint, "save_file", half_a_checkpoint),
        "checkpoint not flushed": lambda: die_at(2 * number - 1, checkpoint, "flush"),
        "checkpoint not named": lambda: die_at(number, checkpoint.os, "replace"),
        "checkpoint not retained": lambda: die_at(number, checkpoint, "staying"),
        "checkpoint half retained": lambda: die_at(
            number, Path, "unlink", lambda real, *a, **k: real(*a, **k)
        ),
        "log half a line": lambda: die_at(number, JsonLog, "logged", half_a_line),
        "grid not named": lambda: die_at(number, Path, "replace", when=lambda: watch.run is not None),
    }[kind]()


def session(run_dir: Path, data: Path, kind: str, number: int, begun: int) -> None:
    """One process's share of the run."""
    torch.set_num_threads(1)
    watch = Begun(lambda: os.write(begun, b"x"))
    arm(kind, number, watch)
    networks = seeded(GrowingGenerator), seeded(GrowingDiscriminator)
    watching = [watch, *standard(run_dir)]
    if checkpoint.found_in(run_dir / "checkpoints"):
        trainer = Trainer.resume(run_dir, *networks, workers=2, observing=watching, device="cpu")
    else:
        trainer = Trainer(
            PLAN, *networks, data=data, run_dir=run_dir, seed=3, workers=2, observing=watching, device="cpu"
        )
    trainer.run()


def forked(run_dir: Path, data: Path, kind: str, number: int, pause: float = 0.0) -> int:
    """The status that a session in a process of its own ends with."""
    told, begun = os.pipe()
    child = os.fork()
    if not child:
        try:
            session(run_dir, data, kind, number, begun)
            os._exit(0)
        except BaseException:  # noqa: BLE001  # a forked process must not go on as its parent
            traceback.print_exc()
            os._exit(1)
    os.close(begun)
    if kind == "time" and os.read(told, 1):
        time.sleep(pause)
        os.kill(child, signal.SIGKILL)
    os.close(told)
    return os.waitpid(child, 0)[1]


def main() -> None:
    folder = Path(sys.argv[1])
    data = folder_of({f"{i}.png": png(image) for i, image in enumerate(pixels(21, (16, 16)))}, folder / "set")
    chance = random.Random(0)
    for kind, number in [*json.load(sys.stdin), ("never", 0)]:
        status = forked(folder / "killed", data, kind, number, chance.uniform(0, 0.2))
        newest = checkpoint.newest_path(folder / "killed" / "checkpoints")
        print(json.dumps([kind, os.waitstatus_to_exitcode(status), newest and newest.stem]), flush=True)
        if kind != "never" and not os.WIFSIGNALED(status):
            sys.exit(f"{kind} {number} did not happen")
    assert forked(folder / "whole", data, "never", 0) == 0


if __name__ == "__main__":
    main()
