"""Sets of every kind with the fields of tests.runtime.fielded; as a program, processes train on each.

torchrun --nproc-per-node N -m tests.runtime.field_sets FOLDER KIND…
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from gandsl_runtime.data.fields.opened import opened
from gandsl_runtime.data.fields.pack import pack_fields
from gandsl_runtime.data.sources import open_source
from gandsl_runtime.distributed.group import join
from gandsl_runtime.plan.game import DataField
from tests.runtime.fielded import CASES, COUNT, FIELDS, everything, files
from tests.runtime.helpers import folder_of, tar_of, zip_of

IN_TABLE = ("y", "age", "pose")  # fields that a table has the values of


def _shards(at: Path) -> Path:
    at.mkdir()
    ordered = sorted(files("suffixes").items())
    for name, first in (("0.tar", True), ("1.tar", False)):
        tar_of({path: content for path, content in ordered if (path < "004") is first}, at / name)
    return at


def _table(at: Path) -> Path:
    """Images that `file_name` names, values in columns, all else in folders."""
    inside = files("folders", [name for name in CASES if name not in (*IN_TABLE, "image")])
    rows = []
    for place in range(COUNT):
        values = {name: CASES[name].values()[place].tolist() for name in IN_TABLE}
        rows.append({"file_name": f"{place:03d}.png", **values})
        inside[f"{place:03d}.png"] = CASES["image"].file(CASES["image"].values()[place])
    return folder_of(inside | {"metadata.jsonl": "\n".join(map(json.dumps, rows)).encode()}, at)


def _npz(at: Path) -> Path:
    np.savez(at.with_suffix(".npz"), **everything()["a"])
    return at.with_suffix(".npz")


def _pack(at: Path) -> Path:
    original = folder_of(files("folders"), at.with_name(f"{at.name}-original"))
    fields = FIELDS | {"there": DataField("Vector", (5,), mask="text")}
    pack_fields(opened(open_source(original), fields), at)
    return at


def _hub(at: Path) -> str:
    library = pytest.importorskip("datasets", reason="datasets is not installed: pip install 'gandsl[hf]'")
    library.disable_progress_bars()
    arrays = everything()["a"]
    shapes = {3: library.Array3D, 2: library.Array2D}
    features = library.Features(
        {
            name: shapes[array.ndim - 1](array.shape[1:], array.dtype.name)
            if array.ndim > 2
            else library.List(library.Value(array.dtype.name))
            if array.ndim == 2
            else library.Value(array.dtype.name)
            for name, array in arrays.items()
        }
    )
    rows = {name: array.tolist() for name, array in arrays.items()}
    library.Dataset.from_dict(rows, features).save_to_disk(at)
    return f"hf:{at}"


SETS: Mapping[str, Callable[[Path], Path | str]] = {
    "folders": lambda at: folder_of(files("folders"), at),
    "names": lambda at: folder_of(files("suffixes"), at),
    "zip": lambda at: zip_of(files("suffixes"), at.with_suffix(".zip")),
    "shards": _shards,
    "table": _table,
    "npz": _npz,
    "pack": _pack,
    "hub": _hub,
}
"""Made at a path that is not there, or near it; what a user names it."""


if __name__ == "__main__":
    from tests.runtime.in_processes import of_fields, outcome

    folder, group = Path(sys.argv[1]), join(torch.device("cpu"))
    for kind in sys.argv[2:]:
        trainer = of_fields(group, (folder / kind).read_text())
        for _ in range(2):
            trainer.step()
        torch.save(outcome(trainer), folder / f"{kind}.{group.rank}.pt")
    group.leave()
