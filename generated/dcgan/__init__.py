"""dcgan: DCGAN, the networks of PyTorch's example, with the paper's batch and Adam.

Source: arXiv:1511.06434
"""

from .discriminator import Discriminator
from .game import Game
from .generator import Generator

__all__ = ["Discriminator", "Game", "Generator"]
