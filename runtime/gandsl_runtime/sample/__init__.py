"""Sampling a trained generator: seeds, files of latents, ways, style mixing, motion, standing statistics."""

from .draws import Draws
from .given import Given, LatentsError
from .interpolation import Space, interpolate
from .mixing import mix
from .motion import move
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
    "move",
    "sample",
]
