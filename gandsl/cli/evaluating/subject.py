"""What is evaluated: a generator, a translator of items, or images that are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

if TYPE_CHECKING:
    import numpy as np

    from gandsl.api import Program
    from gandsl_runtime.evaluation.rows import Need
    from gandsl_runtime.evaluation.sources import ImageSet, Size
    from gandsl_runtime.plan.game import DataField
    from gandsl_runtime.sample import NoiseMode, Sampler
    from gandsl_runtime.sample.feed import Feed
    from gandsl_runtime.training.training_set import ItemSet

Where = str | dict[str, str]
ARRAYS_AND_ZIPS = (".npy", ".npz", ".zip")


@dataclass(frozen=True)
class How:
    """How samples are drawn: what the command line says of it."""

    seed: int = 0  # the first one
    truncation: float | None = None
    cutoff: int | None = None
    noise: NoiseMode = "random"
    network: str | None = None
    truth: str | None = None
    device: str = "auto"


class Evaluated(Protocol):
    """What is evaluated."""

    @property
    def name(self) -> str:
        """Of its column."""
        ...

    @property
    def images(self) -> int | None:
        """Shown when it was saved; None outside of runs."""
        ...

    @property
    def folder(self) -> Path | None:
        """Of the run, where its figures are kept."""
        ...

    @property
    def size(self) -> Size:
        """(h, w) of its images."""
        ...

    @property
    def has(self) -> frozenset[Need]:
        """What metrics may ask of it, beside what an extractor sees."""
        ...

    def real(self, where: Where) -> ImageSet:
        """The real images that its own are compared with. Raises DataError."""
        ...

    def made(self, where: Where, order: np.ndarray, labels: np.ndarray | None) -> ImageSet:
        """As many samples as `order` has places: of the items there, or of their classes.

        Raises SamplingError, DataError.
        """
        ...

    @property
    def sampler(self) -> Sampler | None:
        """For metrics of the generator's inside."""
        ...

    @property
    def range(self) -> tuple[float, float]:
        """The values of black and white that its network makes."""
        ...

    def about(self) -> Mapping[str, Any]:
        """How its images are made, for who reads a figure."""
        ...


def subjects(path: Path, how: How, every: bool) -> list[Evaluated]:
    """What a path names; of a run with `every` each of its checkpoints. Raises BadParameter, …"""
    from gandsl.cli.read import spec_in
    from gandsl_runtime.data.sources import BUILT_IN
    from gandsl_runtime.runs.run_dir import RunDir, found_in

    if path.is_dir() and (spec_in(path).is_file() or found_in(RunDir(path).checkpoints)):
        saved = found_in(RunDir(path).checkpoints)
        if every and saved:
            return [_trained(one, how, path) for one in reversed(saved)]
        return [_trained(path, how, path)]
    if every:
        raise typer.BadParameter(f"--checkpoints all: {path} is no run's folder")
    given = str(path)
    if path.is_dir() or path.suffix in ARRAYS_AND_ZIPS or given in BUILT_IN or given.startswith("hf:"):
        return [_given(given)]
    if not path.exists():
        raise typer.BadParameter(f"there is no such folder or file: {path}")
    folder = path.parent.parent if path.parent.name == RunDir(Path()).checkpoints.name else None
    return [_trained(path, how, folder)]


# ---- images that are there ----------


@dataclass(frozen=True)
class GivenImages:
    """A folder, zip or array of images."""

    name: str
    set: ImageSet
    images: int | None = None
    folder: Path | None = None
    sampler: Sampler | None = None
    range: tuple[float, float] = (0.0, 255.0)

    @property
    def size(self) -> Size:
        return self.set.size

    @property
    def has(self) -> frozenset[Need]:
        return frozenset({"images", *(("labels",) if self.set.labels is not None else ())})

    def real(self, where: Where) -> ImageSet:
        from gandsl_runtime.evaluation.sources import open_images

        return open_images(_one(where), self.size)

    def made(self, where: Where, order: np.ndarray, labels: np.ndarray | None) -> ImageSet:
        """Some by a fixed order, or all where there are fewer: figures say how many."""
        from gandsl_runtime.evaluation.sources import chosen, order_of

        return chosen(self.set, order_of(len(self.set))[: len(order)])

    def about(self) -> Mapping[str, Any]:
        return {"images": self.name}


