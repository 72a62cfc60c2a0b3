"""Signals by frequency: short-time Fourier transforms, and their bands as one hears them."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def stft(
    x: Tensor,
    *,
    window: int = 1024,
    hop: int = 256,
    part: str = "magnitude",
    center: bool = True,
    eps: float = 1e-9,
) -> Tensor:
    """[N, C, T] → [N, C, window // 2 + 1, frames], frequencies from 0 to half the rate.

    Frames of `window` samples under Hann's window (periodic), `hop` apart; center: the first is centred on
    the first sample, behind a reflected border. part: magnitude √(power + eps), power, or complex: the real
    parts of all channels, then the imaginary ones [N, 2·C, …]. In 16 bits it is computed in float32.
    """
    wide = x.float() if x.element_size() == 2 else x
    if center:
        wide = functional.pad(wide, (window // 2, window // 2), mode="reflect")
    frames = wide.unfold(-1, window, hop) * torch.hann_window(window, dtype=wide.dtype, device=x.device)
    spectrum = torch.view_as_real(torch.fft.rfft(frames)).transpose(2, 3)  # [N, C, frequencies, frames, 2]
    if part == "complex":
        return torch.cat(spectrum.unbind(-1), 1).to(x.dtype)
    power = spectrum.square().sum(-1)
    return (power if part == "power" else (power + eps).sqrt()).to(x.dtype)


def mel(x: Tensor, *, bands: int = 80, rate: float, low: float = 0.0, high: float | None = None) -> Tensor:
    """[N, C, frequencies, frames] → [N, C, bands, frames]: sums under triangles from `low` to `high` Hz.

    Their corners are evenly spaced on Slaney's mel scale, and the area of each (in Hz) is 1. rate: samples a
    second.
    """
    how: Any = {"dtype": torch.float64, "device": x.device}
    end = _mels(rate / 2 if high is None else high)
    corners = _hertz(torch.linspace(_mels(low), end, bands + 2, **how))
    at = torch.linspace(0, rate / 2, x.shape[2], **how)
    left, middle, right = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising, falling = (at - left) / (middle - left), (right - at) / (right - middle)
    triangles = rising.minimum(falling).clamp(min=0) * 2 / (right - left)
    return triangles.to(x) @ x


_LINEAR, _BREAK, _STEP = 200 / 3, 1000.0, math.log(6.4) / 27  # Hz a mel below 1 kHz; above, a ratio


def _mels(hertz: float) -> float:
    if hertz < _BREAK:
        return hertz / _LINEAR
    return _BREAK / _LINEAR + math.log(hertz / _BREAK) / _STEP


def _hertz(mels: Tensor) -> Tensor:
    split = _BREAK / _LINEAR
    return torch.where(mels < split, mels * _LINEAR, _BREAK * ((mels - split) * _STEP).exp())
