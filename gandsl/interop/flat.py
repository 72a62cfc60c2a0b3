"""A file of safetensors: a flat state_dict, its tensors views of the mapped file."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

from gandsl.interop.errors import CutShort, DamagedFile, InteropError, Refused
from gandsl.interop.inert import ITEM_SIZES, PickledStorage, TensorRef, tensor
from gandsl_runtime.system.pasted import pasted

LARGEST_HEADER = 8 * 2**20
TYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
OURS = frozenset({"format", "facts", "digest"})  # what the header of a checkpoint of gandsl's tells


def is_flat(data: memoryview) -> bool:
    """Whether a file begins as safetensors does: the header's length in eight bytes, then JSON."""
    return len(data) > 9 and bytes(data[4:9]) == b"\0\0\0\0{"


def tensors_of(path: Path, data: memoryview) -> dict[str, TensorRef]:
    """The tensors of the file by name. Raises InteropError."""
    from safetensors import SafetensorError, safe_open

    where = str(path)
    (length,) = struct.unpack_from("<Q", data)
    if 8 + length > len(data):
        raise CutShort(where)
    if length > LARGEST_HEADER:
        raise Refused(where, f"its table of contents has {length:,} bytes")
    header, numbers = bytes(data[8 : 8 + length]), data[8 + length :]
    try:
        with safe_open(path, framework="pt"):  # the package checks that the tensors cover the file, each once
            pass
    except SafetensorError as error:
        if "not fully covered" in str(error) and _announced(header) > len(numbers):
            raise CutShort(where) from error
        why = str(error).removeprefix("Error while deserializing header: ")
        raise DamagedFile(where, f"its header of safetensors makes no sense: {why}") from error
    entries: dict[str, Any] = json.loads(header)
    if entries.pop("__metadata__", {}).keys() >= OURS:
        raise InteropError(
            f"{where} is a checkpoint of gandsl's already, with nothing to convert",
            f"`{pasted('sample', path)}` draws its images; export-weights writes it in other layouts",
        )
    return {name: _tensor(entry, numbers, where) for name, entry in entries.items()}


def _announced(header: bytes) -> int:
    """Bytes of numbers that the header tells of."""
    entries = json.loads(header)
    return max(
        (entry["data_offsets"][1] for name, entry in entries.items() if name != "__metadata__"), default=0
    )


def _tensor(entry: dict[str, Any], numbers: memoryview, where: str) -> TensorRef:
    if entry["dtype"] not in TYPES:
        raise InteropError(f"{where} holds numbers of the type {entry['dtype']}", "save it in float32")
    dtype, (begin, end), shape = TYPES[entry["dtype"]], entry["data_offsets"], entry["shape"]
    strides = [math.prod(shape[place + 1 :]) for place in range(len(shape))]
    stored = PickledStorage(dtype, (end - begin) // ITEM_SIZES[dtype], numbers[begin:end])
    return tensor(stored, 0, shape, strides)
