"""Bias, activation and the like as one operator, a filter as one: values, derivatives, and their kernels."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gandsl_runtime.kernels import found
from gandsl_runtime.layers import Conv2d, ConvTranspose2d, Fir, Linear, ModulatedConv2d
from gandsl_runtime.layers.bias_act import bias_act
from gandsl_runtime.layers.upfirdn import upfirdn
from tests.runtime.formulas import same
from tests.runtime.interpreted import needs_triton, numbers_compared

ROOT = Path(__file__).resolve().parents[2]
WAYS = [(1.0, None), (0.2, None), (0.0, 0.9), (0.2, 0.9)]  # slope, clamp
FILTERS = [  # taps, up, down, pad
    ((1.0, 3.0, 3.0, 1.0), 1, 1, (1, 1, 1, 1)),
    ((1.0, 3.0, 3.0, 1.0), 1, 2, (2, 1, 2, 1)),
    ((1.0, 3.0, 3.0, 1.0), 2, 1, (2, 1, 2, 1)),
    ((1.0, 2.0, 5.0), 1, 1, (-1, 2, 3, 0)),
    ((1.0, 2.0, 4.0), 2, 2, (2, 1, 0, 3)),
    ((1.0, 2.0), 1, 3, (0, 0, 1, 1)),
    ((1.0, 2.0, 4.0, 3.0, 5.0, 6.0, 8.0), 2, 1, (5, 2, 3, 4)),
]


def given(scaled: bool, noisy: bool, shape: tuple[int, ...] = (2, 3, 4, 5)) -> list[Tensor | None]:
    """x, factor, bias, noise, strength."""
    factor = torch.randn(shape[:2]) if scaled else None
    noise = torch.randn(shape[0], 1, *shape[2:]) if noisy else None
    return [torch.randn(shape), factor, torch.randn(shape[1]), noise, torch.randn(()) if noisy else None]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("slope", "clamp"), WAYS)
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("noisy", [False, True])
def test_it_is_what_it_says_and_so_are_both_orders_of_derivatives(
    scaled: bool, noisy: bool, slope: float, clamp: float | None
) -> None:
    torch.manual_seed(0)
    x, factor, bias, noise, strength = given(scaled, noisy)
    assert x is not None and bias is not None
    t = 1.3 * x * (1 if factor is None else factor[:, :, None, None]) + 0.7 * bias[:, None, None]
    if noise is not None and strength is not None:
        t = t + strength * noise
    written_out = 1.4 * torch.nn.functional.leaky_relu(t, slope)
    expected = written_out if clamp is None else written_out.clamp(-clamp, clamp)
    assert clamp is None or (expected.abs() == clamp).any(), "the clamp has to bite somewhere"

    def fused(x: Tensor, factor: Any, bias: Any, strength: Any) -> Tensor:
        return bias_act(x, factor, bias, noise, strength, 1.3, 0.7, slope, 1.4, clamp)

    same(fused(x, factor, bias, strength), expected)
    wanted = [y if y is None else y.clone().requires_grad_() for y in (x, factor, bias, strength)]
    assert torch.autograd.gradcheck(fused, wanted)
    assert torch.autograd.gradgradcheck(fused, wanted)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("taps", "up", "down", "pad"), FILTERS)
def test_the_filter_is_fir_s_and_differentiates_any_number_of_times(
    taps: tuple[float, ...], up: int, down: int, pad: tuple[int, int, int, int]
) -> None:
    torch.manual_seed(0)
    layer = Fir(taps=taps, up=up, down=down, pad=pad, gain=1.7)
    x = torch.randn(2, 3, 9, 8)
    same(layer(x, fused=True), layer(x))
    same(layer(x, fused=True, clamp=0.5), layer(x).clamp(-0.5, 0.5))
    rows, columns = [up, down, *pad[2:]], [up, down, *pad[:2]]
    kernel = torch.randn(2, 3)
    small = torch.randn(1, 2, 5, 6, requires_grad=True)

    def filtered(x: Tensor) -> Tensor:
        return upfirdn(x, kernel, rows, columns, up > 1)

    assert torch.autograd.gradcheck(filtered, [small]) and torch.autograd.gradgradcheck(filtered, [small])


@pytest.mark.usefixtures("float64")
def test_layers_compute_the_same_with_it() -> None:
    torch.manual_seed(0)
    x, style, last = torch.randn(2, 3, 6, 6), torch.randn(2, 3), torch.channels_last
    layers: list[tuple[Any, tuple[Tensor, ...], dict[str, Any]]] = [
        (Conv2d(3, 4, weight="equalized", lr_multiplier=0.5, bias_init=0.3), (x,), {}),
        (Conv2d(3, 4, weight="equalized"), (x.contiguous(memory_format=last),), {}),
        (Conv2d(3, 4, bias_init=0.3), (x,), {"shrink": 2}),
        (Conv2d(3, 4, padding_mode="reflect", weight="spectral").eval(), (x,), {}),
        (ConvTranspose2d(3, 4, weight="equalized"), (x,), {}),
        (ModulatedConv2d(3, 4, weight="equalized"), (x, style), {"form": "scaled"}),
        (ModulatedConv2d(3, 4, up=2), (x, style), {"form": "scaled"}),
        (ModulatedConv2d(3, 4), (x, style), {"form": "grouped"}),
        (ModulatedConv2d(3, 4, kernel=1, demodulate=False), (x, style), {"form": "scaled"}),
        (Linear(3, 4, weight="equalized", lr_multiplier=0.1, bias_init=0.3), (style,), {}),
        (Linear(3, 4, weight="equalized", bias=False), (torch.randn(2, 5, 3),), {}),
    ]
    for layer, inputs, how in layers:
        plain = layer(*inputs, **how)
        same(layer(*inputs, **how, fused=True), plain)
        after: dict[str, Any] = {"bias": torch.randn(4), "gain": 1.4, "clamp": 0.6}
        after |= {"activation": "leaky_relu", "slope": 0.3}
        if plain.dim() == 4:
            after |= {"noise": torch.randn(2, 1, *plain.shape[2:]), "strength": torch.randn(())}
        ridden = layer(*inputs, **how, **after, fused=True)
        same(ridden, layer(*inputs, **how, **after))
        assert ridden.stride() == plain.stride()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_in_16_bits_the_weight_is_scaled_before_the_product(dtype: torch.dtype) -> None:
    """A sum of 4608 products by an unscaled weight is beyond float16's range: 65504."""
    layer = Conv2d(512, 1, weight="equalized")
    with torch.no_grad():
        layer.weight.fill_(1.0)
    x = torch.full((1, 512, 3, 3), 30.0, dtype=dtype)
    expected = 30.0 * 512 * torch.tensor([[4.0, 6.0, 4.0], [6.0, 9.0, 6.0], [4.0, 6.0, 4.0]]) / 4608**0.5
    torch.testing.assert_close(layer(x, fused=True, gain=2.0)[0, 0].float(), 2 * expected, rtol=1e-2, atol=0)


