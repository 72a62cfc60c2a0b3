"""Class labels of a source: its labels file, else its class folders."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..errors import DataError
from .sources import LABEL_FILES, Arrays, Source


def labels_of(source: Source, classes: int) -> np.ndarray:
    """A label in [0, classes) for each image, int64 (n,). Raises DataError when one is missing or odd.

    A labels file (`labels.json` or `dataset.json`: {"labels": [["a.png", 3], …]} or {"labels": {"a.png": 3}})
    comes first; else the first folder of each image's path is its class, numbered by name.
    """
    if isinstance(source, Arrays):
        labels, where = source.labels, source.name
    else:
        labels, where = _from_file(source)
        if labels is None:
            return _from_folders(source, classes)
    if labels is None:
        raise _none(source)
    beyond = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(beyond):
        first = int(beyond[0])
        raise DataError(
            f"{where} labels {source.images[first]} as class {labels[first]}, and the networks know classes "
            f"0 to {classes - 1}",
            f"train a spec with at least {int(labels.max()) + 1} classes, or correct the labels",
        )
    return labels


def _none(source: Source) -> DataError:
    return DataError(
        f"the networks take labels, and {source.name} has none",
        f'add {LABEL_FILES[0]} ({{"labels": [["a.png", 3], …]}}) or sort the images into class folders',
    )


def _from_file(source: Source) -> tuple[np.ndarray | None, str]:
    name, content = next(
        ((name, text) for name in LABEL_FILES if (text := source.text(name)) is not None), ("", None)
    )
    if content is None:
        return None, ""
    where = f"{source.name}/{name}"
    form = '{"labels": [["a.png", 3], …]}'
    try:
        listed = json.loads(content)["labels"]
        pairs = {} if listed is None else dict(listed)
    except (ValueError, TypeError, KeyError, UnicodeDecodeError) as error:
        raise DataError(f"{where} is no labels file: {error}", f"its form is {form}") from error
    if not pairs:
        return None, where
    if unlabeled := [image for image in source.images if image not in pairs]:
        raise DataError(
            f"{where} has no label for {unlabeled[0]}" + _and_more(unlabeled),
            "label every image, or remove those images",
        )
    if absent := sorted(pairs.keys() - set(source.images)):
        raise DataError(
            f"{where} labels {absent[0]}, which is not there" + _and_more(absent), "correct the names"
        )
    if odd := [(image, label) for image, label in pairs.items() if not _is_class(label)]:
        raise DataError(
            f"{where} labels {odd[0][0]} as {odd[0][1]!r}, no class number", f"its form is {form}"
        )
    return np.array([pairs[image] for image in source.images], dtype=np.int64), where


def _from_folders(source: Source, classes: int) -> np.ndarray:
    folders = [image.split("/", 1)[0] if "/" in image else None for image in source.images]
    loose = [image for image, folder in zip(source.images, folders, strict=True) if folder is None]
    if len(loose) == len(folders):
        raise _none(source)
    if loose:
        raise DataError(
            f"{source.name} has class folders, and {loose[0]} is in none" + _and_more(loose),
            "move it into its class",
        )
    names = sorted({folder for folder in folders if folder is not None})
    if len(names) != classes:
        raise DataError(
            f"{source.name} has {len(names)} class folders, and the networks know {classes} classes",
            f"train a spec with {len(names)} classes, or add a labels file",
        )
    number = {name: i for i, name in enumerate(names)}
    return np.array([number[folder] for folder in folders if folder is not None], dtype=np.int64)


def _is_class(label: Any) -> bool:
    return isinstance(label, int) and not isinstance(label, bool)


def _and_more(names: list[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
