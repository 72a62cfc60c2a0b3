"""Parts of the twins: torch.nn and the papers' formulas, nothing of the runtime's layers or ops."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Weighted:
    """Mixed into torch's layers: the weight used is made from the weight stored."""

    rule: str
    gain: float
    weight: Tensor
    u: Tensor

    def by(self, rule: str, gain: float = 1.0):
        """rule: "" as stored; "equalized" (PGGAN, section 4.1); "spectral" (SNGAN, section 2.1)."""
        self.rule, self.gain = rule, gain
        if rule == "spectral":
            self.register_buffer("u", torch.randn(1, self.weight.shape[0]))
        return self

    def used(self) -> Tensor:
        if self.rule == "equalized":
            return self.weight * (self.gain / math.sqrt(self.weight[0].numel()))
        return self.weight / self.sigma() if self.rule == "spectral" else self.weight

    def sigma(self) -> Tensor:
        """One step of power iteration, in evaluation too; saved in training only (BigGAN-PyTorch's way)."""
        matrix = self.weight.flatten(1)
        with torch.no_grad():
            v = unit(self.u @ matrix)
            u = unit(v @ matrix.T)
            if self.training:
                self.u = u
        return (v @ matrix.T @ u.T).squeeze()


def unit(x: Tensor) -> Tensor:
    return x / max(float(x.norm()), 1e-12)


class Conv(Weighted, nn.Conv2d):
    """Padding keeps the size, where none is given."""

    def __init__(self, c_in, c_out, kernel=3, rule="", gain=1.0, bias=True, padding=None, stride=1):
        super().__init__(c_in, c_out, kernel, stride, kernel // 2 if padding is None else padding, bias=bias)
        self.by(rule, gain)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.used(), self.bias, self.stride, self.padding)


class Dense(Weighted, nn.Linear):
    """`slow`: weight and bias are stored divided by this and used times this."""

    def __init__(self, n_in, n_out, rule="", gain=1.0, slow=1.0, bias=True):
        super().__init__(n_in, n_out, bias)
        self.by(rule, gain * slow)
        self.slow = slow

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.used(), None if self.bias is None else self.bias * self.slow)


class Embed(Weighted, nn.Embedding):
    def __init__(self, classes, features, rule=""):
        super().__init__(classes, features)
        self.by(rule)

    def forward(self, y: Tensor) -> Tensor:
        return self.used()[y]


