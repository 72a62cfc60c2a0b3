"""house: A style-based generator that grows, all of its blocks its own, against a residual
discriminator.
"""

from .discriminator import Discriminator
from .generator import Generator

__all__ = ["Discriminator", "Generator"]
