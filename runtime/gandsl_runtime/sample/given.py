"""Latents and styles in files: what images are made from in place of seeds, and what they were made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ..errors import SamplingError, room_for
from ..media.formats import latents_suffix
from ..programs import classes_of
from ..system.files import special
from .arrays import READERS, WRITERS, Arrays, LatentsError
from .sampler import Latents, Sampler

STYLES, CLASSES = "w", "class"


@dataclass(frozen=True)
class GivenLatents:
    """What a file holds to make images from: styles `w` (N, L, n) if it has any, else latents (N, n).

    `classes` are of latents, one each; None where the file has none. Styles have class and truncation within.
    """

    latents: Latents | None = None
    styles: Tensor | None = None
    classes: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return len(self.styles if self.styles is not None else (self.latents or ())[0])


def read(path: Path, sampler: Sampler) -> GivenLatents:
    """The latents or styles of a file, which must be of this sampler's generator.

    `.npz` or `.safetensors`: `w` (N, L, n), or (N, n) for every layer; else latents (N, n), `z` or, where
    there are several, each by its input's name, and `class` (N) if there is one. Other arrays are ignored.
    Raises LatentsError; SamplingError for options that do not go with it.
    """
    suffix = latents_suffix(path)
    if kind := special(path):
        raise LatentsError(f"{path} is {kind}, no file of latents", "give a file")
    if not path.exists():
        raise LatentsError(f"there is no such file: {path}", "give a file that holds `z` or `w`")
    wanted = [*names_of(sampler), STYLES, CLASSES]
    arrays = READERS[suffix](path, wanted)
    if STYLES in arrays:
        return _styles(path, arrays[STYLES], sampler)
    named = dict(zip(names_of(sampler), sampler.latent_ports, strict=True))
    if missing := [name for name in named if name not in arrays]:
        styles = f", nor `{STYLES}`" if sampler.generator.has_styles else ""
        raise LatentsError(f"{path} holds no array `{missing[0]}`{styles}", "name the array so")
    latents = {name: _checked(path, name, arrays[name], (port.shape,)) for name, port in named.items()}
    counts = {name: len(z) for name, z in latents.items()}
    classes = _classes(path, arrays[CLASSES], sampler) if CLASSES in arrays else None
    counts |= {CLASSES: len(classes)} if classes is not None else {}
    if len({*counts.values()}) > 1:
        said = ", ".join(f"{count} of `{name}`" for name, count in counts.items())
        raise LatentsError(f"{path} holds {said}", "give one of each for each image")
    return GivenLatents(tuple(sampler.placed(z) for z in latents.values()), None, classes)


def write(path: Path, arrays: Arrays) -> None:
    """Write arrays as the file's ending says, whole or not at all. Raises OutOfSpace, Unwritable."""
    with room_for("latents", path.parent):
        WRITERS[latents_suffix(path)](path, arrays)


def names_of(sampler: Sampler) -> list[str]:
    """What the generator's latents are called in a file: a single one is `z`."""
    ports = sampler.latent_ports
    return ["z"] if len(ports) == 1 else [port.name for port in ports]


# ---- checks ----------


def _styles(path: Path, w: Tensor, sampler: Sampler) -> GivenLatents:
    if not sampler.generator.has_styles:
        raise LatentsError(f"{path} holds styles `w`, and the generator takes none", "give latents, `z`")
    if sampler.truncation is not None:
        raise SamplingError(
            f"{path} holds styles `w`, which are taken as they are", "leave truncation and cutoff out"
        )
    layers, n = sampler.style_shape
    w = _checked(path, STYLES, w, ((layers, n), (n,)))
    every = w if w.dim() == 3 else w[:, None].repeat(1, layers, 1)
    return GivenLatents(None, sampler.placed(every))


def _checked(path: Path, name: str, array: Tensor, shapes: Sequence[tuple[int, ...]]) -> Tensor:
    """An array of finite numbers, of one of these shapes for each image."""
    if tuple(array.shape[1:]) not in shapes or not array.dim():
        wanted = " or ".join(f"(N, {', '.join(map(str, shape))})" for shape in shapes)
        found = f"({', '.join(map(str, array.shape))})"
        raise LatentsError(
            f"`{name}` of {path} has the shape {found}, and this generator wants {wanted}",
            "N is the number of images; is the file of another generator?",
        )
    if not len(array):
        raise LatentsError(f"`{name}` of {path} is empty", "give one row for each image")
    if not array.is_floating_point():
        kind = str(array.dtype).removeprefix("torch.")
        raise LatentsError(f"`{name}` of {path} holds {kind}", "give floating point numbers")
    if not bool(array.isfinite().all()):
        raise LatentsError(f"`{name}` of {path} holds numbers that are not finite", "leave those out")
    return array


def _classes(path: Path, array: Tensor, sampler: Sampler) -> tuple[int, ...]:
    if array.dim() != 1 or array.is_floating_point() or array.is_complex():
        raise LatentsError(
            f"`{CLASSES}` of {path} is no list of whole numbers", "give a class for each image"
        )
    found = tuple(int(number) for number in array)
    if not (count := classes_of(sampler.generator)):
        raise LatentsError(f"{path} holds classes, and the generator takes none", f"leave `{CLASSES}` out")
    if beyond := [number for number in found if not 0 <= number < count]:
        raise LatentsError(f"{path}: there is no class {beyond[0]}", f"classes are 0 to {count - 1}")
    return found
