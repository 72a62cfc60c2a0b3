"""Our networks against the official PyTorch implementations, weight for weight, as ratios.

    python bench/official.py --stylegan2-ada PATH --biggan PATH --genforce PATH

PATHs are checkouts of github.com/NVlabs/stylegan2-ada-pytorch, ajbrock/BigGAN-PyTorch and genforce/genforce;
any of the three may be left out. Both sides are eager float32 in training mode on one thread of the CPU, ours
after the passes for training. Weights are drawn there and come here through the importer. What is timed is
first held against each other: outputs, and the norms of all parameters' gradients, in float64 to rounding,
then in float32. Then ours and theirs take turns; a row's figures are medians, its ratio the median over the
pairs of turns, and it should be at most 1.
Seconds are of the process, not of the clock, so that others on the machine disturb less.

Rows: the forward pass, with the graph kept; the backward pass alone, to every parameter; and R1's whole
(forward, gradient by the image, backward of its square).
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
import tempfile
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from torch import Tensor, nn

import gandsl
from bench.figures import ratio, some
from gandsl.interop import import_checkpoint

TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-2}
"""Of the norm. Sums are in another order, which moves numbers across a rectifier's kink where they are near
enough, and there a slope jumps: float64 tells whether both compute the same, float32 whether what is timed
does."""

Call = Callable[..., Tensor]


class Pair(NamedTuple):
    """One network there and here: its module, and how it is called with our inputs."""

    module: nn.Module
    call: Call


@dataclass(frozen=True)
class System:
    """A published system at one size.

    `build` makes its G and D from a checkout; `overrides` are parameters that its keys do not tell.
    """

    name: str
    checkout: str  # the option that names it
    build: Callable[[], tuple[Pair, Pair]]
    layout: str
    overrides: Mapping[str, Any]


# --- the official side ------------------------------------------------------------------------------


def stylegan2(resolution: int, base: int) -> tuple[Pair, Pair]:
    networks = importlib.import_module("training.networks")
    widths = {"channel_base": base}
    generator = networks.Generator(
        512, 0, 512, resolution, 3, mapping_kwargs={"num_layers": 8}, synthesis_kwargs=widths
    )
    discriminator = networks.Discriminator(0, resolution, 3, **widths)
    return (
        Pair(generator, lambda z: generator(z, None)),
        Pair(discriminator, lambda image: discriminator(image, None)),
    )


def biggan(resolution: int, width: int) -> tuple[Pair, Pair]:
    networks = importlib.import_module("BigGAN")
    shared: dict[str, Any] = {"resolution": resolution, "n_classes": 1000, "no_optim": True}
    generator = networks.Generator(G_ch=width, dim_z=100, shared_dim=128, hier=True, G_attn="32", **shared)
    discriminator = networks.Discriminator(D_ch=width, D_attn="32", **shared)
    return Pair(generator, lambda z, y: generator(z, generator.shared(y))), Pair(discriminator, discriminator)


def pggan(resolution: int, base: int) -> tuple[Pair, Pair]:
    generators = importlib.import_module("models.pggan_generator")
    discriminators = importlib.import_module("models.pggan_discriminator")
    generator = generators.PGGANGenerator(resolution, fmaps_base=base)
    discriminator = discriminators.PGGANDiscriminator(resolution, fmaps_base=base, minibatch_std_group_size=4)
    return Pair(generator, lambda z: generator(z)["image"]), Pair(discriminator, discriminator)


SYSTEMS = (
    System("stylegan2-64", "stylegan2_ada", partial(stylegan2, 64, 16384), "stylegan2-ada-pytorch", {}),
    System("stylegan2-256", "stylegan2_ada", partial(stylegan2, 256, 16384), "stylegan2-ada-pytorch", {}),
    System("biggan-64", "biggan", partial(biggan, 64, 64), "biggan-pytorch", {"eps": 1e-12}),
    System("pggan-64", "genforce", partial(pggan, 64, 16384), "genforce-pggan", {}),
)
UNUSED = {"requests": {}, "distutils": {}, "distutils.util": {"strtobool": bool}}
"""Modules that the checkouts import for downloads and the like, and their networks do without."""
NAMING = ("training", "torch_utils")
"""Packages of a checkout that ask for float32 by name, whatever the weights are in."""


def find(options: argparse.Namespace) -> None:
    """Make the checkouts importable, without running the `__init__` of genforce's models (it wants more)."""
    for path in filter(None, (options.stylegan2_ada, options.biggan)):
        sys.path.insert(0, str(path))  # before the folder of this file, which has a `training` too
    if options.genforce:
        package = types.ModuleType("models")
        package.__path__ = [str(options.genforce / "models")]
        sys.modules["models"] = package
    for name, content in UNUSED.items():
        try:
            importlib.import_module(name)
        except ImportError:
            sys.modules[name] = types.ModuleType(name)
            vars(sys.modules[name]).update(content)


