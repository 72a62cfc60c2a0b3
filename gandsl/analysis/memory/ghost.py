"""Tensors without numbers, and their history: what is alive is what something still refers to.

A ghost's storage counts from its making until nothing refers to it, as a tensor's does; so a step that is
carried out on ghosts shows its memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod

Shape = tuple[int, ...]
KINDS = ("parameters", "gradients", "optimizer", "average", "buffers", "activations")


@dataclass(frozen=True)
class Peak:
    """The most that lived at once: bytes, by kind, and the node whose work it was, forward or backward."""

    bytes: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    place: str = ""
    backward: bool = False


class Tape:
    """What lives, where work is going on, and whether gradients will be wanted of it."""

    def __init__(self) -> None:
        self.live = dict.fromkeys(KINDS, 0)
        self.total = 0
        self.peak = Peak()
        self.place = ""
        self.backward = False
        self.recording = True
        self.sequence = 0

    def take(self, size: int, kind: str) -> None:
        self.live[kind] += size
        self.total += size
        if self.total > self.peak.bytes:
            self.peak = Peak(self.total, dict(self.live), self.place, self.backward)

    def give(self, size: int, kind: str) -> None:
        self.live[kind] -= size
        self.total -= size

    def measure(self) -> None:
        """Look for the peak from here on."""
        self.peak = Peak(self.total, dict(self.live), self.place, self.backward)

    @contextmanager
    def paused(self, recording: bool = False) -> Iterator[None]:
        """Without gradients inside, as `torch.no_grad`."""
        before, self.recording = self.recording, recording
        try:
            yield
        finally:
            self.recording = before

    def new(self, shape: Shape, kind: str = "activations", width: int = 4) -> Ghost:
        """A tensor of `width` bytes a number."""
        return Ghost(self, shape, Storage(self, prod(shape) * width, kind), width)


class Storage:
    """Memory of one or more ghosts."""

    __slots__ = ("kind", "size", "tape")

    def __init__(self, tape: Tape, size: int, kind: str) -> None:
        self.tape, self.size, self.kind = tape, size, kind
        tape.take(size, kind)

    def become(self, kind: str) -> None:
        """Count as another kind."""
        self.tape.give(self.size, self.kind)
        self.kind = kind
        self.tape.take(self.size, kind)

    def __del__(self) -> None:
        self.tape.give(self.size, self.kind)


class Ghost:
    """A tensor's shape, storage and bytes a number. Its gradient goes to a node, or a leaf's to itself."""

    __slots__ = ("grad", "node", "shape", "slot", "storage", "tape", "wants", "width")

    def __init__(self, tape: Tape, shape: Shape, storage: Storage, width: int) -> None:
        self.tape, self.shape, self.storage, self.width = tape, shape, storage, width
        self.wants = False
        self.node: Node | None = None
        self.slot = 0
        self.grad: Ghost | None = None

    @property
    def elements(self) -> int:
        return prod(self.shape)

    def new(self, shape: Shape) -> Ghost:
        """A new tensor in the same format."""
        return self.tape.new(shape, width=self.width)

    def like(self) -> Ghost:
        """A new tensor of this shape."""
        return self.new(self.shape)

    def shared(self, shape: Shape) -> Ghost:
        """Another tensor on the same storage, without history."""
        return Ghost(self.tape, shape, self.storage, self.width)

    def detached(self) -> Ghost:
        return self.shared(self.shape)


Grads = Sequence[Ghost | None]
Backward = Callable[..., Grads]  # (gradients of the outputs, which inputs want one[, the output it saved])
Edge = tuple["Node | Ghost", int] | None


class Node:
    """One step back: from gradients of the outputs to those of the inputs that want one."""

    __slots__ = ("back", "edges", "outputs", "place", "saved", "sequence")

    def __init__(
        self, back: Backward, edges: list[Edge], outputs: int, tape: Tape, saved: Ghost | None
    ) -> None:
        tape.sequence += 1
        self.back: Backward | None = back
        self.edges, self.outputs, self.saved = edges, outputs, saved
        self.sequence, self.place = tape.sequence, tape.place

    def __call__(self, grads: Grads, need: Sequence[bool]) -> Grads:
        assert self.back is not None, "a history is walked once"
        if self.saved is None:
            return self.back(grads, need)
        output = self.saved.detached()
        output.node, output.wants = self, True
        return self.back(grads, need, output)

    def release(self) -> None:
        """Let go what was saved."""
        self.back = self.saved = None


def link(outputs: Grads, inputs: Grads, back: Backward, *, saves_output: bool = False) -> None:
    """Give outputs their history, if there is a gradient to hand on.

    An output that its own node saves is saved without history, which it gets back when it is asked for.
    """
    tape = next(x.tape for x in (*outputs, *inputs) if x is not None)
    if not tape.recording or not any(x is not None and x.wants for x in inputs):
        return
    edges: list[Edge] = [((x.node or x), x.slot) if x is not None and x.wants else None for x in inputs]
    saved = outputs[0].detached() if saves_output and outputs[0] is not None else None
    node = Node(back, edges, len(outputs), tape, saved)
    for slot, y in enumerate(outputs):
        if y is not None:
            y.node, y.slot, y.wants = node, slot, True
