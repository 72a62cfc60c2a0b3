"""dcgan: DCGAN as PyTorch's example trains it.

Source: arXiv:1511.06434
"""

from .discriminator import Discriminator
from .generator import Generator

__all__ = ["Discriminator", "Generator"]
