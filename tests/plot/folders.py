"""Folders of runs as tests want them: a log, alarms, grids, a plan, and text that would like to be markup."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image

EVIL = (
    '</script><script>document.body.dataset.evil=1</script><img src=x onerror="document.body.dataset.evil=1">'
)
NAMES = (
    *("loss/D", "loss/G", "score/real", "score/fake", "penalty/r1", "penalty/path_length", "path_length"),
    *("lr/G", "lr/D", "augment/p", "metric/fid", "guard/sigma/generator", "guard/diversity/all_pairs"),
    *("time/seconds", "time/images_per_second", "memory/ram", "consistency/real", "class/G", "scale/D"),
    *("inception score", "\ud800", EVIL),
)


def run(folder: Path, records: int = 30, slope: float = 1.0, names: tuple[str, ...] = NAMES) -> Path:
    """A run of 100 images a record, each name rising by `slope` a record from its place in the table."""
    (folder / "grids").mkdir(parents=True)
    lines = [
        {
            "images": 100 * k,
            "steps": 10 * k,
            "batch": 10,
            "level": min(k // 10, 2),
            "alpha": 0.5 if k in (10, 11, 20, 21) else 1.0,
            **{name: place + slope * k for place, name in enumerate(names)},
        }
        for k in range(1, records + 1)
    ]
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    alarm = {"images": 1500, "message": f"the run collapses: {EVIL}", "action": "rollback"}
    (folder / "alarms.jsonl").write_text(json.dumps(alarm) + "\n")
    (folder / "plan.json").write_text(
        json.dumps({"length": "3 kimg", "batch": 10, "optimizer": {"lr": slope}})
    )
    for images in (0, 1000, 3000):
        Image.new("L", (64, 32), images // 20).save(folder / "grids" / f"{images:012d}.png")
    Image.new("L", (64, 32), 255).save(folder / "grids" / "reals.png")
    return folder
