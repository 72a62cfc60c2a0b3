"""biggan: BigGAN with shared embedding and hierarchical latent, as BigGAN-PyTorch trains it at 128².

Source: arXiv:1809.11096
"""

from .discriminator import Discriminator
from .game import Game
from .generator import Generator

__all__ = ["Discriminator", "Game", "Generator"]
