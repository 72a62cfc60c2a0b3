"""A program that torchrun starts: features of images by `lite0`, with the cache and without.

torchrun --nproc-per-node N in_processes.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from gandsl_runtime.distributed.group import ProcessGroup, join
from gandsl_runtime.evaluation import pieces
from gandsl_runtime.evaluation.cached import FeatureCache
from gandsl_runtime.evaluation.extractors import open_extractor
from gandsl_runtime.evaluation.features import FeatureSet, features_of
from gandsl_runtime.evaluation.sources import open_images

SMALL = 8  # images of a piece: as if there were many


def both(folder: Path, group: ProcessGroup) -> list[FeatureSet]:
    """Of the images in FOLDER/images: by the cache FOLDER/cache, and without one."""
    images, extractor = open_images(folder / "images"), open_extractor()
    cache = FeatureCache(extractor, folder / "cache")
    return [features_of(extractor, images, cache=one, group=group) for one in (cache, None)]


if __name__ == "__main__":
    pieces.MOST = pieces.CHUNK = SMALL
    folder = Path(sys.argv[1])
    group = join(torch.device("cpu"))
    found = both(folder, group)
    for name, one in zip(("cached", "plain"), found, strict=True):
        assert one.logits is not None
        place = folder / f"{name}.{group.rank}.npz"
        np.savez(place, features=one.features, logits=one.logits, content=one.content)
    group.leave()
