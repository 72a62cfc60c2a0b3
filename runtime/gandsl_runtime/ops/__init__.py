"""Ops: every primitive without state, as functions of tensors.

The batch comes first; all but `quantize` are twice differentiable.
"""

from gandsl_runtime.ops.activation import (
    clamp,
    gelu,
    glu,
    leaky_relu,
    quantize,
    relu,
    scale,
    sigmoid,
    silu,
    softplus,
    tanh,
)
from gandsl_runtime.ops.attention import attention
from gandsl_runtime.ops.batch import one_sample, repeat_sample
from gandsl_runtime.ops.combine import (
    add,
    concat,
    dot,
    lerp,
    minibatch_similarity,
    minibatch_stddev,
    multiply,
    slice_channels,
)
from gandsl_runtime.ops.norm import pixel_norm
from gandsl_runtime.ops.parallel import batched_linear, shared_linear
from gandsl_runtime.ops.resample import (
    global_pool,
    pad,
    pixel_shuffle,
    pixel_unshuffle,
    pool,
    resize,
    upsample,
)
from gandsl_runtime.ops.shape import flatten, from_tokens, reshape, to_tokens
from gandsl_runtime.ops.style import broadcast_styles, chunks, modulate, select, stack

__all__ = [
    "add",
    "attention",
    "batched_linear",
    "broadcast_styles",
    "chunks",
    "clamp",
    "concat",
    "dot",
    "flatten",
    "from_tokens",
    "gelu",
    "global_pool",
    "glu",
    "leaky_relu",
    "lerp",
    "minibatch_similarity",
    "minibatch_stddev",
    "modulate",
    "multiply",
    "one_sample",
    "pad",
    "pixel_norm",
    "pixel_shuffle",
    "pixel_unshuffle",
    "pool",
    "quantize",
    "relu",
    "repeat_sample",
    "reshape",
    "resize",
    "scale",
    "select",
    "shared_linear",
    "sigmoid",
    "silu",
    "slice_channels",
    "softplus",
    "stack",
    "tanh",
    "to_tokens",
    "upsample",
]
