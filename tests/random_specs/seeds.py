"""Recipes by what they are about, and their seeds. `python -m tests.random_specs cover OP…` finds lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.random_specs.recipe import Recipe

Seeds = Mapping[str, tuple[int, ...]]


def recipes(seeds: Seeds) -> Iterator[Recipe]:
    """The recipes of a table."""
    for about, numbers in seeds.items():
        yield from (Recipe(seed, tuple(about.split())) for seed in numbers)


FIRST: Seeds = {
    "constant parameter coordinates fourier_features": (10,),
    "linear embedding one_hot bias": (62,),
    "gain noise conv dynamic_conv": (30,),
    "conv_transpose modulated_conv broadcast_styles chunks": (1,),
    "normalize_magnitude batch_norm instance_norm group_norm": (56,),
    "layer_norm pixel_norm relu leaky_relu": (74,),
    "tanh sigmoid silu gelu": (2,),
    "softplus glu clamp scale": (0,),
    "quantize dropout upsample pool": (2,),
    "resize fir lowpass global_pool": (94,),
    "pixel_shuffle pixel_unshuffle pad grid_sample": (0,),
    "random_shift haar add concat": (34,),
    "multiply lerp dot slice_channels": (33,),
    "minibatch_stddev minibatch_similarity flatten reshape": (100,),
    "to_tokens from_tokens stft mel": (0,),
    "attention nearest_code moving_code stop_gradient": (0,),
    "normalize_gradient": (1,),
    "scale_gradient roll window_partition window_reverse": (33,),
    "window_mask relative_bias sinusoids rotary": (2,),
    "sequence_mask plus minus times": (2,),
    "divide power negate abs": (3,),
    "sqrt exp log sin": (168,),
    "cos round sign clip": (0,),
    "maximum minimum where below": (1,),
    "softmax log_softmax largest reduce": (56,),
    "slice matmul sample_mean sample_sum": (335,),
    "row_sum average total": (36,),
    "sequence_mask sample_mean": (0,),
}
"""What `make test` tries: every op."""

MORE: Seeds = {
    "constant parameter coordinates fourier_features": (0, 14, 43, 47, 49, 64),
    "linear embedding one_hot bias": (1, 2, 5, 6, 19, 73, 74, 147),
    "gain noise conv dynamic_conv": (37, 50, 67, 99, 116, 149),
    "conv_transpose modulated_conv broadcast_styles chunks": (8, 12, 15, 21, 46, 55, 88, 114),
    "normalize_magnitude batch_norm instance_norm group_norm": (1, 8, 30, 60, 69, 131),
    "layer_norm pixel_norm relu leaky_relu": (0, 36, 71, 149),
    "tanh sigmoid silu gelu": (4, 5, 7, 12, 15, 28, 33, 49, 73),
    "softplus glu clamp scale": (3, 4, 69, 101, 102, 116),
    "quantize dropout upsample pool": (32, 166, 168, 243, 417),
    "resize fir lowpass global_pool": (3, 6, 25, 32, 115),
    "pixel_shuffle pixel_unshuffle pad grid_sample": (9, 11, 36, 86, 134),
    "random_shift haar add concat": (2, 4, 5, 6, 12, 14, 36, 52, 55, 105, 121),
    "multiply lerp dot slice_channels": (5, 10, 12, 44, 56, 74, 111, 121, 127, 199),
    "minibatch_stddev minibatch_similarity flatten reshape": (26, 103, 137),
    "to_tokens from_tokens stft mel": (10, 12, 52, 53, 73, 103, 118),
    "attention nearest_code moving_code stop_gradient": (2, 5, 9, 10, 16, 22, 24, 34, 47, 181, 278, 390, 423),
    "normalize_gradient": (16, 47),
    "scale_gradient roll window_partition window_reverse": (4, 98, 127, 280, 313, 329),
    "window_mask relative_bias sinusoids rotary": (3, 37, 178, 183, 316, 345, 409),
    "sequence_mask plus minus times": (1, 3, 12, 183, 272, 430),
    "divide power negate abs": (0, 27, 77, 120, 132, 142),
    "sqrt exp log sin": (9, 159, 240, 418, 428),
    "cos round sign clip": (1, 2, 3, 5, 6, 18, 25, 35, 37, 76),
    "maximum minimum where below": (4, 5, 7, 10, 12, 34, 60),
    "softmax log_softmax largest reduce": (1, 3, 4, 38, 133, 135),
    "slice matmul sample_mean sample_sum": (1, 5, 26, 187, 194, 216, 235, 338, 398),
    "row_sum average total": (6, 16, 61, 79, 116),
    "rotary": (40,),
    "stack select track_average modulate": (2, 9, 10, 35, 88, 134),
    "upsample": (56,),
    "attention": (0, 3, 9, 18, 89),
    "sample_sum": (119, 320, 529, 961),
    "sequence_mask sample_mean": (10, 141),
    "gain": (1, 2),
    "conv_transpose": (0,),
    "coordinates": (0,),
}
"""What `make thorough` tries besides: with them every op is in every role that it may have."""
