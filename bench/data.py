"""What the data path feeds on one core, beside what Pillow's decoding alone takes, and how long a step waits.

Images are made here (smooth colours with fine noise, so that they compress about as photographs do) and
written by the code of `gandsl data pack`: PNG in a zip, and decoded. A CPU second is one of the reading
process: other work on the machine does not count. Rows with workers are by the clock, since several processes
share the work. Decoded images are read into memory that is kept, as pinned memory is, half of them mirrored;
`batches` is the whole way, a new batch each time. A step waits from where it wants a batch until it has it:
here each step sleeps, as a process does whose GPU computes, for twice as long as a batch takes to decode.

    python -m bench.data [--count 2000] [--rounds 5] [--megabytes 200] [--json]
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
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from PIL import Image

from bench.figures import figure
from gandsl_runtime.data import Batch, Stream, open_dataset
from gandsl_runtime.data.ahead import Ahead, Sent
from gandsl_runtime.data.pack import Recipe, pack
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.data.stream import fill

SIDE, BATCH, BOUND = 64, 32, 2000.0
MANY = 64  # images of a batch from a decoded pack
SIDES, BOUND_GIGABYTES = (32, 64, 128, 256, 512, 1024), 2.0
WORKERS = (0, 1, 2)


def photos(count: int, side: int = SIDE) -> np.ndarray:
    """uint8 (count, side, side, 3)."""
    chance = np.random.default_rng(0)
    found = np.empty((count, side, side, 3), dtype=np.uint8)
    for image in found:
        coarse = Image.fromarray(chance.integers(0, 256, (9, 9, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), dtype=np.int16)
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


def streamed(stream: Stream, count: int, batch: int = BATCH) -> int:
    """How many images came."""
    return sum(len(stream.take(batch).images) for _ in range(count // batch))


def rate(work: Callable[[], int], count: int, clock: Callable[[], float]) -> float:
    """Images a second. Raises SystemExit where not all came, or no time passed."""
    began = clock()
    came = work()
    passed = figure("the time of the clock", clock() - began)
    return figure("the number of images read", came, above=count - 1, most=count) / passed


def measure(count: int, rounds: int) -> dict[str, float]:
    """Of PNGs: images a second and milliseconds of waiting, medians over rounds in which all take turns."""
    torch.set_num_threads(1)
    count = count // BATCH * BATCH
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder) / "set.zip"
        source = Arrays(photos(count), np.arange(count) % 10)
        pack(source, path, Recipe((SIDE, SIDE)), source.labels())
        data = open_dataset(path, (3, SIDE, SIDE), classes=10)
        streams = {
            workers: stack.enter_context(closing(Stream(data, 0, True, workers))) for workers in WORKERS
        }
        ahead = stack.enter_context(closing(Ahead(Stream(data, 0, True), Here())))
        everything: list[Stream | Ahead] = [*streams.values(), ahead]
        for stream in everything:
            stream.take(BATCH)  # what happens once
        found: dict[str, list[float]] = defaultdict(list)
        for _ in range(rounds):
            found["pillow"].append(rate(lambda: pillow(path, count), count, time.process_time))
            found["stream"].append(rate(lambda: streamed(streams[0], count), count, time.process_time))
            for workers, reads in streams.items():
                name = f"workers {workers}"
                found[name].append(rate(partial(streamed, reads, count), count, time.perf_counter))
            pause = 2 * BATCH / found["workers 0"][-1]
            found["wait"].append(waiting(streams[0], count, pause))
            found["wait, ahead"].append(waiting(ahead, count, pause))
        kilobytes = path.stat().st_size / count / 1000
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    # each image is decoded in both, and the stream does more
    ratio = figure("the rate of Stream over Pillow's", medians["stream"] / medians["pillow"], most=1.2)
    return medians | {"ratio": ratio, "kilobytes": kilobytes}


class Here:
    """Carries batches to where they are: what `ToCard` does, without a GPU."""

    def at_work(self) -> AbstractContextManager[None]:
        return nullcontext()

    def send(self, batch: Batch) -> Sent:
        return Sent(batch)

    def receive(self, sent: Sent) -> Batch:
        return sent.batch


def waiting(stream: Stream | Ahead, count: int, pause: float) -> float:
    """Milliseconds from where a step wants a batch to where it has it, the median of a tenth of the set."""
    waited = []
    for _ in range(max(count // BATCH // 10, 1)):
        time.sleep(pause)
        began = time.perf_counter()
        stream.take(BATCH)
        waited.append(1000 * (time.perf_counter() - began))
    return figure("the time that a step waits", statistics.median(waited), most=60_000)


def decoded(side: int, megabytes: int, rounds: int) -> dict[str, float]:
    """Of a decoded pack of side² images: GB and images a CPU second, beside Pillow's from a zip."""
    torch.set_num_threads(1)
    size = 3 * side**2
    count = max(megabytes * 10**6 // size // MANY, 1) * MANY
    few = min(count, max(4 * 10**6 // side**2, 8))  # that Pillow decodes, and that are made: the rest repeats
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "set"
        images = photos(few, side)
        pngs = path.with_suffix(".zip")
        pack(Arrays(images), pngs, Recipe((side, side)))
        pack(Arrays(np.resize(images, (count, side, side, 3))), path, Recipe((side, side), format="npy"))
        data = open_dataset(path, (3, side, side))
        stream, kept = Stream(data, 0, flip=True), np.empty((MANY, 3, side, side), dtype=np.uint8)

        def read() -> int:
            for begin in range(0, count, MANY):
                fill(data, stream.picks(begin, MANY), kept, {})
            return count

        read()  # from the disk, once
        found: dict[str, list[float]] = defaultdict(list)
        for _ in range(rounds):
            found["pillow"].append(rate(lambda: pillow(pngs, few), few, time.process_time))
            found["read"].append(rate(read, count, time.process_time))
            found["batches"].append(rate(lambda: streamed(stream, count, MANY), count, time.process_time))
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    gigabytes = figure("GB a second", medians["read"] * size / 1e9, most=200)
    return {"side": side, "gigabytes": gigabytes, **medians}


def main() -> int:
    """Print the tables; 1 where a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=200, help="of a decoded pack")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.count, options.rounds)
    table = [decoded(side, options.megabytes, options.rounds) for side in SIDES]
    if options.json:
        bounds = {"bound": BOUND, "bound_gigabytes": BOUND_GIGABYTES}
        print(json.dumps({"gandsl": "bench-data/2", **bounds, **found, "decoded": table}, indent=2))
    else:
        print(f"{SIDE}×{SIDE}×3 PNG from a zip, {found['kilobytes']:.1f} kB an image; images a second")
        print(f"{'Pillow alone, a CPU second':42} {found['pillow']:8,.0f}")
        print(f"{'Stream, batches of 32, a CPU second':42} {found['stream']:8,.0f}   bound {BOUND:,.0f}")
        for workers in WORKERS:
            name = f"workers {workers}"
            print(f"{f'Stream, {workers} workers, by the clock':42} {found[name]:8,.0f}")
        print(f"{'Stream / Pillow':42} {found['ratio']:8.2f}")
        print(f"{'a step waits for its batch, ms':42} {found['wait']:8.2f}")
        print(f"{'… of which one is always ahead':42} {found['wait, ahead']:8.2f}\n")
        print(f"{'decoded pack, a CPU second':28} {'GB':>6} {'images':>9} {'batches':>9} {'Pillow, PNG':>12}")
        for row in table:
            print(
                f"{row['side']:4.0f}² in {f'batches of {MANY}':20} {row['gigabytes']:6.1f} "
                f"{row['read']:9,.0f} {row['batches']:9,.0f} {row['pillow']:12,.0f}"
            )
    slow = found["stream"] < BOUND or any(row["gigabytes"] < BOUND_GIGABYTES for row in table)
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
