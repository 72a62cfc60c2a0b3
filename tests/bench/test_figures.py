"""A bench whose instrument is broken fails; the instruments give known answers."""

from __future__ import annotations

import math
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from bench import data, digits, levels, memory, overhead, quickstart, startup, steps, steps20
from bench.figures import added, figure, interval, ratio, some, spent
from tests.bench.holding import MIB, dies, held, idle


@pytest.mark.parametrize("value", [0.0, -1.0, 2.5, math.nan, math.inf, -math.inf])
def test_a_figure_that_cannot_be_is_refused(value: float) -> None:
    assert figure("it", 2.0, most=2.0) == 2.0
    with pytest.raises(SystemExit, match=r"it is .*, and can only be above 0 and at most 2"):
        figure("it", value, most=2.0)


@pytest.mark.parametrize(
    ("mine", "theirs"), [(0, 885), (885, 0), (1, 885), (885, 1), (math.nan, 1), (1, math.nan)]
)
def test_a_ratio_that_cannot_be_is_refused(mine: float, theirs: float) -> None:
    assert ratio("memory", 90.0, 100.0) == pytest.approx(0.9)
    with pytest.raises(SystemExit, match="the measurement is broken: "):
        ratio("memory", mine, theirs)


def test_nothing_measured_is_no_success() -> None:
    assert some("rows", [1]) == [1]
    with pytest.raises(SystemExit, match="nothing was measured: there are no rows"):
        some("rows", [])


@pytest.mark.parametrize("broken", [[], [1.0, math.nan], [math.inf, 1.0, 1.0]])
def test_an_interval_of_what_cannot_be_is_refused(broken: list[float]) -> None:
    with pytest.raises(SystemExit, match=r"nothing was measured|the measurement is broken"):
        interval(broken)


def test_an_interval_holds_the_median_that_turns_are_drawn_from() -> None:
    """In 95 of 100 cases, give or take what 100 cases may be off by."""
    chance = np.random.default_rng(1)
    held = 0
    for _ in range(100):
        low, high = interval([*chance.normal(1.0, 0.1, 25)])
        held += low <= 1.0 <= high
        assert 0.02 < high - low < 0.2  # about 4 · 0.1 · √(π / 2) / √25 = 0.10
    assert held >= 91


def test_an_interval_is_as_wide_as_turns_are_apart() -> None:
    assert interval([0.9] * 9) == (0.9, 0.9)
    assert interval([0.5, 1.0, 1.5]) == (0.5, 1.5)


# --- memory -----------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak is read from /proc")
@pytest.mark.parametrize("pieces", [1, 25, 5000])
def test_a_hundred_mebibytes_are_measured_as_such(pieces: int) -> None:
    """Though the turn before took and freed thrice as much, which the allocator could fill the needs from."""
    assert added(partial(held, pieces, 100, 300)) / MIB == pytest.approx(100, abs=5)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak is read from /proc")
@pytest.mark.parametrize(
    ("build", "said"), [(idle, "memory that a step adds is "), (dies, "without a figure")]
)
def test_no_memory_is_no_figure(build: Callable[[], Callable[[], object]], said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        figure("memory that a step adds", added(build), above=MIB)


def test_live_storages_count_each_byte_once() -> None:
    with memory.LiveStorages() as storages:
        kept = [torch.ones(25 * MIB, dtype=torch.uint8) for _ in range(4)]
        views = [tensor[1:] for tensor in kept]
        assert storages.live == storages.peak == 100 * MIB
        del kept, views
        assert storages.live == 0
        storages.measure()
        assert storages.peak == 0


# --- time -------------------------------------------------------------------------------------------


def work() -> None:
    began = time.process_time()
    while time.process_time() < began + 0.05:
        pass


def test_seconds_of_a_process_are_its_own() -> None:
    assert spent(work, 2) == pytest.approx(0.05, rel=0.2)
    with pytest.raises(SystemExit, match="a process's time is "):
        figure("a process's time", spent(lambda: time.sleep(0.05)), above=0.04)


def test_a_stopped_or_running_clock_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for reading in (lambda: 0.0, iter(range(0, 10**6, 1000)).__next__, lambda: math.nan):
        monkeypatch.setattr(time, "process_time", reading)
        with pytest.raises(SystemExit, match="a process's time is "):
            spent(lambda: None)


# --- every bench ------------------------------------------------------------------------------------

TINY = {"channel_base": 64, "channel_max": 8}


def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "process_time", lambda: 0.0)


