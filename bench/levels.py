"""Each level of a grown family against a network that is built for that size alone, as ratios of time.

    python bench/levels.py

Forward and backward passes of G and D with the same weights, whose outputs have to agree; both take turns on
one thread of the CPU. Seconds are of the process; a ratio should be about 1: a level's program has no branch
that its size does not need.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from torch import Tensor

import gandsl
from bench.figures import interval, ratio, some, spent
from gandsl_runtime.network import Network

SPECS = {
    "pggan": {"channel_base": 2048, "channel_max": 128},
    "stylegan": {"channel_base": 2048, "channel_max": 128},
}
ALLOWED = 1.05  # two equal programs differ by that much on a busy machine


def pass_of(program: Callable[..., Tensor], given: list[Tensor], network: Network) -> Callable[[], float]:
    """Seconds of a forward and a backward pass."""

    def seconds() -> float:
        found = spent(lambda: program(*given).square().mean().backward())
        network.zero_grad(set_to_none=True)
        return found

    return seconds


def agree(what: str, a: Tensor, b: Tensor) -> None:
    """Two programs that are compared do the same. Raises SystemExit."""
    apart = (a - b).norm() / b.norm()
    if not apart <= 1e-4:  # of the norm: float32 summed in another order
        raise SystemExit(f"{what}: outputs of the level and of the network built alone are {apart:.0e} apart")


def rows(spec: str, whole: int, batch: int, repeats: int) -> list[dict[str, Any]]:
    path, overrides = Path("specs") / f"{spec}.yaml", SPECS[spec]
    family = gandsl.compile(path, {**overrides, "resolution": whole})
    found: list[dict[str, Any]] = []
    for level, (size, _) in enumerate(family.generator.levels):
        if size < 8:
            continue  # the smallest network that can be built alone
        alone = gandsl.compile(path, {**overrides, "resolution": size})
        for side in ("generator", "discriminator"):
            a, b = family.network(side), alone.network(side)
            own = a.state_dict()
            b.load_state_dict({key: own.get(key, value) for key, value in b.state_dict().items()})
            given = [torch.randn(batch, *port.shape) for port in b.inputs]
            programs = a.program("forward", level), b.program("forward")
            outputs = []
            for program in programs:
                torch.manual_seed(0)  # the same noise
                outputs.append(program(*given).detach())
            agree(f"{spec} {side} {size}²", *outputs)
            passes = pass_of(programs[0], given, a), pass_of(programs[1], given, b)
            for take in passes:
                take()  # warms
            turns = some("turns", [tuple(take() for take in passes) for _ in range(repeats)])
            ratios = [ratio("time", x, y) for x, y in turns]
            found.append(
                {
                    "spec": spec,
                    "side": side,
                    "level": size,
                    "ratio": statistics.median(ratios),
                    "interval": interval(ratios),
                    "ms": 1000 * statistics.median(x for x, _ in turns),
                }
            )
    return found


def main() -> int:
    """Print the table; 1 where a level is slower than `ALLOWED` times the network built alone."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--resolution", type=int, default=64, help="of the family")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = [row for spec in SPECS for row in rows(spec, options.resolution, options.batch, options.repeats)]
    if options.json:
        print(json.dumps({"gandsl": "bench-levels/1", "rows": table}, indent=2))
    else:
        for row in table:
            said = f"{row['spec']:10} {row['side']:14} {row['level']:4}²  {row['ms']:8.1f} ms"
            low, high = row["interval"]
            print(f"{said}  ratio {row['ratio']:.2f} [{low:.2f}, {high:.2f}]")
    return int(any(row["ratio"] > ALLOWED for row in some("levels", table)))


if __name__ == "__main__":
    sys.exit(main())
