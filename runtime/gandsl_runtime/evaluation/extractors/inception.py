"""Inception-v3 as it was published in 2015: the network whose features and classes FID and IS are defined by.

Szegedy et al. 2016 (arXiv:1512.00567), section 6 and figures 5 to 7, as the graph of 5 December 2015 has it:
1,008 outputs, means that leave the border out, and the largest value in the last pooling. Its weights come
from a user's file, under the names that PyTorch's ports of that graph share.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils import fuse_conv_bn_weights

from .base import Extractor, ExtractorFacts, NetworkExtractor, sha256_of
from .script import inception_script
from .weights import Tensors, checked, is_script, needed, tensors_in, tried

SIDE = 299
EPSILON = 1e-3  # of its batch norms
NORM = ("running_mean", "running_var", "weight", "bias")
GENUINE = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
"""SHA-256 of weights-inception-2015-12-05-6726825d.pth, which is pt_inception-2015-12-05-6726825d.pth too."""

EXAMPLES = "such as weights-inception-2015-12-05-6726825d.pth"

# A step is a convolution of 3 × 3, 7 × 1 … with batch norm and ReLU, or a pooling of 3 × 3. Behind its name
# /2 halves the sides and ! leaves them, both without a border. Steps with | between them fork.
STEM = "Conv2d_1a_3x3/2 Conv2d_2a_3x3! Conv2d_2b_3x3 max/2 Conv2d_3b_1x1 Conv2d_4a_3x3! max/2"
A = (
    "branch1x1",
    "branch5x5_1 branch5x5_2",
    "branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3",
    "mean branch_pool",
)
B = ("branch3x3/2", "branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3/2", "max/2")
C = (
    "branch1x1",
    "branch7x7_1 branch7x7_2 branch7x7_3",
    "branch7x7dbl_1 branch7x7dbl_2 branch7x7dbl_3 branch7x7dbl_4 branch7x7dbl_5",
    "mean branch_pool",
)
D = (
    "branch3x3_1 branch3x3_2/2",
    "branch7x7x3_1 branch7x7x3_2 branch7x7x3_3 branch7x7x3_4/2",
    "max/2",
)
E = (
    "branch1x1",
    "branch3x3_1 branch3x3_2a|branch3x3_2b",
    "branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3a|branch3x3dbl_3b",
)
BLOCKS = {
    **{f"Mixed_5{letter}": A for letter in "bcd"},
    "Mixed_6a": B,
    **{f"Mixed_6{letter}": C for letter in "bcde"},
    "Mixed_7a": D,
    "Mixed_7b": (*E, "mean branch_pool"),
    "Mixed_7c": (*E, "max branch_pool"),
}
"""Branches over the same maps, whose results are put side by side."""

POOLS = {
    "mean": partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False),
    "max": partial(F.max_pool2d, kernel_size=3, stride=1, padding=1),
    "max/2": partial(F.max_pool2d, kernel_size=3, stride=2),
}


def inception(file: Path | None, device: torch.device, filter: str = "") -> Extractor:
    """As FID's own code in TensorFlow saw images (and torch-fidelity does); with the filter `bicubic` as
    clean-fid does. A TorchScript module is NVIDIA's, which resizes by itself. Raises ExtractorError.
    """
    path = needed(file, "inception", EXAMPLES)
    if path.is_file() and is_script(path):
        return inception_script(path, device, filter)
    return _opened("inception", path, device, filter or "bilinear-corner", 128.0, 128.0)


def pytorch_fid(file: Path | None, device: torch.device, filter: str = "") -> NetworkExtractor:
    """As pytorch-fid sees images: pixels are areas, and 0 to 255 become −1 to 1. Raises ExtractorError."""
    path = needed(file, "pytorch-fid", EXAMPLES)
    return _opened("pytorch-fid", path, device, filter or "bilinear", 127.5, 127.5)


def _opened(
    name: str, path: Path, device: torch.device, filter: str, mean: float, deviation: float
) -> NetworkExtractor:
    sha256 = sha256_of(path)
    tensors = {key: one for key, one in tensors_in(path).items() if not key.endswith("num_batches_tracked")}
    checked(tensors, _wanted(), path, "Inception of 2015")
    network = tried(lambda: Inception(tensors, device), path, "Inception of 2015")
    classes, features = tensors["fc.weight"].shape
    facts = ExtractorFacts(name, sha256, SIDE, filter, features, classes, sha256 == GENUINE)
    return NetworkExtractor(facts, device, network, (mean,) * 3, (deviation,) * 3)


def _convolutions() -> Iterator[str]:
    """The names of all."""
    for block, branches in [("", (STEM,)), *((f"{name}.", of) for name, of in BLOCKS.items())]:
        for step in (one for branch in branches for one in branch.replace("|", " ").split()):
            if step not in POOLS:
                yield block + _name(step)


def _name(step: str) -> str:
    return step.removesuffix("/2").removesuffix("!")


def _wanted() -> Iterator[str]:
    """The names of all tensors."""
    yield from ("fc.weight", "fc.bias")
    for name in _convolutions():
        yield f"{name}.conv.weight"
        yield from (f"{name}.bn.{part}" for part in NORM)


class Inception:
    """The network, its batch norms folded into the convolutions. Raises RuntimeError for odd shapes."""

    def __init__(self, tensors: Tensors, device: torch.device) -> None:
        self._convolutions: dict[str, tuple[Tensor, Tensor]] = {}
        for name in _convolutions():
            mean, variance, scale, bias = (tensors[f"{name}.bn.{part}"] for part in NORM)
            folded = fuse_conv_bn_weights(
                tensors[f"{name}.conv.weight"], None, mean, variance, EPSILON, scale, bias
            )
            weight, bias = (one.detach().to(device) for one in folded)
            self._convolutions[name] = weight.contiguous(memory_format=torch.channels_last), bias
        self._classes = tensors["fc.weight"].to(device)
        with torch.inference_mode():
            self(torch.zeros(1, 3, SIDE, SIDE, device=device))

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(features (N, 2048), logits (N, 1008)) of (N, 3, 299, 299).

        The logits are without their bias: IS was defined by such ones (arXiv:1606.03498, in its code).
        """
        x = self._steps("", STEM, x.contiguous(memory_format=torch.channels_last))
        for block, branches in BLOCKS.items():
            x = torch.cat([self._steps(f"{block}.", branch, x) for branch in branches], 1)
        features = x.mean((2, 3))
        return features, features @ self._classes.T

    def _steps(self, block: str, steps: str, x: Tensor) -> Tensor:
        for step in steps.split():
            x = torch.cat([self._step(block, one, x) for one in step.split("|")], 1)
        return x

    def _step(self, block: str, step: str, x: Tensor) -> Tensor:
        if step in POOLS:
            return POOLS[step](x)
        weight, bias = self._convolutions[block + _name(step)]
        border = (weight.shape[2] // 2, weight.shape[3] // 2) if step == _name(step) else (0, 0)
        return F.conv2d(x, weight, bias, 2 if step.endswith("/2") else 1, border).relu_()
