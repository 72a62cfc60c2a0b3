"""Each kind of set, spoiled in each field and as a whole: one message by name, exit code 3, nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from gandsl_runtime.data.fields.opened import opened
from gandsl_runtime.data.sources import open_source
from gandsl_runtime.errors import DataError
from tests.runtime.field_sets import IN_TABLE, SETS
from tests.runtime.fielded import CASES, FIELDS, everything, files, npy
from tests.runtime.helpers import folder_of, tar_of, zip_of

NOISE = np.random.default_rng(7).bytes(300)
CONTENTS = {
    "empty": lambda name: b"",
    "noise": lambda name: NOISE,
    "cut": lambda name: CASES[name].file(CASES[name].values()[3])[:30],  # of an image or array the header
    "another kind": lambda name: (
        npy(["a", "b"]) if CASES[name].end != ".npy" else CASES["image"].file(CASES["image"].values()[0])
    ),
}
MAKERS: dict[str, tuple[str, Callable[[dict[str, bytes], Path], Path]]] = {
    "folders": ("folders", folder_of),
    "names": ("suffixes", folder_of),
    "zip": ("suffixes", lambda inside, at: zip_of(inside, at.with_suffix(".zip"))),
    "shards": ("suffixes", lambda inside, at: tar_of(dict(sorted(inside.items())), at.with_suffix(".tar"))),
}
SHORT = ("y", "age")  # files of a number, which has no beginning


def told(where: object, names: list[str], said: str) -> None:
    """A set with a spoiled item 3 is refused as it is opened or as the item is read, in one line."""
    with pytest.raises(DataError) as fault:
        opened(open_source(where, images=False), {name: FIELDS[name] for name in names}).row(3)
    message = fault.value.message
    assert fault.value.exit_code == 3 and len(message.splitlines()) == 1 and fault.value.remedy, message
    assert said in message and len(message) < 400, message


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("how", CONTENTS)
def test_a_spoiled_file(kind, how, tmp_path):
    """Of each field, in folders, by names, in a zip and in shards."""
    layout, make = MAKERS[kind]
    for name, case in CASES.items():
        if how == "cut" and name in SHORT:
            continue
        inside = files(layout, [name])
        path = next(path for path in inside if "003" in path)
        told(make(inside | {path: CONTENTS[how](name)}, tmp_path / f"{name}-{how}"), [name], path)
        assert case.end in path


@pytest.mark.parametrize("cell", [None, "", "cat", [], {"a": 1}, [[1], [2, 3]], 1e400, True], ids=repr)
def test_a_spoiled_cell_of_a_table(cell, tmp_path):
    where = SETS["table"](tmp_path / "set")
    rows = [json.loads(line) for line in (where / "metadata.jsonl").read_text().splitlines()]
    for name in IN_TABLE:
        rows[3][name], good = cell, rows[3][name]
        (where / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
        if not (cell is True and name == "age"):  # a number it is
            told(where, [name], "003")
        rows[3][name] = good


def test_a_spoiled_array(tmp_path):
    """What is not finite, and classes that there are not."""
    for name, array in everything()["a"].items():
        wrong = np.nan if array.dtype.kind == "f" else 99 if name in ("map", "y") else None
        if wrong is not None:
            spoiled = array.copy()
            spoiled.reshape(len(spoiled), -1)[3, 0] = wrong
            np.savez(tmp_path / "set.npz", **{name: spoiled})
            told(tmp_path / "set.npz", [name], name)


def _whole(at: Path) -> Iterator[tuple[str, object]]:
    """Each kind of set, spoiled as a whole in each way there is: what was done, what a user names."""

    def made(kind: str, place: str) -> Path:
        return Path(str(SETS[kind](at / place)))

    def changed(path: Path, change: Callable[[bytes], bytes]) -> None:
        path.write_bytes(change(path.read_bytes()))

    for how, change in {
        "cut": lambda content: content[: len(content) // 2],
        "empty": lambda content: b"",
        "noise": lambda content: NOISE,
    }.items():
        for kind in ("zip", "npz"):
            where = made(kind, f"{kind}-{how}")
            changed(where, change)
            yield f"{kind} {how}", where
        where = made("shards", f"shards-{how}")
        changed(where / "0.tar", change)
        yield f"shards {how}", where
        where = made("table", f"table-{how}")
        changed(where / "metadata.jsonl", change)
        yield f"table {how}", where
        for file in ("gandsl-pack.json", "pose.npy"):
            where = made("pack", f"pack-{how}-{file}")
            changed(where / file, change)
            yield f"{file} of a pack {how}", where


def test_a_set_that_is_spoiled_as_a_whole(tmp_path):
    names = ["image", "pose", "y"]
    for what, where in _whole(tmp_path):
        try:
            told(where, names, Path(where).name)
        except BaseException as error:
            raise AssertionError(what) from error


def test_a_spoiled_hub(tmp_path):
    """Its columns lack a cell, or its files are cut."""
    where = str(SETS["hub"](tmp_path / "set"))
    (file,) = (tmp_path / "set").glob("*.arrow")
    shutil.copytree(tmp_path / "set", tmp_path / "cut")
    (tmp_path / "cut" / file.name).write_bytes(file.read_bytes()[:200])
    told(f"hf:{tmp_path / 'cut'}", ["pose"], "can't load hf:")
    told(f"{where}:none", ["pose"], "one split")
