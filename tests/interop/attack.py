"""Imports each file that it is given in a process of its own, with bounds, and says how that ended.

Run as a program: `python attack.py BYTES SECONDS FILE...`; prints a JSON line a file.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

import torch

from gandsl.diagnostics import SpecError
from gandsl.interop import InteropError, import_checkpoint


def one(path: str) -> dict[str, object]:
    """How the import of a file ends, with the growth of memory in bytes."""
    before, begin = peak(), time.process_time()
    try:
        found = import_checkpoint(path)
        said = {"end": "loaded", "message": found.report.text()}
    except (InteropError, SpecError) as error:
        said = {"end": type(error).__name__, "message": str(error)}
    except BaseException as error:  # noqa: BLE001  # whatever it is, the test names it
        said = {"end": f"!{type(error).__name__}", "message": str(error)[:500]}
    return {**said, "bytes": peak() - before, "seconds": time.process_time() - begin}


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def virtual() -> int:
    """Bytes of address space in use."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def guarded(path: str, most: int, seconds: int) -> dict[str, object]:
    """The same in a child that has so much more memory than this process, and so much time."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_AS, (virtual() + most,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        os.write(writing, json.dumps(one(path)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if status:
        return {
            "end": f"!died ({os.waitstatus_to_exitcode(status)})",
            "message": "",
            "bytes": 0,
            "seconds": 0,
        }
    return json.loads(answer)


def main() -> None:
    most, seconds, *paths = sys.argv[1:]
    torch.zeros(2).sum()  # what torch starts on first use is there before the forks
    for path in paths:
        print(json.dumps({"file": path, **guarded(path, int(most), int(seconds))}), flush=True)


if __name__ == "__main__":
    main()
