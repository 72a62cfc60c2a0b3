"""What the trainer itself takes of a step: all that is not forward, backward and optimizer.

    python bench/overhead.py

Beside the trainer, as users run it with a folder to write to, a bare loop takes the same steps: the same
programs, losses and optimizer, on images that are there already and latents that are drawn once. Both take
turns on one thread of the CPU; seconds are of the process. What the trainer takes more is its own share: the
median of the turns', with the interval in which that lies (95 %).
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
import torch.nn.functional as F

import gandsl
from bench.figures import figure, interval, some, spent
from bench.training import trainer_of
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.runs.session import session
from gandsl_runtime.training.trainer import Trainer

SMALL = """
gandsl: 1
name: ten_thousand
generator:
  inputs: {z: "Latent[32]"}
  body:
    dense: {op: linear, features: 16 * 4 * 4}
    start: {op: reshape, channels: 16, size: 4}
    up: {op: upsample}
    image: {op: conv, channels: 1}
discriminator:
  inputs: {image: "Image[1, 8]"}
  body:
    conv: {op: conv, channels: 16}
    act: {op: leaky_relu}
    flat: {op: flatten}
    logit: {op: linear, features: 1}
training: {length: 100 Mimg, batch: 16, loss: logistic, optimizer: {kind: adam, lr: 2e-4, betas: [0.0, 0.9]}}
"""


def trainer_in(folder: Path, program: gandsl.Program) -> Trainer:
    """As users run it: with a folder that it writes to."""
    channels, height, width = program.generator.outputs[-1].shape
    pixels = np.random.default_rng(0).integers(0, 256, (64, height, width, channels), dtype=np.uint8)
    source = Arrays(pixels if channels > 1 else pixels[..., 0])
    return trainer_of(program, data=source, run_dir=folder)


def bare(program: gandsl.Program, batch: int) -> Callable[[], None]:
    """One step of a plain loop over copies of the networks."""
    twin = g, d = copy.deepcopy(program.generator), copy.deepcopy(program.discriminator)
    settings: dict[str, Any] = {"lr": 1e-6, "betas": (0.0, 0.9), "fused": True}
    optimizers = [torch.optim.Adam(network.parameters(), **settings) for network in twin]
    z = torch.randn(batch, *g.inputs[0].shape)
    real = torch.randn(batch, *d.inputs[0].shape)
    generate, judge = g.program(), d.program()

    def step() -> None:
        optimizers[1].zero_grad(set_to_none=True)
        with torch.no_grad():
            fake = generate(z)
        (F.softplus(judge(fake)).mean() + F.softplus(-judge(real)).mean()).backward()
        optimizers[1].step()
        optimizers[0].zero_grad(set_to_none=True)
        d.requires_grad_(False)
        F.softplus(-judge(generate(z))).mean().backward()
        d.requires_grad_(True)
        optimizers[0].step()

    return step


def main() -> int:
    """Print both figures; 1 where one misses its bound.

    The trainer does what the bare loop does and more, and each step moves its clock: else they are refused.
    """
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = []
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.yaml"
        small.write_text(SMALL)
        plain = {"training.loss": "logistic"}
        cases = {
            "a network of 10,000 parameters": (small, {}, 100, None, 2.0),
            "64², batch 64": (Path("specs/dcgan.yaml"), plain | {"training.batch": 64}, 1, 0.03, None),
        }
        for name, (path, overrides, times, share, milliseconds) in cases.items():
            program = gandsl.compile(path, overrides)
            trainer = trainer_in(Path(folder) / "run" / str(times), program)
            loop = bare(program, trainer.plan.batch)

            def step(trainer: Trainer = trainer) -> None:
                trainer._tell(trainer.step())

            with session(trainer):
                spent(step, times), spent(loop, times)
                before = trainer.state.clock.steps
                turns = [(spent(step, times), spent(loop, times)) for _ in range(options.repeats)]
                taken = trainer.state.clock.steps - before
            figure(
                "the number of steps taken",
                taken,
                above=times * options.repeats - 1,
                most=times * options.repeats,
            )
            own = [a - b for a, b in turns]
            row: dict[str, Any] = {
                "case": name,
                "parameters": sum(
                    p.numel() for n in (program.generator, program.discriminator) for p in n.parameters()
                ),
                "trainer_ms": 1000 * statistics.median(a for a, _ in turns),
                "own_ms": 1000 * statistics.median(own),
                "own_interval_ms": [1000 * bound for bound in interval(own)],
                "share": statistics.median((a - b) / a for a, b in some("turns", turns)),
            }
            figure("the trainer's share of a step", row["share"], above=-0.1, most=1.0)
            row["missed"] = bool(
                (share and row["share"] > share) or (milliseconds and row["own_ms"] > milliseconds)
            )
            table.append(row)
            if not options.json:
                low, high = row["own_interval_ms"]
                print(
                    f"{name}: {row['trainer_ms']:.2f} ms a step, the trainer's own {row['own_ms']:.2f} ms "
                    f"[{low:.2f}, {high:.2f}], {row['share']:.1%}" + ("  MISSED" if row["missed"] else "")
                )
    if options.json:
        print(json.dumps({"gandsl": "bench-overhead/1", "rows": table}, indent=2))
    return int(any(row["missed"] for row in table))


if __name__ == "__main__":
    sys.exit(main())
