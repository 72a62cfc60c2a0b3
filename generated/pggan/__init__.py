"""pggan: Progressive growing of GANs, 4² to 1024².

Source: arXiv:1710.10196
"""

from .discriminator import Discriminator
from .game import Game
from .generator import Generator

__all__ = ["Discriminator", "Game", "Generator"]
