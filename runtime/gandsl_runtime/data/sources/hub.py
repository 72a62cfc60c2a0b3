"""Hugging Face datasets: by their name on the hub, or saved to a folder of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
        try:
            import datasets
        except ImportError as error:
            raise MissingExtra("a Hugging Face data set (`hf:`)", "hf") from error
        self.name = where
        name, split, config = [*where.removeprefix(PREFIX).split(":"), "", ""][:3]
        table, split = self._split(_loaded(datasets, where, name, config), split)
        self._table = table
        self._image = self._image_column(datasets)
        self._rows = table.select_columns([self._image]).cast_column(
            self._image, datasets.Image(decode=False)
        )
        self.images = [f"{split}/{row}" for row in range(len(table))]

    def open(self, index: int) -> Image.Image:
        cell = self._rows[index][self._image]
        if cell is None or (cell["bytes"] is None and not cell["path"]):
            raise OSError("the row has no image")
        return opened(cell["path"] if cell["bytes"] is None else cell["bytes"])

    def labels(self) -> Labels | None:
        column = self._label_column()
        if column is None:
            return None
        values = self._table.select_columns([column]).with_format(None)[:][column]
        return numbered(
            values, self.images, self.name, tuple(getattr(self._table.features[column], "names", None) or ())
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

    def _image_column(self, datasets: Any) -> str:
        features = self._table.features
        images = [name for name, feature in features.items() if _holds_images(datasets, feature)]
        chosen = images if len(images) == 1 else [name for name in IMAGE_COLUMNS if name in images]
        if not chosen:
            how = "several image columns, none called `image`" if images else "no image column"
            raise DataError(
                f"{self.name} has {how}: its columns are {', '.join(features)}",
                "keep one column of images, or call it `image`, and save the set with save_to_disk",
            )
        return chosen[0]

    def _label_column(self) -> str | None:
        features = self._table.features
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
