"""From a batch as it was read to what networks take: floats in the plan's range, classes as int64."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..plan.game import DataField
from .fields.kinds import KINDS

Range = tuple[float, float]


def cast(
    fields: Mapping[str, DataField],
    given: Mapping[str, Tensor],
    range: Range,
    dtype: torch.dtype,
    device: torch.device,
) -> dict[str, Tensor]:
    """The fields [N, …] of a batch, on a device; images in the plan's range."""
    return {
        name: _cast(fields[name], rows.to(device, non_blocking=True), range, dtype)
        for name, rows in given.items()
    }


def _cast(of: DataField, rows: Tensor, range: Range, dtype: torch.dtype) -> Tensor:
    kind, (low, high) = KINDS[of.kind], range
    if kind.classes:
        return rows.long()
    if (not kind.measured and of.range is None) or of.kind == "Mask":
        return rows.to(dtype)
    span = (high - low) / 255 if rows.dtype == torch.uint8 else high - low
    return rows.to(dtype, copy=True).mul_(span).add_(low)
