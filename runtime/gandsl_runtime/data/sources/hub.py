"""Hugging Face datasets: by their name on the hub, or saved to a folder of this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ...errors import DataError, MissingExtra
from ..labels import Labels, numbered
from .base import opened

PREFIX = "hf:"
IMAGE_COLUMNS, LABEL_COLUMNS = ("image", "img"), ("label", "labels", "cls", "class")


class Hub:
    """One split of a data set: `hf:NAME`, `hf:NAME:SPLIT` or `hf:NAME:SPLIT:CONFIG`.

    NAME is a data set of the hub, a folder (made by `save_to_disk`, or of parquet files) or a parquet file.
    The split is `train` unless told, or the only one. The image column is the one of images; where there are
    several, the one called `image` or `img`. The label column is the one of class labels, else numbers called
    `label`.
    Raises DataError, MissingExtra.
    """

    kind = "a Hugging Face data set"

    def __init__(self, where: str) -> None:
        self.name = where
        name, split, config = [*where.removeprefix(PREFIX).split(":"), "", ""][:3]
        self._table, split = self._split(_loaded(_library(), where, name, config), split)
        self.rows = [f"{split}/{row}" for row in range(len(self._table))]

    @cached_property
    def images(self) -> Sequence[str]:
        """Raises DataError where no column is the one of images."""
        return self.rows if self._pictures else []

    @cached_property
    def _pictures(self) -> Any:
        return self.cells(self.image_column())

    def open(self, index: int) -> Image.Image:
        (cell,) = self._pictures[index].values()
        if cell is None or (cell["bytes"] is None and not cell["path"]):
            raise OSError("the row has no image")
        return opened(cell["path"] if cell["bytes"] is None else cell["bytes"])

    def cells(self, column: str) -> Any:
        """A column: rows of one cell, an array or a text; of files their content or path, {bytes, path}."""
        cells, feature = self._table.select_columns([column]), self.columns[column]
        for kind in (_library().Image, _library().Audio):
            if isinstance(feature, kind):
                return cells.with_format(None).cast_column(column, kind(decode=False))
        # one number a row as Python has it: an array would make NaN of a cell that is not there
        numbers = None if isinstance(feature, _library().Value) else _type_of(feature)
        return cells.with_format(None) if numbers is None else cells.with_format("numpy", dtype=numbers)

    def values(self, column: str) -> list[Any]:
        """All of a column, as Python has them."""
        return list(self._table.select_columns([column]).with_format(None)[:][column])

    @property
    def columns(self) -> Mapping[str, Any]:
        """What a row holds, by name: the library's features."""
        found: Mapping[str, Any] = self._table.features
        return found

    def labels(self) -> Labels | None:
        column = self.label_column()
        if column is None:
            return None
        return numbered(
            self.values(column),
            self.rows,
            self.name,
            tuple(getattr(self.columns[column], "names", None) or ()),
        )

    def _split(self, found: Any, wanted: str) -> tuple[Any, str]:
        """A split of what was loaded, and its name."""
        if not isinstance(found, dict):
            if wanted and wanted != str(found.split):
                raise DataError(f"{self.name} is one split, `{found.split}`", "leave the split out")
            return found, str(found.split or "row")
        split = wanted or ("train" if "train" in found or len(found) != 1 else next(iter(found)))
        if split not in found:
            raise DataError(
                f"{self.name} has no split `{split}`", f"its splits are {', '.join(map(str, found))}"
            )
        return found[split], split

    def image_column(self) -> str:
        """The one of images. Raises DataError where it is not known which it is."""
        features = self.columns
        images = [name for name, feature in features.items() if _holds_images(_library(), feature)]
        chosen = images if len(images) == 1 else [name for name in IMAGE_COLUMNS if name in images]
        if not chosen:
            how = "several image columns, none called `image`" if images else "no image column"
            raise DataError(
                f"{self.name} has {how}: its columns are {', '.join(features)}",
                "keep one column of images, or call it `image`, and save the set with save_to_disk",
            )
        return chosen[0]

    def label_column(self) -> str | None:
        """The one of classes, None where there is none. Raises DataError where several could be."""
        features = self.columns
        classes = [name for name, feature in features.items() if hasattr(feature, "names")]
        numbers = [
            name for name, feature in features.items() if str(getattr(feature, "dtype", "")).startswith("int")
        ]
        named = [name for name in LABEL_COLUMNS if name in features]
        if len(classes) == 1 and not set(named) & set(numbers) - set(classes):
            return classes[0]
        if named:
            return named[0]
        if classes:
            raise DataError(
                f"{self.name} has {len(classes)} columns of class labels: {', '.join(classes)}",
                "call one of them `label`, and save the set with save_to_disk",
            )
        return None


def _type_of(feature: Any) -> np.dtype[Any] | None:
    """Of the numbers in a column, however deep they lie; None where it has others than numbers."""
    while hasattr(feature, "feature"):  # lists
        feature = feature.feature
    try:
        found = np.dtype(feature.dtype)
    except (AttributeError, TypeError):
        return None
    return found if found.kind in "biuf" else None


def _library() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtra("a Hugging Face data set (`hf:`)", "hf") from error
    return datasets


def _loaded(datasets: Any, where: str, name: str, config: str) -> Any:
    """A table, or a dict of them by split. Whatever the library raises leaves as DataError."""
    path = Path(name)
    try:
        if (path / "state.json").is_file() or (path / "dataset_dict.json").is_file():
            return datasets.load_from_disk(name)
        if path.is_file():
            return datasets.load_dataset("parquet", data_files=name)
        return datasets.load_dataset(name, config or None)
    except (OSError, MemoryError) as error:
        raise _unloadable(where, error) from error
    except Exception as error:
        raise _unloadable(where, error) from error


def _unloadable(where: str, error: BaseException) -> DataError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return DataError(
        f"can't load {where}: {lines[0]}",
        "NAME is a data set of the hub, or a folder or parquet file of this machine",
    )


def _holds_images(datasets: Any, feature: Any) -> bool:
    """An image feature, or what parquet files without the library's notes hold instead: {bytes, path}."""
    return isinstance(feature, datasets.Image) or (
        isinstance(feature, dict) and {"bytes", "path"} == set(feature)
    )
