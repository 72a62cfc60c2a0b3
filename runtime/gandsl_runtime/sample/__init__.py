"""Sampling a trained generator: seeds, latents in files, interpolation, mixing, motion, standing means."""

from ..errors import SamplingError
from .arrays import LatentsError
from .draws import Draws
from .given import GivenLatents
from .inputs import GivenInputs
from .interpolation import Space, interpolate
from .mixing import mix
from .motion import move
from .sampler import NoiseMode, Sampler, SamplingOptions
from .seeds import sample
from .standing import accumulate_statistics

__all__ = [
    "Draws",
    "GivenInputs",
    "GivenLatents",
    "LatentsError",
    "NoiseMode",
    "Sampler",
    "SamplingError",
    "SamplingOptions",
    "Space",
    "accumulate_statistics",
    "interpolate",
    "mix",
    "move",
    "sample",
]
