"""Parts of a step on their own, beside a copy of the same bytes: filters, draws."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from bench.gpu.device import milliseconds
from bench.gpu.entry import Setting
from gandsl_runtime.layers import Fir
from gandsl_runtime.rng import Draws, Key, Part

FILTERS: dict[str, dict[str, Any]] = {
    "blur": {"pad": (2, 1, 2, 1)},
    "down": {"down": 2, "pad": (1, 1, 1, 1)},
    "up": {"up": 2, "pad": (2, 1, 2, 1), "gain": 4.0},
}
FORMATS = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}


def _form(setting: Setting) -> tuple[int, int, int]:
    """Images, channels, pixels a side."""
    return (2, 4, 16) if setting.tiny else (32, 64, 256)


def filters(setting: Setting) -> dict[str, Any]:
    """Milliseconds of a copy, and of each filter forward and backward."""
    count, channels, side = _form(setting)
    found: dict[str, Any] = {}
    for dtype in (torch.float32, *(() if setting.tiny else (torch.float16,))):
        for name, layout in FORMATS.items():
            x = torch.randn(count, channels, side, side, device=setting.device)
            x = x.to(dtype=dtype, memory_format=layout).requires_grad_()
            form = f"{str(dtype).removeprefix('torch.')}, {name}"
            found[f"copy, {form}"] = milliseconds(setting, x.detach().clone)
            for kind, how in FILTERS.items():
                layer = Fir(**how).to(setting.device)
                y = layer(x)
                slope = torch.randn_like(y)
                found[f"{kind}, {form}"] = milliseconds(setting, partial(layer, x.detach()))
                backward = partial(torch.autograd.grad, y, x, slope, retain_graph=True)
                found[f"{kind} backward, {form}"] = milliseconds(setting, backward)
    return found


def draws(setting: Setting) -> dict[str, Any]:
    """Milliseconds of a layer's noise for a batch: as layers draw it, by sample, and as torch does."""
    count, _, side = _form(setting)
    key = Key(seed=0, step=0, phase="G")
    made = Draws(torch.device(setting.device), torch.float32, Part.whole(count), key)
    x = torch.empty(count, 1, side, side, device=setting.device)
    return {
        "by sample": milliseconds(setting, lambda: made.normal("noise", 1, side, side)),
        "by torch": milliseconds(setting, x.normal_),
    }
