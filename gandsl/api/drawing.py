"""Images by seed, of a program: its `sampler`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Unpack

from torch import Tensor

from gandsl_runtime.media.images import to_pixels
from gandsl_runtime.network import Network
from gandsl_runtime.plan import Plan
from gandsl_runtime.plan.schedule import Stage
from gandsl_runtime.sample import SamplingOptions, sample

Numbers = int | Sequence[int]


class Drawable(Protocol):
    """What images are drawn of: a `Program`."""

    def sampled(self, name: str) -> Network:
        """A network with its weights."""

    @property
    def plan(self) -> Plan | None:
        """The training plan."""

    @property
    def stage(self) -> Stage | None:
        """Where in its growth the generator is."""


@dataclass(frozen=True)
class Drawing:
    """Draws images of a program's generator, or of another of its networks, as `gandsl sample` does.

    `inputs`: what the network takes beside latents and classes, a row for each seed, by name. `how` are the
    options of `gandsl_runtime.sample.Sampler`: `truncation`, `cutoff`, `noise` ("constant" by default,
    "random", "none"), `batch` and others. The network is as it was afterwards; no gradients.
    """

    program: Drawable

    def __call__(
        self,
        seeds: Numbers,
        classes: Numbers | None = None,
        *,
        inputs: Mapping[str, Tensor] | None = None,
        network: str = "generator",
        **how: Unpack[SamplingOptions],
    ) -> Tensor:
        """Images [N, c, h, w] in the range that the plan gives them (−1 to 1), one a seed.

        classes: one for each seed, or one for all; by default each seed draws its own. Of several outputs the
        last, which is the largest. Raises SamplingError where an option does not fit the generator.
        """
        chosen = [seeds] if isinstance(seeds, int) else list(seeds)
        if isinstance(classes, int):
            classes = [classes] * len(chosen)
        how.setdefault("noise", "constant")
        how.setdefault("stage", self.program.stage)
        return sample(self.program.sampled(network), chosen, classes, inputs, **how)[-1]

    def pixels(
        self,
        seeds: Numbers,
        classes: Numbers | None = None,
        *,
        inputs: Mapping[str, Tensor] | None = None,
        network: str = "generator",
        **how: Unpack[SamplingOptions],
    ) -> Tensor:
        """The same as uint8 [N, c, h, w] from 0 to 255 on the CPU."""
        return to_pixels(self(seeds, classes, inputs=inputs, network=network, **how), *self.range)

    @property
    def range(self) -> tuple[float, float]:
        """The values of black and white."""
        plan = self.program.plan
        return plan.data.range if plan else (-1.0, 1.0)
