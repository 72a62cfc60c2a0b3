"""The backward pass over ghosts, as torch's engine takes it: made last goes first, what meets adds up.

What a node saved is let go as soon as it is done, unless gradients get a history of their own.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Callable, Mapping, Sequence

from gandsl.analysis.memory.ghost import Ghost, Grads, Node, Tape, link


def backward(root: Ghost) -> None:
    """Gradients of a number to every leaf that wants one; the history is used up."""
    with root.tape.paused():
        _walk(root.tape, [_seed(root)], [], leaves=True)


def gradients(root: Ghost, inputs: Sequence[Ghost]) -> list[Ghost]:
    """Gradients of a number to these tensors, with a history of their own (`create_graph`); 0 if unread."""
    found = _walk(root.tape, [_seed(root)], inputs, leaves=False)
    return [x.like() if gradient is None else gradient for x, gradient in zip(inputs, found, strict=True)]


def checkpointed(
    compute: Callable[[], list[Ghost]], args: Sequence[Ghost], weights: Sequence[Ghost]
) -> list[Ghost]:
    """What `compute` makes of `args` and `weights`, none of it kept: it is computed again in the backward."""
    tape = args[0].tape
    if not tape.recording:
        return compute()
    with tape.paused():
        outputs = compute()

    def back(grads: Grads, need: Sequence[bool]) -> Grads:
        with tape.paused(recording=True):
            again = compute()
        roots = [(y.node, y.slot, g) for y, g in zip(again, grads, strict=True) if y.node and g]
        del again
        wanted = [x for x, n in zip(args, need, strict=False) if n]
        found = iter(_walk(tape, roots, wanted, leaves=not tape.recording))
        return [next(found) if n else None for _, n in zip(args, need, strict=False)] + [None] * len(weights)

    link(outputs, [*args, *weights], back)
    return outputs


Root = tuple[Node, int, Ghost]  # a node, which of its outputs, and the gradient to that


def _seed(root: Ghost) -> Root:
    assert root.node is not None
    return root.node, root.slot, root.like()


def _walk(tape: Tape, roots: list[Root], inputs: Sequence[Ghost], leaves: bool) -> list[Ghost | None]:
    """Gradients from roots to inputs, and no further; with `leaves`, to all leaves too.

    Where the tape is recording, histories stay and gradients get one.
    """
    keep = tape.recording
    targets: Targets = {(x.node or x, x.slot): index for index, x in enumerate(inputs)}
    waiting, nodes = _dependencies([root[0] for root in roots], targets)
    needed = None if leaves else _leading_to(nodes, targets)
    found: list[Ghost | None] = [None] * len(inputs)
    buffers: dict[Node, list[Ghost | None]] = {}
    while roots:
        node, slot, g = roots.pop()
        buffers.setdefault(node, [None] * node.outputs)[slot] = g
        del g
    ready = [(-node.sequence, node) for node in buffers if not waiting[node]]
    heapq.heapify(ready)
    before = tape.place, tape.backward
    tape.backward = True
    while ready:
        node = heapq.heappop(ready)[1]
        grads = buffers.pop(node)
        tape.place = node.place
        wanted = [
            edge is not None and (needed is None or edge[0] in needed or edge in targets)
            for edge in node.edges
        ]
        if any(g is not None for g in grads) and any(wanted):
            results = list(node(grads, wanted))
        else:
            results = [None] * len(wanted)
        del grads
        if not keep:
            node.release()
        for index, edge in enumerate(node.edges):
            if edge is None:
                continue
            gradient, results[index] = results[index], None
            target, slot = edge
            if gradient is not None and wanted[index]:
                if edge in targets:
                    place = targets[edge]
                    found[place] = _met(found[place], gradient)
                elif isinstance(target, Ghost):
                    if needed is None:
                        _accumulate(target, gradient)
                else:
                    buffer = buffers.setdefault(target, [None] * target.outputs)
                    old, buffer[slot] = buffer[slot], None
                    buffer[slot] = _met(old, gradient)
                    del old
            del gradient
            if isinstance(target, Node) and edge not in targets:
                waiting[target] -= 1
                if not waiting[target] and (needed is None or target in needed):
                    buffers.setdefault(target, [None] * target.outputs)
                    heapq.heappush(ready, (-target.sequence, target))
        del results
    tape.place, tape.backward = before
    return found


Targets = Mapping[tuple[Node | Ghost, int], int]  # where gradients are wanted, and which they are


def _dependencies(roots: list[Node], targets: Targets) -> tuple[dict[Node, int], list[Node]]:
    """How many nodes hand a gradient to each node, and all of them, the first made first."""
    waiting: dict[Node, int] = dict.fromkeys(roots, 0)
    stack = list(waiting)
    while stack:
        for edge in stack.pop().edges:
            if edge is not None and edge not in targets and isinstance(edge[0], Node):
                if edge[0] not in waiting:
                    waiting[edge[0]] = 0
                    stack.append(edge[0])
                waiting[edge[0]] += 1
    return waiting, sorted(waiting, key=lambda node: node.sequence)


def _leading_to(nodes: list[Node], targets: Targets) -> set[Node | Ghost]:
    """The nodes from which a way leads to a target."""
    found: set[Node | Ghost] = set()
    for node in nodes:
        if any(edge is not None and (edge in targets or edge[0] in found) for edge in node.edges):
            found.add(node)
    return found


def _met(old: Ghost | None, new: Ghost) -> Ghost:
    """The sum of two gradients: into one of them where nobody else has it and no history is wanted."""
    if old is None:
        return new
    tape = new.tape
    if not tape.recording and (_alone(old) or _alone(new)):
        return old if _alone(old) else new
    total = old.like()
    link((total,), (old, new), _both)
    return total


def _both(grads: Grads, need: Sequence[bool]) -> Grads:
    (g,) = grads
    return (g, g.detached()) if g is not None else (None, None)


def _accumulate(leaf: Ghost, gradient: Ghost) -> None:
    """Add to a leaf's gradient; the first one is taken over where nobody else has it."""
    if leaf.grad is not None:
        return  # in place
    leaf.grad = gradient if _alone(gradient) else gradient.like()
    if leaf.storage.kind == "parameters":
        leaf.grad.storage.become("gradients")


def _alone(x: Ghost) -> bool:
    """Whether a gradient is dense and on a storage of its own.

    A ghost is handed on once: who hands a gradient to two makes a second ghost on the same storage.
    """
    return (
        x.storage.size >= x.elements * x.width and sys.getrefcount(x.storage) <= 2
    )  # the ghost, and the call
