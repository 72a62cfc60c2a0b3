"""quickstart: A small class-conditional GAN that learns handwritten digits in two minutes on a laptop."""

from .discriminator import Discriminator
from .game import Game
from .generator import Generator

__all__ = ["Discriminator", "Game", "Generator"]
