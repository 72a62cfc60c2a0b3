"""How many images of 64² a second the data path feeds on one core, beside what Pillow's decoding alone takes.

Images are made here (smooth colours with fine noise, so that they compress about as photographs do) and
written by the code of `gandsl data pack`. A CPU second is one of the reading process: other work on the
machine does not count. The row with a worker is by the clock, since two processes share the work.

    python -m bench.data [--count 2000] [--rounds 5] [--json]
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from PIL import Image

from bench.figures import figure
from gandsl_runtime.data import Stream, open_dataset
from gandsl_runtime.data.pack import Recipe, pack
from gandsl_runtime.data.sources import Arrays

SIDE, BATCH, BOUND = 64, 32, 2000.0


def photos(count: int) -> np.ndarray:
    """uint8 (count, 64, 64, 3)."""
    chance = np.random.default_rng(0)
    found = np.empty((count, SIDE, SIDE, 3), dtype=np.uint8)
    for image in found:
        coarse = Image.fromarray(chance.integers(0, 256, (9, 9, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=np.int16)
        image[:] = (smooth + chance.integers(-8, 9, smooth.shape)).clip(0, 255)
    return found


def pillow(path: Path, count: int) -> int:
    """Read and decode, and nothing else; how many images."""
    done = 0
    with zipfile.ZipFile(path) as archive:
        for name in [name for name in archive.namelist() if name.endswith(".png")][:count]:
            Image.open(io.BytesIO(archive.read(name))).load()
            done += 1
    return done


def streamed(stream: Stream, count: int) -> int:
    """How many images came."""
    return sum(len(stream.take(BATCH).images) for _ in range(count // BATCH))


def rate(work: Callable[[], int], count: int, clock: Callable[[], float]) -> float:
    """Images a second. Raises SystemExit where not all came, or no time passed."""
    began = clock()
    came = work()
    passed = figure("the time of the clock", clock() - began)
    return figure("the number of images read", came, above=count - 1, most=count) / passed


def measure(count: int, rounds: int) -> dict[str, float]:
    """Images a second, medians over rounds in which all take their turn."""
    torch.set_num_threads(1)
    count = count // BATCH * BATCH
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "set.zip"
        source = Arrays(photos(count), np.arange(count) % 10)
        pack(source, path, Recipe((SIDE, SIDE)), source.labels())
        data = open_dataset(path, (3, SIDE, SIDE), classes=10)
        found: dict[str, list[float]] = {"pillow": [], "stream": [], "worker": []}
        plain = Stream(data, 0, flip=True)
        with closing(Stream(data, 0, flip=True, workers=1)) as ahead:
            plain.take(BATCH), ahead.take(BATCH)  # what happens once
            for _ in range(rounds):
                found["pillow"].append(rate(lambda: pillow(path, count), count, time.process_time))
                found["stream"].append(rate(lambda: streamed(plain, count), count, time.process_time))
                found["worker"].append(rate(lambda: streamed(ahead, count), count, time.perf_counter))
        kilobytes = path.stat().st_size / count / 1000
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    # each image is decoded in both, and the stream does more
    ratio = figure("the rate of Stream over Pillow's", medians["stream"] / medians["pillow"], most=1.2)
    return medians | {"ratio": ratio, "kilobytes": kilobytes}


def main() -> int:
    """Print the table; 1 where the bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.count, options.rounds)
    if options.json:
        print(json.dumps({"gandsl": "bench-data/1", "bound": BOUND, **found}, indent=2))
    else:
        print(f"{SIDE}×{SIDE}×3 PNG from a zip, {found['kilobytes']:.1f} kB an image; images a second")
        print(f"{'Pillow alone, a CPU second':42} {found['pillow']:8,.0f}")
        print(f"{'Stream, batches of 32, a CPU second':42} {found['stream']:8,.0f}   bound {BOUND:,.0f}")
        print(f"{'Stream through 1 worker, by the clock':42} {found['worker']:8,.0f}")
        print(f"{'Stream / Pillow':42} {found['ratio']:8.2f}")
    return int(not found["stream"] >= BOUND)


if __name__ == "__main__":
    sys.exit(main())
