"""Speed and memory in the log."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from gandsl_runtime.plan.schedule import Clock
from gandsl_runtime.training import throughput
from gandsl_runtime.training.throughput import Throughput
from tests.runtime.helpers import reproducible


@pytest.fixture
def now(monkeypatch):
    moment = [100.0]
    monkeypatch.setattr(throughput.time, "monotonic", lambda: moment[0])
    return moment


def test_speed_is_since_the_last_record(now):
    measured = Throughput(torch.device("cpu"))
    now[0] += 30  # networks, data: no part of the speed
    measured.begin(Clock(500, 5))
    now[0] += 4
    first = measured.record(Clock(1500, 15))
    assert first["time/images_per_second"] == 250 and first["time/seconds_per_kimg"] == 4
    assert first["time/seconds"] == 34
    now[0] += 1
    second = measured.record(Clock(1600, 16))
    assert second["time/images_per_second"] == 100 and second["time/seconds_per_kimg"] == 10


def test_seconds_go_on_after_a_pause(now):
    measured = Throughput(torch.device("cpu"))
    measured.resume(1000.0)
    now[0] += 7
    assert measured.seconds == 1007


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the system's own figure is read from /proc"
)
def test_memory_is_the_highest_so_far():
    high = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    said = Throughput(torch.device("cpu")).record(Clock())["memory/ram"]
    assert said == pytest.approx(int(high[1]) / 2**20, abs=0.01)


def test_what_depends_on_the_machine_is_marked():
    record = {"images": 8, "loss/D": 0.5, "timely": 1} | Throughput(torch.device("cpu")).record(Clock(8, 2))
    assert reproducible(record) == {"images": 8, "loss/D": 0.5, "timely": 1}
