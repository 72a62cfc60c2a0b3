"""From references into a file to tensors in memory, and only those that are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

import torch
from torch import Tensor

from gandsl.interop.errors import DamagedFile, Refused
from gandsl.interop.inert import ITEM_SIZES, PickledStorage, TensorRef

TOLERANCE = 1e-5  # of a constant's largest number
COPIES = 4  # a file's tensors may take so many times the file: shared ones are copied


def materialize(wanted: Mapping[str, TensorRef], size: int, where: str) -> dict[str, Tensor]:
    """The tensors, contiguous and in memory of their own. `size` is the file's.

    Raises Refused where they would take far more than the file has, DamagedFile where a checksum is wrong.
    """
    total = sum(ref.count * ITEM_SIZES[ref.dtype] for ref in wanted.values())
    if total > COPIES * size:
        raise Refused(where, f"its tensors claim {total:,} bytes in a file of {size:,}")
    for storage in {id(ref.storage): ref.storage for ref in wanted.values()}.values():
        _check(storage, where)
    return {name: _tensor(ref, where) for name, ref in wanted.items()}


def near(given: Tensor, wanted: Tensor) -> bool:
    """Whether a tensor is a constant, up to how it was computed."""
    most = TOLERANCE * float(wanted.abs().max()) or TOLERANCE
    return given.shape == wanted.shape and torch.allclose(given.float(), wanted, rtol=0, atol=most)


def _check(storage: PickledStorage, where: str) -> None:
    if storage.checksum is not None and storage.data is not None and crc32(storage.data) != storage.checksum:
        raise DamagedFile(where, "the checksum of a tensor is wrong")


def _tensor(ref: TensorRef, where: str) -> Tensor:
    dtype = getattr(torch, ref.dtype)
    if not ref.count:
        return torch.empty(ref.shape, dtype=dtype)
    if ref.storage.data is None:
        raise DamagedFile(where, "a tensor has no content")
    item = ITEM_SIZES[ref.dtype]
    raw = bytearray(ref.storage.data[ref.offset * item : (ref.offset + ref.span) * item])
    flat = torch.frombuffer(raw, dtype=torch.uint8 if ref.dtype == "bool" else dtype)
    return flat.as_strided(ref.shape, ref.stride).to(dtype).clone(memory_format=torch.contiguous_format)
