"""Ways to spoil a file, and the fields of a JSON value: what spoil_runs and spoil_checkpoints are made of."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

Json = Any
Spoil = Callable[[Path], None]  # given the run's folder
ODD: tuple[Json, ...] = (
    *(None, "x", True, -1, 1.5, 2**60, 10**400, float("nan")),
    *([], {}, [[1]], "9" * 2000),
)
NESTED = '{"a":' * 50_000


@dataclass(frozen=True)
class Case:
    """One spoiled folder."""

    name: str
    spoil: Spoil


def put(run: Path, name: str, content: str | bytes) -> None:
    (run / name).write_bytes(content.encode() if isinstance(content, str) else content)


# ---- files of any kind


def delete(path: Path) -> None:
    path.unlink()


def cut(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def flip(path: Path, seed: int) -> None:
    """A few bytes are others."""
    chance, content = random.Random(seed), bytearray(path.read_bytes())
    for _ in range(min(8, len(content))):
        content[chance.randrange(len(content))] ^= chance.randrange(1, 256)
    path.write_bytes(content)


def noise(path: Path) -> None:
    path.write_bytes(random.Random(0).randbytes(3000))


def append(path: Path, more: bytes) -> None:
    path.write_bytes(path.read_bytes() + more)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


WAYS: dict[str, Callable[[Path], None]] = {
    "deleted": delete,
    "empty": partial(cut, share=0),
    "half": partial(cut, share=0.5),
    "nearly whole": partial(cut, share=0.97),
    "flipped": partial(flip, seed=1),
    "flipped elsewhere": partial(flip, seed=2),
    "noise": noise,
    "longer": partial(append, more=b"\0\xff" * 50),
    "a folder": folder,
    "a pipe": pipe,
    "a dangling link": dangling,
}


# ---- JSON, field by field

Place = tuple[str | int, ...]


def places(tree: Json, at: Place = ()) -> Iterator[Place]:
    """The way to every value in it, its own included."""
    yield at
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield from places(value, (*at, key))


def value_at(tree: Json, at: Place) -> Json:
    for key in at:
        tree = tree[key]
    return tree


def replaced(tree: Json, at: Place, value: Json) -> Json:
    """The tree with another value in a place; Ellipsis: with none."""
    if not at:
        return None if value is Ellipsis else value
    tree = copy.deepcopy(tree)
    inner = value_at(tree, at[:-1])
    if value is Ellipsis:
        del inner[at[-1]]
    else:
        inner[at[-1]] = value
    return tree


def could_stand_for(old: Json, new: Json) -> bool:
    """Whether a value is one that could stand there: such a file says another thing, and nothing odd."""
    if isinstance(old, bool) or isinstance(new, bool):
        return isinstance(old, bool) and isinstance(new, bool)
    if isinstance(old, float) or isinstance(new, float):
        return isinstance(old, int | float) and isinstance(new, int | float) and 0 <= new < 1e300
    return type(old) is type(new) and not isinstance(old, int)


def odd_values(tree: Json, each: int, seed: int) -> Iterator[tuple[str, Json]]:
    """Each place deleted, and with `each` of the odd values; the name of the place says which."""
    chance = random.Random(seed)
    for at in places(tree):
        old = value_at(tree, at)
        fit = [value for value in ODD if not could_stand_for(old, value)]
        name = ".".join(map(str, at)) or "all of it"
        yield f"{name} deleted", replaced(tree, at, Ellipsis)
        for value in chance.sample(fit, min(each, len(fit))):
            yield f"{name} = {str(value)[:12]!r}", replaced(tree, at, value)
    yield "an unknown field", {**tree, "nobody": 1}


def json_file(run: Path, name: str, each: int) -> Iterator[Case]:
    """The fields of a file that holds one JSON value, and texts that are none."""
    tree = json.loads((run / name).read_text())
    made: dict[str, str | bytes] = {what: json.dumps(odd) for what, odd in odd_values(tree, each, 0)}
    made |= {"nested": NESTED, "UTF-16": json.dumps(tree).encode("utf-16"), "NUL": "\0"}
    for what, content in made.items():
        yield Case(f"{name}: {what}", partial(put, name=name, content=content))
