"""torch's operations on ghosts: what each makes, what it saves for backward, and its derivative, in the same.

Derivatives are made of these operations again, so that penalties differentiate twice. Where torch's backward
is one kernel, so is it here. Workspace inside a kernel is not counted: it is the backend's.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Literal

from gandsl.analysis.memory.ghost import Ghost, Grads, Shape, link

Need = Sequence[bool]


def broadcast(a: Shape, b: Shape) -> Shape:
    """The shape of a + b."""
    longest = max(len(a), len(b))
    a, b = ((1,) * (longest - len(s)) + s for s in (a, b))
    return tuple(map(max, a, b))


def wider(a: Ghost, b: Ghost) -> Ghost:
    """The one whose format a result of both has."""
    return b if b.width > a.width and b.elements > 1 else a


# ---- linear in one tensor


def view(x: Ghost, shape: Shape) -> Ghost:
    """The same numbers in another shape, or repeated (`expand`) where the shape has more of them."""
    y, before = x.shared(shape), x.shape

    def back(grads: Grads, need: Need) -> Grads:
        (g,) = grads
        return (g and sum_to(g, before),)

    link((y,), (x,), back)
    return y


def part(x: Ghost, shape: Shape) -> Ghost:
    """Some of the numbers, without a copy (`narrow`, `select`); the gradient is written out with zeros."""
    y, before = x.shared(shape), x.shape

    def back(grads: Grads, need: Need) -> Grads:
        (g,) = grads
        if g is None:
            return (None,)
        whole = g.new(before)
        link((whole,), (g,), lambda grads, need: [h and part(h, shape) for h in grads])
        return (whole,)

    link((y,), (x,), back)
    return y


def sum_to(x: Ghost, shape: Shape) -> Ghost:
    """Summed over what `shape` has fewer of; x itself where that is nothing."""
    if x.shape == shape:
        return x
    if x.elements == prod(shape):
        return view(x, shape)
    y, before = x.new(shape), x.shape
    link((y,), (x,), lambda grads, need: [g and view(g, before) for g in grads])
    return y


def linear_map(x: Ghost, shape: Shape, saved: object = None) -> Ghost:
    """A linear function with a new result, whose gradient is one too: padding, resampling, means, copies.

    `saved` is what its gradient holds on to, such as x itself where torch wants x's size.
    """
    y, before = x.new(shape), x.shape
    link((y,), (x,), lambda grads, need: [g and linear_map(g, before, saved) for g in grads])
    return y


def scaled(x: Ghost, *, inplace: bool = False) -> Ghost:
    """x times a number."""
    if not inplace:
        return linear_map(x, x.shape)
    y = x.detached()
    link((y,), (x,), lambda grads, need: [g and scaled(g) for g in grads])
    return y


def cast(x: Ghost, width: int) -> Ghost:
    """x in a format of so many bytes a number; x itself where it has it."""
    if x.width == width:
        return x
    y, before = x.tape.new(x.shape, width=width), x.width
    link((y,), (x,), lambda grads, need: [g and cast(g, before) for g in grads])
    return y


def cat(xs: Sequence[Ghost], shape: Shape) -> Ghost:
    """Joined; the gradients are parts of one."""
    y, shapes = xs[0].new(shape), [x.shape for x in xs]

    def back(grads: Grads, need: Need) -> Grads:
        (g,) = grads
        return [part(g, s) if g and n else None for s, n in zip(shapes, need, strict=True)]

    link((y,), xs, back)
    return y


# ---- one number at a time


def add(a: Ghost, b: Ghost, *, inplace: bool = False) -> Ghost:
    """a + b."""
    y = a.detached() if inplace else wider(a, b).new(broadcast(a.shape, b.shape))
    shapes = a.shape, b.shape

    def back(grads: Grads, need: Need) -> Grads:
        (g,) = grads
        return [sum_to(view(g, g.shape), s) if g and n else None for s, n in zip(shapes, need, strict=True)]

    link((y,), (a, b), back)
    return y


def mul(a: Ghost, b: Ghost) -> Ghost:
    """a · b; keeps a where b wants a gradient, and b where a does."""
    y = wider(a, b).new(broadcast(a.shape, b.shape))
    shapes = a.shape, b.shape
    a_kept, b_kept = a if b.wants else None, b if a.wants else None

    def back(grads: Grads, need: Need) -> Grads:
        (g,) = grads
        if g is None:
            return (None, None)
        return (
            sum_to(mul(g, b_kept), shapes[0]) if need[0] and b_kept else None,
            sum_to(mul(g, a_kept), shapes[1]) if need[1] and a_kept else None,
        )

    link((y,), (a, b), back)
    return y


def addcmul(c: Ghost, a: Ghost, b: Ghost, *, inplace: bool = False) -> Ghost:
    """c + a · b; torch multiplies the factor it keeps by a number once more."""
    y = c.detached() if inplace else a.new(broadcast(c.shape, broadcast(a.shape, b.shape)))
    shapes = c.shape, a.shape, b.shape
    a_kept, b_kept = a if b.wants else None, b if a.wants else None

    def back(grads: Grads, need: Need) -> Grads:
        (g,) = grads
        if g is None:
            return (None, None, None)
        return (
            sum_to(view(g, g.shape), shapes[0]) if need[0] else None,
            sum_to(mul(g, scaled(b_kept)), shapes[1]) if need[1] and b_kept else None,
            sum_to(mul(g, scaled(a_kept)), shapes[2]) if need[2] and a_kept else None,
        )

    link((y,), (c, a, b), back)
    return y


FLAT, CURVED, SOFTMAX = 0, 2, 6
"""Intermediate results of a second derivative: none where the first is piecewise constant."""


def unary(x: Ghost, *, saves: Literal["x", "y"], curve: int = CURVED, inplace: bool = False) -> Ghost:
    """f(x), its derivative a kernel of the gradient and of x or y."""
    y = x.detached() if inplace else x.like()
    if saves == "y":
        link((y,), (x,), lambda grads, need, y: [g and _slope(g, y, curve) for g in grads], saves_output=True)
    else:
        link((y,), (x,), lambda grads, need: [g and _slope(g, x, curve) for g in grads])
    return y


def _slope(g: Ghost, kept: Ghost, curve: int) -> Ghost:
    result = g.like()

    def back(grads: Grads, need: Need) -> Grads:
        (gg,) = grads
        if gg is None:
            return (None, None)
        first = _slope(gg, kept, curve) if need[0] else None
        if not need[1]:
            return (first, None)
        products = [kept.like() for _ in range(curve)]
        second = kept.like()
        del products
        return (first, second)

    link((result,), (g, kept), back)
    return result


def square(x: Ghost) -> Ghost:
    """x²."""
    y = x.like()

    def back(grads: Grads, need: Need) -> Grads:
        (g,) = grads
        if g is None:
            return (None,)
        power = scaled(x)
        return (mul(g, scaled(power)),)

    link((y,), (x,), back)
    return y


def clamp(x: Ghost) -> Ghost:
    """x within bounds; the gradient is masked, by a byte a number."""
    y = x.like()

    def back(grads: Grads, need: Need) -> Grads:
        (g,) = grads
        if g is None:
            return (None,)
        above, below = (x.tape.new(x.shape, width=1) for _ in range(2))
        mask = x.tape.new(x.shape, width=1)
        del above, below
        return (linear_map(g, x.shape, mask),)

    link((y,), (x,), back)
    return y


def where(a: Ghost, b: Ghost) -> Ghost:
    """a or b, by a small mask."""
    y = a.like()

    def back(grads: Grads, need: Need) -> Grads:
        (g,) = grads
        return [linear_map(g, g.shape) if g and n else None for n in need]

    link((y,), (a, b), back)
    return y


# ---- products


def matmul(a: Ghost, b: Ghost, shape: Shape, *, factor: bool = False) -> Ghost:
    """a · b, of matrices or batches; `factor`: times a number, inside the call and once more in backward."""
    y = a.new(shape)
    shapes = a.shape, b.shape
    a_kept, b_kept = a if b.wants else None, b if a.wants else None

    def back(grads: Grads, need: Need) -> Grads:
        (g,) = grads
        if g is None:
            return (None, None)
        found = (
            matmul(g, b_kept, shapes[0]) if need[0] and b_kept else None,
            matmul(a_kept, g, shapes[1]) if need[1] and a_kept else None,
        )
        return [x and scaled(x) for x in found] if factor else found

    link((y,), (a, b), back)
    return y


def convolution(x: Ghost, weight: Ghost, bias: Ghost | None, shape: Shape) -> Ghost:
    """A convolution, transposed or not; keeps x and weight, whichever of them wants a gradient."""
    y = x.new(shape)
    biased = bias is not None

    def back(grads: Grads, need: Need) -> Grads:
        (g,) = grads
        return _convolution_gradients(g, x, weight, need) if g else (None,) * (2 + biased)

    link((y,), (x, weight, bias) if biased else (x, weight), back)
    return y


def _convolution_gradients(g: Ghost, x: Ghost, weight: Ghost, need: Need) -> Grads:
    """Of x, weight and, if there is one, bias: one kernel."""
    to_x = x.like() if need[0] else None
    to_weight = weight.like() if need[1] else None
    bias = (g.new((g.shape[1],)) if need[2] else None,) if len(need) > 2 else ()

    def back(grads: Grads, again: Need) -> Grads:
        ggx, ggw = grads[:2]
        to_g = to_x2 = to_w2 = None
        if again[0] and ggx:
            to_g = g.like()
        if again[0] and ggw:
            more = g.like()
            to_g = more if to_g is None else g.like()
            del more
        if again[1] and ggw:
            to_x2 = x.like()
        if again[2] and ggx:
            to_w2 = weight.like()
        return (to_g, to_x2, to_w2)

    link((to_x, to_weight, *bias), (g, x, weight), back)
    return (to_x, to_weight, *bias)


# ---- lookups and choices


def lookup(table: Ghost, shape: Shape) -> Ghost:
    """Rows of a table; the gradient is as large as the table."""
    return linear_map(table, shape)


def max_pool(x: Ghost, shape: Shape) -> Ghost:
    """The largest of each patch; keeps x and where each was found, 8 bytes a number."""
    y, places = x.new(shape), x.tape.new(shape, width=8)

    def back(grads: Grads, need: Need) -> Grads:
        (g,) = grads
        if g is None:
            return (None,)
        whole = x.like()
        link((whole,), (g,), lambda grads, need: [h and linear_map(h, shape, places) for h in grads])
        return (whole,)

    link((y,), (x,), back)
    return y


def dropout(x: Ghost) -> Ghost:
    """x times a random mask of a byte a number, divided by a number."""
    numbers = x.like()
    mask = x.tape.new(x.shape, width=1)
    del numbers
    return scaled(mul(x, mask))


# ---- normalization


def batch_norm(x: Ghost, weight: Ghost | None, bias: Ghost | None) -> Ghost:
    """One kernel each way; keeps x and the batch's statistics."""
    y, mean, deviation = x.like(), *(x.tape.new((x.shape[1],)) for _ in range(2))
    inputs = [p for p in (x, weight, bias) if p is not None]

    def back(grads: Grads, need: Need) -> Grads:
        (g,) = grads
        kept = (mean, deviation)
        if g is None:
            return [None] * len(inputs)
        found = [p.like() if n else None for p, n in zip(inputs, need, strict=True)]
        link(found, (g, *inputs), lambda grads, again: _norm_curvature(grads, again, (g, *inputs), kept))
        return found

    link((y,), inputs, back)
    return y


