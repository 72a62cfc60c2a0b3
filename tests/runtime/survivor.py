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
from typing import Any, ClassVar

import torch
import torch._dynamo  # Adam imports it in each session otherwise: seconds
from PIL import Image

from gandsl_runtime.observers import JsonLog, Observer, standard
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.system import files
from gandsl_runtime.training.trainer import Trainer
from tests.runtime import nets
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
    """Tells the parent after the first step, and keeps the run at hand."""

    run: ClassVar[Trainer | None] = None

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe

    def begin(self, run):
        Begun.run = run

    def after(self, step, run):
        if self.pipe:
            os.write(self.pipe, b"x")
            self.pipe = 0


def die_at(
    number: int,
    owner: Any,
    name: str,
    first: Callable[..., object] | None = None,
    when: Callable[..., bool] = lambda *_, **__: True,
) -> None:
    """Let the `number`-th call of a function, of those where `when` holds, end in SIGKILL, after `first`."""
    real, calls = getattr(owner, name), [0]

    def call(*args, **kwargs):
        calls[0] += when(*args)
        if calls[0] == number:
            if first:
                first(real, *args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    setattr(owner, name, call)


def do_it(real, *args, **kwargs) -> None:
    real(*args, **kwargs)


def half_a_checkpoint(real, tensors, path, **options) -> None:
    real(tensors, path, **options)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def half_a_line(real, self, record, run) -> None:
    self._file.write(json.dumps(record)[:20])
    self._file.flush()


def half_a_grid(real, image, path, **options) -> None:
    path.write_bytes(b"\x89PNG")


def fading(*_: object) -> bool:
    run = Begun.run
    return bool(run and run.state.stage and run.state.stage.fading)


def of_a_new_checkpoint(path: Path) -> bool:
    return path.suffix == files.ASIDE and ".safetensors." in path.name


def of_a_checkpoint(*paths: Path) -> bool:
    return paths[-1].suffix == ".safetensors"


Adam = torch.optim.Adam
MOMENTS: dict[str, tuple[Any, ...]] = {  # arguments of die_at after the first
    "step": (Adam, "step"),
    "stepped": (Adam, "step", do_it),
    "fade": (Adam, "step", None, fading),
    "checkpoint not begun": (checkpoint, "save_file"),
    "checkpoint half written": (checkpoint, "save_file", half_a_checkpoint),
    "checkpoint not flushed": (files, "flush", None, of_a_new_checkpoint),
    "checkpoint not named": (os, "replace", None, of_a_checkpoint),
    "checkpoint not retained": (checkpoint, "staying"),
    "checkpoint half retained": (Path, "unlink", do_it, of_a_checkpoint),
    "log half a line": (JsonLog, "logged", half_a_line),
    "grid half written": (Image.Image, "save", half_a_grid),
}  # and `time`, where the parent kills, and `never`


MACHINE = MachineOptions(device="cpu", workers=2)


def session(run_dir: Path, data: Path, kind: str, number: int, begun: int) -> None:
    """One process's share of the run."""
    torch.set_num_threads(1)
    if kind in MOMENTS:
        die_at(number, *MOMENTS[kind])
    networks = seeded(GrowingGenerator), seeded(GrowingDiscriminator)
    watching = [Begun(begun), *standard(run_dir)]
    if checkpoint.found_in(run_dir / "checkpoints"):
        trainer = nets.resumed(run_dir, networks, observing=watching, machine=MACHINE)
    else:
        trainer = nets.trainer_of(
            PLAN, networks, data=data, run_dir=run_dir, seed=3, observing=watching, machine=MACHINE
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
        code = os.waitstatus_to_exitcode(status)
        print(json.dumps({"kind": kind, "code": code, "newest": newest and newest.stem}), flush=True)
        if kind != "never" and not os.WIFSIGNALED(status):
            sys.exit(f"{kind} {number} did not happen")
    assert forked(folder / "whole", data, "never", 0) == 0


if __name__ == "__main__":
    main()
