"""Images a second on the device: read from a file, decoded, put together, uploaded."""

from __future__ import annotations

import os
import time
from contextlib import closing
from typing import Any

import numpy as np
import torch

from bench.data import photos
from bench.figures import figure
from bench.gpu.device import wait
from bench.gpu.entry import Setting
from gandsl_runtime.data import Stream, open_dataset
from gandsl_runtime.data.pack import Recipe, pack
from gandsl_runtime.data.sources import Arrays

BATCH = 32
MOST = 1e6  # images a second: more than any disk feeds


def _count(workers: str) -> int:
    return {"none": 0, "some": min(8, max(1, (os.cpu_count() or 1) // 2))}[workers]


def zipped(setting: Setting, workers: str) -> dict[str, Any]:
    """Batches of 32 from a zip as `gandsl data pack` writes it, flipped by chance, to the device."""
    side, count = (16, 4 * BATCH) if setting.tiny else (256, 32 * BATCH)
    path = setting.scratch / f"images-{side}.zip"
    if not path.exists():
        pixels = np.repeat(np.repeat(photos(64), side // 16, 1), side // 16, 2)[:, :side, :side]
        source = Arrays(pixels[np.arange(count) % 64], np.arange(count) % 10)
        pack(source, path, Recipe((side, side)), source.labels())
    data = open_dataset(path, (3, side, side), classes=10)
    number = _count(workers)
    with closing(Stream(data, 0, flip=True, workers=number, pinned=setting.cuda)) as stream:
        found = rate(setting, stream, count // BATCH)
    return {"images/s": found, "workers": number, "side": side}


def rate(setting: Setting, stream: Stream, batches: int) -> float:
    """Images a second, after a first batch that begins all workers."""
    where = torch.device(setting.device)
    stream.take(BATCH)
    wait(setting)
    began, came = time.perf_counter(), 0
    for _ in range(batches):
        came += len(stream.take(BATCH).images.to(where, non_blocking=True))
    wait(setting)
    passed = figure("the time of the clock", time.perf_counter() - began)
    figure("the number of images that came", came, above=batches * BATCH - 1, most=batches * BATCH)
    return figure("images a second", came / passed, most=MOST)
