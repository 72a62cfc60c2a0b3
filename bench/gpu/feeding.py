"""Images a second from files: to the device alone, and through whole training steps."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.data import photos
from bench.figures import figure
from bench.gpu.device import wait
from bench.gpu.entry import Setting
from bench.gpu.whole import PERIOD, trained, wall
from gandsl_runtime.data import Stream, open_dataset
from gandsl_runtime.data.pack import Recipe, pack
from gandsl_runtime.data.sources import Arrays

BATCH = 32
MOST = 1e7  # images a second: more than any memory feeds
FORMS = {"a zip of PNG": ("png", ".zip"), "decoded": ("npy", "")}
WORKERS = {"no": 0, "some": min(8, max(1, (os.cpu_count() or 1) // 2))}


def alone(setting: Setting, form: str, workers: str) -> dict[str, Any]:
    """Batches of 32 from a set as `gandsl data pack` writes it, flipped by chance, to the device."""
    side = 16 if setting.tiny else 256
    path, count = packed(setting, form, side)
    data = open_dataset(path, (3, side, side), classes=10)
    number = WORKERS[workers]
    with closing(Stream(data, 0, flip=True, workers=number, pinned=setting.cuda)) as stream:
        found = rate(setting, stream, count // BATCH)
    return {"images/s": found, "workers": number, "side": side}


def trained_from(
    setting: Setting, form: str, spec: str, overrides: Mapping[str, Any], batch: int, side: int
) -> dict[str, Any]:
    """Training as the command line does it, from files: steps by the clock, data included."""
    path, _ = packed(setting, form, side)
    run, whole = trained(setting, spec, {**overrides, "training.batch": batch}, data=path)
    with closing(run.stream):
        for place in range(2):
            whole.plain(place)
        return wall(setting, whole, 2 if setting.tiny else 2 * PERIOD)


def packed(setting: Setting, form: str, side: int) -> tuple[Path, int]:
    """A set of colour images with labels, made once, and how many it has."""
    count = (2 if setting.tiny else 16) * BATCH
    kind, ending = FORMS[form]
    path = setting.scratch / f"images-{side}-{count}{ending}"
    if not path.exists():
        larger = side // 16
        pixels = np.repeat(np.repeat(photos(64)[:, :16, :16], larger, 1), larger, 2)
        source = Arrays(pixels[np.arange(count) % 64], np.arange(count) % 10)
        pack(source, path, Recipe((side, side), format=kind), source.labels())
    return path, count


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
