"""Training images: folders, zips, built-in sets, brought to one size and channel count, in a resumable order."""

from __future__ import annotations

from .dataset import Dataset, open_dataset
from .stream import RealBatch, Stream

__all__ = ["Dataset", "RealBatch", "Stream", "open_dataset"]
