"""What a computation asks of the host, found on the CPU: on a GPU each of these waits for the device."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten
ASK = {
    aten._local_scalar_dense: "a number is read (item, float, bool)",
    aten.lift_fresh: "a tensor is made of the host's numbers",
    aten.equal: "tensors are compared",
    aten.nonzero: "the size of a result is in the numbers",
    aten.masked_select: "the size of a result is in the numbers",
    aten._unique2: "the size of a result is in the numbers",
    aten.repeat_interleave: "the size of a result is in the numbers",
}
READS = "gandsl_runtime/data/"  # images are the host's until they are sent, without waiting
CHECKS = "functional.one_hot("  # torch looks whether there is such a class on CPUs alone


class Waits(TorchDispatchMode):
    """Inside the block, `found` gathers what waits, and the lines of the runtime where it does."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        packet = func.overloadpacket
        why = ASK.get(packet)
        if packet in (aten.index, aten.index_put, aten.index_put_) and _masks(args[1]):
            why = "the size of a result is in the numbers"
        if why is not None:
            own = [f for f in traceback.extract_stack() if "gandsl_runtime" in f.filename]
            if not (own and (READS in own[-1].filename or CHECKS in str(own[-1].line))):
                self.found.append(f"{why}: {own[-1].filename}:{own[-1].lineno}" if own else why)
        return func(*args, **(kwargs or {}))


def _masks(indices: Sequence[Any]) -> bool:
    return any(index is not None and index.dtype in (torch.bool, torch.uint8) for index in indices)
