"""A training step of stylegan2-ada-pytorch, on tensors without numbers, for `bench/launches.py`.

The official networks, loss and CUDA operators are those of the checkout; what its compiled kernels would
compute is stood in for by two operators without numbers (`bench::bias_act`, `bench::upfirdn2d`), each of
which `bench/kernels.py` counts as one kernel. Its convolutions' derivatives of both orders are its own, as on
torch 1.7, for which it was written; its optimizer is torch's default of today, over lists.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bench.kernels import Launches


@torch.library.custom_op("bench::bias_act", mutates_args=())
def bias_act(x: Tensor, others: list[Tensor]) -> Tensor:
    """One elementwise kernel over x and whatever else is no empty tensor."""
    return torch.empty_like(x)


@torch.library.custom_op("bench::upfirdn2d", mutates_args=())
def upfirdn2d(x: Tensor, taps: Tensor, height: int, width: int) -> Tensor:
    """One kernel that makes planes of this size."""
    return x.new_empty(*x.shape[:2], height, width)


bias_act.register_fake(lambda x, others: torch.empty_like(x))
upfirdn2d.register_fake(lambda x, taps, height, width: x.new_empty(*x.shape[:2], height, width))


def _bias_act(x: Tensor, bias: Tensor, *rest: Any) -> Tensor:
    return bias_act(x, [y for y in (bias, *rest[:3]) if y.numel()])


def _upfirdn2d(x: Tensor, taps: Tensor, up_x: int, up_y: int, down_x: int, down_y: int, *rest: Any) -> Tensor:
    left, right, top, bottom = rest[:4]
    width = (x.shape[3] * up_x + left + right - taps.shape[1]) // down_x + 1
    height = (x.shape[2] * up_y + top + bottom - taps.shape[0]) // down_y + 1
    return upfirdn2d(x, taps, height, width)


def _weight_gradient(transposed: bool) -> Callable[..., Tensor]:
    """cuDNN's convolution that gives a weight's gradient, as torch had it in 1.7."""

    def found(shape: Any, dy: Tensor, x: Tensor, *how: Any) -> Tensor:
        padding, stride, dilation, groups, *_ = how
        rest = stride, padding, dilation, transposed, (0, 0), groups, (False, True, False)
        gradient: Tensor = torch.ops.aten.convolution_backward(dy, x, x.new_empty(shape), None, *rest)[1]
        return gradient

    return found


def find(checkout: Path) -> None:
    """Make the checkout importable, its CUDA operators taken for compiled."""
    sys.path.insert(0, str(checkout))
    for name, content in {"requests": {}, "distutils": {}, "distutils.util": {"strtobool": bool}}.items():
        try:
            importlib.import_module(name)
        except ImportError:
            sys.modules[name] = types.ModuleType(name)
            vars(sys.modules[name]).update(content)
    persistence: Any = importlib.import_module("torch_utils.persistence")
    persistence._check_pickleable = lambda _: None  # fake tensors are not
    biases: Any = importlib.import_module("torch_utils.ops.bias_act")
    filters: Any = importlib.import_module("torch_utils.ops.upfirdn2d")
    biases._plugin = types.SimpleNamespace(bias_act=_bias_act)
    filters._plugin = types.SimpleNamespace(upfirdn2d=_upfirdn2d)

    def fused(x: Tensor, b: Tensor | None = None, *, impl: str = "cuda", **options: Any) -> Tensor:
        return biases._bias_act_cuda(**options).apply(x, b)

    def filtered(x: Tensor, f: Tensor, *, impl: str = "cuda", **options: Any) -> Tensor:
        return filters._upfirdn2d_cuda(**options).apply(x, f)

    convolutions: Any = importlib.import_module("torch_utils.ops.conv2d_gradfix")
    convolutions._should_use_custom_op = lambda _: True
    gradients = {
        f"aten::cudnn_convolution_{kind}backward_weight": _weight_gradient(bool(kind))
        for kind in ("", "transpose_")
    }
    torch_c: Any = torch._C
    plain = torch_c._jit_get_operation
    torch_c._jit_get_operation = lambda name: gradients.get(name) or plain(name)

    biases.bias_act, filters.upfirdn2d = fused, filtered


class Step:
    """Networks, optimizers and loss at a configuration of its own; `half`: with its 16-bit stages."""

    def __init__(self, resolution: int, base: int, group: int, batch: int, *, half: bool) -> None:
        networks = importlib.import_module("training.networks")
        widths: dict[str, Any] = {"channel_base": base}
        if half:
            widths |= {"num_fp16_res": 4, "conv_clamp": 256}
        self.batch = batch
        generator = partial(
            networks.Generator,
            *(512, 0, 512, resolution, 3),
            mapping_kwargs={"num_layers": 8},
            synthesis_kwargs=widths,
        )
        self.generator, self.average = generator(), generator().eval()
        last = {"mbstd_group_size": group}
        self.discriminator = networks.Discriminator(0, resolution, 3, **widths, epilogue_kwargs=last)
        for network in (self.generator, self.discriminator, self.average):
            network.requires_grad_(False)
        self.loss = importlib.import_module("training.loss").StyleGAN2Loss(
            torch.device("cpu"), self.generator.mapping, self.generator.synthesis, self.discriminator
        )
        adam = partial(torch.optim.Adam, lr=0.002, betas=(0.0, 0.99), eps=1e-8, foreach=True)
        self.optimizers = {
            network: adam(network.parameters()) for network in (self.generator, self.discriminator)
        }
        self.images = torch.zeros(batch, 3, resolution, resolution, dtype=torch.uint8)

    def parts(self) -> Iterator[tuple[str, int, Callable[[Launches], None]]]:
        """Name, interval and work of each part of a step."""
        for name, phase, network, every in (
            ("D", "Dmain", self.discriminator, 1),
            ("D/16", "Dreg", self.discriminator, 16),
            ("G", "Gmain", self.generator, 1),
            ("G/4", "Greg", self.generator, 4),
        ):
            yield name, every, partial(self._phase, name, phase, network, every)
        yield "rest", 1, self._rest

    def _phase(self, name: str, phase: str, network: nn.Module, every: int, launches: Launches) -> None:
        if phase == "Dmain":
            self.real = self.images.to(torch.float32) / 127.5 - 1
        optimizer = self.optimizers[network]
        optimizer.zero_grad(set_to_none=True)
        network.requires_grad_(True)
        z, labels = torch.randn(self.batch, 512), torch.empty(self.batch, 0)
        self.loss.accumulate_gradients(phase, self.real, labels, z, labels, True, every)
        network.requires_grad_(False)
        with launches.part(f"{name} optimizer"):
            for parameter in network.parameters():
                if parameter.grad is not None:
                    torch.nan_to_num(parameter.grad, nan=0, posinf=1e5, neginf=-1e5, out=parameter.grad)
            optimizer.step()

    def _rest(self, launches: Launches) -> None:
        for mine, theirs in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            mine.copy_(theirs.lerp(mine, 0.999))
        for mine, theirs in zip(self.average.buffers(), self.generator.buffers(), strict=True):
            mine.copy_(theirs)
