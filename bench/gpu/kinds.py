"""Kernels of a profile by kind: what a step's time goes to."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from torch.autograd import DeviceType  # type: ignore[attr-defined]  # it is there; torch's stubs leave it out
from torch.profiler import ProfilerActivity, profile

import gandsl_runtime
from bench.figures import figure, some
from bench.gpu.entry import Setting

KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("copies to and from the host", ("memcpy", "memset")),
    ("communication", ("nccl",)),
    ("compiled", ("triton_",)),  # by torch.compile; kernels of ours have names of their own
    ("filters", ("depthwise", "upfirdn2d", "fir_")),
    ("layout", ("nchwtonhwc", "nhwctonchw", "tensortransform", "transpose")),
    (
        "products",
        (
            "gemm",
            "cudnn",
            "conv",
            "xmma",
            "wgrad",
            "dgrad",
            "cutlass",
            "fprop",
            "implicit",
            "addmm",
            "bmm",
            "::mm",
        ),
    ),
    ("optimizer", ("multi_tensor", "_foreach", "_fused_adam", "adam")),
    ("draws", ("philox", "distribution", "normal_", "uniform_", "random_")),
    ("bias and activation", ("bias_act", "leaky_relu")),
    ("reductions", ("reduce", "sum", "mean", "softmax", "batch_norm", "welford")),
    ("elementwise", ("elementwise", "vectorized", "add", "mul", "div", "copy_", "fill_", "where", "sub")),
)
"""The first kind that has a word of a kernel's name; else "other"."""
OURS = {"bias_act": "bias and activation", "upfirdn": "filters", "philox": "draws"}
OURS_ARE_IN = Path(gandsl_runtime.__file__).parent / "kernels"
KEPT = 24  # kernels that are told by name


class Kernel(NamedTuple):
    """All calls of one kernel."""

    name: str
    calls: int
    ms: float


@cache
def of_ours() -> dict[str, str]:
    """The kind of each kernel of `gandsl_runtime.kernels`; a profile has their functions' names."""
    found = {}
    for module, kind in OURS.items():
        tree = ast.parse((OURS_ARE_IN / f"{module}.py").read_text("utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and any(
                "jit" in ast.unparse(d) for d in node.decorator_list
            ):
                found[node.name] = kind
    return found


def kind_of(name: str) -> str:
    if name in of_ours():
        return of_ours()[name]
    low = name.lower()
    return next((kind for kind, words in KINDS if any(word in low for word in words)), "other")


def by_kind(kernels: Iterable[Kernel]) -> dict[str, dict[str, float]]:
    """Milliseconds and calls of each kind, the longest first. Raises SystemExit where there are none."""
    ms, calls = defaultdict[str, float](float), Counter[str]()
    for kernel in some("kernels in the profile", list(kernels)):
        ms[kind_of(kernel.name)] += kernel.ms
        calls[kind_of(kernel.name)] += kernel.calls
    figure("the time of all kernels, in ms", sum(ms.values()))
    return {
        kind: {"ms": round(time, 3), "calls": calls[kind]}
        for kind, time in sorted(ms.items(), key=lambda one: -one[1])
    }


def profiled(setting: Setting, take: Callable[[], object], most_ms: float) -> dict[str, Any]:
    """Kernels of one call by kind, and the longest by name; together they take `most_ms` at most.

    On a CPU, which has no kernels, operations.
    """
    wanted = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if setting.cuda else [])]
    with profile(activities=wanted) as seen:
        take()
    kernels = kernels_of(setting, seen.key_averages())
    kinds = by_kind(kernels)
    total = figure("the time of all kernels, in ms", sum(kernel.ms for kernel in kernels), most=most_ms)
    calls = sum(kernel.calls for kernel in kernels)
    longest = [[kernel.name[:90], kernel.calls, round(kernel.ms, 3)] for kernel in kernels[:KEPT]]
    return {"kernel ms": total, "launches": calls, "kinds": kinds, "kernels": longest}


def kernels_of(setting: Setting, events: Iterable[Any]) -> list[Kernel]:
    """The longest first."""
    found = []
    for event in events:
        on_gpu = event.device_type == DeviceType.CUDA
        if event.is_user_annotation:  # a name for what others are counted in
            continue
        us = event.self_device_time_total if setting.cuda else event.self_cpu_time_total
        if us > 0 and on_gpu == setting.cuda:
            found.append(Kernel(event.key, event.count, us / 1e3))
    return sorted(found, key=lambda kernel: -kernel.ms)
