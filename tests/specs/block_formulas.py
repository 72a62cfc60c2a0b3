"""Blocks of the standard library as formulas: of the state by key and the inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.specs.parts import down2, lrelu, mel_triangles, stddev_channel, unit_rms, up2, upfirdn

State = Mapping[str, Tensor]


def normalized(x: Tensor, over: tuple[int, ...], eps: float) -> Tensor:
    """Mean 0 and variance 1 (biased) over some dimensions."""
    centred = x - x.mean(over, keepdim=True)
    return centred / torch.sqrt((centred**2).mean(over, keepdim=True) + eps)


def channels(x: Tensor) -> Tensor:
    """[N, C] or [C] over the pixels of a feature."""
    return x[..., None, None]


def affine(w: State, name: str, x: Tensor) -> Tensor:
    return x * channels(w[f"{name}.weight"]) + channels(w[f"{name}.bias"])


def linear(w: State, name: str, x: Tensor) -> Tensor:
    y = x @ w[f"{name}.weight"].T
    return y + w[f"{name}.bias"] if f"{name}.bias" in w else y


def conv(w: State, name: str, x: Tensor, **options) -> Tensor:
    weight = w[f"{name}.weight"]
    padding = options.pop("padding", weight.shape[-1] // 2)
    return F.conv2d(x, weight, w.get(f"{name}.bias"), padding=padding, **options)


def filtered(x: Tensor, kernel: Tensor, taps: list[float], up: int = 1, down: int = 1) -> Tensor:
    """Zeros put in, convolution with taps and kernel over an endless border of zeros, every down-th pixel.

    kernel: [out, in, k, k], true convolution. The size is that of x, times up, over down. Where the result
    begins is StyleGAN2's choice: the filters are centred, an even one half a pixel to the left.
    """
    k, t = kernel.shape[-1], len(taps)
    height, width = x.shape[2] * up, x.shape[3] * up
    blurred = upfirdn(x, taps, up, 1, pad=(t - 1,) * 4, gain=up**2)
    full = F.conv2d(blurred, kernel.flip(2, 3), padding=k - 1)
    begin = (k - 1 - k // 2) + (t - 1) - ((t + 1) // 2 if up == 2 else (t - 1) // 2)
    return full[:, :, begin : begin + height : down, begin : begin + width : down]


def same(x: Tensor) -> Tensor:
    """The 1×1 kernel that leaves x as it is."""
    return torch.eye(x.shape[1], dtype=x.dtype)[..., None, None]


def layer_conv(taps: list[float], up: int = 1, down: int = 1) -> Callable[..., Tensor]:
    def reference(w: State, x: Tensor) -> Tensor:
        y = filtered(x, w["it.conv.weight"].flip(2, 3), taps, up, down)
        return lrelu(y + channels(w["it.conv.bias"]))

    return reference


def layer_down(w: State, x: Tensor) -> Tensor:
    y = torch.tanh(conv(w, "it.conv0.conv", x)).clamp(-0.5, 0.5)
    y = filtered(y, w["it.conv1.conv.weight"].flip(2, 3), [1, 2, 1, 3], down=2)
    return torch.tanh(y + channels(w["it.conv1.conv.bias"])).clamp(-0.5, 0.5)


def style_layer(w: State, name: str, x: Tensor, style: Tensor, taps: list[float] | None = None) -> Tensor:
    """StyleGAN2, equations 1 to 3: sample by sample. With taps, twice as large."""
    rows = []
    s = style @ w[f"{name}.affine.weight"].T / math.sqrt(style.shape[1]) + w[f"{name}.affine.bias"]
    for image, factors in zip(x, s, strict=True):
        kernel = w[f"{name}.conv.weight"] * factors[:, None, None]
        kernel = kernel / torch.sqrt((kernel**2).sum((1, 2, 3), keepdim=True) + 1e-8)
        plain = F.conv2d(image[None], kernel, padding=kernel.shape[-1] // 2) if taps is None else None
        rows.append(plain if plain is not None else filtered(image[None], kernel, taps, up=2))
    y = torch.cat(rows)
    if f"{name}.noise.strength" in w:
        y = y + w[f"{name}.noise.strength"] * w[f"{name}.noise.constant"]
    return math.sqrt(2) * lrelu(y + channels(w[f"{name}.bias.bias"]))


def style_rgb(w: State, name: str, x: Tensor, style: Tensor) -> Tensor:
    s = style @ w[f"{name}.affine.weight"].T / math.sqrt(style.shape[1]) + w[f"{name}.affine.bias"]
    y = torch.einsum("nchw,nc,oc->nohw", x, s / math.sqrt(x.shape[1]), w[f"{name}.conv.weight"][:, :, 0, 0])
    return y + channels(w[f"{name}.bias.bias"])


def mapped(w: State, name: str, z: Tensor, layers: int) -> Tensor:
    for i in range(layers):
        weight, bias = w[f"{name}.fc{i}.linear.weight"], w[f"{name}.fc{i}.linear.bias"]
        z = math.sqrt(2) * lrelu(0.01 * (z @ weight.T / math.sqrt(z.shape[1]) + bias))
    return z


def equalized_embedding(w: State, name: str, y: Tensor) -> Tensor:
    """A linear layer of the one-hot label, and pixel norm."""
    weight = w[f"{name}.weight"]
    return unit_rms(weight.T[y] / math.sqrt(weight.shape[1]) + w[f"{name}.bias"])


def style_mapping(w: State, z: Tensor, y: Tensor) -> Tensor:
    style = torch.cat([unit_rms(z), equalized_embedding(w, "it.embed", y)], 1)
    return mapped(w, "it", style, 3)[:, None].repeat(1, 5, 1)


def joint_mapping(w: State, z: Tensor, y: Tensor) -> Tensor:
    both = torch.cat([z, w["it.vectors.weight"][y]], 1)
    return mapped(w, "it", unit_rms(both), 2)[:, None].repeat(1, 4, 1)


def style_stage(w: State, x: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return style_layer(w, "it.conv1", style_layer(w, "it.conv0", x, a, [1, 2, 1, 3]), b)


def conditional_batch(w: State, x: Tensor, c: Tensor) -> Tensor:
    gain, shift = linear(w, "it.gain", c), linear(w, "it.shift", c)
    return normalized(x, (0, 2, 3), 1e-5) * (1 + channels(gain)) + channels(shift)


def categorical_batch(w: State, x: Tensor, y: Tensor) -> Tensor:
    gain, shift = w["it.gain.weight"][y], w["it.shift.weight"][y]
    return normalized(x, (0, 2, 3), 1e-5) * (1 + channels(gain)) + channels(shift)


def running_batch(w: State, x: Tensor) -> Tensor:
    mean, variance = w["it.norm.running_mean"], w["it.norm.running_var"]
    return affine(w, "it.norm", (x - channels(mean)) / channels(torch.sqrt(variance + 1e-5)))


def adain(w: State, x: Tensor, style: Tensor) -> Tensor:
    scale, shift = linear(w, "it.affine", style).chunk(2, 1)
    return normalized(x, (2, 3), 1e-8) * (1 + channels(scale)) + channels(shift)


def spade(w: State, x: Tensor, seen: Tensor) -> Tensor:
    """The map's pixels twice, and norms over the batch; of a larger map every second, and of each sample."""
    larger = seen.shape[2] > x.shape[2]
    small = seen[:, :, ::2, ::2] if larger else seen.repeat_interleave(2, 2).repeat_interleave(2, 3)
    hidden = F.relu(conv(w, "it.hidden", small))
    norm = normalized(x, (2, 3) if larger else (0, 2, 3), 1e-5)
    return norm * (1 + conv(w, "it.gain", hidden)) + conv(w, "it.shift", hidden)


