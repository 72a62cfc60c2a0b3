"""Every command with arguments that work, on what `prepare` makes: for tests of what holds for all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from gandsl.interop import export_weights, import_checkpoint
from gandsl.interop.recognize import sources
from tests.cli.conftest import SPECS
from tests.interop.cases import CASES
from tests.interop.forge import ours

QUICK, TINY, LARGE = SPECS / "quickstart.yaml", SPECS / "tiny.yaml", SPECS / "stylegan2.yaml"
STEPS = 6
SHORT = [
    *("--set", "training.batch=16", "--set", f"training.length={STEPS} steps", "--device", "cpu"),
    *("--set", "training.cadence={log: 1 steps, grid: 3 steps, checkpoint: 2 steps}"),
]


def prepare(place: Path) -> None:
    """Images in ten classes, a checkpoint of ours and of an official implementation's."""
    chance = np.random.default_rng(0)
    for index in range(200):
        folder = place / "images" / str(index % 10)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(chance.integers(0, 255, (28, 28), dtype=np.uint8)).save(folder / f"{index}.png")
    (place / "finished").mkdir(exist_ok=True)
    (place / "finished" / "log.jsonl").write_text(
        '{"images": 8, "loss/D": 1.5}\n{"images": 16, "loss/D": 1.25}\n'
    )
    case = CASES["ada"]
    ours(place / "ours.safetensors", LARGE, case.overrides, case.parts)
    export_weights(place / "ours.safetensors", place / "net.pt", case.layout, LARGE, case.overrides)
    import_checkpoint(sources([str(place / "net.pt")])).save(place / "in.safetensors")


Make = Callable[[Path, Path], list[object]]  # what was prepared, an empty folder → arguments
EVERY: dict[str, Make] = {
    "check": lambda made, to: ["check", LARGE],
    "show": lambda made, to: ["show", TINY],
    "cost": lambda made, to: ["cost", TINY],
    "graph": lambda made, to: ["graph", TINY, "-o", to / "x.html"],
    "diff": lambda made, to: ["diff", TINY, "--set", "training.batch=8"],
    "compile": lambda made, to: ["compile", QUICK, "-o", to / "source"],
    "data inspect": lambda made, to: ["data", "inspect", made / "images", "--workers", "0"],
    "data pack": lambda made, to: [
        *("data", "pack", made / "images", "-o", to / "x.zip", "--size", "28", "--workers", "2")
    ],
    "new": lambda made, to: [
        *("new", "--data", made / "images", "-o", to / "new.yaml", "--workers", "0", "--device", "cpu"),
        *("--hours", "1e6", "--memory", "8GiB"),  # so that nothing in it depends on the speed just now
    ],
    "train": lambda made, to: ["train", QUICK, "--data", made / "images", "-o", to / "run", *SHORT],
    "plot": lambda made, to: ["plot", made / "finished", "-o", to / "x.html"],
    "eval": lambda made, to: [
        *("eval", made / "images", "--data", made / "images", "--metrics", "swd", "--images", "16"),
        *("--device", "cpu", "-o", to / "x.html"),
    ],
    "sample": lambda made, to: [
        *("sample", LARGE, "--weights", made / "in.safetensors", "--seeds", "0-1", "--device", "cpu"),
        *(f"--set={name}={value}" for name, value in CASES["ada"].overrides.items()),
        *("-o", to / "x.png"),
    ],
    "import": lambda made, to: ["import", made / "net.pt", "-o", to / "in.safetensors"],
    "export-weights": lambda made, to: ["export-weights", made / "in.safetensors", "-o", to / "out.pt"],
    "specs": lambda made, to: ["specs", "tiny"],
    "schema": lambda made, to: ["schema"],
    "explain": lambda made, to: ["explain", "conv"],
}
