"""Specs for memory: every op of the table in the discriminator or the generator, in each way of training."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from gandsl.ir.op import Op
from gandsl.ir.ops import OPS

VECTOR = "    v: {op: global_pool}\n    f: {op: linear, features: 32}\n"
BACK = "    back: {op: modulate, x: c0, scale: m}\n"
TOKENS = "    t: {op: to_tokens, x: c0}\n"
WINDOWS = "    t: {op: window_partition, x: c0, window: 4}\n"
SIGNAL = "    p: {op: reshape, channels: 4, size: [2048]}\n"
BACK_FROM_SOUND = (
    "    v: {op: global_pool}\n    r: {op: linear, features: 32}\n"
    + "    back: {op: modulate, x: c0, scale: r}\n"
)


def one(text: str) -> str:
    return f"    m: {{op: {text}}}\n"


def of_a_vector(text: str) -> str:
    return VECTOR + one(text) + BACK


# op → lines between two convolutions, the first of which is c0 [32, 16, 16], where it wants more than that
WRITTEN: dict[str, str] = {
    "constant": one("constant, like: c0, channels: 8, size: 16") + "    s: {op: concat, terms: [c0, m]}\n",
    "coordinates": one("coordinates, like: c0, size: 16") + "    s: {op: concat, terms: [c0, m]}\n",
    "fourier_features": "    v: {op: global_pool}\n    f: {op: linear, features: 4}\n"
    + one("fourier_features, motion: f, channels: 32, size: 16, rate: 16.0, bandwidth: 4.0")
    + "    s: {op: add, terms: [c0, m]}\n",
    "embedding": one("embedding, y: y, features: 32") + BACK,
    "one_hot": "    h: {op: one_hot, y: y}\n" + one("linear, features: 32") + BACK,
    "gain": one("gain, per_channel: true"),
    "conv": one("conv, channels: 32, weight: spectral, padding_mode: reflect"),
    "conv_transpose": one("conv_transpose, channels: 32, weight: equalized"),
    "modulated_conv": VECTOR + one("modulated_conv, x: c0, style: f, channels: 32"),
    "broadcast_styles": VECTOR + "    b: {op: broadcast_styles, count: 2}\n"
    + one("select, x: b, index: 1") + BACK,
    "select": VECTOR + "    b: {op: stack, terms: [v, f]}\n" + one("select, x: b, index: 1") + BACK,
    "stack": VECTOR + "    b: {op: stack, terms: [v, f]}\n" + one("select, x: b, index: 0") + BACK,
    "chunks": VECTOR + "    g: {op: linear, features: 64}\n    h: {op: chunks, x: g, count: 2}\n"
    "    m: {op: add, terms: [\"h[0]\", \"h[1]\"]}\n" + BACK,
    "modulate": VECTOR + one("modulate, x: c0, scale: v, shift: f"),
    "instance_norm": one("instance_norm, affine: true"),
    "group_norm": one("group_norm, groups: 4"),
    "scale": one("scale, factor: 2.0") + "    p: {op: pool}\n",
    "upsample": one("upsample, mode: bilinear"),
    "pool": one("pool, mode: max"),
    "resize": one("resize, size: 24, mode: bicubic"),
    "fir": one("fir, pad: [2, 1, 2, 1]"),
    "lowpass": one("lowpass, length: 12, cutoff: 4.0, half_width: 2.0, rate: 16.0, pad: [6, 5, 6, 5]"),
    "global_pool": "    v: {op: global_pool, mode: max}\n" + one("linear, features: 32") + BACK,
    "pad": one("pad, pad: [1, 1, 1, 1], mode: reflect"),
    "add": "    d0: {op: conv, channels: 32}\n" + one("add, terms: [c0, d0], scale: 0.7"),
    "concat": "    d0: {op: conv, channels: 32}\n" + one("concat, terms: [c0, d0]"),
    "multiply": "    d0: {op: conv, channels: 32}\n" + one("multiply, a: c0, b: d0"),
    "dot": VECTOR + "    d: {op: dot, a: v, b: f}\n" + one("linear, features: 32") + BACK,
    "slice_channels": one("slice_channels, start: 4, count: 16"),
    "minibatch_similarity": VECTOR + "    d: {op: minibatch_similarity, kernels: 8}\n"
    + one("linear, features: 32") + BACK,
    "flatten": "    v: {op: pool, factor: 4}\n    d: {op: flatten}\n" + one("linear, features: 32") + BACK,
    "reshape": VECTOR + "    g: {op: linear, features: 1024}\n" + one("reshape, channels: 4, size: 16")
    + "    s: {op: concat, terms: [c0, m]}\n",
    "to_tokens": TOKENS + "    l: {op: linear, features: 32}\n" + one("from_tokens, size: 16"),
    "from_tokens": TOKENS + "    l: {op: gelu}\n" + one("from_tokens, size: 16"),
    "attention": "    p: {op: pool}\n    t: {op: to_tokens}\n"
    "    l: {op: attention, q: t, k: t, v: t, heads: 2}\n"
    + one("from_tokens, size: 8"),
    "parameter": one("parameter, like: c0, shape: [8, 16, 16]") + "    s: {op: concat, terms: [c0, m]}\n",
    "dynamic_conv": VECTOR + "    k: {op: linear, features: 32 * 32 * 9}\n"
    + one("dynamic_conv, x: c0, weight: k, channels: 32"),
    "below": "    d0: {op: conv, channels: 32}\n    b: {op: below, a: c0, b: d0}\n"
    + one("times, a: b, b: c0"),
    "where": "    d0: {op: conv, channels: 32}\n" + one("where, condition: c0, a: d0, number: 0.5"),
    "power": one("power, exponent: 3.0"),
    **{
        name: "    d0: {op: conv, channels: 32}\n" + one(f"{name}, a: c0, b: d0")
        for name in ("plus", "minus", "times", "divide", "maximum", "minimum")
    },
    **{
        name: "    d0: {op: conv, channels: 32}\n" + one(f"{name}, terms: [c0, d0]")
        for name in ("average", "total")
    },
    **{name: one(f"{name}, over: channels") for name in ("softmax", "log_softmax")},
    "log": "    e: {op: softplus}\n" + one("log"),
    "sqrt": "    e: {op: softplus}\n" + one("sqrt"),
    # what stops every gradient, beside a branch that lets one by
    **{name: one(name) + "    s: {op: times, a: m, b: c0}\n" for name in ("sign", "round", "stop_gradient")},
    "moving_code": one("moving_code, count: 24") + "    s: {op: times, a: m, b: c0}\n",
    "clip": one("clip, low: -0.5, high: 0.5"),
    "reduce": "    r: {op: reduce, how: variance, over: channels}\n" + one("divide, a: c0, b: r"),
    "slice": one("slice, over: channels, start: 4, count: 16"),
    "matmul": TOKENS + "    k: {op: linear, features: 32}\n    q: {op: matmul, a: t, b: k, transpose: b}\n"
    "    v: {op: matmul, a: q, b: t}\n" + one("from_tokens, size: 16"),
    "row_sum": TOKENS + "    r: {op: row_sum}\n" + one("linear, features: 32") + BACK,
    "sample_mean": "    n: {op: sample_mean}\n" + one("times, a: c0, b: n"),
    "sample_sum": "    n: {op: sample_sum}\n" + one("times, a: c0, b: n"),
    "clamp": one("clamp, limit: 1.0"),
    "quantize": one("quantize, levels: 16"),
    "grid_sample": "    k: {op: conv, x: c0, channels: 2}\n    g: {op: tanh}\n"
    + one("grid_sample, x: c0, grid: g"),
    "stft": SIGNAL + one("stft, window: 64, hop: 32") + "    s: {op: conv, channels: 8}\n" + BACK_FROM_SOUND,
    "mel": SIGNAL + "    f: {op: stft, window: 64, hop: 32}\n" + one("mel, bands: 12, rate: 8000.0")
    + BACK_FROM_SOUND,
    "nearest_code": one("nearest_code, count: 24"),
    "normalize_gradient": one("normalize_gradient, length: 2.0"),
    "scale_gradient": one("scale_gradient, factor: -0.5"),
    "roll": one("roll, shift: 3"),
    "window_partition": WINDOWS + "    l: {op: gelu}\n" + one("window_reverse, window: 4, size: 16"),
    "window_reverse": WINDOWS + "    l: {op: linear, features: 32}\n"
    + one("window_reverse, window: 4, size: 16"),
    "window_mask": WINDOWS + "    k: {op: window_mask, like: c0, size: 16, window: 4, shift: 2}\n"
    "    l: {op: attention, q: t, k: t, v: t, heads: 2, groups: 16, mask: k}\n"
    + one("window_reverse, window: 4, size: 16"),
    "relative_bias": WINDOWS + "    b: {op: relative_bias, like: c0, heads: 2, size: 4}\n"
    "    l: {op: attention, q: t, k: t, v: t, heads: 2, groups: 16, bias: b}\n"
    + one("window_reverse, window: 4, size: 16"),
    "sinusoids": one("sinusoids, like: c0, channels: 32, size: 16") + "    s: {op: add, terms: [c0, m]}\n",
    "rotary": TOKENS + "    l: {op: rotary, heads: 2}\n" + one("from_tokens, size: 16"),
    "sequence_mask": "    n: {op: sample_mean}\n    k: {op: sequence_mask, count: 32}\n"
    + one("modulate, x: c0, scale: k"),
    "largest": "    r: {op: largest, over: channels}\n" + one("divide, a: c0, b: r"),
}  # fmt: skip
GIVEN = {"channels": 32, "features": 32}
"""Values for parameters that have to be given."""


def body(op: Op) -> str:
    """The lines for an op: those written here, else made of what its row says of its first input."""
    given = [op.name, *(f"{p.name}: {GIVEN[p.name]}" for p in op.params if p.required)]
    simple = one if "Feature" in op.ports[0].kinds else of_a_vector
    return simple(", ".join(given))


ELSEWHERE = {"input": "every network", "lerp": "a growing network, as it fades"}

BODIES = {n: WRITTEN.get(n) or body(op) for n, op in OPS.items() if n not in ELSEWHERE}

SPEC = """gandsl: 1
name: one
generator:
  inputs: {{z: "Latent[16]"{label}}}
  body:
    w: {{op: linear, features: 16}}
    ws: {{op: broadcast_styles, count: 1}}
    style: {{op: select, x: ws, index: 0}}
    dense: {{op: linear, features: 8 * 16 * 16}}
    start: {{op: reshape, channels: 8, size: 16}}
    c0: {{op: conv, channels: 32}}
{g}    last: {{op: resize, size: 16}}
    rgb: {{op: conv, channels: 3}}
{styles}discriminator:
  inputs: {{image: "Image[3, 16]"{label}}}
  body:
    c0: {{op: conv, channels: 32}}
{d}    c1: {{op: conv, channels: 32}}
    flat: {{op: flatten}}
    logit: {{op: linear, features: 1}}
