"""What a run writes and says."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from gandsl_runtime import observers
from gandsl_runtime.distributed.group import ProcessGroup
from gandsl_runtime.errors import MissingExtra
from gandsl_runtime.media import images
from gandsl_runtime.observers import Grids, JsonLog, TensorBoard, Terminal
from gandsl_runtime.observers.terminal import Watch
from gandsl_runtime.training.metrics import MetricSums
from tests.runtime import nets
from tests.runtime.helpers import arrays, plan
from tests.runtime.networks import (
    ConvDiscriminator,
    ConvGenerator,
    GrowingDiscriminator,
    GrowingGenerator,
    seeded,
)


def trainer(observing, run_dir=None, classes=0, **changes):
    networks = seeded(ConvGenerator, classes), seeded(ConvDiscriminator, classes)
    return nets.trainer_of(
        plan(**changes), networks, data=arrays(classes=classes), run_dir=run_dir, observing=observing
    )


def test_log(tmp_path):
    trainer([JsonLog(tmp_path / "log.jsonl")], regularizers={"r1": {"gamma": 1, "every": "4 steps"}}).run()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["images"] for line in lines] == [8, 16, 24, 32, 40, 48]
    assert [line["steps"] for line in lines] == [2, 4, 6, 8, 10, 12]
    assert all(
        {"loss/D", "loss/G", "score/real", "score/fake", "lr/G", "lr/D", "batch", "time/seconds"}
        <= line.keys()
        for line in lines
    )
    assert ["penalty/r1" in line for line in lines] == [True, False, True, False, True, False]
    assert lines[0]["lr/D"] == pytest.approx(0.002 * 4 / 5) and lines[0]["lr/G"] == 0.002


def test_log_of_growth(tmp_path):
    the_plan = plan(length="100 img", growth={"stable": "20 img", "fade": "20 img"})
    networks = seeded(GrowingGenerator), seeded(GrowingDiscriminator)
    log, grids = JsonLog(tmp_path / "log.jsonl"), Grids(tmp_path / "grids")
    nets.trainer_of(the_plan, networks, data=arrays(size=(16, 16)), observing=[log, grids]).run()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["level"] for line in lines] == sorted(line["level"] for line in lines)
    assert {line["level"] for line in lines} == {0, 1, 2} and any(0 < line["alpha"] < 1 for line in lines)
    assert {Image.open(path).size for path in (tmp_path / "grids").iterdir()} == {(160, 96)}


def test_meter_averages_since_it_was_cleared():
    sums = MetricSums()
    assert sums.means(ProcessGroup()) == {}
    for value in (1.0, 2.0, 6.0):
        sums.add({"a": torch.tensor(value)})
    sums.add({"b": torch.tensor(5.0)})
    assert sums.means(ProcessGroup()) == {"a": 3, "b": 5}
    sums.clear()
    sums.add({"a": torch.tensor(4.0)})
    assert sums.means(ProcessGroup()) == {"a": 4}


def test_grids_at_the_plans_cadence(tmp_path):
    trainer([Grids(tmp_path)], classes=3).run()  # every 6 of 12 steps of 4 images
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *(f"{images:012d}.png" for images in (0, 24, 48)),
        "reals.png",
    ]
    first, last = (np.asarray(Image.open(tmp_path / f"{images:012d}.png")) for images in (0, 48))
    assert first.shape == (3 * 8, 10 * 8)
    assert (first != last).any()


def test_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    grids = Grids(tmp_path / "grids")
    trainer([grids, TensorBoard(tmp_path / "events", grids)]).run()
    events = EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    assert {"loss/D", "loss/G", "lr/G", "steps"} <= set(events.Tags()["scalars"])
    assert [event.step for event in events.Scalars("loss/D")] == [8, 16, 24, 32, 40, 48]
    assert [event.step for event in events.Images("samples")] == [0, 24, 48]
    shown = np.asarray(Image.open(io.BytesIO(events.Images("samples")[-1].encoded_image_string)))
    np.testing.assert_array_equal(shown[:, :, 0], np.asarray(Image.open(tmp_path / "grids/000000000048.png")))


def test_the_log_is_on_the_disk_before_a_checkpoint_is(tmp_path, monkeypatch):
    """So a power failure leaves no checkpoint that is ahead of the log."""
    flushed, real = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (flushed.append(os.fstat(handle).st_ino), real(handle)))
    trainer(observers.standard(tmp_path), tmp_path).run()
    log, checkpoint = tmp_path / "log.jsonl", max((tmp_path / "checkpoints").iterdir())
    written = flushed.index(checkpoint.stat().st_ino)
    assert flushed[written - 1] == log.stat().st_ino


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("x.tfevents; No space left on device", errno.ENOSPC),
        ("x; File too large", errno.EFBIG),
        ("x", errno.EIO),
    ],
)
def test_tensorflow_s_errors_are_those_of_files(said, number, tmp_path, monkeypatch):
    """Where TensorFlow is installed, tensorboard writes by its file system."""
    fault = type("OutOfRangeError", (Exception,), {"__module__": "tensorflow.python.framework.errors_impl"})
    run_dir = tmp_path / "run"
    writer = "torch.utils.tensorboard.SummaryWriter.flush"
    monkeypatch.setattr(writer, lambda self: (_ for _ in ()).throw(fault(said)))
    board = observers.TensorBoard(run_dir)
    board._writer = board._open(str(run_dir))
    with pytest.raises(OSError) as caught:
        board.saving(None)
    assert caught.value.errno == number
    monkeypatch.setattr(writer, lambda self: 1 / 0)  # an error of ours stays one
    with pytest.raises(ZeroDivisionError):
        board.saving(None)


def test_tensorboard_without_its_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtra) as caught:
        observers.standard(tmp_path, tensorboard=True)
    assert (
        "TensorBoard" in caught.value.message and caught.value.remedy == "pip install 'gandsl[tensorboard]'"
    )


def test_terminal_without_a_terminal(capsys):
    terminal = Terminal()
    trainer([terminal]).run()
    terminal.warn("look")
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "warning: look"
    records = [line for line in said if " s/kimg · D " in line]
    assert len(records) == 1  # a line in ten seconds
    assert records[0].startswith("2 of 12 steps · ") and " img/s · " in records[0]
    assert " · lr G 0.002 · D 0.002 · " in records[0] and records[0].endswith(" GiB RAM")


def test_what_a_run_is_is_said_before_its_first_step(tmp_path, capsys):
    """With independent counts: 8 × 8 images, 21 of them, and weights counted by torch."""
    lazy = {"r1": {"gamma": 1, "every": "4 steps"}}
    run = trainer([Terminal()], tmp_path / "run", classes=3, regularizers=lazy)
    run.step = lambda: pytest.fail("a step")
    with pytest.raises(pytest.fail.Exception):
        run.run()
    said = " ".join(capsys.readouterr().err.split())
    sizes = [
        sum(p.numel() for p in side.parameters())
        for side in (run.state.networks["generator"], run.state.networks["discriminator"])
    ]
    for fact in (
        f"{tmp_path / 'run'}, seed 0",
        f"generator {sizes[0]} parameters; z 6, y of 3 classes → image0 1×8×8",
        f"discriminator {sizes[1]:,} parameters; image0 1×8×8, y of 3 classes → one 1",
        "21 of arrays, arrays in memory, 3 classes; as 1×8×8",
        "device cpu, 1 thread",
        "12 steps in steps of 4 images; fp32",
        "logistic with r1; optimizer steps: D, D/4, G",
        "G 0.002, D 0.0016 = 0.002 × 4/5 (lazy); lazy correction:",
        "log every 2 steps (0.008 kimg), image grid every 6 steps (0.024 kimg), checkpoint every 5 steps",
    ):
        assert fact in said, fact


def test_no_silence_is_longer_than_thirty_seconds(monkeypatch):
    """By a clock of its own: steps of 0.5, 7, 45 and 95 seconds, a record every two steps."""
    now, said = [0.0], []
    monkeypatch.setattr(
        Terminal, "_say", lambda self, line: (said.append(now[0]), setattr(self, "_said_at", now[0]))
    )
    terminal = Terminal(clock=lambda: now[0])
    monkeypatch.setattr(
        "gandsl_runtime.observers.terminal.Watch", lambda tick: type("Still", (), {"end": int})()
    )
    run = trainer([terminal])
    seconds, step = iter([0.5, 0.5, 7, 7, 45, 45, 95, 95, 0.5, 0.5, 12, 12]), run.step

    def slow():
        for _ in range(round(next(seconds) * 2)):
            now[0] += 0.5
            if now[0].is_integer():
                terminal.tick()  # as its thread does every second
        return step()

    run.step = slow
    run.run()
    assert now[0] == 320 and said[0] == 0
    gaps = [after - before for before, after in zip(said, [*said[1:], now[0]], strict=True)]
    assert max(gaps) <= 31 and len([gap for gap in gaps if gap]) < 20


def test_the_watch_calls_until_it_ends():
    called = threading.Event()
    watch = Watch(called.set, seconds=0.001)
    assert called.wait(5)
    watch.end()
    called.clear()
    assert not called.wait(0.05)


def test_terminal_shows_a_bar(monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal()
    trainer([terminal]).run()
    shown = screen.getvalue()
    assert "12 of 12 steps" in shown and "100 %" in shown and "loss D" in shown and "s/kimg" in shown
    assert "gathers a past: look 6 of 23" in shown and "checkpoint every 5 steps" in shown


def test_standard_observers(tmp_path):
    assert observers.standard(None) == ()
    names = [type(o).__name__ for o in observers.standard(tmp_path, terminal=True, tensorboard=True)]
    assert names == ["Terminal", "JsonLog", "Grids", "TensorBoard"]


def test_signals_and_volumes_are_looked_at_as_planes() -> None:
    volume = torch.arange(2 * 3 * 4 * 5 * 6.0).view(2, 3, 4, 5, 6)
    assert torch.equal(images.planar(volume, 0, 1), volume[:, :, 2])
    time = torch.linspace(0, 1, 1000)
    curve = images.planar((2 * time - 1).expand(2, 2, -1), -1.0, 1.0)
    assert curve.shape == (2, 1, 64, 256)
    rows = torch.linspace(1, -1, 64)[curve[0, 0].argmax(0)]
    assert (rows - torch.linspace(-1, 1, 256)).abs().max() < 0.05
