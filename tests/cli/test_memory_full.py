"""Memory that is not there: exit code 9, what was asked for, where, and what to ask for instead."""

from __future__ import annotations

import resource
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from gandsl.cli.app import app
from gandsl_runtime.errors import DataError
from gandsl_runtime.system.shortage import asked_for, is_shortage
from tests.cli.conftest import SPECS, Gandsl
from tests.cli.forks import at_most, forked

QUICK = SPECS / "quickstart.yaml"
MIB = 2**20
SHORT = ["--set", "training.length=1 steps"]
ON_A_GPU = (
    "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.11 GiB of which 1 GiB "
    "is free. Including non-PyTorch memory, this process has 77.8 GiB memory in use."
)
ON_THE_CPU = (
    "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
    "allocate 1003520000 bytes. Error code 12 (Cannot allocate memory)"
)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for label in range(10):
        (folder / str(label)).mkdir()
        pixels = np.random.default_rng(label).integers(0, 255, (28, 28), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / str(label) / "a.png")
    return folder


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (torch.OutOfMemoryError(ON_A_GPU), "2.00 GiB"),
        (RuntimeError(ON_THE_CPU), "1,003,520,000 bytes (0.93 GiB)"),
        (MemoryError(), ""),
        (RuntimeError("CUDA error: out of memory"), ""),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), ""),
        (RuntimeError("std::bad_alloc"), ""),
        (RuntimeError("can't start new thread"), ""),
        (OSError(12, "Cannot allocate memory"), ""),
        (ImportError("libtorch_cpu.so: failed to map segment: cannot allocate memory"), ""),
        (RuntimeError("Caught _ArrayMemoryError in DataLoader worker 0.\nUnable to allocate 7.28 TiB for "
                      "an array with shape (1000000, 1000000) and data type float64"), "7.28 TiB"),
    ],
)  # fmt: skip
def test_who_says_so(error: Exception, asked: str) -> None:
    assert is_shortage(error) and asked_for(error) == asked
    wrapped = RuntimeError("pass x: an error")
    wrapped.__cause__ = error
    assert is_shortage(wrapped) and asked_for(wrapped) == asked


def test_numpy_says_so() -> None:
    with pytest.raises(MemoryError) as caught:
        np.empty((10**7, 10**7, 10))
    assert is_shortage(caught.value) and asked_for(caught.value) == "7.11 PiB"


@pytest.mark.parametrize(
    "error",
    [RuntimeError("element 0 of tensors does not require grad"), OSError(28, "No space left"), ValueError(),
     SystemError("error return without exception set")],
)  # fmt: skip
def test_who_says_something_else(error: Exception) -> None:
    assert not is_shortage(error)
    fault = DataError("can't read an image")
    fault.__cause__ = MemoryError()
    assert not is_shortage(fault)


@pytest.fixture(scope="module")
def run(images: Path) -> Path:
    """A run, trained and sampled in this process: forks of it have all loaded that they need, and go on."""
    run = images.parent / "run_of_them"
    line = ["train", QUICK, "--data", images, "-o", run, *SHORT, "--set", "training.batch=8"]
    for command in (line, ["sample", run, "-o", run / "grid.png"]):
        done = CliRunner().invoke(app, [str(word) for word in command])
        assert done.exit_code == 0, done.output
    return run


@pytest.mark.usefixtures("run")
def test_training(images: Path, tmp_path: Path) -> None:
    command = ["train", QUICK, "--data", images, "-o", tmp_path / "run", *SHORT]
    ended = forked([*command, "--set", "training.batch=3000"], at_most(160 * MIB))
    said = " ".join(ended.err.split())
    assert ended.code == 9, said
    assert "memory is full in phase D of a step of 3000 images, at `s14." in said and "bytes (0." in said
    assert f"`gandsl cost {tmp_path}/run/spec.yaml --memory --budget " in said and "Traceback" not in said


