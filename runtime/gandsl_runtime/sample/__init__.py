"""Sampling a trained generator: seeds, latents in files, interpolation, style mixing, standing statistics."""

from .draws import Draws
from .given import Given, LatentsError
from .interpolation import Space, interpolate
from .mixing import mix
from .sampler import How, NoiseMode, Sampler, SamplingError
from .seeds import sample
from .standing import accumulate_statistics

__all__ = [
    "Draws",
    "Given",
    "How",
    "LatentsError",
    "NoiseMode",
    "Sampler",
    "SamplingError",
    "Space",
    "accumulate_statistics",
    "interpolate",
    "mix",
    "sample",
]
