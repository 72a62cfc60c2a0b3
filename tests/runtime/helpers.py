"""What several of the runtime's tests need: plans, small image sets, comparisons."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.observers import Observer
from gandsl_runtime.plan import Plan

MACHINE = ("time/", "memory/")  # names that begin so depend on the machine and the moment, not on the run


def plan(**changes) -> Plan:
    """A short plan with everything written often, changed by what is given."""
    base = {
        "length": "12 steps",
        "batch": 4,
        "loss": "logistic",
        "optimizer": {"lr": 0.002, "betas": [0.0, 0.99]},
        "ema": {"half_life": "20 img"},
        "data": {"flip": True},
        "cadence": {"log": "2 steps", "grid": "6 steps", "checkpoint": "5 steps"},
    }
    return Plan.model_validate(base | changes)


def pixels(count: int = 21, size: tuple[int, int] = (8, 8), channels: int = 1, seed: int = 0) -> np.ndarray:
    shape = (count, *size) if channels == 1 else (count, *size, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def arrays(count: int = 21, size: tuple[int, int] = (8, 8), channels: int = 1, classes: int = 0) -> Arrays:
    return Arrays(pixels(count, size, channels), np.arange(count) % classes if classes else None)


def png(array: np.ndarray) -> bytes:
    out = BytesIO()
    Image.fromarray(array).save(out, "PNG")
    return out.getvalue()


def folder_of(files: dict[str, bytes], path: Path) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def zip_of(files: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def tar_of(files: Mapping[str, bytes], path: Path, form: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, "w", format=form) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, BytesIO(content))
    return path


def labels_json(labels: object) -> bytes:
    return json.dumps({"labels": labels}).encode()


class Heard(Observer):
    """Remembers warnings and records."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.records: list[dict[str, float]] = []

    def warn(self, message):
        self.warnings.append(message)

    def logged(self, record, run):
        self.records.append(record)


def alarms_of(run_dir: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run_dir / "alarms.jsonl").read_text().splitlines()]


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    """Equal to the bit, names included."""
    assert a.keys() == b.keys()
    different = [name for name in a if not torch.equal(a[name], b[name])]
    assert not different, f"{len(different)} of {len(a)} differ: {different[:5]}"


def reproducible(record: dict[str, float]) -> dict[str, float]:
    """What of a record is the same in every run with the same seed on the same kind of machine."""
    return {name: value for name, value in record.items() if not name.startswith(MACHINE)}
