"""What features of 10,000 images cost, the first time and the second: seconds, memory at the fullest moment.

Real images are PNGs of 64² in a zip, samples are an array, both made here. An evaluation takes `lite0`'s
features of both, and FD, KID, precision and recall of them. The second one finds the real images' features
kept. A CPU second is one of the process: other work on the machine does not count; with two threads it
takes about half as long by the clock of an idle machine.

    python -m bench.features [--count 10000] [--threads 2] [--json]
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from bench.data import photos
from bench.figures import figure
from gandsl_runtime.data.pack import Recipe, pack
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.evaluation.cached import FeatureCache
from gandsl_runtime.evaluation.extractors import open_extractor
from gandsl_runtime.evaluation.features import FeatureSet, features_of
from gandsl_runtime.evaluation.image_arrays import ImageArray
from gandsl_runtime.evaluation.kernel import kid
from gandsl_runtime.evaluation.manifold import manifold
from gandsl_runtime.evaluation.moments import Moments, frechet
from gandsl_runtime.evaluation.sources import open_images

SIDE = 64
BOUND_SECONDS, BOUND_BYTES = 360.0, 2e9  # on two cores


def evaluated(folder: Path, count: int) -> dict[str, float]:
    """CPU seconds of each part of one evaluation."""
    extractor = open_extractor()
    spent: dict[str, float] = {}

    def timed(what: str, take: Callable[[], object]) -> object:
        began = time.process_time()
        found = take()
        spent[what] = figure(what, time.process_time() - began)
        return found

    real = timed(
        "real features",
        lambda: features_of(
            extractor, open_images(folder / "real.zip"), cache=FeatureCache(extractor, folder / "cache")
        ),
    )
    samples = ImageArray(photos(count, SIDE)[::-1], "samples")
    made = timed("features of samples", lambda: features_of(extractor, samples))
    assert isinstance(real, FeatureSet) and isinstance(made, FeatureSet)
    a, b = made.features, real.features
    timed("FD", lambda: frechet(Moments.of(a), Moments.of(b)))
    timed("KID", lambda: kid(a, b))
    timed("precision and recall", lambda: manifold(a, b, 3))
    return spent


def main() -> int:
    """1 where an evaluation takes more than its bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    turns = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pack(Arrays(photos(given.count, SIDE)), folder / "real.zip", Recipe((SIDE, SIDE)))
        began = time.perf_counter()
        for _ in range(2):
            began = time.perf_counter()
            spent = evaluated(folder, given.count)
            turns.append(spent | {"by the clock": time.perf_counter() - began})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    totals = [sum(seconds for what, seconds in turn.items() if what != "by the clock") for turn in turns]
    if given.json:
        print(json.dumps({"turns": turns, "peak": peak}))
    else:
        print(
            f"{given.count:,} images of {SIDE}², {given.threads} threads; CPU seconds, first and second time"
        )
        for what in turns[0]:
            print(f"{what:24} {turns[0][what]:8.1f} {turns[1][what]:8.1f}")
        print(f"{'all':24} {totals[0]:8.1f} {totals[1]:8.1f}")
        print(f"at the fullest moment    {peak / 1e9:8.2f} GB")
    return int(totals[0] / 2 > BOUND_SECONDS or totals[1] > 0.55 * totals[0] or peak > BOUND_BYTES)


if __name__ == "__main__":
    sys.exit(main())
