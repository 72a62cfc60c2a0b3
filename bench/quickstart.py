"""Does the quickstart hang on luck? Runs of it by seed and number of threads, each judged by `bench.digits`.

    python bench/quickstart.py --seeds 100-104 --threads 1,2

A run is `gandsl train specs/quickstart.yaml --data mnist` in a process of its own. Its seconds are by the
clock, from the start of the process to its end, and say something on a machine that does nothing else; those
of the processor stand beside them. 1 where a run takes longer than `MOST_SECONDS` or draws too few digits
that are named as their class.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.digits import LEAST, LEAST_OF_A_CLASS, Named, named
from bench.figures import figure, some
from gandsl.cli.ranges import numbers

ROOT = Path(__file__).resolve().parents[1]
SPEC = "specs/quickstart.yaml"
MOST_SECONDS = 180.0


@dataclass(frozen=True)
class Row:
    """One run: its seconds by the clock and of the processor, and what it draws."""

    seed: int
    threads: int
    seconds: float
    processor: float
    digits: Named

    @property
    def missed(self) -> bool:
        return not (self.digits.enough and self.seconds <= MOST_SECONDS)


def trained(seed: int, threads: int, changes: list[str], run: Path) -> tuple[float, float]:
    """Seconds by the clock and of the processor. Raises SystemExit where a run fails, or they can't be."""
    command = ["train", str(ROOT / SPEC), "--data", "mnist", "--run-dir", str(run), "--seed", str(seed)]
    command += [part for change in changes for part in ("--set", change)]
    threaded = {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"}
    path = os.pathsep.join(filter(None, [str(ROOT), str(ROOT / "runtime"), os.environ.get("PYTHONPATH")]))
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "gandsl", *command],
        env=os.environ | threaded | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode or "done after " not in done.stdout:
        raise SystemExit(f"the run with seed {seed} did not reach its length:\n{done.stdout}{done.stderr}")
    figure("the seconds of a run by the clock", seconds, above=1.0)
    figure("the seconds of a run of the processor", processor, above=1.0, most=1.1 * seconds * (threads + 1))
    return seconds, processor


def main() -> int:
    """Print a row for each run; 1 where one misses."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", default="100-104", help="such as 100-104 or 0,3")
    parser.add_argument("--threads", default="1,2", help="OMP_NUM_THREADS of each seed's runs")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as of gandsl train")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the runs stay; default: nowhere")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    asked = [
        (seed, threads)
        for seed in numbers(options.seeds, "--seeds")
        for threads in numbers(options.threads, "--threads")
    ]
    if not options.json:
        print(f"at least {LEAST:.0%}, {LEAST_OF_A_CLASS:.0%} of each class, at most {MOST_SECONDS:.0f} s")
        print(f"{'seed':>5} {'threads':>7} {'seconds':>8} {'CPU':>6} {'named':>6}  by class, 0 to 9")
    table = []
    with tempfile.TemporaryDirectory() as scratch:
        for seed, threads in some("runs", asked):
            run = (options.keep or Path(scratch)) / f"seed{seed}_threads{threads}"
            row = Row(seed, threads, *trained(seed, threads, options.set, run), named(run))
            table.append(row)
            if not options.json:
                classes = " ".join(f"{share:4.0%}" for share in row.digits.shares)
                took = f"{seed:5} {threads:7} {row.seconds:8.0f} {row.processor:6.0f}"
                missed = "  MISSED" if row.missed else ""
                print(f"{took} {row.digits.all:6.1%}  {classes}{missed}", flush=True)
    misses = sum(row.missed for row in table)
    if options.json:
        rows = [{**vars(row), "digits": row.digits.shares, "missed": row.missed} for row in table]
        print(json.dumps({"gandsl": "bench-quickstart/1", "rows": rows}, indent=2))
    else:
        print(f"{len(table) - misses} of {len(table)} hold")
    return int(bool(misses))


if __name__ == "__main__":
    sys.exit(main())