# --- both sides -------------------------------------------------------------------------------------


def shake(network: nn.Module) -> None:
    """Move every parameter from its start, so that what begins as zero or one counts."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.02)


def ours(system: System, generator: nn.Module, discriminator: nn.Module) -> tuple[Pair, Pair]:
    """The same networks from our spec, with their weights."""
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for role, network in (("generator", generator), ("discriminator", discriminator)):
            files[role] = Path(folder) / f"{role}.pth"
            torch.save(network.state_dict(), files[role])
        imported = import_checkpoint(files, overrides=system.overrides, layout=system.layout)
    program = gandsl.compile(imported.spec, imported.overrides)
    pairs = []
    for role in files:
        network = program.network(role)
        network.load_state_dict(imported.states[role])
        pairs.append(Pair(network, network.graph_module()))
    return pairs[0], pairs[1]


def inputs(network: Any, batch: int) -> list[Tensor]:
    """What one of our networks takes."""
    return [
        torch.randint(port.shape[0], (batch,)) if port.kind == "Label" else torch.randn(batch, *port.shape)
        for port in network.inputs
    ]


class Timed(NamedTuple):
    """Seconds of each row, and what both sides must agree in."""

    seconds: dict[str, float]
    result: dict[str, Tensor]


Job = Callable[[Pair, Sequence[Tensor]], Timed]


def plain(pair: Pair, given: Sequence[Tensor]) -> Timed:
    """Forward, and backward of a sum that weighs all outputs."""
    start = time.process_time()
    output = pair.call(*given)
    middle = time.process_time()
    output.backward(torch.linspace(-1, 1, output.numel()).reshape(output.shape))
    end = time.process_time()
    result = {"output": output.detach(), "gradient": norm(pair.module)}
    return Timed({"forward": middle - start, "backward": end - middle}, result)


def r1(pair: Pair, given: Sequence[Tensor]) -> Timed:
    """½ · E ‖∇ D(x)‖², forward to backward."""
    start = time.process_time()
    image = given[0].detach().requires_grad_()
    logits = pair.call(image, *given[1:])
    (slope,) = torch.autograd.grad(logits.sum(), [image], create_graph=True)
    (slope.square().sum((1, 2, 3)).mean() / 2).backward()
    end = time.process_time()
    return Timed({"R1": end - start}, {"slope": slope.detach(), "gradient of R1": norm(pair.module)})


def norm(network: nn.Module) -> Tensor:
    """Of all gradients, which it clears."""
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    network.zero_grad(set_to_none=True)
    return torch.stack([gradient.norm() for gradient in gradients]).norm()


class _Wide:
    """torch, but that its float32 is float64."""

    float32 = torch.float64

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


@contextlib.contextmanager
def in_float64(*sides: Pair) -> Iterator[None]:
    """Inside the block networks compute in float64, and draw so; those too that name float32 themselves."""
    naming = [module for name, module in sys.modules.items() if name.partition(".")[0] in NAMING]
    with contextlib.ExitStack() as stack:
        for module in naming:
            if vars(module).get("torch") is torch:
                stack.enter_context(mock.patch.object(module, "torch", _Wide()))
        stack.callback(torch.set_default_dtype, torch.get_default_dtype())
        torch.set_default_dtype(torch.float64)
        for side in sides:
            stack.callback(side.module.float)
            side.module.double()
        yield


def turn_of(job: Job, sides: Sequence[Pair], given: Sequence[Tensor], turn: int) -> list[Timed]:
    """Each side once, with the same noise."""
    found = []
    for side in sides:
        torch.manual_seed(turn)
        found.append(job(side, given))
    return found


def agree(name: str, mine: Timed, theirs: Timed) -> None:
    """Raises SystemExit where both sides do not give the same."""
    for what, value in mine.result.items():
        other = theirs.result[what]
        error = ((value - other).norm() / other.norm()).item()
        if not error <= TOLERANCE[value.dtype]:
            form = str(value.dtype).removeprefix("torch.")
            raise SystemExit(f"{name}: in {form} the {what} of both sides differ by {error:.1e} of the norm")


def rows(system: System, batches: Sequence[int], repeats: int, seconds: float) -> Iterator[dict[str, Any]]:
    """Measure one system. A row takes at least 3 pairs of turns, then up to `repeats` within the time."""
    with contextlib.redirect_stdout(io.StringIO()):  # one of them reports what it builds
        theirs = system.build()
    for pair in theirs:
        shake(pair.module)
    mine = ours(system, *(copy.deepcopy(pair.module) for pair in theirs))
    jobs = [("G", 0, plain), ("D", 1, plain), ("D", 1, r1)]
    for batch in batches:
        for letter, index, job in jobs:
            given, name = inputs(mine[index].module, batch), f"{system.name} {letter}, batch {batch}"
            sides = mine[index], theirs[index]
            with in_float64(*sides):
                wide = [x.double() if x.is_floating_point() else x for x in given]
                agree(name, *turn_of(job, sides, wide, 0))
            found: dict[str, list[tuple[float, float]]] = {}
            begin = time.perf_counter()
            for turn in range(repeats + 1):
                pairs = turn_of(job, sides, given, turn)
                if turn == 0:  # warms both
                    agree(name, *pairs)
                    continue
                for row in pairs[0].seconds:
                    found.setdefault(row, []).append((pairs[0].seconds[row], pairs[1].seconds[row]))
                if turn >= 3 and time.perf_counter() - begin > seconds:
                    break
            for row, times in some("turns", found).items():
                yield {
                    "system": system.name,
                    "row": f"{letter} {row}",
                    "batch": batch,
                    "ours": statistics.median(a for a, _ in times),
                    "official": statistics.median(b for _, b in times),
                    "ratio": statistics.median(ratio(f"time of {row}", a, b) for a, b in times),
                    "turns": len(times),
                }


def main() -> int:
    """Print the table; 1 where ours is slower."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("--stylegan2-ada", "--biggan", "--genforce"):
        parser.add_argument(name, type=Path, metavar="PATH")
    parser.add_argument("--only", nargs="*", choices=[system.name for system in SYSTEMS])
    parser.add_argument("--batches", nargs="*", type=int, default=[1, 8])
    parser.add_argument("--repeats", type=int, default=15, help="pairs of turns at most")
    parser.add_argument("--seconds", type=float, default=30.0, help="after which no row begins a turn past 3")
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
        print(f"{'system':14} {'row':10} {'batch':>5} {'ours':>9} {'official':>9} {'ratio':>6} {'turns':>5}")
    for system in chosen:
        for row in rows(system, options.batches, options.repeats, options.seconds):
            table.append(row)
            if not options.json:
                print(
                    f"{row['system']:14} {row['row']:10} {row['batch']:5} {row['ours']:8.3f}s "
                    f"{row['official']:8.3f}s {row['ratio']:6.2f} {row['turns']:5}",
                    flush=True,
                )
    if options.json:
        print(json.dumps({"gandsl": "bench-official/1", "rows": table}, indent=2))
    return int(any(row["ratio"] > 1.0 for row in some("rows", table)))


if __name__ == "__main__":
    sys.exit(main())
