"""Full training steps of ours against the official PyTorch implementations, as ratios of time and memory.

    python bench/steps.py --stylegan2-ada PATH --biggan PATH --gan-zoo PATH

PATHs are checkouts of github.com/NVlabs/stylegan2-ada-pytorch (its loss class and networks, in the order
and with the intervals of its training loop), ajbrock/BigGAN-PyTorch (its training function) and
facebookresearch/pytorch_GAN_zoo (its progressive model at the last scale); any may be left out. Both sides
have networks with the same number of parameters (to a thousandth), take the same batch in eager float32 on
one thread of the CPU, and take turns. A full step is all phases, each weighted by its interval, and the
average of the weights; ours also the whole trainer: data, draws, measurements.

Seconds are of the process, their ratio is the median of the turns', and its interval is where that lies with
95 % of certainty. Memory is what a step adds to a process that did nothing else, at its fullest moment
(`bench.figures.added`): at least the gradients of the larger network. A ratio should be at most 1.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import importlib
import io
import json
import statistics
import sys
import time
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from torch import nn

import gandsl
from bench.figures import added, figure, interval, ratio, some, spent
from bench.training import trainer_of, watched
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.plan.schedule import Clock

Phases = dict[str, tuple[int, Callable[[], object]]]  # name → its interval, and what takes it


@dataclass(frozen=True)
class Side:
    """One implementation: its two networks, and a turn that gives each phase's seconds over its interval."""

    networks: tuple[nn.Module, nn.Module]
    turn: Callable[[], dict[str, float]]


def turn_of(phases: Phases) -> Callable[[], dict[str, float]]:
    return lambda: {name: spent(take) / every for name, (every, take) in phases.items()}


@dataclass(frozen=True)
class System:
    """A published system at one size; `checkout` is the option that names where its code is."""

    name: str
    checkout: str
    spec: str
    overrides: Mapping[str, Any]
    official: Callable[[int], Side]
    batch: int


# --- the official side ------------------------------------------------------------------------------


def stylegan2(resolution: int) -> Callable[[int], Side]:
    def build(batch: int) -> Side:
        networks, losses = (importlib.import_module(f"training.{name}") for name in ("networks", "loss"))
        widths = {"channel_base": 16384}
        g = networks.Generator(
            512, 0, 512, resolution, 3, mapping_kwargs={"num_layers": 8}, synthesis_kwargs=widths
        ).train()
        d = networks.Discriminator(0, resolution, 3, **widths).train()
        average = copy.deepcopy(g).eval()
        loss = losses.StyleGAN2Loss(torch.device("cpu"), g.mapping, g.synthesis, d, r1_gamma=2.0)
        r_g, r_d = 4 / 5, 16 / 17
        optimizers = {
            "G": torch.optim.Adam(g.parameters(), lr=0.002 * r_g, betas=(0.0, 0.99**r_g), eps=1e-8),
            "D": torch.optim.Adam(d.parameters(), lr=0.002 * r_d, betas=(0.0, 0.99**r_d), eps=1e-8),
        }
        real, labels = torch.randn(batch, 3, resolution, resolution), torch.empty(batch, 0)
        g.requires_grad_(False), d.requires_grad_(False)

        def phase(name: str, network: nn.Module, gain: int) -> Callable[[], None]:
            def take() -> None:
                optimizer = optimizers[name[0]]
                optimizer.zero_grad(set_to_none=True)
                network.requires_grad_(True)
                loss.accumulate_gradients(name, real, labels, torch.randn(batch, 512), labels, True, gain)
                network.requires_grad_(False)
                for parameter in network.parameters():
                    if parameter.grad is not None:
                        torch.nan_to_num(parameter.grad, nan=0, posinf=1e5, neginf=-1e5, out=parameter.grad)
                optimizer.step()

            return take

        def average_weights() -> None:
            with torch.no_grad():
                for a, p in zip(average.parameters(), g.parameters(), strict=True):
                    a.copy_(p.lerp(a, 0.998))
                for a, b in zip(average.buffers(), g.buffers(), strict=True):
                    a.copy_(b)

        phases: Phases = {"Gmain": (1, phase("Gmain", g, 1)), "Greg": (4, phase("Greg", g, 4))}
        phases |= {"Dmain": (1, phase("Dmain", d, 1)), "Dreg": (16, phase("Dreg", d, 16))}
        return Side((g, d), turn_of(phases | {"average": (1, average_weights)}))

    return build