def _given(where: str) -> GivenImages:
    from gandsl_runtime.evaluation.sources import open_images

    return GivenImages(where, open_images(where))


def _one(where: Where) -> str:
    if isinstance(where, str):
        return where
    raise typer.BadParameter("--data names several sets, and images are compared with one: --data WHERE")


# ---- networks ----------


def _trained(path: Path, how: How, folder: Path | None) -> Evaluated:
    from gandsl.cli.sampling.rows import chosen
    from gandsl.cli.sampling.trained import trained
    from gandsl_runtime.errors import SamplingError

    program = trained(path, None, None, how.device)
    name, output = chosen(program, how.network)
    network = name or ("generator" if "generator" in program.module.networks else None)
    drawn = network is not None and _is_drawn(program, network)
    if not drawn and how.truncation is not None:
        raise SamplingError("truncation is of generators, and this makes its images of items", "leave it out")
    if drawn and how.truth is not None:
        raise SamplingError("--truth is of translators, and this makes its images of latents", "leave it out")
    shown = str(path)
    common = (shown, program, path, folder, how, output)
    return Generator(*common, network=network or "generator") if drawn else Translator(*common, network=name)


def _is_drawn(program: Program, network: str) -> bool:
    """Whether images of a network are made of what seeds draw."""
    kinds = {port.kind for port in program.sampled(network).inputs}
    return kinds <= {"Latent", "Label", "Scalar"}


def _pictured(shape: tuple[int, ...], what: str) -> tuple[int, ...]:
    """The shape of images. Raises SamplingError for others."""
    from gandsl_runtime.errors import SamplingError

    if len(shape) != 3:
        raise SamplingError(f"{what} is no image: each is {list(shape)}", "name another: --network NAME")
    return shape


@dataclass(frozen=True)
class _Network:
    """What both kinds of networks are opened from."""

    name: str
    program: Program
    path: Path
    folder: Path | None
    how: How
    output: int

    @property
    def images(self) -> int | None:
        return None if self.program.clock is None else self.program.clock.images

    @property
    def range(self) -> tuple[float, float]:
        return self.program.plan.data.range if self.program.plan else (-1.0, 1.0)

    def _about(self, network: str) -> dict[str, Any]:
        from gandsl.cli.sampling.trained import identity

        of = identity(self.program, self.program.sampled(network))
        return {"path": str(self.path), "network": network, "images": self.images, **of}


