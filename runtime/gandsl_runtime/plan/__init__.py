"""The training plan: every choice of an experiment, with its unit, range and meaning; imports no torch."""

from __future__ import annotations

from .augment import MADE, PIPES, TRANSFORMS, Adaptive, Augment, Pipe
from .cadence import Best, Cadence
from .data import Data
from .ema import Ema
from .freeze import Freeze
from .growth import Growth
from .guard import Guard
from .loss import LOSS_NAMES, Loss
from .mixing import StyleMixing
from .number import Curve, LengthCurve, Number, Stairs
from .optimizer import OPTIMIZERS, SGD, Adam, AdamW, Optimizer, OptimizerChanges, RMSprop
from .part import PlanPart
from .plan import Plan
from .precision import Precision
from .quantity import IMAGES_PER_UNIT, UNITS, ZERO, Images, Interval, Length, Quantity
from .regularizers import Consistency, LeCam, Regularizers, TopSingularValue

__all__ = [
    "IMAGES_PER_UNIT",
    "LOSS_NAMES",
    "MADE",
    "OPTIMIZERS",
    "PIPES",
    "SGD",
    "TRANSFORMS",
    "UNITS",
    "ZERO",
    "Adam",
    "AdamW",
    "Adaptive",
    "Augment",
    "Best",
    "Cadence",
    "Consistency",
    "Curve",
    "Data",
    "Ema",
    "Freeze",
    "Growth",
    "Guard",
    "Images",
    "Interval",
    "LeCam",
    "Length",
    "LengthCurve",
    "Loss",
    "Number",
    "Optimizer",
    "OptimizerChanges",
    "Pipe",
    "Plan",
    "PlanPart",
    "Precision",
    "Quantity",
    "RMSprop",
    "Regularizers",
    "Stairs",
    "StyleMixing",
    "TopSingularValue",
]