def biggan(batch: int) -> Side:
    """The batch in two chunks, and one step of D."""
    networks, functions, tools = (importlib.import_module(name) for name in ("BigGAN", "train_fns", "utils"))
    shared: dict[str, Any] = {"resolution": 64, "n_classes": 1000, "SN_eps": 1e-8, "BN_eps": 1e-5}
    rates = {"G_lr": 1e-4, "G_B1": 0.0, "G_B2": 0.999, "adam_eps": 1e-8}
    g = networks.Generator(G_ch=64, dim_z=100, shared_dim=128, hier=True, G_attn="32", **rates, **shared)
    rates = {"D_lr": 4e-4, "D_B1": 0.0, "D_B2": 0.999, "adam_eps": 1e-8}
    d = networks.Discriminator(D_ch=64, D_attn="32", **rates, **shared)
    average = copy.deepcopy(g)
    z, y = tools.prepare_z_y(batch // 2, g.dim_z, 1000, device="cpu")
    config = {
        "batch_size": batch // 2,
        "toggle_grads": True,
        "num_D_steps": 1,
        "num_D_accumulations": 2,
        "num_G_accumulations": 2,
        "split_D": False,
        "D_ortho": 0.0,
        "G_ortho": 0.0,
        "ema": True,
    }
    moving, both = tools.ema(g, average, 0.9999, 0), networks.G_D(g, d)
    train = functions.GAN_training_function(g, d, both, z, y, moving, {"itr": 1}, config)
    real, labels = torch.randn(batch, 3, 64, 64), torch.randint(1000, (batch,))
    return Side((g, d), turn_of({"step": (1, lambda: train(real, labels))}))


def pggan(batch: int) -> Side:
    published: Any = importlib.import_module("gan_zoo.progressive_gan").ProgressiveGAN

    class Model(published):
        """Its optimizers take a β of 0 as an integer, which torch no longer does."""

        def getOptimizerD(self) -> torch.optim.Adam:
            return torch.optim.Adam(self.netD.parameters(), lr=1e-3, betas=(0.0, 0.99))

        def getOptimizerG(self) -> torch.optim.Adam:
            return torch.optim.Adam(self.netG.parameters(), lr=1e-3, betas=(0.0, 0.99))

    model = Model(
        512, 512, miniBatchStdDev=True, useGPU=False, lossMode="WGANGP", lambdaGP=10.0, epsilonD=0.001
    )
    for channels in (512, 512, 512, 256):
        model.addScale(channels)
    real = torch.randn(batch, 3, 64, 64)
    return Side((model.netG, model.netD), turn_of({"step": (1, lambda: model.optimizeParameters(real))}))


SYSTEMS = (
    System(
        "stylegan2-64",
        "stylegan2_ada",
        "stylegan2",
        {"resolution": 64, "channel_base": 16384},
        stylegan2(64),
        8,
    ),
    System(
        "stylegan2-256",
        "stylegan2_ada",
        "stylegan2",
        {"resolution": 256, "channel_base": 16384},
        stylegan2(256),
        4,
    ),
    System(
        "biggan-64",
        "biggan",
        "biggan",
        {"resolution": 64, "width": 64, "attention_at": [32], "training.micro_batch": 4},
        biggan,
        8,
    ),
    System("pggan-64", "gan_zoo", "pggan", {"resolution": 64, "training.growth.batch": {}}, pggan, 8),
)


class Absent(types.ModuleType):
    """Stands for a module that a checkout imports, and that nothing uses which is called here."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return object


def find(options: argparse.Namespace) -> None:
    """Make the checkouts importable."""
    for path in filter(None, (options.stylegan2_ada, options.biggan)):
        sys.path.insert(0, str(path))
    if options.gan_zoo:
        package = types.ModuleType("gan_zoo")
        package.__path__ = [str(options.gan_zoo / "models")]
        sys.modules["gan_zoo"] = package
    for name in ("torchvision", "torchvision.transforms", "datasets", "requests", "distutils.util"):
        sys.modules.setdefault(name, Absent(name))


# --- our side ---------------------------------------------------------------------------------------


def ours(system: System) -> Side:
    """The trainer as users run it, on images in memory; each phase of a step that is due."""
    program = gandsl.compile(
        Path("specs") / f"{system.spec}.yaml", {**system.overrides, "training.batch": system.batch}
    )
    _, height, width = program.generator.outputs[-1].shape
    chance = np.random.default_rng(0)
    pixels = chance.integers(0, 256, (64, height, width, 3), dtype=np.uint8)
    labels = chance.integers(0, 1000, 64)
    source = Arrays(pixels, labels)
    trainer = trainer_of(program, data=source, observing=())
    run, start = trainer.state, Clock(10**10, 0)  # the last level, and every phase is due
    run.clock = start
    every = {phase.label: phase.every for phase in run.phases()}

    def turn() -> dict[str, float]:
        taken: dict[str, float] = dict.fromkeys(every, 0.0)

        @contextlib.contextmanager
        def part(label: str) -> Iterator[None]:
            began = time.process_time()
            yield
            taken[label] += time.process_time() - began

        run.clock = start
        with watched(part):
            whole = spent(trainer.step)
        rest = whole - sum(taken.values())
        parts = {label: figure(f"the time of {label}", taken[label]) / every[label] for label in every}
        return {**parts, "rest": rest}

    return Side((program.generator, program.discriminator), turn)


# --- both sides -------------------------------------------------------------------------------------


def one_side(name: str, official: bool, options: argparse.Namespace) -> Callable[[], object]:
    """What takes a step of one side, in a process that knows nothing yet; all gradients are its own."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    find(options)
    system = next(system for system in SYSTEMS if system.name == name)
    with contextlib.redirect_stdout(io.StringIO()):  # some report what they build
        side = system.official(system.batch) if official else ours(system)

    def turn() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            side.turn()
        for network in side.networks:
            network.zero_grad(set_to_none=True)

    return turn


def memory_of(
    system: System, networks: tuple[nn.Module, nn.Module], options: argparse.Namespace
) -> dict[str, Any]:
    """Bytes that a step adds, ours and the official; it needs the larger network's gradients at least."""
    least = max(sum(p.nbytes for p in network.parameters()) for network in networks)
    row = {}
    for key, official in (("ours_bytes", False), ("official_bytes", True)):
        row[key] = added(partial(one_side, system.name, official, options))
        figure(f"{key} of {system.name}", row[key], above=least)
    return row | {"memory_ratio": ratio("memory", row["ours_bytes"], row["official_bytes"])}


def measure(system: System, options: argparse.Namespace) -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()):
        mine, theirs = ours(system), system.official(system.batch)
    for a, b in zip(mine.networks, theirs.networks, strict=True):
        counts = [sum(p.numel() for p in network.parameters()) for network in (a, b)]
        if abs(counts[0] - counts[1]) > counts[1] / 1000:  # one has a bias for each pixel of its 4×4 start
            raise SystemExit(f"{system.name}: {counts[0]} parameters here, {counts[1]} there")
    mine.turn(), theirs.turn()  # warm
    turns: list[tuple[dict[str, float], dict[str, float]]] = []
    begin = time.perf_counter()
    while len(turns) < 3 or (len(turns) < options.repeats and time.perf_counter() - begin < options.seconds):
        turns.append((mine.turn(), theirs.turn()))
    ratios = [ratio("time", sum(a.values()), sum(b.values())) for a, b in turns]
    row = {
        "system": system.name,
        "batch": system.batch,
        "ours": statistics.median(sum(a.values()) for a, _ in turns),
        "official": statistics.median(sum(b.values()) for _, b in turns),
        "ratio": statistics.median(ratios),
        "interval": interval(ratios),
        "turns": len(turns),
        "phases": {
            side: {name: statistics.median(turn[i][name] for turn in turns) for name in turns[0][i]}
            for i, side in enumerate(("ours", "official"))
        },
    }
    if options.memory:
        row |= memory_of(system, mine.networks, options)
    return row


