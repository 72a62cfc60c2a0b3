"""The kinds of fields, a row each: from what is read to an array of a batch, checked against its shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from PIL import Image

from ...plan.game import DataField
from ...port import sample_shape
from ..fitting import MODES, WHITE, cropped, deep, pixels, with_mode
from ..sources.base import EXTENSIONS
from .decode import SOUNDS, TEXTS, VOLUMES, Value

MAPS = (*sorted(EXTENSIONS), ".npy")
Shape = tuple[int, ...]


@dataclass(frozen=True)
class FieldKind:
    """What a field of a kind is.

    `fit` makes an array of the field's shape and `dtype`; it raises ValueError with what is wrong.
    """

    fit: Callable[[Value, DataField, int], np.ndarray]  # decoded, field, white of 16 bits
    dtype: Callable[[DataField], type[np.generic]]
    suffixes: tuple[str, ...]  # of files that hold one
    flips: bool = False  # whether its last axis is left to right
    measured: bool = False  # whether its values become the plan's range, whatever they are
    classes: bool = False  # whether the networks take whole numbers


def shape_of(field: DataField) -> Shape:
    """Of its array for one item."""
    return sample_shape(field.kind, field.shape)


def room_of(field: DataField) -> tuple[Shape, np.dtype[Any]]:
    """Shape and type of its array for one item."""
    return shape_of(field), np.dtype(KINDS[field.kind].dtype(field))


def bytes_of(field: DataField) -> int:
    """Of one item's array."""
    shape, dtype = room_of(field)
    return prod(shape) * dtype.itemsize


# ---- what is measured: images, volumes, signals, numbers


def _image(value: Value, field: DataField, white: int) -> np.ndarray:
    c, h, w = field.shape
    if isinstance(value, Image.Image):
        if field.range is None and c in MODES:
            return pixels(value, (h, w), c, white)
        whole = np.asarray(
            value if deep(value) or value.mode == "F" else with_mode(value, MODES.get(c, "RGB"))
        )
    else:
        whole = value
    planes = _planes(whole, c)
    if field.range is None and planes.dtype == np.uint8 and planes.shape == field.shape:
        return planes
    scaled = _scaled(planes, field, white)
    if planes.shape[1:] != (h, w):
        cut = [np.asarray(cropped(Image.fromarray(one), (h, w), Image.Resampling.LANCZOS)) for one in scaled]
        scaled = np.stack(cut).clip(0, 1)
    return scaled if field.range is not None else np.rint(scaled * 255).astype(np.uint8)


def _planes(array: np.ndarray, channels: int) -> np.ndarray:
    """(c, h, w) of an array that has its channels first, last, or none."""
    if array.ndim == 2 and channels == 1:
        return array[None]
    if array.ndim == 3 and array.shape[-1] == channels:
        return array.transpose(2, 0, 1)
    if array.ndim == 3 and array.shape[0] == channels:
        return array
    wanted = f"h × w × {channels}" if channels > 1 else "h × w"
    raise ValueError(f"its shape is {_said(array.shape)}, and {wanted} is wanted")


def _scaled(array: np.ndarray, field: DataField, white: int) -> np.ndarray:
    """float32 in [0, 1], by the range that is stated, or that 8 and 16 bits have."""
    _refuse_text(array)
    whites = {"uint8": 255, "uint16": white, "bool": 1}
    if field.range is None and array.dtype.name not in whites:
        raise ValueError(
            f"its values are {array.dtype.name}, and nothing says which are black and white: "
            "`range: [0, 1]` at the field does"
        )
    low, high = field.range or (0, whites[array.dtype.name])
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = ((array.astype(np.float32) - np.float32(low)) / np.float32(high - low)).clip(0, 1)
    return _finite(scaled)


def _volume(value: Value, field: DataField, white: int) -> np.ndarray:
    array = _array(value)
    if array.ndim == 3 and field.shape[0] == 1:
        array = array[None]
    _refuse_shape(array, field.shape)
    return _scaled(array, field, white)


