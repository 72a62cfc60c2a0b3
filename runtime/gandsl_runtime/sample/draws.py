"""Images of seeds, or of what a file gives, in batches that are the same whoever draws them when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import SamplingError
from ..programs import Images, classes_of
from .given import CLASSES, STYLES, GivenLatents, names_of
from .inputs import GivenInputs
from .sampler import NOTHING, Inputs, Latents, Sampler, parts


class Points(NamedTuple):
    """What a batch is made from: latents and labels (N,), if they are known, and styles, if there are any."""

    latents: Latents | None
    labels: Tensor | None
    styles: Tensor | None
    inputs: Inputs = NOTHING  # what the network takes besides


@dataclass(frozen=True)
class Draws:
    """Images to be drawn: of each of the seeds `which`, or of each of these places in `given`.

    `inputs`: of what the network takes, a row for each of `which`; latents and classes that they lack are
    drawn by seed. `classes`: one for each; None: those that `given` has, or that seeds draw. The images fall
    into batches of the sampler's size by their order alone, and random noise is drawn by a batch's first
    seed: to draw a batch again, later or elsewhere, gives it to the last bit on the same machine. Raises
    SamplingError.
    """

    sampler: Sampler
    which: Sequence[int]
    classes: Sequence[int] | None = None
    given: GivenLatents | None = None
    inputs: GivenInputs | None = None

    def __post_init__(self) -> None:
        if self.given is None:
            self.sampler.check_seeds(self.which)
        elif self.classes is not None and self.given.styles is not None:
            raise SamplingError("styles from a file have their classes in them", "leave the classes out")
        elif self.classes is not None and self.given.classes is not None:
            raise SamplingError("the file of latents has classes of its own", "leave the others out")
        elif self.given.latents is not None and classes_of(self.sampler.generator) and self._classes is None:
            raise SamplingError("latents from a file have no classes here", "give a class, or several")
        if self.classes is not None:
            self.sampler.check_classes(self.classes, len(self.which))
        if self.inputs is not None:
            self.inputs.check(self.sampler.generator, len(self.which))
        if self.given is None or self.given.styles is None:
            self.sampler.need_nothing_but(() if self.inputs is None else self.inputs.rows)

    @cached_property
    def batches(self) -> list[slice]:
        """Which images are drawn together."""
        return list(parts(len(self.which), self.sampler.batch))

    def drawn(self, batch: slice) -> Images:
        """Images (N, c, h, w) of each output, of one batch."""
        with self.sampler.ready(self.which[batch.start]):
            points = self._points(batch)
            if points.styles is not None:
                return self.sampler.synthesized(points.styles)
            return self.sampler.images(points.latents or (), points.labels, points.inputs)

    def points(self, batch: slice) -> Points:
        """What a batch is drawn of."""
        with self.sampler.ready(self.which[batch.start]):
            return self._points(batch)

    def arrays(self) -> dict[str, Tensor]:
        """What all images are made from, on the CPU, as `given.write` takes it and `given.read` gives it.

        `z` (several latents by their names), `class`, and where there are styles `w` (N, L, n), truncated.
        """
        found: dict[str, list[Tensor]] = {}
        for batch in self.batches:
            latents, labels, styles, _ = self.points(batch)
            named = dict(zip(names_of(self.sampler), latents or (), strict=False))
            named |= {name: t for name, t in {CLASSES: labels, STYLES: styles}.items() if t is not None}
            for name, tensor in named.items():
                found.setdefault(name, []).append(tensor.cpu())
        return {name: torch.cat(tensors) for name, tensors in found.items()}

    def _points(self, batch: slice) -> Points:
        which, classes = self.which[batch], self._classes
        if self.inputs is not None:
            return self._of_inputs(self.inputs, batch)
        if self.given is not None and self.given.styles is not None:
            return Points(None, None, self.given.styles[list(which)])
        if self.given is not None:
            latents = tuple(z[list(which)] for z in self.given.latents or ())
        else:
            latents = self.sampler.latents(which)
        labels = self.sampler.labels(which, None if classes is None else classes[batch])
        styles = self.sampler.styles(latents, labels) if self.sampler.generator.has_styles else None
        return Points(latents, labels, styles)

    def _of_inputs(self, inputs: GivenInputs, batch: slice) -> Points:
        which, classes = self.which[batch], None if self.classes is None else self.classes[batch]
        rows = {name: rows[batch] for name, rows in inputs.rows.items()}
        ports = self.sampler.latent_ports
        if any(port.name not in rows for port in ports):
            drawn = dict(zip((port.name for port in ports), self.sampler.latents(which), strict=True))
            rows = drawn | rows
        latents = tuple(self.sampler.placed(rows.pop(port.name)) for port in ports)
        label = next((port.name for port in self.sampler.generator.inputs if port.kind == "Label"), None)
        given = rows.pop(label, None) if label else None
        labels = self.sampler.labels(which, classes if given is None else given.tolist())
        has_styles = self.sampler.generator.has_styles
        styles = self.sampler.styles(latents, labels, rows) if has_styles else None
        return Points(latents, labels, styles, rows)

    @cached_property
    def _classes(self) -> Sequence[int] | None:
        if self.classes is None and self.given is not None and self.given.classes is not None:
            return [self.given.classes[place] for place in self.which]
        return self.classes