def main() -> int:
    """Print the table; 1 where ours is slower or larger."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("--stylegan2-ada", "--biggan", "--gan-zoo"):
        parser.add_argument(name, type=Path, metavar="PATH")
    parser.add_argument("--only", nargs="*", choices=[system.name for system in SYSTEMS])
    parser.add_argument("--repeats", type=int, default=9, help="pairs of turns at most")
    parser.add_argument("--seconds", type=float, default=90.0, help="after which no turn begins past 3")
    parser.add_argument("--no-memory", dest="memory", action="store_false")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    chosen = [s for s in SYSTEMS if getattr(options, s.checkout) and s.name in (options.only or [s.name])]
    if not chosen:
        parser.error("name at least one checkout")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    find(options)
    table = []
    if not options.json:
        print(
            f"{'system':14} {'batch':>5} {'ours':>9} {'official':>9} {'ratio and interval':>20} "
            f"{'memory':>17} {'ratio':>6}"
        )
    for system in chosen:
        row = measure(system, options)
        table.append(row)
        if options.json:
            continue
        line = f"{row['system']:14} {row['batch']:5} {row['ours']:8.3f}s {row['official']:8.3f}s"
        line += f" {row['ratio']:6.2f} [{row['interval'][0]:.2f}, {row['interval'][1]:.2f}]"
        if options.memory:
            mib = f"{row['ours_bytes'] >> 20} / {row['official_bytes'] >> 20} MiB"
            line += f" {mib:>17} {row['memory_ratio']:6.2f}"
        print(line)
        for side, phases in row["phases"].items():
            print(
                f"  {side:9}" + ", ".join(f"{name} {spent:.3f}" for name, spent in phases.items()), flush=True
            )
    if options.json:
        print(json.dumps({"gandsl": "bench-steps/1", "rows": table}, indent=2))
    return int(any(max(row["ratio"], row.get("memory_ratio", 0)) > 1.0 for row in some("systems", table)))


if __name__ == "__main__":
    sys.exit(main())
