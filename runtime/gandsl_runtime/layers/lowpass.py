"""Filters designed from a cutoff, by Kaiser's window."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gandsl_runtime.layers.fir import Fir

_STOP_ALL, _STOP_SOME = 50.0, 21.0  # decibels between Kaiser's three rules for his β


def window(taps: int, half_width: float, rate: float) -> Tensor:
    """Kaiser's window for a transition of twice this half width, [taps], float64 (Kaiser 1974)."""
    attenuation = 2.285 * (taps - 1) * math.pi * (4 * half_width / rate) + 7.95
    over = attenuation - _STOP_SOME
    if attenuation > _STOP_ALL:
        beta = 0.1102 * (attenuation - 8.7)
    else:
        beta = 0.5842 * over**0.4 + 0.07886 * over if over > 0 else 0.0
    return torch.kaiser_window(taps, periodic=False, beta=beta, dtype=torch.float64)


def line(taps: int, cutoff: float, half_width: float, rate: float) -> Tensor:
    """The ideal filter's impulse response, a sinc, under the window: [taps], with sum 1, float64."""
    at = torch.arange(taps, dtype=torch.float64) - (taps - 1) / 2
    found = torch.sinc(2 * cutoff / rate * at) * window(taps, half_width, rate)
    return found / found.sum()


def disc(taps: int, cutoff: float, half_width: float, rate: float) -> Tensor:
    """The same for a disc of frequencies: J₁(2π·cutoff·r) / (πr) under windows both ways, [taps, taps]."""
    at = (torch.arange(taps, dtype=torch.float64) - (taps - 1) / 2) / rate
    r = torch.hypot(at, at[:, None])
    jinc = torch.special.bessel_j1(2 * math.pi * cutoff * r) / (math.pi * r)
    jinc = torch.where(r > 0, jinc, torch.full_like(r, cutoff))  # its limit
    edge = window(taps, half_width, rate)
    found = jinc * torch.outer(edge, edge)
    return found / found.sum()


class Lowpass(Fir):
    """A `Fir` whose filter is designed: all below `cutoff` passes, all above `cutoff + half_width` stops.

    x: [N, C, H, W]. Both are in cycles over the image's side, which has `rate` pixels where it filters.
    radial: a disc of frequencies passes, not a square. Otherwise as `Fir`. No keys (StyleGAN3, appendix C).
    """

    def __init__(
        self,
        length: int,
        *,
        cutoff: float,
        half_width: float,
        rate: float,
        radial: bool = False,
        up: int = 1,
        down: int = 1,
        pad: tuple[int, int, int, int] = (0, 0, 0, 0),
        gain: float = 1.0,
    ) -> None:
        with torch.device("cpu"):
            design = (length, cutoff, half_width, rate)
            plane = disc(*design) if radial else None
            values = tuple(line(*design).tolist())
        super().__init__(taps=values, up=up, down=down, pad=pad, gain=gain, plane=plane)
        self.cutoff, self.half_width, self.rate, self.radial = cutoff, half_width, rate, radial