def of_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "SPECS", {"pggan": TINY})
    stopped(monkeypatch)
    levels.rows("pggan", 8, 2, 1)


def of_levels_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    levels.agree("pggan", torch.ones(2), torch.ones(2) + torch.tensor([0.0, math.nan]))


def of_overhead(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped(monkeypatch)
    monkeypatch.setattr("sys.argv", ["overhead", "--repeats", "1"])
    overhead.main()


def of_overhead_without_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overhead.Trainer, "step", lambda self: None)
    monkeypatch.setattr(overhead.Trainer, "_tell", lambda self, step: None)
    monkeypatch.setattr("sys.argv", ["overhead", "--repeats", "1"])
    overhead.main()


def of_data(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped(monkeypatch)
    data.measure(32, 1)


def of_data_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "streamed", lambda stream, count: 0)
    data.measure(32, 1)


def of_startup(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = SimpleNamespace(ru_utime=1.0, ru_stime=1.0)
    monkeypatch.setattr(startup.resource, "getrusage", lambda who: frozen)
    startup.process_time(["true"])


def of_startup_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    startup.process_time(["true", "gandsl"])


def of_memory_of_no_case(monkeypatch: pytest.MonkeyPatch) -> None:
    memory.main(["nonesuch"])


def of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "both", lambda *_: ({"D": 2**30}, {"D": memory.Allocated(0, 0)}))
    memory.main(["dcgan"])


def of_twenty_steps_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    steps20.main(["nonesuch"])


def of_digits_that_were_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(command: list[str], **_: Any) -> None:
        folder = Path(command[command.index("-o") + 1])
        digits.Image.new("L", (28, 28)).save(folder / "seed1000_class3.png")

    monkeypatch.setattr(digits.subprocess, "run", draw)
    digits.named("run")


def of_digits_by_no_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    digits.judge_of.cache_clear()
    chance = np.random.default_rng(0)
    noise = chance.integers(0, 256, (100, 784)), chance.integers(0, 10, 100)
    monkeypatch.setattr(digits, "mnist_data", lambda: noise)
    digits.judge_of((28, 28))


def of_a_run_that_ended_early(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = subprocess.CompletedProcess([], 0, stdout="stopped after 64 images: run (--resume goes on)\n")
    monkeypatch.setattr(quickstart.subprocess, "run", lambda *_, **__: ended)
    quickstart.trained(0, 1, [], Path("run"))


def of_a_run_without_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = subprocess.CompletedProcess([], 0, stdout="done after 64 images: run\n")
    monkeypatch.setattr(quickstart.subprocess, "run", lambda *_, **__: ended)
    quickstart.trained(0, 1, [], Path("run"))


def of_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped(monkeypatch)
    steps.turn_of({"D": (1, lambda: None)})()


def of_memory_of_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "added", lambda build: 300 * 4)  # less than the gradients
    networks = torch.nn.Linear(10, 10), torch.nn.Linear(100, 10)
    steps.memory_of(steps.SYSTEMS[0], networks, steps.argparse.Namespace())


BROKEN = [value for name, value in dict(globals()).items() if name.startswith("of_")]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_broken_measurement_ends_a_bench(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = torch.get_num_threads()
    with pytest.raises(SystemExit) as ended:
        broken(monkeypatch)
    torch.set_num_threads(threads)
    assert str(ended.value).startswith(
        ("the measurement is broken", "nothing was measured", "no case", "pggan", "the run with")
    )


@pytest.mark.parametrize(
    ("shares", "enough"),
    [
        ([0.9] * 10, True),
        ([1.0] * 9 + [0.7], True),
        ([1.0] * 9 + [0.69], False),
        ([0.89] * 10, False),
        ([1.0] * 9 + [math.nan], False),
    ],
)
def test_what_is_enough_of_digits(shares: list[float], enough: bool) -> None:
    assert digits.Named(shares, 0.95).enough is enough
