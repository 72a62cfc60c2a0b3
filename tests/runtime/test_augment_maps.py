"""Masks and class maps in augmentation: they move as their image does, and nothing mixes them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gandsl_runtime.augment import geometry
from gandsl_runtime.plan import PIPES
from tests.runtime.augmenting import EACH, augment, draws, image, whole
from tests.runtime.test_augment_geometry import mirrored

COLOURS = ("color", "filter", "noise", "cutout", ["diff_color", "diff_cutout"])


def seen(pipe: object, *tensors: Tensor, kinds: tuple[str, ...], p: float = 1.0) -> tuple[Tensor, ...]:
    return augment(pipe).view(p, whole(tensors[0].double()))(tensors, "seen", kinds)


@pytest.mark.parametrize("size", [(6, 10), (7, 7), (1, 5)])
def test_the_nearest_pixel_is_read(size):
    """At linear · place + offset, places counted from the middle; halves up; mirrored at the edges."""
    h, w = size
    maps = torch.arange(3 * h * w).view(3, 1, h, w)
    linear, offset = draws(3, 2, 2, seed=1) * 1.5, draws(3, 2, seed=2) * 4
    found = geometry.nearest(maps, linear, offset)
    for n in range(3):
        for y in range(h):
            for x in range(w):
                place = torch.tensor([x - (w - 1) / 2, y - (h - 1) / 2], dtype=torch.float64)
                right, down = (linear[n] @ place + offset[n]).tolist()
                column, row = int((right + w / 2) // 1), int((down + h / 2) // 1)
                assert found[n, 0, y, x] == maps[n, 0, mirrored(row, h), mirrored(column, w)]


def test_maps_follow_their_image():
    """A map of the columns has at each pixel the column that the image, which is linear in x, has read."""
    n, size = 40, 24
    columns = torch.arange(size).expand(n, size, size)
    for maps in (columns, columns.mT):
        ramp, moved = seen("bg", maps[:, None].double(), maps, kinds=("Image", "Classes"))
        (with_colours,) = seen("bgcfnc", maps, kinds=("Classes",))
        assert torch.equal(moved, with_colours) and moved.dtype == torch.int64
        away = (ramp[:, 0] - moved).abs()
        inside = (ramp[:, 0] > 4) & (ramp[:, 0] < size - 5)  # where the ramp was not mirrored
        assert inside.sum() > n * 100 and away[inside].max() <= 0.5 + 1e-5  # of float32
        assert (moved != maps).flatten(1).any(1).float().mean() > 0.9


@pytest.mark.parametrize("pipe", ["blit", "diffaugment"])
def test_whole_pixels_move_to_the_bit(pipe):
    """Where no value is between two, a mask moves as an image of its values would."""
    mask = (image(50, 2, 7, 9) > 0).double()
    moving = [name for name in PIPES[pipe] if name not in ("diff_color", "diff_cutout")]
    as_image, as_mask, as_classes = seen(
        moving, mask, mask, mask[:, 0].long(), kinds=("Image", "Mask", "Classes"), p=0.7
    )
    assert torch.equal(as_image, as_mask) and torch.equal(as_mask[:, 0].long(), as_classes)
    assert not torch.equal(as_mask, mask)


@pytest.mark.parametrize("pipe", [*PIPES, list(EACH)], ids=str)
def test_no_value_is_new(pipe):
    mask = (image(30, 1, 8, 8, dtype=torch.float32) > 0).half()
    classes = torch.arange(30 * 64).view(30, 8, 8) % 7 + 2
    moved, numbers = seen(pipe, mask, classes, kinds=("Mask", "Classes"))
    assert moved.dtype == mask.dtype and set(moved.unique().tolist()) <= {0.0, 1.0}
    assert set(numbers.unique().tolist()) <= {0, *range(2, 9)}


@pytest.mark.parametrize("pipe", COLOURS, ids=str)
def test_colours_leave_maps(pipe):
    mask, classes = (image(9, 1, 8, 8) > 0).float(), torch.arange(9 * 64).view(9, 8, 8)
    moved, numbers = seen(pipe, mask, classes, kinds=("Mask", "Classes"))
    assert torch.equal(moved, mask) and torch.equal(numbers, classes)
