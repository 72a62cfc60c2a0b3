"""Does a run that stopped go on as if it had not: from Python in float64, and by the command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from bench.gpu import agreement, ours
from bench.gpu.entry import Setting
from bench.training import resumed as going_on
from gandsl_runtime.runs.record import MachineOptions

SPEC, LENGTH = "tiny", 6
BATCH = ["--set", "training.batch=8"]
SINGLE = 1e-2  # float32, kernels that may add in any order


def resumed(setting: Setting, spec: str) -> dict[str, Any]:
    """Four steps in one go, and two and two, in float64."""
    small = ours.small(spec)
    folder = _folder(setting, f"resumed-{spec.replace('/', '-')}")
    whole = ours.steps(spec, small, setting.device, "cuda", 4, double=True, seed=3)
    first = ours.steps(spec, small, setting.device, "cuda", 2, double=True, seed=3, run_dir=folder / "run")
    first.save()
    made = ours.program(spec, small, "cuda")
    made.to(torch.float64)
    given = {"data": ours.images(made), "observing": (), "machine": MachineOptions(device=setting.device)}
    later = going_on(folder / "run", made, **given)
    assert later.state.clock.steps == 2, "the run did not go on from its second step"
    for _ in range(2):
        later.step()
    return ours.agree(
        "states",
        dict(ours.floats(whole)),
        dict(ours.floats(later)),
        most=agreement.DOUBLE,
        least=ours.size_in_training,
    )


def command_line(setting: Setting) -> dict[str, Any]:
    """`gandsl train` in one go with workers, and stopped and resumed; then `gandsl sample`."""
    folder = _folder(setting, "command-line")
    data = folder / "images.zip"
    _zip(data, 40)
    common = [SPEC, "--data", str(data), "--device", setting.device, *BATCH]
    half, whole = (f"training.length={steps} steps" for steps in (LENGTH // 2, LENGTH))
    _gandsl("train", *common, "-o", str(folder / "whole"), "--set", whole, "--workers", "2")
    _gandsl("train", *common, "-o", str(folder / "halves"), "--set", half)
    _gandsl("train", *common, "-o", str(folder / "halves"), "--set", whole, "--resume", "--change")
    found = [load_file(_newest(folder / name)) for name in ("whole", "halves")]
    same = all(torch.equal(tensor, found[1][name]) for name, tensor in found[0].items())
    floats = [{name: x for name, x in one.items() if x.is_floating_point()} for one in found]
    told = ours.agree("checkpoints", floats[0], floats[1], most=SINGLE, least=ours.size_in_training)
    grid = folder / "grid.png"
    _gandsl("sample", str(folder / "halves"), "-o", str(grid), "--device", setting.device)
    Image.open(grid).verify()
    return {**told, "same bits": same}


def _gandsl(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gandsl", *arguments], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, f"gandsl {arguments[0]}: exit {done.returncode}: {done.stderr[-400:]}"


def _newest(run: Path) -> Path:
    return max((run / "checkpoints").glob("*.safetensors"), key=lambda path: int(path.stem))


def _folder(setting: Setting, name: str) -> Path:
    folder = setting.scratch / name
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def _zip(path: Path, count: int, side: int = 32) -> None:
    draw = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for place in range(count):
            written = BytesIO()
            Image.fromarray(draw.integers(0, 256, (side, side, 3), dtype=np.uint8)).save(written, "PNG")
            archive.writestr(f"{place}.png", written.getvalue())
