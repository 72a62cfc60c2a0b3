"""`gandsl_runtime.rng.philox` for CUDA: one launch draws all numbers of all samples, and the same ones.

Every float operation is rounded by itself (`enable_fp_fusion=False`); what changes from step to step are
scalars that Triton does not specialize for, so that it compiles once for each form of a draw.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from gandsl_runtime.rng import philox as rng

ROUNDS = tl.constexpr(rng.ROUNDS)
WITHIN = tl.constexpr(rng.WITHIN)
ROOT_HALF = tl.constexpr(rng.ROOT_HALF)
LN2 = tl.constexpr(rng.LN2)
WORDS, UNIFORM, NORMAL = tl.constexpr(0), tl.constexpr(1), tl.constexpr(2)
BLOCKS = 256  # of four numbers, at most, a program
L0, L1, L2, L3, L4, L5, L6, L7 = (tl.constexpr(coefficient) for coefficient in rng.LOG)
S0, S1, S2, S3, S4 = (tl.constexpr(coefficient) for coefficient in rng.SINE)
SCALARS = ["numbers", "key_low", "key_high", "low", "high", "start", "step", "count", "total"]


def launch(out: Tensor, key: int, stream: int, normal: bool, rows: rng.Rows) -> None:
    """Fill `out`, as `gandsl::draw` says."""
    n, numbers = len(out), out[:1].numel()
    if not n * numbers:
        return
    kind = NORMAL if normal else UNIFORM if out.is_floating_point() else WORDS
    blocks = -(-numbers // 4)
    at_once = min(BLOCKS, triton.next_power_of_2(blocks))
    halves = [_signed(half) for whole in (key, stream) for half in (whole, whole >> 32)]
    with torch.cuda.device_of(out):  # Triton launches on the current one
        _fill[(n, triton.cdiv(blocks, at_once))](
            out,
            numbers,
            *halves,
            rows.start,
            rows.step,
            rows.count,
            rows.total,
            KIND=kind,
            BLOCKS=at_once,
            num_warps=max(1, at_once // 64),
            enable_fp_fusion=False,
        )


def _signed(word: int) -> int:
    """The lower 32 bits as an int32: Triton would take a number beyond it for one of another type."""
    return (word & rng.WORD ^ 1 << 31) - (1 << 31)


@triton.jit(do_not_specialize=SCALARS)
def _fill(
    out,
    numbers,
    key_low,
    key_high,
    low,
    high,
    start,
    step,
    count,
    total,
    KIND: tl.constexpr,
    BLOCKS: tl.constexpr,
):
    row = tl.program_id(0)
    block = tl.program_id(1) * BLOCKS + tl.arange(0, BLOCKS)
    place = row // count * total + row % count * step + start
    zero = tl.zeros([BLOCKS], tl.uint32)
    w0, w1 = block.to(tl.uint32), zero + place.to(tl.uint32)
    w2, w3 = zero + low.to(tl.uint32), zero + high.to(tl.uint32)
    k0, k1 = key_low.to(tl.uint32), key_high.to(tl.uint32)
    for _ in tl.static_range(ROUNDS):
        a, b = w0, w2
        w0 = tl.umulhi(b, zero + 0xCD9E8D57) ^ w1 ^ k0
        w2 = tl.umulhi(a, zero + 0xD2511F53) ^ w3 ^ k1
        w1, w3 = b * 0xCD9E8D57, a * 0xD2511F53
        k0, k1 = k0 + 0x9E3779B9, k1 + 0xBB67AE85
    if KIND == NORMAL:
        x0, x1 = _box_muller(w0, w1)
        x2, x3 = _box_muller(w2, w3)
    elif KIND == UNIFORM:
        x0, x1, x2, x3 = _uniform(w0), _uniform(w1), _uniform(w2), _uniform(w3)
    else:
        x0, x1, x2, x3 = w0.to(tl.int64), w1.to(tl.int64), w2.to(tl.int64), w3.to(tl.int64)
    drawn = tl.reshape(tl.join(tl.join(x0, x2), tl.join(x1, x3)), [4 * BLOCKS])
    at = tl.program_id(1) * 4 * BLOCKS + tl.arange(0, 4 * BLOCKS)
    tl.store(out + row.to(tl.int64) * numbers + at, drawn, mask=at < numbers)


@triton.jit
def _uniform(word):
    return (word >> 8).to(tl.float32) * 5.9604644775390625e-08  # 2⁻²⁴


@triton.jit
def _box_muller(radius, angle):
    f = radius.to(tl.float32) + 0.5
    bits = f.to(tl.int32, bitcast=True)
    exponent = (bits - ROOT_HALF) >> 23
    s = (bits - (exponent << 23)).to(tl.float32, bitcast=True) - 1.0
    log = s * L7 + L6
    log = log * s + L5
    log = log * s + L4
    log = log * s + L3
    log = log * s + L2
    log = log * s + L1
    log = log * s + L0
    log = log * s * s + s
    length = tl.sqrt_rn(((exponent - 32).to(tl.float32) * LN2 + log) * -2.0)
    sine = _quarter(angle) * length
    cosine = _quarter(~angle) * length
    signed_sine = sine.to(tl.uint32, bitcast=True) ^ (angle & 0x80000000)
    signed_cosine = cosine.to(tl.uint32, bitcast=True) ^ ((angle << 1) & 0x80000000)
    return signed_sine.to(tl.float32, bitcast=True), signed_cosine.to(tl.float32, bitcast=True)


@triton.jit
def _quarter(angle):
    t = ((angle & WITHIN).to(tl.float32) + 0.5) * 9.313225746154785e-10  # 2⁻³⁰
    x = t * t
    total = x * S4 + S3
    total = total * x + S2
    total = total * x + S1
    total = total * x + S0
    return total * t
