"""Process time of each command on a warm disk, against the promised bounds.

Figures are user + system time of the whole process, the median of several runs; the ratio to a bare
`python -c pass` travels better between machines. `compile` is judged without what importing torch takes.

    python -m bench.startup [--runs 7] [--json]
    python -m bench.startup --specs [SPEC ...] [--instructions]

With `--specs` it is the check of each spec of the repository, or of those that are named, the slowest first.
`--instructions` counts what the processor executes, too, where valgrind is installed: that is the same on a
busy machine as on a quiet one, and takes fifty times as long.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.figures import figure

ROOT = Path(__file__).resolve().parents[1]
SPEC = "specs/stylegan2.yaml"  # at 1024²

# name → (arguments of gandsl, bound in seconds)
COMMANDS: dict[str, tuple[tuple[str, ...], float]] = {
    "--help": (("--help",), 0.4),
    "schema": (("schema",), 0.4),
    "explain code": (("explain", "G0212"), 0.4),
    "explain op": (("explain", "modulated_conv"), 0.4),
    "explain training": (("explain", "training"), 0.4),
    "check": (("check", SPEC), 0.8),
    "show": (("show", SPEC), 0.8),
    "show --ir": (("show", SPEC, "--ir"), 0.8),
    "cost": (("cost", SPEC), 0.8),
    "diff": (("diff", SPEC, "--set", "resolution=512"), 0.8),
}
SPEC_BOUND = 0.5  # seconds, of the check of any spec
COMPILE_BOUND = 3.0  # more than importing torch takes
LEAST_SECONDS = 1e-3  # no interpreter starts in less


def process_time(command: Sequence[str]) -> float:
    """User and system seconds of a child process.

    Raises CalledProcessError where it fails, SystemExit where a command of gandsl says nothing.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=ROOT, env=_environment(), capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if "gandsl" in command and not done.stdout:
        raise SystemExit(f"nothing was measured: {' '.join(command)} said nothing")
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return figure(f"the time of {' '.join(command)}", seconds, above=LEAST_SECONDS)


def _environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}:{ROOT / 'runtime'}"}


def instructions(command: Sequence[str]) -> int | None:
    """The instructions of a process, as valgrind counts them; None where that is not installed.

    Raises CalledProcessError where the command fails.
    """
    if not shutil.which("valgrind"):
        return None
    counter = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    done = subprocess.run(
        [*counter, *command],
        cwd=ROOT,
        env=_environment() | {"PYTHONHASHSEED": "0"},  # sets in one order: the same work each time
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    counted = int(found[1].replace(",", "")) if found else 0
    return int(figure(f"the count of {' '.join(command)}", counted, above=1e6))


def median(command: Sequence[str], runs: int) -> float:
    """The median over `runs`, after one that warms the disk and writes bytecode."""
    process_time(command)
    return statistics.median(process_time(command) for _ in range(runs))


def measure(runs: int) -> dict[str, dict[str, float]]:
    """Seconds, bound and ratio to a bare interpreter, by command."""
    bare = median([sys.executable, "-c", "pass"], runs)
    found = {"python -c pass": {"seconds": bare, "ratio": 1.0}}
    for name, (arguments, bound) in COMMANDS.items():
        seconds = median([sys.executable, "-m", "gandsl", *arguments], runs)
        figure(f"the time of gandsl {name} over a bare interpreter's", seconds / bare, above=1.0)
        found[name] = {"seconds": seconds, "ratio": seconds / bare, "bound": bound}
    torch = median([sys.executable, "-c", "import torch"], max(runs // 2, 1))
    found["import torch"] = {"seconds": torch, "ratio": torch / bare}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "gandsl", "compile", SPEC, "-o", folder]
        seconds = figure("compile, without torch,", median(command, max(runs // 2, 1)) - torch)
    found["compile, without torch"] = {"seconds": seconds, "ratio": seconds / bare, "bound": COMPILE_BOUND}
    return found


def checks(specs: Sequence[str], runs: int, counted: bool) -> int:
    """Print what the check of each spec takes, the slowest first; 1 where one misses the bound."""
    parts = ROOT / "specs" / "zoo" / "parts"
    every = (path for path in sorted((ROOT / "specs").rglob("*.yaml")) if not path.is_relative_to(parts))
    rows = []
    for spec in specs or [str(path.relative_to(ROOT)) for path in every]:
        command = [sys.executable, "-m", "gandsl", "check", spec]
        rows.append((median(command, runs), instructions(command) if counted else None, spec))
    print(f"{'seconds':>8} {'bound':>6} {'instructions':>15}  spec")
    for seconds, count, spec in sorted(rows, reverse=True):
        print(f"{seconds:8.3f} {SPEC_BOUND:6.1f} {'' if count is None else format(count, ','):>15}  {spec}")
    return int(any(seconds > SPEC_BOUND for seconds, *_ in rows))


def main() -> int:
    """Print the table; 1 where a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--specs", nargs="*", metavar="SPEC", help="the check of each instead")
    parser.add_argument("--instructions", action="store_true", help="with --specs: count them, too")
    options = parser.parse_args()
    if options.specs is not None:
        return checks(options.specs, options.runs, options.instructions)
    found = measure(options.runs)
    if options.json:
        print(json.dumps({"gandsl": "bench-startup/1", "commands": found}, indent=2))
    else:
        print(f"{'command':24} {'seconds':>8} {'bound':>6} {'× bare':>7}")
        for name, row in found.items():
            bound = f"{row['bound']:.1f}" if "bound" in row else ""
            print(f"{name:24} {row['seconds']:8.3f} {bound:>6} {row['ratio']:7.1f}")
    return int(any(row["seconds"] > row.get("bound", float("inf")) for row in found.values()))


if __name__ == "__main__":
    sys.exit(main())
