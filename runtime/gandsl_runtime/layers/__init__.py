"""Layers: every primitive that holds weights or buffers, or draws random numbers.

Each has at most one learned weight and one bias.

Constructors take sizes first and the op's parameters by name; a layer's state_dict keys are the names that
its op declares. `reset()` draws a layer's state anew, in order, from torch's default generator.
"""

from gandsl_runtime.layers.base import Layer, materialize
from gandsl_runtime.layers.cast import Cast
from gandsl_runtime.layers.channel import Bias, Gain
from gandsl_runtime.layers.codes import MovingCode, NearestCode
from gandsl_runtime.layers.convolution import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
)
from gandsl_runtime.layers.dropout import Dropout
from gandsl_runtime.layers.fir import Fir, Fir1d, Fir3d
from gandsl_runtime.layers.folded import Folded
from gandsl_runtime.layers.fourier import FourierFeatures
from gandsl_runtime.layers.label import Embedding, OneHot
from gandsl_runtime.layers.linear import Linear
from gandsl_runtime.layers.lowpass import Lowpass
from gandsl_runtime.layers.magnitude import NormalizeMagnitude
from gandsl_runtime.layers.modulated import ModulatedConv2d
from gandsl_runtime.layers.noise import NOISE_MODES, Noise, set_noise_mode
from gandsl_runtime.layers.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, set_truncation
from gandsl_runtime.layers.recomputed import Recomputed
from gandsl_runtime.layers.relative import RelativeBias
from gandsl_runtime.layers.shift import RandomShift
from gandsl_runtime.layers.source import Constant, Coordinates, LearnedTensor
from gandsl_runtime.layers.style import TrackAverage
from gandsl_runtime.layers.weight import Weighted

__all__ = [
    "NOISE_MODES",
    "BatchNorm",
    "Bias",
    "Cast",
    "Constant",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "Coordinates",
    "Dropout",
    "Embedding",
    "Fir",
    "Fir1d",
    "Fir3d",
    "Folded",
    "FourierFeatures",
    "Gain",
    "GroupNorm",
    "InstanceNorm",
    "Layer",
    "LayerNorm",
    "LearnedTensor",
    "Linear",
    "Lowpass",
    "ModulatedConv2d",
    "MovingCode",
    "NearestCode",
    "Noise",
    "NormalizeMagnitude",
    "OneHot",
    "RandomShift",
    "Recomputed",
    "RelativeBias",
    "TrackAverage",
    "Weighted",
    "materialize",
    "set_noise_mode",
    "set_truncation",
]
