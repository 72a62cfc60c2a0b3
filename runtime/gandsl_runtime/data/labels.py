"""Class labels of a set of images: its labels file, else its class folders."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DataError
from .class_folders import classes, first_folders, top
from .matching import matched
from .names import spelled

LABEL_FILES = ("labels.json", "dataset.json")
FORM = '{"labels": [["a.png", 3], …]}'


@dataclass(frozen=True)
class Labels:
    """The class of each image as the set itself states it."""

    numbers: np.ndarray  # int64 (n,)
    where: str  # who states them, for messages
    names: tuple[str, ...] = ()  # of class 0, 1, …, where the set has names
    folders: bool = False  # classes are folders, numbered by name


def unfit(labels: Labels, images: Sequence[str], classes: int) -> tuple[str, str] | None:
    """What keeps networks of so many classes from these labels, and the remedy; None when nothing does."""
    if labels.folders and len(labels.names) != classes:
        return (
            f"{labels.where} has {len(labels.names)} class folders, and the networks know {classes} classes",
            f"train a spec with {len(labels.names)} classes, or add a labels file",
        )
    beyond = np.flatnonzero((labels.numbers < 0) | (labels.numbers >= classes))
    if not len(beyond):
        return None
    first = int(beyond[0])
    return (
        f"{labels.where} labels {spelled(images[first])} as class {labels.numbers[first]}, and the networks "
        f"know classes 0 to {classes - 1}",
        f"train a spec with at least {int(labels.numbers.max()) + 1} classes, or correct the labels",
    )


def unfit_class(said: str, value: object, classes: int) -> tuple[str, str]:
    """What is wrong with the class of one item, and the remedy; `said`: who says it of what."""
    if isinstance(value, bool) or not isinstance(value, int):
        return f"{said} it is {value!r}, and no class number", "write whole numbers from 0, or words"
    return (
        f"{said} it is class {value}, and the networks know classes 0 to {classes - 1}",
        f"train a spec with at least {value + 1} classes, or correct the labels",
    )


def stated(name: str, images: Sequence[str], read: Callable[[str], bytes | None]) -> Labels | None:
    """Labels of a set of files: from a labels file, else from class folders. `read` gives a file's content.

    A labels file comes first, beside the images or in any of the folders that hold them all; its form is
    docs/data.md's. Else the folder below those is the class, numbered by name.
    Raises DataError when the file is odd, or when the folders leave a doubt.
    """
    for above in top(images):
        for file in LABEL_FILES:
            try:
                content = read(above + file)
            except OSError as error:
                reason = error.strerror or str(error)
                raise DataError(
                    f"can't read {name}/{above}{file}: {reason}", "pack or download it again"
                ) from error
            if content is not None:
                inside = [image.removeprefix(above) for image in images]
                return from_file(content, inside, f"{name}/{above}{file}")
    found = classes(name, images)
    return None if found is None else _numbered_by_name(found, name)


def from_file(content: bytes, images: Sequence[str], where: str) -> Labels | None:
    """The labels of a labels file, in the order of the images. Raises DataError when it is odd."""
    try:
        found = json.loads(content, object_pairs_hook=_Object)
        if "folders" in found and "labels" not in found:
            return _numbered_by_name(first_folders(where, images, found["folders"]), where)
        listed, names = found["labels"], found.get("names")
        entries = _entries(listed)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError(f"{where} is no labels file: {error}", f"its form is {FORM}") from error
    if not entries:
        return None
    return numbered(matched(entries, images, where), images, where, _class_names(names))


class _Object(dict[str, Any]):
    """A JSON object that keeps all its pairs, those of repeated keys too."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def _entries(listed: Any) -> list[tuple[str, Any]]:
    """Name and label of each entry. Raises TypeError, ValueError, AttributeError for another form."""
    if listed is None:
        return []
    pairs = listed.pairs if isinstance(listed, _Object) else listed
    entries = [(name, label) for name, label in pairs]
    if strange := [name for name, _ in entries if not isinstance(name, str)]:
        raise TypeError(f"{strange[0]!r} is no name of an image")
    return entries


def numbered(labels: Sequence[Any], images: Sequence[str], where: str, names: tuple[str, ...] = ()) -> Labels:
    """Labels from whatever a set holds for each image. Raises DataError for all but whole numbers."""
    for image, label in zip(images, labels, strict=True):
        if isinstance(label, list | dict):
            raise DataError(
                f"{where} labels {spelled(image)} with a vector, no class number: "
                "an image has one class here",
                f"write the number of the class instead of a one-hot vector; the form is {FORM}",
            )
        if not isinstance(label, int) or isinstance(label, bool) or not -(2**63) <= label < 2**63:
            raise DataError(
                f"{where} labels {spelled(image)} as {label!r}, no class number", f"its form is {FORM}"
            )
    return Labels(np.array(labels, dtype=np.int64), where, names)


def _class_names(names: Any) -> tuple[str, ...]:
    return tuple(map(str, names)) if isinstance(names, list) else ()


def _numbered_by_name(folders: Sequence[str], where: str) -> Labels:
    names = sorted(set(folders))
    number = {folder: i for i, folder in enumerate(names)}
    return Labels(np.array([number[folder] for folder in folders], dtype=np.int64), where, tuple(names), True)
