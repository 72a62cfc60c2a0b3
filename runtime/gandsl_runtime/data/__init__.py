"""Training data: images and other fields of items, from sources of many kinds, in a resumable order.

Importing the package imports no torch: whoever surveys or packs a set of images needs none.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .dataset import Dataset, open_dataset
    from .stream import Batch, FieldBatch, RealBatch, Stream
    from .table import FieldTable

_PUBLIC = {
    **{"Dataset": "dataset", "open_dataset": "dataset", "FieldTable": "table"},
    **dict.fromkeys(("Batch", "FieldBatch", "RealBatch", "Stream"), "stream"),
}

__all__ = ["Batch", "Dataset", "FieldBatch", "FieldTable", "RealBatch", "Stream", "open_dataset"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
