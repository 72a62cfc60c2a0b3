"""One process to a run's folder, and no lock that a dead one leaves behind."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from gandsl_runtime.errors import CheckpointError
from gandsl_runtime.runs import lock
from gandsl_runtime.runs.lock import locked
from tests.runtime import nets
from tests.runtime.helpers import arrays, plan
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded


def holder(path, worker=False) -> int:
    """A process that holds the lock until it is killed, and has a child of its own if `worker`."""
    ready, go = os.pipe()
    child = os.fork()
    if not child:
        with locked(path):
            if worker and not os.fork():
                time.sleep(20)
                os._exit(0)
            os.write(go, b"x")
            time.sleep(60)
        os._exit(0)
    os.read(ready, 1)
    return child


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def test_a_second_process_is_refused_while_the_first_lives(tmp_path):
    process = holder(tmp_path / ".lock")
    try:
        with pytest.raises(CheckpointError, match=f"is in use: process {process} on .* since 20") as caught:
            networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
            nets.trainer_of(plan(), networks, data=arrays(), run_dir=tmp_path).run()
        assert caught.value.exit_code == 4 and "wait until it ends" in caught.value.remedy
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]  # nothing was written beside
    finally:
        kill(process)


@pytest.mark.parametrize("worker", [False, True])
def test_a_dead_process_holds_nothing(worker, tmp_path):
    """Nor does a data worker that outlives it by a moment."""
    kill(holder(tmp_path / ".lock", worker))
    assert json.loads((tmp_path / ".lock").read_text())["pid"]
    with locked(tmp_path / ".lock"):
        assert json.loads((tmp_path / ".lock").read_text())["pid"] == os.getpid()
    assert (tmp_path / ".lock").read_text() == ""


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(lock, "BEAT", 0.1)


def test_another_host_without_a_sign_of_life_is_taken_over(quick, tmp_path):
    """A file system whose locks end at the host: the name in the file is all there is to see."""
    (tmp_path / ".lock").write_text('{"pid": 1, "host": "elsewhere", "since": "2026"}')
    with locked(tmp_path / ".lock"):
        assert '"elsewhere"' not in (tmp_path / ".lock").read_text()


def test_another_host_that_lives_is_not(quick, tmp_path, monkeypatch):
    path = tmp_path / ".lock"
    monkeypatch.setattr(lock.fcntl, "flock", lambda *_: None)
    with locked(path):
        monkeypatch.setattr(lock, "gethostname", lambda: "another")
        with pytest.raises(CheckpointError, match="is in use"), locked(path):
            pass


def test_a_run_that_went_on_elsewhere_is_not_continued_from_where_it_was(tmp_path):
    def networks():
        return seeded(ConvGenerator), seeded(ConvDiscriminator)

    nets.trainer_of(plan(length="2 steps"), networks(), data=arrays(), run_dir=tmp_path).run()
    early = nets.resumed(tmp_path, networks(), plan=plan(), data=arrays(), change=True)
    nets.resumed(tmp_path, networks(), plan=plan(length="4 steps"), data=arrays(), change=True).run()
    with pytest.raises(CheckpointError, match="went on since it was opened here"):
        early.run()
