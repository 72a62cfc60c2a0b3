"""Training images from folders, zips, built-in sets: one size and channel count, a resumable order."""

from __future__ import annotations

from .dataset import Dataset, open_dataset
from .stream import RealBatch, Stream

__all__ = ["Dataset", "RealBatch", "Stream", "open_dataset"]