def up2(x: Tensor) -> Tensor:
    """Each pixel becomes four."""
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def down2(x: Tensor) -> Tensor:
    """The mean of each 2×2 square."""
    return (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4


def unit_rms(x: Tensor) -> Tensor:
    """Pixel norm (PGGAN, section 4.2)."""
    return x / torch.sqrt((x**2).mean(1, keepdim=True) + 1e-8)


def lrelu(x: Tensor, slope: float = 0.2) -> Tensor:
    return torch.where(x > 0, x, slope * x)


def upfirdn(x: Tensor, taps, up=1, down=1, pad=(0, 0, 0, 0), gain=1.0) -> Tensor:
    """Zeros put in, a border (left, right, top, bottom), a filter of sum `gain`, every down-th pixel."""
    taps = torch.tensor(taps, dtype=x.dtype)
    kernel = torch.outer(taps, taps) * (gain / taps.sum() ** 2)
    n, c, h, w = x.shape
    spread = x.new_zeros(n, c, h * up, w * up)
    spread[:, :, ::up, ::up] = x
    spread = F.pad(spread, pad).reshape(n * c, 1, h * up + pad[2] + pad[3], w * up + pad[0] + pad[1])
    y = F.conv2d(spread, kernel.flip(0, 1)[None, None])  # a convolution, not a correlation
    return y.reshape(n, c, *y.shape[2:])[:, :, ::down, ::down]


def stddev_channel(x: Tensor, group: int) -> Tensor:
    """Append the standard deviation of each strided group of samples, one number (PGGAN, section 3)."""
    n = x.shape[0]
    apart = n // min(group, n)
    planes = x.new_empty(n, 1, *x.shape[2:])
    for start in range(apart):
        members = x[start::apart]
        deviation = torch.sqrt(((members - members.mean(0)) ** 2).mean(0) + 1e-8)
        planes[start::apart] = deviation.mean()
    return torch.cat([x, planes], 1)


class Attention(nn.Module):
    """Self-attention with pooled keys and values (SAGAN, section 3; BigGAN)."""

    def __init__(self, channels, rule=""):
        super().__init__()
        self.theta, self.phi = (Conv(channels, max(channels // 8, 1), 1, rule, bias=False) for _ in "qk")
        self.g = Conv(channels, channels // 2, 1, rule, bias=False)
        self.o = Conv(channels // 2, channels, 1, rule, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        q = self.theta(x).flatten(2)
        k, v = (F.max_pool2d(layer(x), 2).flatten(2) for layer in (self.phi, self.g))
        scores = torch.einsum("ncq,nck->nqk", q, k)
        mixed = torch.einsum("nqk,nck->ncq", torch.softmax(scores, 2), v).reshape(len(x), -1, *x.shape[2:])
        return x + self.gamma * self.o(mixed)


class ResidualUp(nn.Module):
    """BigGAN, figure 15b, with plain batch norm."""

    def __init__(self, c_in, c_out):
        super().__init__()
        self.bn0, self.bn1 = nn.BatchNorm2d(c_in), nn.BatchNorm2d(c_out)
        self.conv0, self.conv1, self.short = Conv(c_in, c_out), Conv(c_out, c_out), Conv(c_in, c_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv0(up2(torch.relu(self.bn0(x))))
        return self.conv1(torch.relu(self.bn1(y))) + self.short(up2(x))


class ResidualDown(nn.Module):
    """BigGAN, figure 15c; the first of a network reads the image as it is, and pools before its shortcut."""

    def __init__(self, c_in, c_out, rule="spectral", first=False):
        super().__init__()
        self.conv0, self.conv1 = Conv(c_in, c_out, rule=rule), Conv(c_out, c_out, rule=rule)
        self.short = Conv(c_in, c_out, 1, rule)
        self.first = first

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(torch.relu(self.conv0(x if self.first else torch.relu(x))))
        return down2(y) + (self.short(down2(x)) if self.first else down2(self.short(x)))


class Styled(nn.Module):
    """Modulated convolution (StyleGAN2, equations 1 to 3), noise, bias, activation; sample by sample."""

    def __init__(self, c_in, c_out, size, w_dim, up=False):
        super().__init__()
        self.affine = Dense(w_dim, c_in, "equalized")
        self.weight = nn.Parameter(torch.randn(c_out, c_in, 3, 3))
        self.strength, self.bias = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(c_out))
        self.register_buffer("noise", torch.randn(size, size))
        self.up = up

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        outputs = []
        for sample, style in zip(x, self.affine(w), strict=True):
            weight = self.weight * style[None, :, None, None]
            weight = weight / torch.sqrt((weight**2).sum((1, 2, 3), keepdim=True) + 1e-8)
            if self.up:
                y = F.conv_transpose2d(sample[None], weight.transpose(0, 1), stride=2)
                outputs.append(upfirdn(y, [1, 3, 3, 1], pad=(1, 1, 1, 1), gain=4))
            else:
                outputs.append(F.conv2d(sample[None], weight, padding=1))
        y = torch.cat(outputs) + self.strength * self.noise + self.bias[:, None, None]
        return math.sqrt(2) * lrelu(y)


class ToRGB(nn.Module):
    """Modulated 1×1 convolution without demodulation (StyleGAN2, appendix B)."""

    def __init__(self, c_in, w_dim):
        super().__init__()
        self.affine = Dense(w_dim, c_in, "equalized")
        self.weight = nn.Parameter(torch.randn(3, c_in, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        styles = self.affine(w) / math.sqrt(x.shape[1])
        return torch.einsum("nchw,nc,oc->nohw", x, styles, self.weight[:, :, 0, 0]) + self.bias[:, None, None]


def mel_triangles(frequencies: int, bands: int, rate: float, low: float, high: float) -> Tensor:
    """Slaney's bands of area 1, [bands, frequencies], by interpolation of his scale: float64."""
    fine = np.linspace(0, rate / 2, frequencies)
    hertz = np.concatenate([np.arange(0, 1000, 0.01), np.geomspace(1000, max(rate / 2, 1001), 200_000)])
    above = 15 + 27 * np.log(np.maximum(hertz, 1000) / 1000) / np.log(6.4)
    scale = np.where(hertz < 1000, 3 * hertz / 200, above)
    corners = np.interp(np.linspace(*np.interp([low, high], hertz, scale), bands + 2), scale, hertz)
    heights = [2 / (corners[i + 2] - corners[i]) for i in range(bands)]
    return torch.tensor(
        np.array([np.interp(fine, corners[i : i + 3], [0, height, 0]) for i, height in enumerate(heights)])
    )
