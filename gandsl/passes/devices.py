"""What passes choose by the kind of device, and why: the only place where its name decides.

Of the CPU: timed on two cores, one thread, torch 2.13, float32. Of CUDA: counted on tensors without numbers,
not timed, by `bench/launches.py --choices` (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from gandsl.passes.target import Target

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """A value, and the reason for it in words, for the log."""

    value: T
    why: str


@dataclass(frozen=True, slots=True)
class Device:
    """What passes choose for one kind of device."""

    merges_affines: Choice[bool]
    fuses_epilogues: Choice[bool]
    fuses_resampling_below: Choice[float]  # the weight's numbers over those of the features
    modulation: Callable[[Target, float], Choice[str]]  # of the weight's numbers over one sample's features


# Form "grouped" passes over the weight for each sample, "scaled" over input and output. So what counts is
# how large the weight is against both. Batches 1, 2 and 8, forward and forward + backward (time of grouped /
# time of scaled):
#
#   weight/features     1 sample          8 samples
#   0.01 to 0.05        0.6 to 0.9        0.6 to 0.8      64→64 at 128², 128→64 up to 128², to RGB
#   0.14                0.7 to 0.8        1.1             128→128 at 64²
#   0.28                1.0 to 1.2        1.2 to 2.0      64→64 at 32²
#   1.1                 1.0 to 1.1        1.2             256→256 at 32²
#   3 to 150            0.9 to 2.2        2.0 to 12       512→512 from 4² to 16²
GROUPED_BELOW_ONE, GROUPED_BELOW = 0.2, 0.1

# A convolution that takes over a change of size makes its kernel from the weight on each call, which only
# pays where the weight is not much larger than what it works on. 3×3, factor 2, forward + backward (time of
# fused / time of both):
#
#   weight/features     1 sample          4 or 8 samples
#   0.1 to 0.9          0.5 to 0.6        0.4 to 0.5      64→64 to 512→256 at 32² and 64²
#   3.6 to 7.2          0.8 to 1.0        0.5 to 0.7      512→512 from 16² up, 256→256 from 16² down
#   14                  1.05 to 1.2       0.7             512→512 from 8² up, 512→512 from 16² down
FUSED_BELOW = 5.0


def _by_size(target: Target, ratio: float) -> Choice[str]:
    one = target.batch == 1
    limit = GROUPED_BELOW_ONE if one else GROUPED_BELOW
    size = f"the weight is {ratio:.2g} of the features, {'below' if ratio < limit else 'not below'} {limit}"
    form = "grouped" if ratio < limit else "scaled"
    return Choice(form, f"{size} (CPU, {'one sample' if one else 'a batch'})")


def _by_mode(target: Target, ratio: float) -> Choice[str]:
    # what the published implementation does by default (see reference 1912.04958). By size as on a CPU, the
    # step of StyleGAN2 at 256² would move 21 GB less in 122 kernels more, of groups that cuDNN is slow at.
    if target.mode == "inference" and (target.batch == 1 or target.dtype == "float32"):
        return Choice("grouped", "on a GPU, in inference, one grouped convolution saves launches")
    return Choice("scaled", "on a GPU, in training or half precision, large ungrouped convolutions run best")


DEVICES = {
    "cpu": Device(
        # 16 affines of 512×512, 1 to 32 samples: one product took 3 to 10 times as long as 16 in a forward,
        # and up to 1.5 times with backward, since the weights are copied side by side on each call
        merges_affines=Choice(
            False, "on a CPU copying their weights side by side costs more than fewer calls save"
        ),
        fuses_epilogues=Choice(False, "on a CPU torch's operators, in place, pass as seldom over memory"),
        fuses_resampling_below=Choice(FUSED_BELOW, "CPU"),
        modulation=_by_size,
    ),
    "cuda": Device(
        # a mean step of StyleGAN2 at 256², 32 samples, float32: 2118 kernels, and 142 GB beside products;
        # with affines apart 2161; with torch's operators behind products 2985, and 207 GB
        merges_affines=Choice(True, "on a GPU fewer products are fewer launches"),
        fuses_epilogues=Choice(True, "on a GPU a pass over memory is a launch, and a bias is one of its own"),
        # fused, a mean step of PGGAN at 128² has 1122 kernels instead of 1107, and 106 GB instead of 109
        fuses_resampling_below=Choice(
            0.0, "on a GPU making its kernel is more launches and a wait; fewer products were not timed"
        ),
        modulation=_by_mode,
    ),
}


def of(target: Target) -> Device:
    """The choices for a target; one that leaves the device open is taken for the CPU."""
    return DEVICES[target.device or "cpu"]