INTERPRETED = f"""
import itertools, torch
from gandsl_runtime.kernels import bias_act as kernels, upfirdn as filters
from gandsl_runtime.layers import bias_act as ops, upfirdn as filtering
torch.manual_seed(0)
compared = 0
def close(found, expected, dtype):
    global compared
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype and a.stride() == b.stride(), (a.shape, b.shape)
        most = b.abs().max().item() if b.numel() else 0
        near = 2e-3 if dtype == torch.float16 else 1e-6
        torch.testing.assert_close(a, b, rtol=0, atol=near * (most + 1e-9))
        compared += a.numel()
CASES = [((2, 5, 7, 9), torch.float32), ((2, 70, 6, 6), torch.float32), ((3, 33), torch.float32),
         ((1, 2, 40, 40), torch.float64), ((2, 5, 7, 9), torch.float16)]
for (shape, dtype), scaled, noisy, (slope, clamp) in itertools.product(CASES, (0, 1), (0, 1, 2), {WAYS}):
    if noisy and len(shape) == 2 or shape != CASES[0][0] and scaled == (noisy == 1):
        continue  # all together of one shape, each with half of the others of the rest
    wide = torch.promote_types(dtype, torch.float32)
    laid = torch.channels_last if shape[1] == 70 else torch.contiguous_format
    x, dy, ddx = (torch.randn(shape, dtype=dtype).contiguous(memory_format=laid) for _ in range(3))
    factor = torch.randn(shape[:2], dtype=wide) if scaled else None
    bias = torch.randn(shape[1], dtype=wide)
    noise = torch.randn(shape[0] if noisy == 1 else 1, 1, *shape[2:], dtype=wide) if noisy else None
    strength = torch.randn(shape[1:2] if noisy == 1 else (), dtype=wide) if noisy else None
    how = 1.3, 0.7, slope, 1.4, clamp
    args = x, factor, bias, noise, strength, *how
    y = ops.bias_act(*args)
    close([kernels.forward(*args)], [y], dtype)
    kept = y if slope != 1.0 or clamp else None
    rest = dy, kept, x if scaled else None, factor, noise, *how
    dx, sums = ops.slopes(*rest)
    close(kernels.slopes(*rest), (dx, sums), dtype)
    for dsums in (None, torch.randn_like(sums)):
        close(kernels.second(ddx, dsums, *rest), ops.second(ddx, dsums, *rest), dtype)
for taps, up, down, pad in {FILTERS}:
    for dtype, laid in ((torch.float64, torch.contiguous_format), (torch.float32, torch.channels_last)):
        x = torch.randn(2, 3, 9, 8, dtype=dtype).contiguous(memory_format=laid)
        kernel = torch.randn(len(taps), 2, dtype=dtype)
        how = kernel, [up, down, *pad[2:]], [up, down, *pad[:2]]
        for turned in (False, True):
            found = filters.launch(x, filtering._empty(x, *how), *how, turned)
            close([found], [filtering.upfirdn(x, *how, turned)], dtype)
print(compared)
"""


@needs_triton
def test_the_kernels_compute_the_same() -> None:
    assert numbers_compared(INTERPRETED) > 50_000


def test_a_gpu_without_triton_is_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(found.importlib, "import_module", missing)
    found._say.cache_clear()
    with pytest.warns(UserWarning, match="triton is not installed") as warned:
        for name, index in product(("bias_act", "upfirdn"), (7, 8)):
            assert found.kernels.__wrapped__(name, torch.device("cuda", index)) is None
    assert len(warned) == 1
    assert found.kernels.__wrapped__("bias_act", torch.device("cpu")) is None