def test_training_before_its_first_step(images: Path, tmp_path: Path) -> None:
    """The networks alone are too large."""
    command = ["train", QUICK, "--data", images, "-o", tmp_path / "run", *SHORT, "--set", "width=400"]
    ended = forked(command, at_most(100 * MIB))
    assert ended.code == 9 and "bytes (" in ended.err, ended
    assert f"`gandsl cost {QUICK} --memory --budget" in " ".join(ended.err.split())


def test_a_data_worker(images: Path, tmp_path: Path) -> None:
    def hungry() -> None:
        from gandsl_runtime.data import stream

        stream.load = lambda dataset, picks: np.empty((10**7, 10**7))  # type: ignore[assignment]

    command = ["train", QUICK, "--data", images, "-o", tmp_path / "run", *SHORT, "--workers", 1]
    ended = forked([*command, "--set", "training.batch=8"], hungry)
    said = " ".join(ended.err.split())
    assert ended.code == 9 and "in phase D of a step of 8 images" in said and "728. TiB" in said, said


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_gpu(player: str, images: Path, tmp_path: Path) -> None:
    """As torch says it, from where it says it."""

    def full() -> None:
        from gandsl_runtime.layers import Conv2d

        usual = Conv2d.forward

        @wraps(usual)
        def forward(self: torch.nn.Module, x: torch.Tensor, *more: object, **named: object) -> Any:
            side = 0 if player == "generator" else 1  # whose layer has this many channels for the image: 1
            trains = torch.is_grad_enabled() and self.weight.requires_grad  # grids take no step
            if trains and self.weight.shape[side] == 1:
                raise torch.OutOfMemoryError(ON_A_GPU)
            return usual(self, x, *more, **named)

        Conv2d.forward = forward  # type: ignore[method-assign]

    command = ["train", QUICK, "--data", images, "-o", tmp_path / "run", *SHORT, "--set", "training.batch=8"]
    ended = forked(command, full)
    said = " ".join(ended.err.split())
    assert ended.code == 9 and "the GPU's memory is full in phase" in said, said
    assert f"of the {player}: 2.00 GiB more were asked for" in said


def test_sampling(run: Path, tmp_path: Path) -> None:
    command = ["sample", run, "--seeds", "0-2999", "--batch", 3000, "-o", tmp_path / "grid.png"]
    ended = forked(command, at_most(40 * MIB))
    said = " ".join(ended.err.split())
    assert ended.code == 9 and "memory is full" in said and "bytes" in said, said
    assert "a smaller --batch" in said and f"`gandsl cost {run}/spec.yaml --memory --budget" in said
    assert not (tmp_path / "grid.png").exists()


@pytest.mark.parametrize("command", [["compile", QUICK], ["train", QUICK, "--data", "x"]])
def test_torch_itself(command: list[object], process: Callable[..., Any], tmp_path: Path) -> None:
    """Its libraries don't fit into the memory that the user lets the process have."""
    limit = 400 * MIB
    child = process(
        *command, "-o", tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    )
    _, said = child.communicate(timeout=60)
    assert child.returncode == 9 and "memory is full" in said and "--budget 400MiB" in said, said


def test_other_commands(
    gandsl: Gandsl, monkeypatch: pytest.MonkeyPatch, images: Path, tmp_path: Path
) -> None:
    def hungry(*_: object, **__: object) -> bytearray:
        return bytearray(2**60)

    def told(hook: str, *command: object) -> str:
        with monkeypatch.context() as patched:
            patched.setattr(hook, hungry)
            ended = gandsl(*command)
        assert ended.exit_code == 9, (hook, ended.output)
        return " ".join(ended.stderr.split())

    assert "ulimit -v" in told("gandsl.interop.import_checkpoint", "import", tmp_path / "a.pt")
    assert "ulimit -v" in told("gandsl_runtime.data.survey.survey", "data", "inspect", images)
    assert "gandsl cost" in told("gandsl.analysis.cost.module_cost", "cost", QUICK)