@dataclass(frozen=True)
class Generator(_Network):
    """A network whose images are made of what seeds draw."""

    network: str = "generator"

    @property
    def shape(self) -> tuple[int, ...]:
        shape = tuple(self.program.sampled(self.network).outputs[self.output].shape)
        return _pictured(shape, f"`{self.network}`")

    @property
    def size(self) -> Size:
        return self.shape[1], self.shape[2]

    @property
    def classes(self) -> int:
        from gandsl_runtime.programs import classes_of

        return classes_of(self.program.sampled(self.network))

    @property
    def has(self) -> frozenset[Need]:
        styles = self.program.sampled(self.network).has_styles
        return frozenset(
            ("images", "generator", *(("styles",) if styles else ()), *(("labels",) if self.classes else ()))
        )

    def real(self, where: Where) -> ImageSet:
        from gandsl_runtime.data import open_dataset
        from gandsl_runtime.evaluation.sources import Prepared

        c, h, w = self.shape
        plan = self.program.plan
        return Prepared(open_dataset(_one(where), (c, h, w), self.classes, plan.data if plan else None))

    @property
    def sampler(self) -> Sampler:
        from gandsl_runtime.evaluation.pieces import CHUNK
        from gandsl_runtime.sample import Sampler

        how = self.how
        return Sampler(
            self.program.sampled(self.network),
            how.truncation,
            how.cutoff,
            how.noise,
            CHUNK,
            self.program.stage,
        )

    def made(self, where: Where, order: np.ndarray, labels: np.ndarray | None) -> ImageSet:
        from gandsl_runtime.evaluation.drawn import DrawnImages
        from gandsl_runtime.sample import Draws

        seeds = range(self.how.seed, self.how.seed + len(order))
        asked = labels[order] if self.classes and labels is not None else None
        draws = Draws(self.sampler, seeds, None if asked is None else asked.tolist())
        return DrawnImages(self.name, draws, self.shape, self.range, asked, self.output)

    def truncated(self, psi: float) -> Generator:
        """The same at another truncation."""
        return replace(self, how=replace(self.how, truncation=psi))

    def about(self) -> Mapping[str, Any]:
        how = self.how
        told = {"seed": how.seed, "truncation": how.truncation, "cutoff": how.cutoff, "noise": how.noise}
        return {**self._about(self.network), **told}


@dataclass(frozen=True)
class Translator(_Network):
    """What is made of the items of a set: each image has a true partner."""

    network: str | None = None
    sampler: Sampler | None = None

    @property
    def has(self) -> frozenset[Need]:
        return frozenset({"images", "pairs"})

    @property
    def feed(self) -> Feed:
        from gandsl.api.feeding import feed

        return feed(self.program, self.network)

    @property
    def shape(self) -> tuple[int, ...]:
        return _pictured(self.feed.shapes[self.output], "what is made")

    @property
    def size(self) -> Size:
        return self.shape[1], self.shape[2]

    def real(self, where: Where) -> ImageSet:
        """The true partners, one for each item."""
        from gandsl_runtime.evaluation.sources import Prepared

        return Prepared(self._items(where), self.truth)

    def made(self, where: Where, order: np.ndarray, labels: np.ndarray | None) -> ImageSet:
        from gandsl_runtime.evaluation.drawn import DrawnImages
        from gandsl_runtime.evaluation.pieces import CHUNK
        from gandsl_runtime.sample.feed import Fed

        fed = Fed(self.feed, self._items(where), self.range, CHUNK, "constant", order.tolist())
        return DrawnImages(self.name, fed, self.shape, self.range, None, self.output)

    @property
    def truth(self) -> str:
        """The field of the true partners. Raises SamplingError where none can be."""
        from gandsl_runtime.errors import SamplingError

        fields, given = self._fields, self.feed.fields
        fitting = [name for name, one in fields.items() if one.kind == "Image" and one.shape == self.shape]
        if self.how.truth is not None:
            if self.how.truth in fitting:
                return self.how.truth
            names = ", ".join(fitting) or "none"
            raise SamplingError(
                f"--truth {self.how.truth} is no image field as large as what is made", f"there are: {names}"
            )
        keys = {one.key for one in given.values()}
        partners = [name for name in fitting if name not in given and fields[name].key in keys]
        if found := [*partners, *(name for name in fitting if name in given)]:
            return found[0]
        raise SamplingError(
            f"no field of the game is an image as large as what is made, {list(self.shape)}",
            "metrics of translators compare each image with its true partner; sample, and evaluate the files",
        )

    @property
    def _fields(self) -> Mapping[str, DataField]:
        """All fields that the program knows."""
        game = self.program.game
        return {**(game.plan.data if game else {}), **self.feed.fields}

    def _items(self, where: Where) -> ItemSet:
        from gandsl.api.feeding import items_of

        fields = {**self.feed.fields, self.truth: self._fields[self.truth]}
        return items_of(_one(where), replace(self.feed, fields=fields), self.program.plan)

    def about(self) -> Mapping[str, Any]:
        return {"path": str(self.path), "network": self.network, "images": self.images}
