"""Uses of the standard library's blocks, each with what it computes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.specs.block_formulas import (
    adain,
    affine,
    attention,
    categorical_batch,
    channels,
    conditional_batch,
    conv,
    discrimination,
    dynamic_modulated,
    equalized_embedding,
    filtered,
    group,
    head_projection,
    head_stddev,
    joint_mapping,
    layer_conv,
    layer_down,
    linear,
    log_mel,
    magnitude_concat,
    mapped,
    normalized,
    qk_norm,
    residual_down,
    residual_up,
    residual_up_filled,
    running_batch,
    same,
    spade,
    structural,
    style_layer,
    style_mapping,
    style_rgb,
    style_stage,
    unit_rows,
    warped,
)
from tests.specs.parts import down2, lrelu, unit_rms, up2
from tests.specs.token_blocks import TOKEN_CASES

BATCH = 4


class Case(NamedTuple):
    """A block used with these arguments, as `it`; what it computes is reference(state by key, *inputs)."""

    block: str
    inputs: dict[str, str]
    use: str
    reference: Callable[..., Tensor]
    training: bool = True


X = {"x": "Feature[6, 4, 8]"}
"""Four rows, eight columns: so that rows and columns cannot be mistaken for each other."""

TAPS = ([1.0, 2.0], [1.0, 3.0, 2.0, 1.0], [1.0, 2.0, 5.0, 4.0, 2.0, 1.0])
"""Uneven, so that a filter the wrong way round shows."""
TOKENS = {"x": "Tokens[5, 6]"}
STYLED = {**X, "style": "Vector[5]"}

CASES = [
    Case("norm.batch", X, "",
         lambda w, x: affine(w, "it.norm", normalized(x, (0, 2, 3), 1e-5))),
    Case("norm.batch", X, "", running_batch, training=False),
    Case("norm.batch", {"x": "Vector[6]"}, "",
         lambda w, x: normalized(x, (0,), 1e-5) * w["it.norm.weight"] + w["it.norm.bias"]),
    Case("norm.conditional_batch", {**X, "c": "Vector[5]"}, "x: x, condition: c",
         conditional_batch),
    Case("norm.categorical_batch", {**X, "y": "Label[5]"}, "x: x, y: y", categorical_batch),
    Case("norm.instance", X, "", lambda w, x: normalized(x, (2, 3), 1e-5)),
    Case("norm.adain", STYLED, "x: x, style: style", adain),
    Case("norm.pixel", X, "", lambda w, x: unit_rms(x)),
    Case("norm.layer", X, "",
         lambda w, x: affine(w, "it.norm", normalized(x, (1, 2, 3), 1e-5))),
    Case("norm.layer", TOKENS, "",
         lambda w, x: normalized(x, (2,), 1e-5) * w["it.norm.weight"] + w["it.norm.bias"]),
    Case("norm.layer_channels", X, "", lambda w, x: affine(w, "it.norm", normalized(x, (1,), 1e-6))),
    Case("norm.rms", X, "eps: 1e-8", lambda w, x: unit_rms(x) * channels(w["it.gain.weight"])),
    Case("norm.rms", TOKENS, "",
         lambda w, x: x / torch.sqrt((x**2).mean(2, keepdim=True) + 1e-6) * w["it.gain.weight"]),
    Case("norm.group", X, "groups: 3", group),
    Case("norm.spade", {**X, "map": "Feature[3, 2, 4]"}, "x: x, map: map, hidden: 5", spade),
    Case("norm.spade", {**X, "map": "Feature[3, 8, 16]"},
         "x: x, map: map, hidden: 5, kernel: 1, norm: instance", spade),
    Case("magnitude.conv", X, "channels: 5, stride: 2",
         lambda w, x: F.conv2d(x, unit_rows(w["it.conv.weight"]), stride=2, padding=1)),
    Case("magnitude.linear", {"x": "Vector[6]"}, "features: 5",
         lambda w, x: x @ unit_rows(w["it.linear.weight"]).T),
    Case("magnitude.silu", X, "", lambda w, x: x * torch.sigmoid(x) / 0.596),
    Case("magnitude.add", {"a": "Feature[6, 4, 8]", "b": "Feature[6, 4, 8]"}, "a: a, b: b, t: 0.2",
         lambda w, a, b: (0.8 * a + 0.2 * b) / math.sqrt(0.8**2 + 0.2**2)),
    Case("magnitude.concat", {"a": "Feature[6, 4, 8]", "b": "Feature[2, 4, 8]"}, "a: a, b: b, t: 0.3",
         magnitude_concat),
    Case("magnitude.gain", X, "",
         lambda w, x: x * channels(w["it.gain.weight"]) + channels(w["it.bias.bias"])),
    Case("dynamic.bank", {"style": "Vector[5]"}, "count: 3, size: 7",
         lambda w, s: torch.softmax(linear(w, "it.scores", s), 1) @ w["it.kernels.weight"]),
    Case("dynamic.modulated_conv", {**X, "style": "Vector[6]", "kernel": "Vector[108]"},
         "x: x, style: style, kernel: kernel, channels: 2", dynamic_modulated),
    Case("dynamic.modulated_conv", {**X, "style": "Vector[6]", "kernel": "Vector[12]"},
         "x: x, style: style, kernel: kernel, channels: 2, side: 1, demodulate: false",
         lambda w, x, s, k: torch.einsum("nchw,nc,noc->nohw", x, s, k.view(-1, 2, 6))),
    Case("attention.qk_norm", TOKENS, "heads: 2", qk_norm),
    Case("up.nearest", X, "", lambda w, x: up2(x)),
    Case("up.bilinear", X, "",
         lambda w, x: F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)),
    *(Case("up.fir", X, f"taps: {t}", lambda w, x, t=t: filtered(x, same(x), t, up=2)) for t in TAPS),
    Case("down.average", X, "", lambda w, x: down2(x)),
    Case("down.max", X, "",
         lambda w, x: torch.stack([x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]).amax(0)),
    *(Case("down.fir", X, f"taps: {t}", lambda w, x, t=t: filtered(x, same(x), t, down=2)) for t in TAPS),
    Case("layer.conv", X, "channels: 5", lambda w, x: lrelu(conv(w, "it.conv", x))),
    Case("layer.conv", X, "channels: 5, kernel: 1, bias: false, norm: pixel, act: tanh, clamp: 0.5",
         lambda w, x: torch.tanh(unit_rms(conv(w, "it.conv", x))).clamp(-0.5, 0.5)),
    *(Case("layer.conv", X, f"channels: 5, kernel: {k}, {way}: true, taps: {t}",
           layer_conv(t, **{way: 2})) for t in TAPS for k in (1, 3) for way in ("up", "down")),
    Case("layer.down", X, "channels: 7, out: 5, taps: [1, 2, 1, 3], act: tanh, clamp: 0.5", layer_down),
    Case("layer.minibatch_discrimination", {"x": "Vector[6]"}, "kernels: 3, size: 2", discrimination),
    Case("layer.linear", {"x": "Vector[6]"}, "features: 5",
         lambda w, x: lrelu(linear(w, "it.linear", x))),
    Case("residual.up", X, "channels: 5", residual_up),
    Case("residual.up", X, "channels: 5, norm: pixel, act: leaky_relu, up: bilinear",
         residual_up_filled),
    Case("residual.down", X, "channels: 5", residual_down()),
    Case("residual.down", X, "channels: 5, first: true", residual_down(first=True)),
    Case("residual.down", X, "channels: 5, shrink: false", residual_down(shrink=False)),
    Case("residual.down", X, "channels: 6, shrink: false", residual_down(shrink=False)),
    Case("attention.spatial", X, "", attention(pooled=True, reduction=8)),
    Case("attention.spatial", X, "pool: false, reduction: 2",
         attention(pooled=False, reduction=2)),
    Case("head.stddev", X, "group: 2", head_stddev(1, 1)),
    Case("head.stddev", X, "group: 2, statistics: 2, features: 3", head_stddev(2, 3)),
    Case("head.stddev", X, "statistics: 0, clamp: 0.3", head_stddev(0, 1, clamp=0.3)),
    Case("head.projection", X, "", head_projection),
    Case("head.projection", {**X, "y": "Label[5]"}, "x: x, y: y", head_projection),
    Case("style.mapping", {"z": "Latent[5]"},
         "count: 4, layers: 2, width: 6, defaults: {linear: {weight: equalized}}",
         lambda w, z: mapped(w, "it", unit_rms(z), 2)[:, None].repeat(1, 4, 1)),
    Case("style.mapping", {"z": "Latent[5]", "y": "Label[3]"},
         "z: z, y: y, count: 5, layers: 3, width: 6, defaults: {linear: {weight: equalized}}",
         style_mapping),
    Case("style.mapping", {"z": "Latent[5]", "y": "Label[3]"},
         "z: z, y: y, joint: true, hidden: 7, count: 4, layers: 2, width: 6, "
         "defaults: {linear: {weight: equalized}}", joint_mapping),
    Case("style.label_mapping", {"y": "Label[3]"},
         "layers: 2, width: 6, defaults: {linear: {weight: equalized}}",
         lambda w, y: mapped(w, "it", equalized_embedding(w, "it.embed", y), 2)),
    Case("style.layer", STYLED, "x: x, style: style, channels: 3",
         lambda w, x, s: style_layer(w, "it", x, s)),
    Case("style.layer", STYLED, "x: x, style: style, channels: 3, add_noise: false, clamp: 0.3",
         lambda w, x, s: style_layer(w, "it", x, s).clamp(-0.3, 0.3)),
    *(Case("style.layer", STYLED, f"x: x, style: style, channels: 3, up: true, kernel: {k}, taps: {t}",
           lambda w, x, s, t=t: style_layer(w, "it", x, s, t)) for t in TAPS for k in (1, 3)),
    Case("style.stage", {**X, "a": "Vector[5]", "b": "Vector[5]"},
         'x: x, styles: "[a, b]", channels: 3, taps: [1, 2, 1, 3]', style_stage),
    Case("style.stage", {**X, "a": "Vector[5]"}, 'x: x, styles: "[a]", channels: 3, first: true',
         lambda w, x, a: style_layer(w, "it.conv1", x, a)),
    Case("style.rgb", STYLED, "x: x, style: style", lambda w, x, s: style_rgb(w, "it", x, s)),
    Case("space.warp", {**X, "flow": "Feature[2, 4, 8]"}, "x: x, flow: flow", warped),
    Case("space.warp", {**X, "flow": "Feature[2, 4, 8]"}, "x: x, flow: flow, border: zeros",
         lambda w, x, flow: warped(w, x, flow, inside=False)),
    Case("space.warp", {"x": "Signal[2, 9]", "flow": "Feature[1, [9]]"}, "x: x, flow: flow", warped),
    Case("space.periods", {"x": "Signal[2, 16]"}, "period: 5",
         lambda w, x: F.pad(x, (0, 4), mode="reflect").view(BATCH, 2, 4, 5)),
    Case("space.periods", {"x": "Signal[2, 15]"}, "period: 5", lambda w, x: x.view(BATCH, 2, 3, 5)),
    Case("space.log_mel", {"x": "Signal[1, 64]"}, "rate: 8000, bands: 5, window: 16, hop: 4, low: 20",
         log_mel),
    Case("similarity.structural", {"a": "Feature[2, 5, 7]", "b": "Feature[2, 5, 7]"},
         "a: a, b: b, taps: [1, 3, 2]",
         lambda w, a, b: structural(a, b, a.new_tensor([2.0, 3.0, 1.0]))),
    *(Case(*row) for row in TOKEN_CASES),
]  # fmt: skip
