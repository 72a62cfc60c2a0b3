"""stylegan2: StyleGAN2 (configuration F) in every form of its figure 7, trained as stylegan2-ada does at
1024².

Source: arXiv:1912.04958
"""

from .discriminator import Discriminator
from .game import Game
from .generator import Generator

__all__ = ["Discriminator", "Game", "Generator"]
