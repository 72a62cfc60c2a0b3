"""What the bench of a GPU measures with refuses figures that can't be, and sees what is there."""

from __future__ import annotations

import importlib
import inspect
import itertools
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.autograd import DeviceType

from bench.gpu import agreement, device, facts, feeding, kinds, operators, ours, peers, waits, whole
from bench.gpu.entries import groups
from bench.gpu.entry import Setting, Skipped
from gandsl_runtime.plan import Precision
from gandsl_runtime.training.precision import Scaling

CPU, CUDA = Setting("cpu", Path()), Setting("cuda", Path())


def events(monkeypatch: pytest.MonkeyPatch, *ms: float) -> None:
    """A GPU whose events read so."""

    class Event:
        def __init__(self, enable_timing: bool) -> None:
            self.ms = 0.0

        def record(self) -> None:
            self.ms = left.pop(0)

        def elapsed_time(self, other: Any) -> float:
            return other.ms - self.ms

    left = list(ms)
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)


def event(name: str, kind: DeviceType = DeviceType.CUDA, annotates: bool = False) -> SimpleNamespace:
    """Nine seconds of a profile."""
    facts = {"is_user_annotation": annotates, "count": 1, "self_device_time_total": 9e6}
    return SimpleNamespace(device_type=kind, key=name, **facts)


def side(turn: Callable[[whole.Part], None] = lambda part: None) -> whole.Side:
    network = torch.nn.Linear(10, 10)
    return whole.Side((network, network), {}, turn, lambda place: None, 4)


def test_events_give_milliseconds_of_each_part(monkeypatch: pytest.MonkeyPatch) -> None:
    events(monkeypatch, 0.0, 1.0, 3.5, 4.0)
    timer = device.Timer(CUDA)
    with timer.part("step"), timer.part("D"):
        pass
    assert timer.read() == {"D": 2.5, "step": 4.0}


def of_events_in_another_order(monkeypatch: pytest.MonkeyPatch) -> None:
    events(monkeypatch, 2.0, 1.0)
    timer = device.Timer(CUDA)
    with timer.part("D"):
        pass
    timer.read()


def of_events_that_stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    events(monkeypatch, 1.0, 1.0)
    timer = device.Timer(CUDA)
    with timer.part("D"):
        pass
    timer.read()


def of_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    device.Timer(CPU).read()


def of_phases_longer_than_their_step(monkeypatch: pytest.MonkeyPatch) -> None:
    events(monkeypatch, 1.0, 0.0, 5.0, 2.0)

    def turn(part: whole.Part) -> None:
        with part("D"):
            pass

    whole.turn_of(device.Timer(CUDA), side(turn))


def of_a_phase_that_nobody_took(monkeypatch: pytest.MonkeyPatch) -> None:
    whole.turn_of(device.Timer(CPU), whole.Side(side().networks, {"D": 1}, lambda part: None, print, 4))


def of_a_device_that_takes_longer_than_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    events(monkeypatch, 0.0, 1e6)
    device.milliseconds(CUDA, lambda: None)


def of_a_clock_that_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter", lambda: 1.0)
    whole.wall(CPU, side(), 2)


def of_a_step_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole.measured(CPU, side())


def of_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda: None)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 0)
    device.Peak(CUDA).read(0)


def of_less_memory_than_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "resident", lambda: 399)
    device.Peak(CPU).read(400)


def of_a_profile_without_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds.by_kind(kinds.kernels_of(CUDA, [event("aten::mm", DeviceType.CPU), event("step", annotates=True)]))