def group(w: State, x: Tensor) -> Tensor:
    parts = normalized(x.reshape(len(x), 3, 2, 4, 8), (2, 3, 4), 1e-5)
    return affine(w, "it.norm", parts.reshape(x.shape))


def attention(pooled: bool, reduction: int) -> Callable[..., Tensor]:
    def reference(w: State, x: Tensor) -> Tensor:
        small = (lambda y: F.max_pool2d(y, 2)) if pooled else (lambda y: y)
        q = conv(w, "it.theta", x).flatten(2)
        k, v = (small(conv(w, f"it.{name}", x)).flatten(2) for name in ("phi", "g"))
        assert q.shape[1] == max(6 // reduction, 1) and v.shape[1] == 3
        weights = torch.softmax(torch.einsum("ncq,nck->nqk", q, k), 2)
        mixed = torch.einsum("nqk,nck->ncq", weights, v).reshape(len(x), 3, 4, 8)
        return x + w["it.gamma.weight"] * conv(w, "it.o", mixed)

    return reference


def head_stddev(statistics: int, features: int, clamp: float = 1e9) -> Callable[..., Tensor]:
    def reference(w: State, x: Tensor) -> Tensor:
        if statistics:  # each block of channels by itself
            parts = [stddev_channel(part, 2) for part in x.chunk(statistics, 1)]
            x = torch.cat([x, *(part[:, -1:] for part in parts)], 1)
        y = lrelu(conv(w, "it.conv", x)).clamp(-clamp, clamp)
        y = linear(w, "it.out", lrelu(linear(w, "it.hidden", y.flatten(1))))
        assert y.shape[1] == features
        return y

    return reference


def discrimination(w: State, x: Tensor) -> Tensor:
    parts = linear(w, "it.projected", x).view(len(x), 3, 2)
    near = [torch.exp(-(parts - part).abs().sum(2)).sum(0) for part in parts]
    return torch.cat([x, torch.stack(near)], 1)


def head_projection(w: State, x: Tensor, y: Tensor | None = None) -> Tensor:
    h = torch.relu(x).sum((2, 3))
    logit = linear(w, "it.logit", h)
    return logit if y is None else logit + (h * w["it.embed.weight"][y]).sum(1, keepdim=True)


def residual_up(w: State, x: Tensor) -> Tensor:
    def bn(name: str, x: Tensor) -> Tensor:
        return affine(w, f"{name}.norm", normalized(x, (0, 2, 3), 1e-5))

    y = conv(w, "it.conv0", up2(torch.relu(bn("it.norm0", x))))
    return conv(w, "it.conv1", torch.relu(bn("it.norm1", y))) + conv(w, "it.short", up2(x))


def residual_up_filled(w: State, x: Tensor) -> Tensor:
    def twice(x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)

    y = conv(w, "it.conv0", twice(lrelu(unit_rms(x))))
    return conv(w, "it.conv1", lrelu(unit_rms(y))) + conv(w, "it.short", twice(x))


def residual_down(first: bool = False, shrink: bool = True) -> Callable[..., Tensor]:
    def reference(w: State, x: Tensor) -> Tensor:
        y = conv(w, "it.conv0", x if first else torch.relu(x))
        y = conv(w, "it.conv1", torch.relu(y))
        if not shrink:
            return y + (conv(w, "it.short", x) if "it.short.weight" in w else x)
        return down2(y) + (conv(w, "it.short", down2(x)) if first else down2(conv(w, "it.short", x)))

    return reference


def unit_rows(weight: Tensor) -> Tensor:
    """The weights of each output over their norm (Salimans and Kingma 2016, equation 2, with g = 1)."""
    return weight / weight.flatten(1).norm(dim=1).view(-1, *[1] * (weight.dim() - 1))


def magnitude_concat(w: State, a: Tensor, b: Tensor, t: float = 0.3) -> Tensor:
    """EDM2, equation 103."""
    (n, m), both = (a.shape[1], b.shape[1]), (1 - t) ** 2 + t**2
    scale = math.sqrt((n + m) / both)
    return torch.cat([a * (scale / math.sqrt(n) * (1 - t)), b * (scale / math.sqrt(m) * t)], 1)


def dynamic_modulated(w: State, x: Tensor, style: Tensor, kernel: Tensor) -> Tensor:
    """StyleGAN2, equations 1 to 3, sample by sample, each with a kernel of its own."""
    rows = []
    for image, factors, flat in zip(x, style, kernel, strict=True):
        own = flat.view(2, 6, 3, 3) * factors[:, None, None]
        own = own / torch.sqrt((own**2).sum((1, 2, 3), keepdim=True) + 1e-8)
        rows.append(F.conv2d(image[None], own, padding=1))
    return torch.cat(rows)


def qk_norm(w: State, x: Tensor) -> Tensor:
    """Two heads: each one's queries and keys over their root mean square, times gains."""
    q, k, v = (x @ w[f"it.{name}.weight"].T for name in "qkv")
    parts = []
    for half in (slice(0, 3), slice(3, 6)):
        queries, keys = (
            y[..., half]
            / torch.sqrt((y[..., half] ** 2).mean(2, keepdim=True) + 1e-6)
            * w[f"it.{name}.weight"][half]
            for y, name in ((q, "queries"), (k, "keys"))
        )
        shares = torch.softmax(queries @ keys.transpose(1, 2) / math.sqrt(3), 2)
        parts.append(shares @ v[..., half])
    return torch.cat(parts, 2) @ w["it.o.weight"].T + w["it.o.bias"]


def warped(w: State, x: Tensor, flow: Tensor, inside: bool = True) -> Tensor:
    """Σ over pixels of x times how near each is to the place that a pixel moves to, side by side."""
    weights = torch.ones(())
    for side, length in enumerate(reversed(x.shape[2:])):  # the last first
        places = torch.arange(length, dtype=x.dtype)
        own = places.view(-1, *[1] * side)
        at = own + flow[:, side]
        at = at.clamp(0, length - 1) if inside else at
        near = (1 - (at[..., None] - places).abs()).clamp(min=0)
        weights = near if side == 0 else weights[..., None] * near[..., None, :]
    weights = weights.flatten(flow.dim() - 1)
    seen = x.transpose(2, -1).flatten(2) if x.dim() > 3 else x
    return (weights.flatten(1, -2) @ seen.transpose(1, 2)).transpose(1, 2).unflatten(2, flow.shape[2:])


def log_mel(w: State, x: Tensor) -> Tensor:
    hann = torch.hann_window(16, dtype=x.dtype)
    y = F.pad(x, (6, 6), mode="reflect")[:, 0]
    power = torch.stft(y, 16, 4, window=hann, center=False, return_complex=True).abs().square()
    bands = mel_triangles(9, 5, 8000.0, 20.0, 4000.0) @ (power + 1e-9).sqrt()
    return bands.clamp(min=1e-5).log()[:, None]


def structural(a: Tensor, b: Tensor, taps: Tensor) -> Tensor:
    """SSIM of images from −1 to 1 by windows cut out one by one (Wang et al. 2004, equation 13)."""
    window = torch.outer(taps, taps) / taps.sum() ** 2
    one, other = (x.unfold(2, len(taps), 1).unfold(3, len(taps), 1) for x in (a, b))

    def mean(x: Tensor) -> Tensor:
        return (x * window).sum((-2, -1))

    means = mean(one), mean(other)
    gaps = [x - m[..., None, None] for x, m in zip((one, other), means, strict=True)]
    variances, covariance = [mean(gap**2) for gap in gaps], mean(gaps[0] * gaps[1])
    c1, c2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    alike = (2 * means[0] * means[1] + c1) * (2 * covariance + c2)
    return alike / (means[0] ** 2 + means[1] ** 2 + c1) / (variances[0] + variances[1] + c2)
