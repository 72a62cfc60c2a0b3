"""Class labels of a set of images: its labels file, else its class folders."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError

if TYPE_CHECKING:
    from .sources import Source

LABEL_FILES = ("labels.json", "dataset.json")
FORM = '{"labels": [["a.png", 3], …]}'


@dataclass(frozen=True)
class Labels:
    """The class of each image as the set itself states it."""

    numbers: np.ndarray  # int64 (n,)
    where: str  # who states them, for messages
    names: tuple[str, ...] = ()  # of class 0, 1, …, where the set has names
    folders: bool = False  # classes are folders, numbered by name


def labels_of(source: Source, classes: int) -> np.ndarray:
    """A label in [0, classes) for each image, int64 (n,). Raises DataError when one is missing or odd."""
    labels = source.labels()
    if labels is None:
        raise DataError(
            f"the networks take labels, and {source.name} has none",
            f"add {LABEL_FILES[0]} ({FORM}) or sort the images into class folders",
        )
    if complaint := unfit(labels, source.images, classes):
        raise DataError(*complaint)
    return labels.numbers


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
        f"{labels.where} labels {images[first]} as class {labels.numbers[first]}, and the networks know "
        f"classes 0 to {classes - 1}",
        f"train a spec with at least {int(labels.numbers.max()) + 1} classes, or correct the labels",
    )


def stated(name: str, images: Sequence[str], read: Callable[[str], bytes | None]) -> Labels | None:
    """Labels of a set of files: from a labels file, else from class folders. `read` gives a file's content.

    A labels file (`labels.json` or `dataset.json`: {"labels": [["a.png", 3], …]} or {"labels": {"a.png": 3}};
    null: there are none) comes first; else the first folder of each path is its class, numbered by name.
    Raises DataError when the file is odd, or when only some images lie in folders.
    """
    for file in LABEL_FILES:
        try:
            content = read(file)
        except OSError as error:
            raise DataError(f"can't read {name}/{file}: {error}", "pack or download it again") from error
        if content is not None:
            return from_file(content, images, f"{name}/{file}")
    return _from_folders(name, images)


def from_file(content: bytes, images: Sequence[str], where: str) -> Labels | None:
    """The labels of a labels file, in the order of the images. Raises DataError when it is odd."""
    try:
        found = json.loads(content)
        listed, names = found["labels"], found.get("names")
        pairs = {} if listed is None else dict(listed)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError(f"{where} is no labels file: {error}", f"its form is {FORM}") from error
    if not pairs:
        return None
    if unlabeled := [image for image in images if image not in pairs]:
        raise DataError(
            f"{where} has no label for {unlabeled[0]}" + _and_more(unlabeled),
            "label every image, or remove those images",
        )
    if absent := sorted(map(str, pairs.keys() - set(images))):
        raise DataError(
            f"{where} labels {absent[0]}, which is not there" + _and_more(absent), "correct the names"
        )
    return numbered([pairs[image] for image in images], images, where, _class_names(names))


def numbered(labels: Sequence[Any], images: Sequence[str], where: str, names: tuple[str, ...] = ()) -> Labels:
    """Labels from whatever a set holds for each image. Raises DataError for all but whole numbers."""
    for image, label in zip(images, labels, strict=True):
        if isinstance(label, list | dict):
            raise DataError(
                f"{where} labels {image} with a vector, no class number: an image has one class here",
                f"write the number of the class instead of a one-hot vector; the form is {FORM}",
            )
        if not isinstance(label, int) or isinstance(label, bool) or not -(2**63) <= label < 2**63:
            raise DataError(f"{where} labels {image} as {label!r}, no class number", f"its form is {FORM}")
    return Labels(np.array(labels, dtype=np.int64), where, names)


def _class_names(names: Any) -> tuple[str, ...]:
    return tuple(map(str, names)) if isinstance(names, list) else ()


def _from_folders(name: str, images: Sequence[str]) -> Labels | None:
    folders = [image.split("/", 1)[0] if "/" in image else None for image in images]
    loose = [image for image, folder in zip(images, folders, strict=True) if folder is None]
    if len(loose) == len(folders):
        return None
    if loose:
        raise DataError(
            f"{name} has class folders, and {loose[0]} is in none" + _and_more(loose),
            "move it into its class",
        )
    names = sorted({folder for folder in folders if folder is not None})
    number: Mapping[str | None, int] = {folder: i for i, folder in enumerate(names)}
    return Labels(np.array([number[folder] for folder in folders], dtype=np.int64), name, tuple(names), True)


def _and_more(names: Sequence[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
