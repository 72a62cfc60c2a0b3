"""What every kind of sampling shares: inputs of seeds, styles, truncation, images of a batch."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypedDict

import torch
from torch import Tensor

from ..calling import device_of, dtype_of
from ..errors import SamplingError
from ..layers import NOISE_MODES, BatchNorm, TrackAverage
from ..network import Network, Port
from ..plan.schedule import Stage
from ..programs import Images, call, classes_of
from .latents import MOST_OF_NUMPY, Cut, latent, numpy_latents
from .modes import evaluating

NoiseMode = Literal["random", "constant", "none"]
DrawnBy = Literal["torch", "numpy"]
Latents = tuple[Tensor, ...]  # one (N, n) for each latent input
Inputs = Mapping[str, Tensor]  # what a network takes besides, [N, …] by name
NOTHING: Inputs = {}
SMALLEST_BOUND = 0.01


class SamplingOptions(TypedDict, total=False):
    """The options that all kinds of sampling take; `Sampler` says what they mean."""

    truncation: float | None
    cutoff: int | None
    noise: NoiseMode
    batch: int
    stage: Stage | None
    drawn_by: DrawnBy


@dataclass(frozen=True)
class Sampler:
    """A generator, and how its images are drawn. Raises SamplingError when it can't be done.

    `truncation`: ψ in w = mean + ψ (w − mean), for the first `cutoff` layers (None: all) of a generator with
    a style space (arXiv:1812.04948, appendix B); for others the bound beyond which a normal latent's
    components are drawn again (arXiv:1809.11096, section 3.1). Where batch norm keeps statistics for each
    truncation, they are read at ψ, and latents are ψ times normal ones within ±2, as when they were gathered
    (None: ψ = 1). `noise`: what noise layers add. `batch`: the most images at a time. `stage`: where a
    generator is in its growth (None: at its end). `drawn_by`: whose random numbers make the latent of a seed;
    "numpy" as the scripts of stylegan2-ada-pytorch and stylegan3 draw it, where latents are normal.
    """

    generator: Network
    truncation: float | None = None
    cutoff: int | None = None
    noise: NoiseMode = "random"
    batch: int = 32
    stage: Stage | None = None
    drawn_by: DrawnBy = "torch"

    def __post_init__(self) -> None:
        if self.noise not in NOISE_MODES:
            raise SamplingError(f"there is no noise `{self.noise}`", f"there are {', '.join(NOISE_MODES)}")
        if self.batch < 1:
            raise SamplingError(f"batches of {self.batch} images", "give at least 1")
        if self.cutoff is not None and (self.truncation is None or not self.generator.has_styles):
            raise SamplingError(
                "a cutoff limits the truncation of styles to the first layers",
                "give truncation, of a generator with a style space, or leave the cutoff out",
            )
        if self.truncation is not None:
            _check_truncation(self.truncation, self.generator, self.by_truncation)
        if self.drawn_by == "numpy":
            self._check_numpy()

    # ---- inputs ----------

    def latents(self, seeds: Sequence[int]) -> Latents:
        """The latents of seeds: one seed gives the same latent whatever stands beside it."""
        self.check_seeds(seeds)
        if self.drawn_by == "numpy":
            each = [numpy_latents(self.latent_ports, seed) for seed in seeds]
        else:
            each = [self.drawn(1, self._rng(seed)[0]) for seed in seeds]
        return tuple(self.placed(torch.cat(parts)) for parts in zip(*each, strict=True))

    def drawn(self, count: int, rng: torch.Generator) -> Latents:
        """`count` latents from a random generator on the CPU."""
        bound = None if self.generator.has_styles else self.truncation
        cut: Cut = "again"
        if self.by_truncation:
            bound, cut = self._psi, "scale"
        each = (latent(port, count, rng, bound, cut) for port in self.latent_ports)
        return tuple(self.placed(z) for z in each)

    def placed(self, latents: Tensor) -> Tensor:
        """Latents or styles on the generator's device, in its format."""
        return latents.to(self.device, self.dtype)

    def labels(self, seeds: Sequence[int], classes: Sequence[int] | None) -> Tensor | None:
        """Labels (N,) int64: one class for each seed, else drawn uniformly by seed; None: it takes none."""
        if classes is None:
            if not classes_of(self.generator):
                return None
            classes = [self._rng(seed)[1] for seed in seeds]
        self.check_classes(classes, len(seeds))
        return torch.tensor(classes, device=self.device)

    def check_seeds(self, seeds: Sequence[int]) -> None:
        """Raise SamplingError for seeds that can't be used."""
        if not seeds:
            raise SamplingError("no seeds to sample", "give at least one")
        if beyond := [seed for seed in seeds if not 0 <= seed < 2**63]:
            raise SamplingError(f"there is no seed {beyond[0]}", "seeds are 0 to 2⁶³ − 1")
        if self.drawn_by == "numpy" and max(seeds) > MOST_OF_NUMPY:
            raise SamplingError(f"seed {max(seeds)}: NumPy's go up to {MOST_OF_NUMPY}", "give smaller ones")

    def check_classes(self, classes: Sequence[int], images: int) -> None:
        """Raise SamplingError unless they are one for each of so many images, and of this generator."""
        count = classes_of(self.generator)
        if not count:
            raise SamplingError("the generator takes no classes", "leave them out")
        if len(classes) != images:
            raise SamplingError(f"{len(classes)} classes for {images} seeds", "give one class for each seed")
        if beyond := [c for c in classes if not 0 <= c < count]:
            raise SamplingError(f"there is no class {beyond[0]}", f"classes are 0 to {count - 1}")

    # ---- one batch, inside `ready` ----------

    def ready(self, seed: int) -> AbstractContextManager[None]:
        """The generator in evaluation, with this noise and truncation; `seed` is that of random noise."""
        return evaluating(self.generator, self.noise, self._psi, seed)

    def images(self, latents: Latents, labels: Tensor | None, inputs: Inputs = NOTHING) -> Images:
        """Images (N, c, h, w) of each output. `labels` may be mixtures of classes, (N, classes).

        `inputs`: what the network takes besides, [N, …] by name.
        """
        if self.generator.has_styles:
            return self.synthesized(self.styles(latents, labels, inputs))
        return call(self.generator, "forward", self._stage, self._args(latents, labels, inputs))

    def styles(self, latents: Latents, labels: Tensor | None, inputs: Inputs = NOTHING) -> Tensor:
        """Truncated styles (N, L, n)."""
        (ws,) = call(self.generator, "mapping", self._stage, self._args(latents, labels, inputs))
        if self.truncation is None:
            return ws
        if self.cutoff is not None and self.cutoff > ws.shape[1]:
            raise SamplingError(
                f"a cutoff of {self.cutoff}: the generator has {ws.shape[1]} layers of style",
                "leave the cutoff out to truncate all",
            )
        centre = average_style(self.generator, ws).expand_as(ws)
        ws = ws.clone()
        ws[:, : self.cutoff] = torch.lerp(centre, ws, self.truncation)[:, : self.cutoff]
        return ws

    @cached_property
    def style_shape(self) -> tuple[int, int]:
        """Layers and numbers of the styles of one image."""
        free = replace(self, truncation=None, cutoff=None, drawn_by="torch")
        with free.ready(0):
            layers, n = free.styles(free.latents([0]), free.labels([0], None)).shape[1:]
        return layers, n

    def synthesized(self, styles: Tensor) -> Images:
        """Images of styles (N, L, n)."""
        return call(self.generator, "synthesis", self._stage, (styles,))

    # ---- the generator ----------

    @cached_property
    def latent_ports(self) -> tuple[Port, ...]:
        """The inputs that are drawn."""
        return tuple(port for port in self.generator.inputs if port.drawn)

    @cached_property
    def by_truncation(self) -> bool:
        """Whether the generator has statistics for each truncation of its latents."""
        tables = any(isinstance(m, BatchNorm) and m.rows > 1 for m in self.generator.modules())
        return tables and not self.generator.has_styles

    @property
    def device(self) -> torch.device:
        """Where the generator is."""
        return device_of(self.generator)

    @property
    def dtype(self) -> torch.dtype:
        """Of the generator's weights."""
        return dtype_of(self.generator)

    def _check_numpy(self) -> None:
        """NumPy's latents are normal, as they are."""
        if any(port.distribution not in (None, "normal") for port in self.latent_ports):
            raise SamplingError("NumPy draws normal latents, and these are others", "leave `numpy` out")
        if not self.generator.has_styles and (self.truncation is not None or self.by_truncation):
            raise SamplingError(
                "NumPy draws whole normal latents, and this generator's truncation cuts them off",
                "leave truncation or `numpy` out",
            )

    @property
    def _psi(self) -> float:
        """The truncation that statistics are read at."""
        return self.truncation if self.by_truncation and self.truncation is not None else 1.0

    @property
    def _stage(self) -> Stage:
        return self.stage or Stage()

    def _rng(self, seed: int) -> tuple[torch.Generator, int]:
        """The random generator of a seed, and the class that it draws first (0 where there are none)."""
        rng = torch.Generator().manual_seed(seed)
        count = classes_of(self.generator)
        return rng, int(torch.randint(count, (), generator=rng)) if count else 0

    def _args(self, latents: Latents, labels: Tensor | None, inputs: Inputs) -> tuple[Tensor, ...]:
        """All that the network takes, in call order. Raises SamplingError where something is not given."""
        given: dict[str, Tensor | None]
        given = {port.name: z for port, z in zip(self.latent_ports, latents, strict=True)}
        given |= {port.name: labels for port in self.generator.inputs if port.kind == "Label"}
        self.need_nothing_but(inputs)
        given |= {name: self.placed(x) for name, x in inputs.items()}
        found = (given[port.name] for port in self.generator.inputs if port.kind != "Scalar")
        return tuple(x for x in found if x is not None)

    def need_nothing_but(self, inputs: Collection[str]) -> None:
        """Raise SamplingError where the network takes what is neither drawn by seed nor among these."""
        for port in self.generator.inputs:
            if not (port.drawn or port.kind in ("Label", "Scalar") or port.name in inputs):
                raise SamplingError(
                    f"the network takes `{port.name}`, {port.kind}[{', '.join(map(str, port.shape))}], which "
                    "no seed draws",
                    "give it: --inputs FILE (`inputs=`), or --data FOLDER for what is made of images",
                )


def average_style(generator: Network, ws: Tensor) -> Tensor:
    """The running mean of w, as wide as `ws` [N, L, n]. Raises SamplingError when there is none."""
    for module in generator.modules():
        if isinstance(module, TrackAverage) and module.average.shape[-1] == ws.shape[-1]:
            return module.average
    raise SamplingError(
        "truncation needs a running mean of w, and the generator tracks none", "leave truncation out"
    )


def parts(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover range(count)."""
    return (slice(begin, min(begin + size, count)) for begin in range(0, count, size))


def _check_truncation(truncation: float, generator: Network, by_truncation: bool) -> None:
    if not math.isfinite(truncation):
        raise SamplingError(f"truncation {truncation} is no finite number", "0.7 is usual")
    if generator.has_styles:
        return
    if any(port.distribution == "uniform" for port in generator.inputs):
        raise SamplingError("truncation is of normal latents, and these are uniform", "leave truncation out")
    if truncation < SMALLEST_BOUND:
        raise SamplingError(
            f"truncation {truncation} leaves latents no room", f"give at least {SMALLEST_BOUND}"
        )
    if by_truncation and truncation > 1:
        raise SamplingError(
            f"truncation {truncation}: the generator has statistics for truncations up to 1",
            "give 1 or less",
        )