def _signal(value: Value, field: DataField, white: int) -> np.ndarray:
    array = _array(value)
    channels, length = field.shape
    if array.ndim == 1 and channels == 1:
        array = array[None]
    if array.ndim != 2 or array.shape[0] != channels:
        wanted = f"{channels} × time" if channels > 1 else "time"
        raise ValueError(f"its shape is {_said(array.shape)}, and {wanted} is wanted")
    if field.range is None and array.dtype.kind == "i":  # 16 bits of sound
        array = array / -float(np.iinfo(array.dtype).min)
    array = _float(array, field)
    if (more := array.shape[1] - length) > 0:
        return array[:, more // 2 : more // 2 + length]
    return np.pad(array, ((0, 0), (0, -more)))


def _exact(value: Value, field: DataField, white: int) -> np.ndarray:
    array = _array(value)
    if array.shape in ((1,), ()) and prod(field.shape) == 1:
        array = array.reshape(field.shape)
    _refuse_shape(array, field.shape)
    return _float(array, field)


def _tokens(value: Value, field: DataField, white: int) -> np.ndarray:
    array = _array(value)
    positions, depth = field.shape
    if array.ndim != 2 or array.shape[1] != depth:
        raise ValueError(f"its shape is {_said(array.shape)}, and tokens of {depth} numbers are wanted")
    if len(array) > positions:
        raise ValueError(f"it has {len(array)} tokens, and the networks take {positions}")
    return np.pad(_float(array, field), ((0, positions - len(array)), (0, 0)))


def tokens_in(value: Value, field: DataField) -> np.ndarray:
    """1 for each token of a sequence, 0 for what pads it to the field's shape; float32."""
    return (np.arange(field.shape[0]) < len(_array(value))).astype(np.float32)


# ---- what is counted: classes


def _mask(value: Value, field: DataField, white: int) -> np.ndarray:
    c, h, w = field.shape
    if isinstance(value, Image.Image):
        whole = np.asarray(value if deep(value) or value.mode in ("1", "F") else with_mode(value, MODES[c]))
    else:
        whole = value
    planes = _planes(whole, c)
    _refuse_text(planes)
    if field.range is None and planes.dtype != np.bool_:
        top = int(planes.max(initial=0))
        low, high = 0.0, 1.0 if top <= 1 else white if planes.dtype.itemsize > 1 else 255.0
        if top == 1 and isinstance(value, Image.Image):
            raise ValueError("its values go to 1, and white is 255: `range: [0, 1]` at the field says so")
    else:
        low, high = field.range or (0, 1)
    above = (planes > (low + high) / 2).astype(np.uint8)
    return np.stack([_nearest(one, h, w) for one in above])


def _classes(value: Value, field: DataField, white: int) -> np.ndarray:
    classes, h, w = field.shape
    if isinstance(value, Image.Image) and value.mode not in ("P", "L", "1") and not deep(value):
        raise ValueError(
            f"its mode is {value.mode}: a class map holds numbers of classes, in gray or a palette"
        )
    array = np.asarray(value)
    array = array[0] if array.ndim == 3 and len(array) == 1 else array
    if array.ndim != 2 or array.dtype.kind not in "iub":
        raise ValueError(
            f"it is {array.dtype.name} of {_said(array.shape)}, and whole numbers h × w are wanted"
        )
    least, most = int(array.min(initial=0)), int(array.max(initial=0))
    if least < 0 or most >= classes:
        raise ValueError(
            f"it holds class {least if least < 0 else most}, and the networks know classes 0 to {classes - 1}"
        )
    return _nearest(array.astype(KINDS["Classes"].dtype(field)), h, w)


def _nearest(plane: np.ndarray, h: int, w: int) -> np.ndarray:
    """The middle box of the wanted aspect, at its size, with no value that was not there before."""
    if plane.shape == (h, w):
        return plane
    image = Image.fromarray(plane.astype(np.int32) if plane.dtype != np.uint8 else plane)
    return np.asarray(cropped(image, (h, w), Image.Resampling.NEAREST)).astype(plane.dtype)


def _label(value: Value, field: DataField, white: int) -> np.ndarray:
    array = _array(value)
    if array.size != 1 or array.dtype.kind not in "iufb" or array.item() != int(array.item()):
        raise ValueError("it is no class number")
    return np.array(int(array.item()), np.int64)


# ---- faults


def _array(value: Value) -> np.ndarray:
    if isinstance(value, Image.Image):
        raise ValueError("it is an image, and numbers are wanted")
    return value


def _float(array: np.ndarray, field: DataField) -> np.ndarray:
    _refuse_text(array)
    if field.range is not None:
        return _scaled(array, field, WHITE)
    with np.errstate(over="ignore"):
        return _finite(array.astype(np.float32))


def _finite(array: np.ndarray) -> np.ndarray:
    if not np.isfinite(array).all():
        raise ValueError("it has values that are not finite")
    return array


def _refuse_text(array: np.ndarray) -> None:
    if array.dtype.kind not in "iufb":
        raise ValueError(f"it holds {array.dtype.name}, and numbers are wanted")


def _refuse_shape(array: np.ndarray, wanted: Shape) -> None:
    if array.shape != wanted:
        raise ValueError(f"its shape is {_said(array.shape)}, and {_said(wanted)} is wanted")


def _said(shape: Shape) -> str:
    return " × ".join(map(str, shape)) or "one number"


def _of_image(field: DataField) -> type[np.generic]:
    return np.uint8 if field.range is None else np.float32


def _of_classes(field: DataField) -> type[np.generic]:
    return np.uint8 if field.shape[0] <= 256 else np.int32


def _floats(field: DataField) -> type[np.generic]:
    return np.float32


KINDS: dict[str, FieldKind] = {
    "Image": FieldKind(_image, _of_image, MAPS, flips=True, measured=True),
    "Mask": FieldKind(_mask, lambda field: np.uint8, MAPS, flips=True),
    "Classes": FieldKind(_classes, _of_classes, MAPS, flips=True, classes=True),
    "Feature": FieldKind(_exact, _floats, (".npy",)),
    "Volume": FieldKind(_volume, _floats, (".npy", *VOLUMES), flips=True, measured=True),
    "Signal": FieldKind(_signal, _floats, (".npy", *SOUNDS)),
    "Label": FieldKind(_label, lambda field: np.int64, (*TEXTS, ".npy"), classes=True),
    "Number": FieldKind(_exact, _floats, (*TEXTS, ".npy")),
    "Vector": FieldKind(_exact, _floats, (*TEXTS, ".npy")),
    "Tokens": FieldKind(_tokens, _floats, (".npy",)),
}
