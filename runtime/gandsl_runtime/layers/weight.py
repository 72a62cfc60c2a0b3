"""Weight parametrization: as stored, equalized learning rate, spectral norm, or one norm; and the bias."""

from __future__ import annotations

import inspect
import math
from typing import Any, TypedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from gandsl_runtime.layers.base import Layer
from gandsl_runtime.layers.initialize import INITS, Fans

NORMALIZED = ("normalized", "forced")
"""Parametrizations that use the weights of each output at one norm."""


class WeightOptions(TypedDict, total=False):
    """The constructor options that every layer with a weight shares; `Weighted` explains them."""

    weight: str
    gain: float
    lr_multiplier: float
    init: str
    init_scale: float
    spectral_eps: float
    spectral_eval: bool
    bias_init: float


class Weighted(Layer):
    """A layer with one learned weight, maybe a bias, and a rule from the weight stored to the weight used.

    weight: "none": as stored. "equalized": stored · gain / √fan_in (PGGAN, section 4.1). "spectral":
    stored / σ,
        where σ is the top singular value of the weight as a matrix of its first dimension against the rest
        (SNGAN, section 2.1), by one step of power iteration a call. "normalized": the weights of each output
        (of an embedding, of each class) times gain / their norm (Salimans and Kingma 2016, whose learned
        gain is a layer of its own; EDM2, equation 47). "forced": that, and training brings what is stored to
        one norm after each optimizer step (`force`).
    lr_multiplier: weight and bias are stored divided by this and used times this. (It cancels in a
    spectral or normalized weight.)
    init, init_scale: a name of `INITS`; "auto" is "normal" for equalized, normalized and forced weights,
    else the layer's own.
    spectral_eps: lower bound of the norms that the power iteration divides by.
    spectral_eval: iterate in evaluation too, without saving; if false, evaluation uses the vectors of the
    last step.
    bias_init: the bias' initial value.

    Buffers of spectral weights: `u0` [1, rows] and `sv0` [1] (BigGAN), and `v0` [1, columns] where
    evaluation does not iterate.
    """

    running = ("u0", "v0", "sv0")
    auto_init = "fan_in_uniform"  # a layer's own initialization
    bias: nn.Parameter | None
    u0: Tensor
    v0: Tensor
    sv0: Tensor

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Show the shared options in each layer's signature, where `**options` stands."""
        super().__init_subclass__(**kwargs)
        own = [p for p in inspect.signature(cls.__init__).parameters.values() if p.kind is not p.VAR_KEYWORD]
        shared = inspect.signature(Weighted.__init__).parameters
        options = [shared[name] for name in WeightOptions.__annotations__]
        if "bias" not in inspect.signature(cls.__init__).parameters:
            options = [option for option in options if option.name != "bias_init"]
        cls.__signature__ = inspect.Signature([*own[1:], *options])  # type: ignore[attr-defined]

    def __init__(
        self,
        shape: tuple[int, ...],
        fans: Fans,
        biases: int = 0,
        *,
        weight: str = "none",
        gain: float = 1.0,
        lr_multiplier: float = 1.0,
        init: str = "auto",
        init_scale: float = 1.0,
        spectral_eps: float = 1e-12,
        spectral_eval: bool = True,
        bias_init: float = 0.0,
    ) -> None:
        super().__init__()
        self.parametrization = weight
        self.fans, self.gain = fans, gain
        self.lr_multiplier = lr_multiplier
        self.scale = lr_multiplier * (gain / math.sqrt(fans.into) if weight == "equalized" else 1.0)
        if weight in NORMALIZED:
            self.scale = gain
        if init == "auto":
            init = "normal" if weight in ("equalized", *NORMALIZED) else self.auto_init
        self.init, self.init_scale, self.bias_init = init, init_scale, bias_init
        self.spectral_eps, self.spectral_eval = spectral_eps, spectral_eval
        self.weight = nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.empty(biases)) if biases else None
        if weight == "spectral":
            self.register_buffer("u0", torch.empty(1, shape[0]))
            self.register_buffer("sv0", torch.empty(1))
            if not spectral_eval:
                self.register_buffer("v0", torch.empty(1, math.prod(shape[1:])))
        self.reset()

    def initialize(self) -> None:
        INITS[self.init](self.weight, self.fans, self.init_scale)
        if self.lr_multiplier != 1.0:
            self.weight.div_(self.lr_multiplier)
        if self.bias is not None:
            self.bias.fill_(self.bias_init / self.lr_multiplier)
        if self.parametrization == "spectral":
            self.u0.normal_()
            self.sv0.fill_(1.0)
            if not self.spectral_eval:
                self.v0.copy_(functional.normalize(self.u0 @ self.weight.flatten(1), eps=self.spectral_eps))

    def extra_repr(self) -> str:
        """With how the weight is parametrized, where it is."""
        said = super().extra_repr()
        return said if self.parametrization == "none" else f"{said}, weight={self.parametrization}"

    def base(self) -> Tensor:
        """The weight that `factor` multiplies: as stored, or with the weights of each output of norm 1."""
        return self._normalized(self.weight) if self.parametrization in NORMALIZED else self.weight

    @property
    def is_forced(self) -> bool:
        """Whether training calls `force` after each optimizer step."""
        return self.parametrization == "forced"

    @torch.no_grad()
    def force(self) -> None:
        """Bring what is stored for each output to the root mean square 1 / lr_multiplier, which changes
        nothing in what the layer does (forced weight normalization, arXiv:2312.02696, section 2.3)."""
        norm = math.sqrt(self._numbers_of_one()) / self.lr_multiplier
        self.weight.copy_(self._normalized(self.weight) * norm)

    def _normalized(self, weight: Tensor) -> Tensor:
        return functional.normalize(weight.flatten(1), dim=1, eps=self.spectral_eps).view_as(weight)

    def _numbers_of_one(self) -> int:
        """Weights of one output."""
        return self.weight[0].numel()

    def factor(self) -> float | Tensor:
        """What `base` is multiplied by: a number, or for a spectral weight 1/σ [1].

        Calling it is one step of the power iteration, saved in training mode.
        """
        return 1.0 / self._top_singular_value() if self.parametrization == "spectral" else self.scale

    def used(self, weight: Tensor | None, gain: float = 1.0) -> tuple[Tensor, float]:
        """The weight of this call and the number it must still be multiplied by.

        Layers put that number where it costs least. `weight` is a weight that is already parametrized, or
        None.
        """
        if weight is not None:
            return weight, gain
        factor = self.factor()
        if isinstance(factor, Tensor):
            return self.weight * factor, gain
        return self.base(), factor * gain

    def bias_used(self, extra: Tensor | None, gain: float, dtype: torch.dtype) -> Tensor | None:
        """gain · (bias · lr_multiplier + extra) [channels] in a format, or None where there is neither."""
        bias = extra
        if self.bias is not None:
            bias = self.bias if self.lr_multiplier == 1.0 else self.bias * self.lr_multiplier
            bias = bias if extra is None else bias + extra
        if bias is None:
            return None
        return (bias if gain == 1.0 else bias * gain).to(dtype)

    def _top_singular_value(self) -> Tensor:
        matrix = self.weight.flatten(1)
        if self.training or self.spectral_eval:
            with torch.no_grad():
                v = functional.normalize(self.u0 @ matrix, eps=self.spectral_eps)
            image = v @ matrix.T
            u = functional.normalize(image.detach(), eps=self.spectral_eps)
        else:
            u, v = self.u0, self.v0
            image = v @ matrix.T
        sigma = (image * u).sum(1)
        if self.training:
            with torch.no_grad():
                self.u0.copy_(u)
                self.sv0.copy_(sigma)
                if not self.spectral_eval:
                    self.v0.copy_(v)
        return sigma


def multiply_smaller(x: Tensor, weight: Tensor, factor: float) -> tuple[Tensor, Tensor]:
    """(x, weight), the smaller of which is times `factor`, since that costs a pass over its memory.

    A compiler is asked nothing of the batch, which may be dynamic: there it is taken for 16.
    """
    if factor == 1.0:
        return x, weight
    batch = 16 if torch.compiler.is_compiling() else x.shape[0]
    if batch * x.shape[1:].numel() < weight.numel():
        return x * factor, weight
    return x, weight * factor


def scaled_late(x: Tensor, weight: Tensor, factor: float) -> tuple[Tensor, float]:
    """The weight, and the factor that its product with x is still to be multiplied by.

    That is 1 where x is in 16 bits: a sum of products by an unscaled weight would leave float16's range.
    """
    if factor == 1.0 or x.element_size() > 2:
        return weight, factor
    return weight * factor, 1.0
