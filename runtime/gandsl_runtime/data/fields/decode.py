"""From the content of a file, by the end of its name, to an image or an array: for fields of every kind."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from ...errors import MissingExtra
from ..sources.base import EXTENSIONS, opened

Value = Image.Image | np.ndarray  # of one field of one item, decoded

VOLUMES = (".nii", ".nii.gz")
SOUNDS = (".wav", ".flac")
TEXTS = (".txt", ".cls")
CUT = "it is cut short"
UNKNOWN = 0xFFFFFFFF - 8  # sizes from here on are of streams, which did not know theirs


def suffix_of(name: str) -> str:
    """The end of a file's name that says how it is read: `.png`, `.nii.gz`; lower case."""
    parts = PurePosixPath(name).suffixes
    twice = "".join(parts[-2:]).lower()
    return twice if twice in READERS else (parts[-1].lower() if parts else "")


def stem(name: str) -> str:
    """A file's name without the end that says how it is read: what its item is called."""
    end = suffix_of(name)
    return name[: -len(end)] if end in READERS else name


def decoded(content: bytes, name: str) -> Value:
    """What a file holds. Raises what its reader raises; ValueError where none knows its end; MissingExtra."""
    reader = READERS.get(suffix_of(name))
    if reader is None:
        raise ValueError(f"no field is read from a file that ends in {suffix_of(name)!r}")
    return reader(content)


def image(content: bytes) -> Image.Image:
    """An image, whole, turned as its EXIF says."""
    with opened(content) as found:
        found.load()
        return ImageOps.exif_transpose(found) if found.info else found


def array(content: bytes) -> np.ndarray:
    """A NumPy array of numbers; pickled objects are refused."""
    found = np.load(io.BytesIO(content), allow_pickle=False)
    if not isinstance(found, np.ndarray):  # an .npz under another name
        raise ValueError("it holds several arrays")
    return found


def numbers(content: bytes | str) -> np.ndarray:
    """Numbers in a text, apart by blanks, commas or lines."""
    text = content.decode() if isinstance(content, bytes) else content
    found = [float(word) for word in text.replace(",", " ").replace("[", " ").replace("]", " ").split()]
    if not found:
        raise ValueError("it holds no number")
    return np.array(found[0] if len(found) == 1 else found)


def sound(content: bytes) -> np.ndarray:
    """Samples, float32 (channels, time) in [-1, 1]."""
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise MissingExtra("sound files", "audio") from error
    if content[:4] == b"RIFF" and len(content) - 8 < int.from_bytes(content[4:8], "little") < UNKNOWN:
        raise ValueError(CUT)  # the library reads what there is
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            samples = file.read(dtype="float32", always_2d=True)
            if len(samples) < file.frames:
                raise ValueError(CUT)
    except soundfile.LibsndfileError as error:  # whose own text has the address of what it reads
        said = error.error_string.removeprefix("Error : ").rstrip(".")
        raise ValueError(f"it is no sound, or is cut short: {said}") from error
    return np.ascontiguousarray(samples.T)


def volume(content: bytes) -> np.ndarray:
    """A NIfTI image, (x, y, z) as it is stored, with its scale."""
    try:
        import nibabel
    except ImportError as error:
        raise MissingExtra("NIfTI volumes", "volumes") from error
    import gzip

    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    try:
        found: Any = nibabel.Nifti1Image.from_bytes(content)
        return np.asarray(found.dataobj)
    except Exception as error:  # its errors have no root of their own
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ValueError(f"it is no NIfTI volume, or is cut short: {lines[0]}") from error


READERS: dict[str, Callable[[bytes], Value]] = {
    **dict.fromkeys(EXTENSIONS, image),
    ".npy": array,
    **dict.fromkeys(TEXTS, numbers),
    **dict.fromkeys(SOUNDS, sound),
    **dict.fromkeys(VOLUMES, volume),
}