def of_kernels_longer_than_their_step(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = SimpleNamespace(key_averages=lambda: [event("gemm")])
    monkeypatch.setattr(kinds, "profile", lambda activities: nullcontext(seen))
    kinds.profiled(CUDA, lambda: None, most_ms=100.0)


def of_waits_that_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def deaf(tell: Callable[[], None]) -> Iterator[None]:
        yield

    monkeypatch.setattr(waits, "_dispatched", deaf)
    waits.probe(CPU)


def of_images_that_do_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    stream: Any = SimpleNamespace(take=lambda count: SimpleNamespace(images=torch.ones(count - 1, 1)))
    feeding.rate(CPU, stream, 2)


def of_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    facts.versions(CUDA)


BROKEN = [value for name, value in dict(globals()).items() if name.startswith("of_")]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_broken_measurement_is_refused(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as ended:
        broken(monkeypatch)
    told = ("the measurement is broken: ", "nothing was measured: ", "there is no device cuda")
    assert str(ended.value).startswith(told)


def test_waits_are_told_by_the_line_of_ours_that_causes_them() -> None:
    waits.probe(CPU)
    scaling = Scaling(Precision(compute="fp16"), torch.device("cpu"))
    with scaling.losses():
        pass
    with waits.counted(CPU) as found:
        float(torch.ones(()))
        torch.ones(3).nonzero()
        torch.tensor([1.0])
        torch.ones(3) * 2
        assert scaling.scale > 1
    (ours_alone,) = set(found) - {"elsewhere"}
    assert found["elsewhere"] == 3 and found[ours_alone] == 1
    assert re.fullmatch(r"\w+/precision\.py:\d+", ours_alone)


def test_kernels_are_counted_by_kind() -> None:
    names = {
        "sm90_xmma_fprop_implicit_gemm_f16f16_nhwc_tn": "products",
        "void cudnn::ops::nchwToNhwcKernel<float>": "layout",
        "void at::native::vectorized_elementwise_kernel<4, MulFunctor<float>>": "elementwise",
        "void at::native::reduce_kernel<512, 1, ReduceOp<float>>": "reductions",
        "void upfirdn2d_kernel_small<float, 1, 1>": "filters",
        "void bias_act_kernel<c10::Half, 3>": "bias and activation",
        "triton_poi_fused_add_convolution_3": "compiled",
        "void at::native::multi_tensor_apply_kernel<FusedAdam>": "optimizer",
        "void at::native::distribution_elementwise_grid_stride_kernel<normal>": "draws",
        "Memcpy HtoD (Pageable -> Device)": "copies to and from the host",
        "ncclDevKernel_AllReduce": "communication",
        "_forward": "bias and activation",
        "_filter": "filters",
        "_fill": "draws",
        "who_knows": "other",
    }
    assert {name: kinds.kind_of(name) for name in names} == names
    found = kinds.by_kind([kinds.Kernel(name, 2, 1.5) for name in (*names, "who_else", "what_else")])
    assert next(iter(found.items())) == ("other", {"ms": 4.5, "calls": 6})
    assert found["draws"] == {"ms": 3.0, "calls": 4} and len(found) == len(set(names.values()))


def test_every_module_of_kernels_has_its_kind() -> None:
    modules = {
        path.stem for path in kinds.OURS_ARE_IN.glob("*.py") if "@triton.jit" in path.read_text("utf-8")
    }
    assert modules == kinds.OURS.keys()


def test_an_operator_is_given_the_same_on_both_devices() -> None:
    """Expanded tensors too; what differs, in its result or in what it writes to, is an error."""
    x = torch.arange(3.0).expand(4, 3)
    (copy,) = operators._moved((x,), "cpu")
    assert copy.stride() == (0, 1) and torch.equal(copy, x) and copy.data_ptr() != x.data_ptr()
    assert operators.again("same", lambda a, s: a * s, (x, 2.0), {}, "cpu") == [0.0, 0.0]
    noise = itertools.count()
    for noisy in (
        lambda a: a + next(noise),
        lambda a: a[:1].add_(next(noise)).clone() * 0,
        lambda a: (a + next(noise)).long(),
    ):
        with pytest.raises(AssertionError, match="noisy"):
            operators.again("noisy", noisy, (torch.ones(3),), {}, "cpu")


def test_tensors_that_are_apart_or_not_finite_do_not_agree() -> None:
    a = {"x": torch.ones(4), "y": torch.ones(2)}
    assert ours.agree("states", a, {"x": torch.ones(4) * (1 + 1e-5), "y": torch.ones(2)}, 1e-4)["of"] == "x"
    for spoiled in (
        {**a, "x": torch.ones(4) * 1.001},
        {**a, "x": torch.full((4,), torch.nan)},
        {**a, "x": torch.ones(3)},
        {"x": torch.ones(4)},
    ):
        with pytest.raises(AssertionError, match="states"):
            ours.agree("states", a, spoiled, 1e-4)
    with pytest.raises(AssertionError):
        ours.agree("states", {}, {}, 1e-4)


def test_of_a_share_that_is_nearest_the_worst_counts() -> None:
    a = {name: torch.ones(2) for name in "wxyz"}
    b = {**a, "x": torch.ones(2) * 1.5, "y": torch.ones(2) * 1.3, "z": torch.ones(2) * (1 + 1e-5)}
    told = ours.agree("states", a, b, 1e-4, share=0.5)
    assert told["of"] == "x" and 0 < told["nearest"] < 1e-4
    with pytest.raises(AssertionError, match=r"apart by more than 0\.0001: y"):
        ours.agree("states", a, b, 1e-4, share=0.75)


@pytest.mark.parametrize("spec", ["examples/wavegan", "stylegan2"])
def test_outputs_and_steps_of_both_kinds_of_device_begin_with_the_same_weights(spec: str) -> None:
    assert agreement.outputs(CPU, spec)["worst"] < agreement.SINGLE
    assert agreement.steps(CPU, spec)["worst"] < agreement.DOUBLE


@pytest.mark.parametrize("setting", [CPU, CUDA], ids=["cpu", "cuda"])
def test_every_entry_calls_what_is_there_with_what_it_takes(setting: Setting) -> None:
    for group in groups(setting):
        for entry in group.entries:
            module, _, function = entry.work.partition(":")
            work = getattr(importlib.import_module(module), function)
            inspect.signature(work).bind(setting, **entry.given)
            how = {name: entry.given[name] for name in ("seconds", "kernels") if name in entry.given}
            inspect.signature(whole.measured).bind(setting, None, **how)


def test_no_peer_is_a_skip_that_says_which() -> None:
    with pytest.raises(Skipped, match=r"--stylegan2-ada PATH"):
        peers.stylegan2(CPU, 32, 128, 8, 4)
    with pytest.raises(Skipped, match=r"--biggan PATH"):
        peers.biggan(CPU, 64, 8, "32", 100, 4, False)
