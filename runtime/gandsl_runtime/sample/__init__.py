"""Sampling a trained generator: seeds, interpolation, style mixing, standing statistics."""

from .interpolation import Space, interpolate
from .mixing import mix
from .sampler import How, NoiseMode, Sampler, SamplingError
from .seeds import sample
from .standing import accumulate_statistics

__all__ = [
    "How",
    "NoiseMode",
    "Sampler",
    "SamplingError",
    "Space",
    "accumulate_statistics",
    "interpolate",
    "mix",
    "sample",
]
