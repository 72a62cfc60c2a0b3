"""Features of sets of images: equal however they are asked for, by whichever and however many processes."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import torch

from gandsl_runtime.distributed.group import ProcessGroup
from gandsl_runtime.errors import DataError
from gandsl_runtime.evaluation.extractors import Extracted, ExtractorFacts
from gandsl_runtime.evaluation.features import features_of
from gandsl_runtime.evaluation.pieces import CHUNK, MOST, digest_of
from gandsl_runtime.evaluation.sources import ImageArray, chosen, drawn, first


class Means:
    """Of each channel, and a matrix of the first pixels as logits. It counts what it is shown."""

    facts = ExtractorFacts("means", "0" * 64, None, "inside", 3, 2)
    device = torch.device("cpu")

    def __init__(self) -> None:
        self.shown: list[int] = []

    def __call__(self, images: torch.Tensor) -> Extracted:
        self.shown.append(len(images))
        x = images.float()
        return Extracted(x.mean((2, 3)), x[:, :2, 0, 0])


def images(count: int, size: int = 6, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 3, size, size), dtype=np.uint8)


def test_features_are_of_each_image_in_its_order() -> None:
    pixels, means = images(MOST + 40), Means()
    told: list[int] = []
    found = features_of(means, ImageArray(pixels), told=told.append)
    assert found.logits is not None
    np.testing.assert_allclose(found.features, pixels.mean((2, 3)), rtol=1e-6)
    np.testing.assert_array_equal(found.logits, pixels[:, :2, 0, 0])
    assert set(means.shown) == {CHUNK}, "however many images are left, an extractor sees as many together"
    assert told == [MOST, MOST + 40]
    assert found.features.dtype == np.float32 and not found.features.flags.writeable


def test_the_content_of_a_set_is_its_pixels_in_their_order() -> None:
    pixels = images(MOST + 1)
    contents = {
        features_of(Means(), ImageArray(one, name)).content
        for one, name in ((pixels, "a"), (pixels.copy(), "b"))
    }
    assert len(contents) == 1
    pixels[-1, 0, 0, 0] ^= 1
    other = features_of(Means(), ImageArray(pixels))
    assert other.content not in contents
    assert digest_of(pixels.reshape(-1, 3, 3, 12)) != digest_of(pixels), "the size counts"


class Threads(ProcessGroup):
    """Processes of a group, played by threads."""

    def __init__(self, rank: int, size: int, barrier: threading.Barrier, board: dict[int, Any]) -> None:
        self.rank, self.size, self._barrier, self._board = rank, size, barrier, board

    def gathered(self, thing: Any) -> list[Any]:
        self._board[self.rank] = thing
        self._barrier.wait(30)
        found = [self._board[rank] for rank in range(self.size)]
        self._barrier.wait(30)
        return found


@pytest.mark.parametrize("size", [2, 3])
def test_several_processes_make_the_same_features(size: int) -> None:
    pixels = images(2 * MOST + 7)
    alone = features_of(Means(), ImageArray(pixels))
    barrier, board, found = threading.Barrier(size), dict[int, Any](), dict[int, Any]()
    means = [Means() for _ in range(size)]

    def work(rank: int) -> None:
        group = Threads(rank, size, barrier, board)
        found[rank] = features_of(means[rank], ImageArray(pixels), group=group)

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for rank in range(size):
        np.testing.assert_array_equal(found[rank].features, alone.features)
        np.testing.assert_array_equal(found[rank].logits, alone.logits)
        assert found[rank].content == alone.content
    assert all(one.shown for one in means), "each of them made some"


def test_some_of_a_set() -> None:
    pixels = images(50)
    whole = ImageArray(pixels)
    places = np.array([3, 4, 5, 20, 9, 49, 48])
    np.testing.assert_array_equal(chosen(whole, places).batch(0, 7), pixels[places])
    np.testing.assert_array_equal(chosen(whole, places).batch(2, 5), pixels[places[2:5]])
    np.testing.assert_array_equal(first(whole, 5).batch(1, 5), pixels[1:5])
    some = drawn(whole, 20, seed=1)
    assert len(some) == 20
    shown = {digest_of(one[None]) for one in some.batch(0, 20)}
    assert len(shown) == 20 and shown < {digest_of(one[None]) for one in pixels}
    assert shown != {digest_of(one[None]) for one in drawn(whole, 20, seed=2).batch(0, 20)}


def test_too_few_images_are_refused() -> None:
    with pytest.raises(
        DataError, match=r"51 images are asked for, and some has 50\n  = help: ask for at most"
    ):
        first(ImageArray(images(50), "some"), 51)
    with pytest.raises(DataError, match="no images"):
        features_of(Means(), chosen(ImageArray(images(3)), np.array([], np.int64)))
