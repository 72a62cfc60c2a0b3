"""A signal at its worst moments: twice, in the middle of a save, in data workers, where it is ignored."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pytest
import torch

from gandsl_runtime.distributed.group import TorchProcessGroup, others_watched
from gandsl_runtime.errors import Interrupted, Parted
from gandsl_runtime.observers import Observer
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.system import signals
from gandsl_runtime.system.signals import CAUGHT, at_last, held
from tests.runtime import nets
from tests.runtime.helpers import arrays, plan
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded


@pytest.fixture(autouse=True)
def usual():
    """A job in the background begins with some of them ignored; no test leaves one behind."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in CAUGHT}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Sends(Observer):
    """Sends signals after a step: to this process, or to its data workers."""

    def __init__(self, steps, *numbers, workers=False):
        self.steps, self.numbers, self.workers = steps, numbers, workers

    def after(self, step, run):
        if run.state.clock.steps == self.steps:
            children = multiprocessing.active_children() if self.workers else ()
            for process in [child.pid for child in children] or [os.getpid()]:
                for number in self.numbers:
                    os.kill(process, number)
                    time.sleep(0.02)


def run_of(tmp_path, *watching, **more):
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    return nets.trainer_of(plan(), networks, data=arrays(), run_dir=tmp_path, observing=watching, **more)


def saved(tmp_path) -> int:
    return checkpoint.newest(tmp_path / "checkpoints")[2].counters.steps


@pytest.mark.parametrize("first", CAUGHT)
@pytest.mark.parametrize("second", CAUGHT)
def test_a_second_signal_at_once_is_the_first(first, second, tmp_path):
    """A double press; a scheduler that signals all processes, and a launcher that passes its own on."""
    with pytest.raises(Interrupted) as caught:
        run_of(tmp_path, Sends(3, first, second, second)).run()
    assert caught.value.exit_code == 128 + first and saved(tmp_path) == 3


def test_whoever_waits_and_presses_again_means_it(tmp_path, monkeypatch):
    monkeypatch.setattr(signals, "PATIENCE", 0.0)
    with pytest.raises(KeyboardInterrupt) as caught:
        run_of(tmp_path, Sends(7, signal.SIGINT, signal.SIGINT)).run()
    assert saved(tmp_path) == 5  # at its cadence
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert not [path for path in tmp_path.rglob(".*") if path.name != ".lock"], caught


@pytest.mark.parametrize("moment", ["save_file", "staying"])
def test_a_save_is_finished_however_often_it_is_signalled(moment, tmp_path, monkeypatch):
    monkeypatch.setattr(signals, "PATIENCE", 0.0)
    usual = getattr(checkpoint, moment)

    def pressed(*arguments, **more):
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)
        return usual(*arguments, **more)

    monkeypatch.setattr(checkpoint, moment, pressed)
    with pytest.raises((Interrupted, KeyboardInterrupt)):
        run_of(tmp_path).run()
    assert saved(tmp_path) == 5
    assert not [path for path in tmp_path.rglob(".*") if path.name != ".lock"]


@pytest.mark.parametrize("number", CAUGHT)
def test_data_workers_outlive_what_all_processes_get(number, tmp_path):
    before = {*multiprocessing.active_children()}  # of other tests, whose loaders nobody has collected yet
    trainer = run_of(tmp_path, Sends(3, number, number, workers=True), machine=MachineOptions(workers=2))
    assert trainer.run() and saved(tmp_path) == 12
    assert before >= {*multiprocessing.active_children()}


def test_what_was_ignored_stays_ignored(tmp_path):
    """As nohup and a script's background job begin."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert run_of(tmp_path, Sends(3, signal.SIGHUP)).run()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


class Begins(Observer):
    """Sends a signal before the first step."""

    def begin(self, run):
        signal.raise_signal(signal.SIGTERM)


def test_before_a_step_is_done_nothing_is_at_stake(tmp_path):
    """Neither in a new run nor in one that goes on: no step is waited for, and what is there is told."""
    trainer = run_of(tmp_path, Begins())
    assert left(trainer.run) == (143, "stopped by SIGTERM; there is no checkpoint to go on from\n")
    run_of(tmp_path).run()
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    more = {"plan": plan(length="15 steps"), "change": True, "data": arrays(), "observing": [Begins()]}
    longer = nets.resumed(tmp_path, networks, **more)
    assert left(longer.run) == (143, "stopped by SIGTERM; --resume goes on from 48 images\n")
    assert saved(tmp_path) == 12
    assert not [path for path in tmp_path.rglob(".*") if path.name != ".lock"]
    assert (tmp_path / ".lock").read_text() == ""


def left(do) -> tuple[int, str]:
    """How a fork ends that answers signals as the command line does, and what it says."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.dup2(writing, 2)
            signals.answered()
            do()
        finally:
            os._exit(99)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


def test_leaving_tidies_up_from_the_inside_out_and_says_one_line(tmp_path):
    order = tmp_path / "order"

    def note(word):
        with order.open("a") as file:
            file.write(word)

    def do():
        with at_last(lambda: note("outer")), at_last(lambda: 1 / 0), at_last(lambda: note("inner") or "more"):
            with at_last(lambda: note("over")):
                pass
            signal.raise_signal(signal.SIGTERM)

    assert left(do) == (143, "stopped by SIGTERM; more\n")
    assert order.read_text() == "innerouter"


def test_leaving_ends_the_children_and_a_fork_leaves_the_parents_files(tmp_path):
    (tmp_path / "file").write_text("")
    reading, writing = os.pipe()

    def do():
        with at_last((tmp_path / "file").unlink):
            child = multiprocessing.get_context("fork").Process(target=sleeping, args=(writing,))
            child.start()
            os.read(reading, 1)
            os.kill(child.pid, signal.SIGINT)  # has its parent's handlers still
            time.sleep(0.1)
            (tmp_path / "alive").write_text(f"{child.is_alive()} {(tmp_path / 'file').exists()}")
            signal.raise_signal(signal.SIGINT)

    assert left(do) == (130, "stopped\n")
    assert (tmp_path / "alive").read_text() == "True True" and not (tmp_path / "file").exists()
    os.close(writing)
    assert os.read(reading, 1) == b""  # no process has its other end any more


def sleeping(writing: int) -> None:
    os.write(writing, b"x")
    time.sleep(60)


def test_a_process_that_ends_is_no_bug_of_the_others(tmp_path):
    """gloo tells of it by an error whose text alone says what it is."""
    store = torch.distributed.FileStore(str(tmp_path / "store"), 2)
    child = os.fork()
    rank = int(not child)
    try:
        torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
        group = TorchProcessGroup(store)
        assert group.all_max(rank) == 1
        if rank:
            os._exit(0)
        with pytest.raises(Parted, match="another process of the run has ended"), others_watched(group):
            group.all_max(0)
    finally:
        if rank:
            os._exit(1)
    torch.distributed.destroy_process_group()
    assert os.waitpid(child, 0)[1] == 0
    with pytest.raises(RuntimeError, match="ours"), others_watched(group):
        raise RuntimeError("ours")


def test_held_signals_count_at_the_end():
    done = []
    with pytest.raises(KeyboardInterrupt):
        with held():
            signal.raise_signal(signal.SIGINT)
            done.append("all of it")
        done.append("too much")
    assert done == ["all of it"]
