"""What augmentation makes of an image before D sees it: one rule a group of transforms, on ghosts.

As `gandsl_runtime.augment`, whose groups come in this order. Small draws for each image are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gandsl.analysis.memory.ghost import Ghost
from gandsl.analysis.memory.primitives import add, linear_map, mul, scaled

TAPS, MARGIN = 12, 3  # of the wavelet, and pixels filtered past the edge: gandsl_runtime.augment.geometry


def _permuted(x: Ghost) -> Ghost:
    """Pixels gathered by their places, 8 bytes each."""
    n, _, height, width = x.shape
    return linear_map(x, x.shape, x.tape.new((n, 1, height, width), width=8))


def _chosen(x: Ghost) -> Ghost:
    """One of two, by a small mask."""
    return linear_map(x, x.shape)


def _filtered(x: Ghost, height: int, width: int) -> Ghost:
    """A product for each direction; the second reads a copy of the first's transposed result."""
    n, channels, rows, _ = x.shape
    along = linear_map(x, (n, channels, rows, width))
    turned = linear_map(along, along.shape)
    del along
    return linear_map(turned, (n, channels, height, width))


def _resampled(x: Ghost) -> Ghost:
    """Enlarged, read at places that are kept, and brought back."""
    n, channels, height, width = x.shape
    large = _filtered(x, *(2 * (side + 2 * MARGIN) + TAPS // 2 for side in (height, width)))
    dense = [2 * (side - 1) + TAPS for side in (height, width)]
    places = x.tape.new((n, *dense, 2))
    moved = linear_map(large, (n, channels, *dense), (large, places))
    return _chosen(_filtered(moved, height, width))


def _recolored(x: Ghost) -> Ghost:
    return _chosen(linear_map(x, x.shape))


def _bands(x: Ghost) -> Ghost:
    return _chosen(scaled(_filtered(scaled(x), *x.shape[2:])))


def _noisy(x: Ghost) -> Ghost:
    return add(x, mul(x.like(), x.tape.new((x.shape[0], 1, 1, 1))))


def _contrasted(x: Ghost) -> Ghost:
    """Brightness, then away from gray and from the mean: a difference, a product and a sum for both."""
    x = linear_map(x, x.shape)
    for _ in range(2):
        x = scaled(scaled(scaled(x)))
    return _chosen(x)


def _translated(x: Ghost) -> Ghost:
    return _chosen(_permuted(x))


GROUPS: tuple[tuple[frozenset[str], Callable[[Ghost], Ghost]], ...] = (
    (frozenset({"xflip", "rotate90", "xint"}), _permuted),
    (frozenset({"scale", "rotate", "aniso", "xfrac"}), _resampled),
    (frozenset({"brightness", "contrast", "lumaflip", "hue", "saturation"}), _recolored),
    (frozenset({"filter"}), _bands),
    (frozenset({"noise"}), _noisy),
    (frozenset({"cutout"}), _chosen),
    (frozenset({"diff_color"}), _contrasted),
    (frozenset({"diff_translation"}), _translated),
    (frozenset({"diff_cutout"}), _chosen),
)


def seen(image: Ghost, transforms: Iterable[str]) -> Ghost:
    """The image [n, C, H, W] after all transforms."""
    wanted = frozenset(transforms)
    for names, rule in GROUPS:
        if names & wanted:
            image = rule(image)
    return image
