"""Which folder of an image's path is its class; splits and deeper trees are asked about, not guessed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from pathlib import PurePosixPath

from ..errors import DataError
from .names import and_more, spelled

SPLITS = frozenset({"train", "training", "test", "testing", "val", "valid", "validation"})
MOST_DEEP = 8  # folders that a labels file may call a class


def top(images: Sequence[str]) -> list[str]:
    """The folders that hold everything, outermost first, each a prefix with its /: "", "a/", "a/b/" …

    The last may be a class of its own: the only one.
    """
    folders = [image.split("/")[:-1] for image in images]
    ends = zip(min(folders), max(folders), strict=False)  # what these two share, all share
    common = [part for part, _ in takewhile(lambda pair: pair[0] == pair[1], ends)]
    return ["".join(f"{part}/" for part in common[:depth]) for depth in range(len(common) + 1)]


def classes(name: str, images: Sequence[str]) -> list[str] | None:
    """The class of each image by its folder; None where no image lies in one.

    Folders that hold everything are read through; of the next ones each is a class, whatever lies deeper.
    Raises DataError where only some images lie in folders, where the folders are train, test and the like, or
    where folders inside the classes could be classes as well.
    """
    above, inside = _below_top(images)
    if not any(inside):
        return None
    if loose := [image for image, folder in zip(images, inside, strict=True) if not folder]:
        raise DataError(
            f"{name} has class folders, and {spelled(loose[0])} is in none" + and_more(loose),
            "move it into its class",
        )
    first = [folder.split("/", 1)[0] for folder in inside]
    if found := _splits(first):
        one = PurePosixPath(name, above, next(part for part in found if part.lower().startswith("train")))
        raise DataError(
            f"{name} holds splits of a set, no classes: {', '.join(found)}", f"take one of them: --data {one}"
        )
    if len(set(inside)) > len(set(first)):
        example = next(folder for folder in inside if "/" in folder)
        raise DataError(
            f"{name} has folders inside its class folders: is {spelled(example.split('/', 1)[0])} a class "
            f"(one of {len(set(first))}), or {spelled(example)} (one of {len(set(inside))})?",
            'say how many folders name a class in a labels.json beside them: {"folders": 1}, or '
            f"{max(folder.count('/') for folder in inside) + 1}",
        )
    return first


def first_folders(where: str, images: Sequence[str], count: object) -> list[str]:
    """The first `count` folders of each image, as a labels file asks. Raises DataError for fewer."""
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_DEEP:
        raise DataError(
            f"{where} says folders: {count!r}", f"a number from 1 to {MOST_DEEP}: {{'folders': 1}}"
        )
    if shallow := [image for image in images if image.count("/") < count]:
        raise DataError(
            f"{where} says that {count} folders name a class, and {spelled(shallow[0])} lies in "
            f"{shallow[0].count('/')}" + and_more(shallow),
            "move it, or name fewer folders",
        )
    return ["/".join(image.split("/")[:count]) for image in images]


def splits_of(images: Sequence[str]) -> list[str]:
    """The parts that a set was split into, where its folders are that; else none."""
    return _splits([folder.split("/", 1)[0] for folder in _below_top(images)[1]])


def _below_top(images: Sequence[str]) -> tuple[str, list[str]]:
    """What holds everything, down to class folders, and the folder of each image below it."""
    folders = [image.rpartition("/")[0] for image in images]
    above = next((path for path in reversed(top(images)) if any(f"{f}/" != path for f in folders)), "")
    return above, [f"{folder}/".removeprefix(above).rstrip("/") for folder in folders]


def _splits(folders: Sequence[str]) -> list[str]:
    found = sorted(set(folders))
    names = {folder.lower() for folder in found}
    return found if names <= SPLITS and names & {"train", "training"} and len(found) > 1 else []
