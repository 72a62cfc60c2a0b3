"""Nine minutes of one GPU: is it right, and how fast is it beside the official code.

    python -m bench.gpu --stylegan2-ada PATH --biggan PATH     # on a GPU; checkouts to run beside
    python -m bench.gpu --device cpu                           # everything in miniature

Results are in OUT/results.json after every entry, what was printed meanwhile in OUT/log.txt. The last line
counts what was ok, failed, and skipped. Ends with 0 where all was ok, 1 where something failed, 3 where
nothing failed and something was skipped. What the machine lacks may lie as wheels in a folder (--wheels).
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bench.gpu.beside import compare  # noqa: E402  # the checkout has to be found first
from bench.gpu.dealing import Dealer  # noqa: E402
from bench.gpu.entries import groups  # noqa: E402
from bench.gpu.entry import Group, Setting  # noqa: E402
from bench.gpu.results import FAILED, Results  # noqa: E402

SECONDS = 540.0
MINIATURE = 14400.0  # a CPU has no meter running
PEERS = ("stylegan2-ada", "stylegan2-ada-kernels", "biggan")
STOPPED = 130  # what was left then is not in the counts
HANDS = 8  # processes that share a GPU where nothing is timed


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda", help="cuda (default), cuda:N, or cpu for the miniature")
    parser.add_argument("--seconds", type=float, help=f"all of it, at most (default {SECONDS:g} on a GPU)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="for results")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="packages for this run alone")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="entries so named, `*` for any text")
    parser.add_argument("--stylegan2-ada", type=Path, metavar="PATH", help="stylegan2-ada-pytorch")
    parser.add_argument(
        "--stylegan2-ada-kernels", type=Path, metavar="DIR", help="its two built: */bias_act*.so and so on"
    )
    parser.add_argument("--biggan", type=Path, metavar="PATH", help="BigGAN-PyTorch")
    options = parser.parse_args(arguments)
    if not re.fullmatch(r"cpu|cuda(:\d+)?", options.device):
        parser.error(f"--device: there are cpu, cuda and cuda:N, and no {options.device}")
    for name in ("wheels", *(peer.replace("-", "_") for peer in PEERS)):
        path = getattr(options, name)
        if path is not None and not path.is_dir():
            parser.error(f"--{name.replace('_', '-')}: {path} is no folder")
    if options.wheels and not list(options.wheels.glob("*.whl")):
        parser.error(f"--wheels: {options.wheels} has no *.whl")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = options_of(arguments)
    began = time.monotonic()
    scratch = Path(tempfile.gettempdir()) / "gandsl-gpu"
    out = options.out or scratch / "out"
    for folder in (scratch, out):
        folder.mkdir(parents=True, exist_ok=True)
    cores = os.cpu_count() or 1
    peers = {name: path.resolve() for name in PEERS if (path := getattr(options, name.replace("-", "_")))}
    device, _, number = options.device.partition(":")
    if number:  # the others are not seen at all
        os.environ["CUDA_VISIBLE_DEVICES"] = number
    setting = Setting(device, scratch.resolve(), peers)
    hands = max(1, min(HANDS, cores // 2)) if setting.cuda else 1
    setting = replace(setting, threads=max(1, cores // (2 * hands)) if setting.cuda else 1)
    prepare(setting, options.wheels)
    seconds = options.seconds or (SECONDS if setting.cuda else MINIATURE)
    wanted = [chosen(group, options.only) for group in groups(setting)]
    facts = {"device": setting.device, "began": time.strftime("%Y-%m-%d %H:%M")}
    results = Results(out / "results.json", facts)
    log = out / "log.txt"
    log.write_text("")
    signal.signal(signal.SIGTERM, _interrupt)
    stopped = False
    try:
        with Dealer(setting, results, log, hands) as dealer:
            run(dealer, [group for group in wanted if group.entries], began, seconds)
    except KeyboardInterrupt:
        stopped = True
    results.facts["seconds"] = round(time.monotonic() - began, 1)
    results.write()
    code = end(results)
    return STOPPED if stopped else code


def prepare(setting: Setting, wheels: Path | None) -> None:
    """The environment of the processes to come."""
    os.environ.setdefault("OMP_NUM_THREADS", str(setting.threads))
    path = [str(ROOT), str(ROOT / "runtime")]
    if wheels:
        site = setting.scratch / "site"
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-index",
            "--no-deps",
            "--no-compile",
            "--upgrade",
        ]
        files = sorted(map(str, wheels.glob("*.whl")))
        subprocess.run([*pip, "--disable-pip-version-check", "--target", str(site), *files], check=True)
        path.append(str(site))
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([*path, *([before] if before else [])])
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(setting.scratch / "inductor")
    sys.path[:0] = path


def chosen(group: Group, patterns: Sequence[str] | None) -> Group:
    if patterns is None:
        return group
    entries = [e for e in group.entries if any(fnmatch.fnmatch(e.name, pattern) for pattern in patterns)]
    return replace(group, entries=tuple(entries))


def run(dealer: Dealer, wanted: Sequence[Group], began: float, seconds: float) -> None:
    lost: str | None = None
    for group in wanted:
        if lost:
            dealer.leave_out(group, lost)
            continue
        print(f"-- {group.name}", flush=True)
        dealer.take(group, began + seconds * group.until)
        failed = [row for row in dealer.results.rows if row.group == group.name and row.status == FAILED]
        if group.vital and failed:
            lost = f"{failed[0].name}: {failed[0].why}"
        compare(group, dealer.results)


def end(results: Results) -> int:
    """Say what came of it."""
    print(f"\n{results.path}; {results.facts['seconds']:.0f} seconds")
    for row in results.of(FAILED):
        print(f"failed: {row.name}: {row.why}")
    print(results.last_line(), flush=True)
    return results.code()


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