def _norm_curvature(grads: Grads, again: Need, inputs: Sequence[Ghost], kept: object) -> Grads:
    """Written out in torch: several tensors of x's size live until the last of them is done."""
    if all(gg is None for gg in grads):
        return [None] * len(inputs)
    products = [inputs[1].like() for _ in range(4)]
    found = [p.like() if n else None for p, n in zip(inputs, again, strict=True)]
    del products
    return found


def group_norm(x: Ghost, weight: Ghost | None, bias: Ghost | None, groups: int) -> Ghost:
    """One kernel each way; where its gradient is differentiated again, torch writes that gradient out."""
    samples = x.shape[0]
    y = x.like()
    inputs = [p for p in (x, weight, bias) if p is not None]

    def back(grads: Grads, need: Need) -> Grads:
        (g,) = grads
        if g is None:
            return [None] * len(inputs)
        if not g.tape.recording:
            return [p.like() if n else None for p, n in zip(inputs, need, strict=True)]
        small = (samples, groups) + (1,) * (len(x.shape) - 2)
        wide = (samples, x.shape[1]) + (1,) * (len(x.shape) - 2)
        along = sum_to(mul(g, x), wide)
        first = mul(g, x.tape.new(wide))
        second = mul(x, sum_to(along, small))
        to_x = add(add(first, second), sum_to(g, wide))
        return [to_x, *(along if n else None for n in need[1:])]

    link((y,), inputs, back)
    return y
