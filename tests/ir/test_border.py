"""How wide borders may be: the op table against what torch and the runtime do, over small sizes."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from torch.nn import functional

from gandsl.ir.op import Call, ShapeError
from gandsl.ir.ops import OPS
from gandsl.ir.types import feature
from gandsl.lowering.table import found, target_of
from gandsl_runtime import layers, ops

SIDES = (1, 2, 3, 5)


def refused(op: str, side: int, **attrs: Any) -> tuple[str, str] | tuple[int, ...]:
    """The code and the parameter that the op's rule complains of, or the shape that it gives."""
    row = OPS[op]
    values = {param.name: param.default for param in row.params} | attrs
    try:
        return row.output(Call({"x": (feature(1, 4, side),)}, values)).shape
    except ShapeError as error:
        return error.code, error.culprit


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate"])
def test_pad(mode: str) -> None:
    """What the rule lets pass runs and has that shape; what it refuses torch refuses, or is no border."""
    for side, left, right in product(SIDES, range(-6, 7), range(-6, 7)):
        pad, x = (left, right, 1, 0), torch.arange(4.0 * side).view(1, 1, 4, side)
        said = refused("pad", side, pad=pad, mode=mode)
        if not isinstance(said[0], str):
            y = ops.pad(x, pad=pad, mode=mode)
            assert tuple(y.shape[1:]) == said
            assert set(y.unique().tolist()) & set(x.unique().tolist()), "nothing of x is left"
        elif mode == "zeros" or min(left, right) < 0:
            assert said == ("G0214" if mode == "zeros" else "G0208", "pad")
            assert -min(left, 0) - min(right, 0) >= (side if mode == "zeros" else 1)
        else:
            assert said == ("G0208", "pad")
            with pytest.raises(RuntimeError, match=r"adding|Padding size should be less"):
                functional.pad(x, pad, mode=mode)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate"])
@pytest.mark.parametrize("written", [True, False], ids=["padding", "kernel"])
def test_convolution(mode: str, written: bool) -> None:
    for side, width in product(SIDES, range(7)):
        kernel, padding = ((1, 1), width) if written else ((1, 2 * width + 1), None)
        attrs = {"kernel": kernel, "padding": padding, "padding_mode": mode, "channels": 1}
        said = refused("conv", side, **attrs)
        layer = layers.Conv2d(1, 1, kernel=kernel, padding=padding, padding_mode=mode)
        if not isinstance(said[0], str):
            assert tuple(layer(torch.ones(1, 1, 4, side)).shape[1:]) == said
        else:
            assert said == ("G0208", "padding" if written else "kernel") and mode == "reflect"
            with pytest.raises(RuntimeError, match="Padding size should be less"):
                layer(torch.ones(1, 1, 4, side))


@pytest.mark.parametrize("op", ["fir", "lowpass"])
@pytest.mark.parametrize(("up", "down"), [(1, 1), (2, 1), (1, 2), (2, 3)])
def test_filters(op: str, up: int, down: int) -> None:
    own = (
        {"taps": (1.0, 2.0)} if op == "fir" else {"length": 2, "cutoff": 1.0, "half_width": 0.5, "rate": 8.0}
    )
    for side, left, right in product(SIDES, range(-6, 7), range(-6, 7)):
        attrs = {**own, "up": up, "down": down, "pad": (left, right, 1, 0)}
        said = refused(op, side, **attrs)
        if not isinstance(said[0], str):
            values = {param.name: param.default for param in OPS[op].params} | attrs
            made = target_of(OPS[op], Call({"x": (feature(1, 4, side),)}, values))
            layer = found(made)(**made.kwargs)
            assert tuple(layer(torch.ones(1, 1, 4, side)).shape[1:]) == said, (side, left, right)
        else:
            assert said in (("G0214", "pad"), ("G0214", "taps"), ("G0214", "length"))
