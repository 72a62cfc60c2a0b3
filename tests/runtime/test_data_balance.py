"""Classes drawn evenly: counts in closed form, exact from anywhere, shared by processes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from gandsl_runtime.data import Stream, open_dataset
from gandsl_runtime.data.order import Balanced
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.errors import DataError
from gandsl_runtime.plan import Data
from tests.runtime import nets
from tests.runtime.helpers import assert_same, folder_of, pixels, plan, png
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded

COUNTS = {0: 40, 2: 2, 7: 9}  # 20:1; no image of the classes between
LABELS = np.random.default_rng(0).permutation(np.repeat(list(COUNTS), list(COUNTS.values())))
EVEN = Data(balance=True)


def uneven() -> Arrays:
    return Arrays(pixels(len(LABELS)), LABELS)


@pytest.mark.parametrize("drawn", [1, 2, 3, 100, 3 * 40 * 9 * 2, 1001])
def test_counts_of_classes_and_of_images(drawn):
    """Of n images n/k ± 1 of each class; within a class each image as often as the others, ± 1."""
    order = Balanced(LABELS, seed=3, flip=False)
    images = [order.pick(n).image for n in range(drawn)]
    classes = Counter(LABELS[images].tolist())
    assert set(classes) <= set(COUNTS)
    for label, count in COUNTS.items():
        assert drawn // 3 <= classes[label] <= -(-drawn // 3)
        shown = Counter(image for image in images if LABELS[image] == label)
        each = [shown[image] for image in np.flatnonzero(label == LABELS)]
        assert len(each) == count and max(each) - min(each) <= 1 and sum(each) == classes[label]


def test_every_round_and_every_epoch_is_shuffled_anew():
    order = Balanced(LABELS, seed=3, flip=True)
    picks = [order.pick(n) for n in range(3 * 400)]
    rounds = {tuple(LABELS[pick.image] for pick in picks[n : n + 3]) for n in range(0, len(picks), 3)}
    assert rounds == {(a, b, c) for a in COUNTS for b in COUNTS for c in COUNTS if len({a, b, c}) == 3}
    epochs = [
        tuple(pick.image for pick in picks if LABELS[pick.image] == 7)[9 * n : 9 * n + 9] for n in range(40)
    ]
    assert len(set(epochs)) == 40 and all(len(set(epoch)) == 9 for epoch in epochs)
    assert 0.4 < np.mean([pick.flipped for pick in picks]) < 0.6
    assert [Balanced(LABELS, 4, True).pick(n) for n in range(99)] != picks[:99]


def test_the_order_depends_on_seed_and_position_alone():
    order = Balanced(LABELS, seed=3, flip=True)
    there = [order.pick(n) for n in range(300)]
    assert [Balanced(LABELS, 3, True).pick(n) for n in reversed(range(300))] == there[::-1]


@pytest.mark.parametrize("workers", [0, 2])
def test_streams_resume_and_are_shared(workers):
    data = open_dataset(uneven(), (1, 8, 8), 8, EVEN)
    whole = Stream(data, 1, True).take(60)
    stream = Stream(data, 1, True, workers, position=7)
    taken = [stream.take(n) for n in (5, 5, 9)]
    stream.close()
    assert torch.equal(torch.cat([batch.images for batch in taken]), whole.images[7:26])
    assert torch.equal(torch.cat([batch.labels for batch in taken]), whole.labels[7:26])
    for rank in range(2):
        share = Stream(data, 1, True, workers, deal=lambda n, rank=rank: range(rank, n, 2))
        assert torch.equal(share.take(60).labels, whole.labels[rank::2])
        share.close()


def test_a_run_resumes_to_the_bit_and_draws_labels_evenly(tmp_path):
    networks = lambda: (seeded(ConvGenerator, 8), seeded(ConvDiscriminator, 8))  # noqa: E731
    even = plan(data={"flip": True, "balance": True})
    straight = nets.trainer_of(even, networks(), data=uneven())
    shares = torch.tensor([1, 1, 2, 2, 2, 2, 2, 3]) / 3
    torch.testing.assert_close(straight.state.shares.double(), shares.double())
    straight.run()
    first = nets.trainer_of(even, networks(), data=uneven(), run_dir=tmp_path)
    for _ in range(5):
        first.step()
    first.save()
    again = nets.resumed(tmp_path, networks(), data=uneven())
    again.run()
    ours, theirs = again.state.tensors(), straight.state.tensors()
    for tensors in (ours, theirs):  # steps taken by hand are not looked at
        tensors.pop("guard/looks", None)
    assert_same(ours, theirs)


def test_networks_without_labels_see_classes_evenly_too(tmp_path):
    files = {f"a/{i}.png": png(np.full((8, 8), 9, np.uint8)) for i in range(20)}
    files |= {"b/0.png": png(np.full((8, 8), 200, np.uint8))}
    data = open_dataset(folder_of(files, tmp_path / "set"), (1, 8, 8), plan=EVEN)
    batch = Stream(data, 0).take(40)
    assert batch.labels is None and batch.images.float().mean() == (9 + 200) / 2
    with pytest.raises(DataError, match=r"training\.data\.balance .* has no labels"):
        open_dataset(Arrays(pixels(3)), (1, 8, 8), plan=EVEN)
