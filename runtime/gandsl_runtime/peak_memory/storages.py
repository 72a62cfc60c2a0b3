"""Every tensor storage that lives, from the operation that made it until torch frees it."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch._prims_common import is_non_overlapping_and_dense_or_false
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from .places import Places, in_backward

aten = torch.ops.aten
ADD, ADD_IN_PLACE = aten.add.Tensor, aten.add_.Tensor
FILLS = {  # what derivatives write into zeros of their own, and do out of place where a tensor is a fake one
    aten.scatter_add.default: aten.scatter_add_.default,
    aten.scatter.src: aten.scatter_.src,
    aten.index_add.default: aten.index_add_.default,
    aten.index_put.default: aten.index_put_.default,
    aten.put.default: aten.put_.default,
}

DEVICE = torch.ops.prim.device.default  # of a fake tensor

Node = tuple[str, int]  # of autograd's graph: its name and number
Held = tuple[int, int, int]  # references to a tensor, to its storage, and to Python's object for it


class LiveStorages(TorchDispatchMode):
    """Bytes of the living tensor storages that were made inside the block: now, and at the peak.

    device: of which kind; None: any. places: whose work is at the fullest moment, where somebody asks.

    Without a mode, torch's engine adds gradients that meet into one of them, if nobody else holds it; under
    any mode into a new tensor, which takes more. Here it is in place again, by the engine's own conditions
    (torch 2.13, torch/csrc/autograd/input_buffer.cpp). So are derivatives of picking, gathering and sorting,
    which fill zeros (`isTensorSubclassLike` in torch/csrc/autograd/FunctionsManual.cpp).
    """

    def __init__(self, device: str | None = None, places: Places | None = None) -> None:
        super().__init__()
        self.live = self.peak = 0
        self.at, self.backward = "", False  # whose work the peak was
        self._device, self._places = device, places
        self._alive: dict[int, _Storage] = {}  # by address
        self._log: list[tuple[int, int]] = []  # number and bytes of what came, or, negative, of what went
        self._count = self._fullest = 0
        self._handed: Held | None = None  # how gradients come that the engine alone holds

    def __enter__(self) -> LiveStorages:
        super().__enter__()
        if self._handed is None:
            x = torch.zeros(1, requires_grad=True)
            y = x * 1
            (y.sin() + y.cos()).backward()  # two gradients meet, and nobody else holds them
        return self

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is DEVICE:  # half of all that is asked
            return getattr(args[0], "fake_device", None) or func(*args)
        node = _node_at_work() if in_backward() else None
        if func is ADD and node and not kwargs and not torch.is_grad_enabled():
            held = [_held(x, sys.getrefcount(x)) if isinstance(x, Tensor) else None for x in args]
            self._handed = self._handed or held[0]
            order = next((o for o in ((0, 1), (1, 0)) if self._adds_in_place(args, held, o, node)), None)
            if order:
                func, args = ADD_IN_PLACE, tuple(args[index] for index in order)
        place = self._places.now() if self._places else ""
        if node and func in FILLS and self._made_in(node, args[0]):
            FILLS[func](*args, **(kwargs or {}))
            return args[0].detach()
        result = func(*args, **(kwargs or {}))
        for value in tree_iter(result):
            if isinstance(value, Tensor) and self._device in (None, value.device.type):
                self._see(value.untyped_storage(), place, node)
        return result

    def _adds_in_place(self, args: Any, held: list[Held | None], order: tuple[int, int], node: Node) -> bool:
        """Whether the engine would add the second of `order` into the first.

        A derivative's own sum, which is no work of the engine's, has a term that was made in the same node.
        """
        into, other = (args[index] for index in order)
        if not (isinstance(into, Tensor) and isinstance(other, Tensor)):
            return False
        alike = into.shape == other.shape and into.dtype == other.dtype
        if not alike or held[order[0]] != self._handed or not is_non_overlapping_and_dense_or_false(into):
            return False
        return not self._made_in(node, args[0])

    def _made_in(self, node: Node, x: Tensor) -> bool:
        made = self._alive.get(x.untyped_storage()._cdata)
        return made is not None and made.node == node

    def measure(self) -> None:
        """Look for the peak from here on."""
        self.peak, self._fullest = self.live, len(self._log)
        self.at, self.backward = "", False

    def numbers(self, tensors: Iterable[Tensor]) -> set[int]:
        """The numbers by which their storages are known here; older ones, and those of other devices, have
        none.
        """
        keys = (tensor.untyped_storage()._cdata for tensor in tensors)
        return {self._alive[key].number for key in keys if key in self._alive}

    def at_the_peak(self) -> dict[int, int]:
        """Bytes of every storage that lived at the peak, by number."""
        found: dict[int, int] = {}
        for number, size in self._log[: self._fullest]:
            if size < 0:
                del found[number]
            else:
                found[number] = size
        return found

    def _see(self, storage: torch.UntypedStorage, place: str, node: Node | None) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._alive or not size:
            return
        self._alive[key] = _Storage(self._count, size, node, weakref.ref(storage, lambda _: self._gone(key)))
        self._log.append((self._count, size))
        self._count += 1
        self.live += size
        if self.live > self.peak:
            self.peak, self._fullest = self.live, len(self._log)
            self.at, self.backward = place, in_backward()

    def _gone(self, key: int) -> None:
        storage = self._alive.pop(key)
        self._log.append((storage.number, -storage.size))
        self.live -= storage.size


class _Storage(NamedTuple):
    number: int
    size: int  # bytes
    node: Node | None  # of the engine, where that was at work when it was made
    watch: weakref.ref[torch.UntypedStorage]  # who tells of its end


def _node_at_work() -> Node | None:
    node = torch._C._current_autograd_node()
    return None if node is None else (node.name(), node._sequence_nr())


def _held(x: Tensor, references: int) -> Held:
    tensor: Any = x  # whose type tells of less than it has
    return tensor._use_count(), torch._C._storage_Use_Count(x.untyped_storage()._cdata), references