training:
  length: 1 kimg
  batch: 8
  loss: logistic
  optimizer: {{kind: adam, lr: 2e-4, betas: [0.0, 0.99]}}
{more}"""

R1 = "  regularizers: {r1: {gamma: 1.0}}\n"
PATH = "  regularizers: {path_length: {weight: 2.0, every: 4 steps}}\n"
MORE = {"plain": "", "r1": R1, "path": PATH}


class Case(NamedTuple):
    """An op, the network that has it, and what is trained beside."""

    op: str
    side: str  # generator | discriminator
    way: str  # of MORE

    def text(self) -> str:
        """The spec."""
        body = BODIES[self.op]
        label = ', y: "Label[3]"' if "y: y" in body else ""  # the other network has to take one, too
        other = "    h: {op: one_hot, y: y}\n    m: {op: linear, features: 32}\n" + BACK if label else ""
        g, d = (body, other) if self.side == "generator" else (other, body)
        styles = "" if label else "  styles: ws\n"  # which is all that the image depends on
        return SPEC.format(g=g, d=d, label=label, styles=styles, more=MORE[self.way])

    def written(self, folder: Path) -> Path:
        """The spec's file."""
        path = folder / "one.yaml"
        path.write_text(self.text(), "utf-8")
        return path


CASES = [
    Case(op, side, way)
    for op in BODIES
    for side, ways in (("discriminator", ("plain", "r1")), ("generator", ("plain", "path")))
    for way in ways
]
