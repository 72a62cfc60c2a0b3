"""Random numbers of a training step, by what they are for: a counter-based generator, and ids of draws.

philox: the numbers · draws: distributions, for a part of a batch · layers: what layers draw for themselves.
"""

from .draws import Draws, Key
from .layers import CallDraws, LayerDraws, PartDraws, active, drawing, innermost, name_layers, seeded
from .part import Part

__all__ = [
    "CallDraws",
    "Draws",
    "Key",
    "LayerDraws",
    "Part",
    "PartDraws",
    "active",
    "drawing",
    "innermost",
    "name_layers",
    "seeded",
]
