"""Training images: sources of many kinds at one size and channel count, in a resumable order.

Importing the package imports no torch: whoever surveys or packs a set of images needs none.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .dataset import Dataset, open_dataset
    from .stream import RealBatch, Stream

_PUBLIC = {"Dataset": "dataset", "open_dataset": "dataset", "RealBatch": "stream", "Stream": "stream"}

__all__ = ["Dataset", "RealBatch", "Stream", "open_dataset"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
