"""One batch is always ahead: the same batches, nothing lost or told before its time; who reads, and why."""

from __future__ import annotations

import threading
from collections import namedtuple
from contextlib import nullcontext

import pytest
import torch

from gandsl_runtime.data import Stream, open_dataset, readers
from gandsl_runtime.data.ahead import Ahead, Sent, ToCard
from gandsl_runtime.errors import DataError, Interrupted
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.training import training_set
from tests.runtime import nets
from tests.runtime.helpers import Heard, arrays, assert_same, folder_of, pixels, plan, png
from tests.runtime.test_resume import CASES, Stop

WAIT = 30  # seconds, for what comes at once


class Hand:
    """Carries a batch from the thread to whoever waits: what a GPU's stream does, without one."""

    def __init__(self):
        self.sent, self.threads = [], set()
        self.changed = threading.Condition()

    def at_work(self):
        return nullcontext()

    def send(self, batch):
        with self.changed:
            self.sent.append(batch)
            self.threads.add(threading.current_thread())
            self.changed.notify()
        return Sent(batch)

    def receive(self, sent):
        assert threading.current_thread() is threading.main_thread()
        return sent.batch

    def wait_for(self, count):
        with self.changed:
            return self.changed.wait_for(lambda: len(self.sent) == count, WAIT)


def stream(workers=0, position=0, files=None, tmp_path=None, broken="stop", **more):
    data = arrays(13, classes=3) if files is None else folder_of(files, tmp_path / "set")
    data = open_dataset(data, (1, 8, 8), 0 if files else 3)
    data = type(data)(data.source, data.shape, data.labels, broken)
    return Stream(data, 3, True, workers, position, **more)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_same_batches_whatever_their_sizes(workers):
    straight, ahead = stream(position=5), Ahead(stream(workers, position=5), Hand())
    for count in (4, 4, 4, 6, 6, 2, 4, 13, 13):  # growth changes the batch: what is ahead then was in vain
        truth, found = straight.take(count), ahead.take(count)
        assert torch.equal(truth.images, found.images) and torch.equal(truth.labels, found.labels)
        assert ahead.position == straight.position
    ahead.position = straight.position = 2  # as a run goes back
    for _ in range(3):
        assert torch.equal(straight.take(5).images, ahead.take(5).images)
    ahead.close()
    assert torch.equal(straight.take(5).images, ahead.take(5).images)
    ahead.close()


def test_the_next_batch_comes_before_it_is_wanted():
    hand = Hand()
    ahead = Ahead(stream(), hand)
    for count in range(1, 4):
        ahead.take(4)
        assert hand.wait_for(count + 1), "nothing was read ahead"
        assert ahead.position == 4 * count
    assert len(hand.sent) == 4  # one, and no more
    assert threading.main_thread() not in hand.threads
    ahead.close()
    assert not any(thread.is_alive() for thread in hand.threads)


@pytest.mark.parametrize("workers", [0, 1])
def test_faults_and_warnings_come_with_their_batch(workers, tmp_path):
    """An image that the run does not reach does not end it."""
    files = {f"{i}.png": png(image) for i, image in enumerate(pixels(8))}
    order = Stream(open_dataset(arrays(8), (1, 8, 8)), 3).picks(0, 8).images.tolist()
    files[f"{order[5]}.png"] = b"broken"
    stops = Ahead(stream(workers, files=files, tmp_path=tmp_path), Hand())
    stops.take(4)
    with pytest.raises(DataError, match=rf"can't read {order[5]}\.png"):
        stops.take(4)
    assert stops.position == 4
    stops.close()
    ear, hand = Heard(), Hand()
    skips = Ahead(stream(workers, files=files, tmp_path=tmp_path, broken="skip", warn=ear.warn), hand)
    skips.take(4)
    assert hand.wait_for(2) and not ear.warnings
    skips.take(4)
    assert len(ear.warnings) == 1 and f"{order[5]}.png" in ear.warnings[0]
    skips.close()


