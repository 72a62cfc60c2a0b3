"""The training plan: every choice of an experiment, with its unit, range and meaning; imports no torch."""

from __future__ import annotations

from .augment import MADE, PIPES, TRANSFORMS, Adaptive, Augment, Pipe
from .cadence import Best, Cadence
from .data import Data
from .ema import Ema
from .growth import Growth
from .guard import Guard
from .loss import LOSS_NAMES, Loss
from .mixing import StyleMixing
from .number import Curve, LengthCurve, Number, Stairs
from .optimizer import Adam, AdamChanges
from .part import PlanPart
from .plan import Plan
from .precision import Precision
from .quantity import IMAGES_PER_UNIT, UNITS, ZERO, Images, Interval, Length, Quantity
from .regularizers import Consistency, LeCam, Regularizers, TopSingularValue

__all__ = [
    "IMAGES_PER_UNIT",
    "LOSS_NAMES",
    "MADE",
    "PIPES",
    "TRANSFORMS",
    "UNITS",
    "ZERO",
    "Adam",
    "AdamChanges",
    "Adaptive",
    "Augment",
    "Best",
    "Cadence",
    "Consistency",
    "Curve",
    "Data",
    "Ema",
    "Growth",
    "Guard",
    "Images",
    "Interval",
    "LeCam",
    "Length",
    "LengthCurve",
    "Loss",
    "Number",
    "Pipe",
    "Plan",
    "PlanPart",
    "Precision",
    "Quantity",
    "Regularizers",
    "Stairs",
    "StyleMixing",
    "TopSingularValue",
]
