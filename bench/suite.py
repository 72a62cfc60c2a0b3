"""Time and memory of `make test`'s tests: promised are 12 minutes and 2 GiB a worker on two cores.

    python bench/suite.py                  # the whole suite, as `make pytest` runs it
    python bench/suite.py tests/passes     # a part

Memory is looked at every tenth of a second: a worker's own pages and those of the processes it has started,
pages that several share divided among them (PSS; where the system has no such count, USS). Refuses to judge
figures that cannot be: fewer workers than asked for, or one smaller than an interpreter with torch.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import defaultdict

import psutil

MOST_MINUTES = 12.0
MOST_BYTES = 2 * 2**30
LEAST_BYTES = 100 * 2**20  # an interpreter with torch in it: less was not measured
WORKERS = 2


def held(process: psutil.Process) -> int:
    """Bytes that a process holds, its share of pages in common; 0 when it has gone."""
    try:
        facts = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(facts, "pss", facts.uss))


def family(process: psutil.Process) -> int:
    """Bytes of a process and of all that it has started."""
    try:
        return sum(map(held, (process, *process.children(recursive=True))))
    except psutil.Error:
        return 0


def main(arguments: list[str]) -> int:
    start = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-n", str(WORKERS), *arguments]
    suite = psutil.Popen(command, stdout=None, stderr=subprocess.STDOUT)
    peaks: defaultdict[int, int] = defaultdict(int)
    while suite.poll() is None:
        for worker in suite.children():
            peaks[worker.pid] = max(peaks[worker.pid], family(worker))
        time.sleep(0.1)
    minutes = (time.perf_counter() - start) / 60
    workers = sorted(peaks.values(), reverse=True)[:WORKERS]
    print(
        f"{minutes:.1f} minutes; workers at most: "
        + ", ".join(f"{peak / 2**20:,.0f} MiB" for peak in workers)
    )
    if len(workers) < WORKERS or min(workers) < LEAST_BYTES:
        print(f"not measured: {WORKERS} workers of {LEAST_BYTES // 2**20} MiB or more were to be seen")
        return 1
    over = minutes > MOST_MINUTES or workers[0] > MOST_BYTES
    if over:
        print(f"over the bounds of {MOST_MINUTES:g} minutes and {MOST_BYTES // 2**20:,} MiB")
    return int(over or suite.returncode != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