@pytest.mark.parametrize("case", ["growing", "d_steps"])
def test_a_resume_counts_what_was_used_alone(case, tmp_path, monkeypatch):
    """Stopped twice, with a batch ahead each time, a run ends as one that reads when it wants a batch."""
    networks, changes, data = CASES[case]
    whole = nets.trainer_of(plan(**changes), networks(), data=data, seed=5, observing=())
    whole.run()
    plain = training_set.stream_of
    monkeypatch.setattr("gandsl_runtime.training.trainer.stream_of", lambda *all: Ahead(plain(*all), Hand()))
    trainer = nets.trainer_of(
        plan(**changes), networks(), data=data, run_dir=tmp_path, seed=5, observing=[Stop(3)]
    )
    for stop in (9, None):
        with pytest.raises(Interrupted):
            trainer.run()
        assert isinstance(trainer.stream, Ahead) and trainer.stream.position == trainer.state.samples
        trainer = nets.resumed(tmp_path, networks(), data=data, observing=[Stop(stop)] if stop else ())
    trainer.run()
    assert trainer.state.counters() == whole.state.counters()
    assert_same(trainer.state.tensors(), whole.state.tensors())


def test_on_the_cpu_nothing_lies_between(tmp_path):
    """No thread, no second copy: the trainer has the stream itself."""
    networks, changes, data = CASES["conditional"]
    trainer = nets.trainer_of(
        plan(**changes), networks(), data=data, observing=(), machine=MachineOptions(device="cpu")
    )
    assert type(trainer.stream) is Stream and not trainer.stream._pinned


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_steps_wait_for_their_batch_and_keep_it():
    """Each batch is read long after the next was sent; the memory of none is given to another too early."""
    device = torch.device("cuda")
    truth, found = stream(), Ahead(stream(pinned=True), ToCard(device))
    slow = torch.randn(4096, 4096, device=device)
    sums = []
    for _ in range(50):
        images = found.take(13).images
        for _ in range(3):
            slow = (slow @ slow).clamp(-1, 1)
        sums.append(images.long().flatten(1).sum(1))
        del images
    found.close()
    for got in sums:
        assert torch.equal(got.cpu(), truth.take(13).images.long().flatten(1).sum(1))


Usage = namedtuple("Usage", "total used free")
BATCH = 2 * 32 * 8 * 8  # bytes of the batches that a worker may hold at a time


@pytest.mark.parametrize(
    ("wanted", "decoded", "device", "cores", "neighbours", "free", "said"),
    [
        (3, True, "cpu", 1, 1, 0, "3 data workers"),
        (0, False, "cuda", 8, 1, 2**30, "no data workers"),
        (1, False, "cuda", 8, 1, 0, "1 data worker"),
        (None, True, "cuda", 8, 1, 2**30, "no data workers (nothing is to be decoded)"),
        (None, False, "cpu", 8, 1, 2**30, "no data workers (the step needs the cores)"),
        (None, False, "cuda", 8, 1, 2**30, "7 data workers (by 8 cores)"),
        (None, False, "cuda", 1, 1, 2**30, "1 data worker (by 1 core)"),
        (None, False, "cuda", 96, 8, 2**30, "11 data workers (by 12 cores)"),
        (None, False, "cuda", 96, 1, 2**30, "16 data workers (by 96 cores)"),
        (None, False, "cuda", 4, 8, 2**30, "1 data worker (by 1 core)"),
        (None, False, "cuda", 8, 1, 2 * 3 * BATCH, "3 data workers (/dev/shm has room for no more)"),
        (None, False, "cuda", 8, 1, BATCH, "no data workers (/dev/shm has room for no more)"),
        (None, False, "cuda", 8, 1, None, "7 data workers (by 8 cores)"),
    ],
)
def test_who_reads(wanted, decoded, device, cores, neighbours, free, said, tmp_path, monkeypatch):
    def usage(path):
        if free is None:
            raise FileNotFoundError(path)
        return Usage(2**40, 0, free)

    monkeypatch.setattr(readers, "processors", lambda: cores)
    monkeypatch.setattr(readers.shutil, "disk_usage", usage)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(neighbours))
    files = {f"{i}.png": png(image) for i, image in enumerate(pixels(3))}
    data = open_dataset(arrays(3) if decoded else folder_of(files, tmp_path / "set"), (1, 8, 8))
    assert str(readers.readers(wanted, data, 32, device)) == said
