"""One run of an entry as a user makes it, by the command line: trained, then measured on what is held out."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bench.figures import figure, some
from bench.zoo.sets import save
from gandsl_runtime.system.files import write

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 900.0


@dataclass(frozen=True)
class Figure:
    """What a run came to: a number beside those of rules that learn nothing, by their names."""

    name: str
    value: float
    rules: Mapping[str, float]
    less: bool = True  # is better
    unit: str = ""
    least: float = 0.0  # that it can be

    def __post_init__(self) -> None:
        for what, value in {"it": self.value, **self.rules}.items():
            figure(f"{self.name} of {what}", value, above=self.least - 1e-9)


@dataclass(frozen=True)
class Run:
    """A trained one: its folder, and those of its data. `seed` is also that of what is drawn to measure."""

    folder: Path
    data: Path
    seed: int

    def arrays(self, part: str = "held") -> Mapping[str, np.ndarray]:
        """Of the data set."""
        with np.load(self.data / f"{part}.npz") as found:
            return {name: found[name] for name in found.files}

    @contextmanager
    def sampled(self, *options: str) -> Iterator[list[Path]]:
        """The files that `gandsl sample` makes, in the order of their numbers. Raises SystemExit."""
        with tempfile.TemporaryDirectory() as place:
            command("sample", str(self.folder), *options, "-o", f"{place}/made")
            files = [file for file in Path(place, "made").iterdir() if file.suffix in (".png", ".npy")]
            yield sorted(
                some("samples", files), key=lambda file: int("".join(filter(str.isdigit, file.stem)))
            )

    def made(self, *options: str) -> np.ndarray:
        """Images uint8 (n, h, w) or (n, h, w, 3), else arrays (n, …)."""
        with self.sampled(*options) as files:
            return _read(files)

    def of_held(self, *options: str) -> np.ndarray:
        """What the run's network makes of each held-out item: images or arrays."""
        return self._of(self.data / "held.npz", *options)

    def of_images(self, images: np.ndarray, *options: str) -> np.ndarray:
        """What a network makes of its input `image`."""
        with tempfile.TemporaryDirectory() as place:
            save(Path(place, "images.npz"), {"image": images})
            return self._of(Path(place, "images.npz"), *options)

    def _of(self, items: Path, *options: str) -> np.ndarray:
        with np.load(items) as arrays:
            count = len(arrays[arrays.files[0]])
        with self.sampled("--data", str(items), *options) as files:
            if len(files) != count:
                raise SystemExit(f"the measurement is broken: {len(files)} made of {count} items")
            return _read(files)

    def of_rows(self, rows: Mapping[str, np.ndarray], *options: str) -> np.ndarray:
        """What the generator makes of arrays, a row each."""
        with tempfile.TemporaryDirectory() as place:
            save(Path(place, "rows.npz"), rows)
            return self.made("--inputs", f"{place}/rows.npz", *options)


def _number(file: Path) -> int:
    return int("".join(filter(str.isdigit, file.stem)))


def _read(files: Sequence[Path]) -> np.ndarray:
    return np.stack(
        [np.load(file) if file.suffix == ".npy" else np.asarray(Image.open(file)) for file in files]
    )


def command(*words: str) -> None:
    """`gandsl …` in a process of its own, on one thread. Raises SystemExit where it fails."""
    path = os.pathsep.join(filter(None, [str(ROOT), str(ROOT / "runtime"), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "gandsl", *words],
        env=os.environ | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"gandsl {' '.join(words)}:\n{done.stdout}{done.stderr}")


def trained(spec: str, seed: int, data: Mapping[str, str], changes: Sequence[str], folder: Path) -> float:
    """Seconds of the processor. A run that is whole is not trained again. Raises SystemExit."""
    note = folder.with_suffix(".trained.json")
    if not note.exists():
        where = [f"{name}={file}" if name else file for name, file in data.items()]
        given = [part for one in where for part in ("--data", one)]
        sets = [part for change in changes for part in ("--set", change)]
        shutil.rmtree(folder, ignore_errors=True)  # half of a run
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command("train", str(ROOT / spec), *given, *sets, "--run-dir", str(folder), "--seed", str(seed))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        write(note, json.dumps({"seconds": figure("the seconds of a run", seconds, above=1.0)}))
    return float(json.loads(note.read_text())["seconds"])
