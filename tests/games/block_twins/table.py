"""Every block of std/game, and of what else games have, with its uses and their formulas."""

from __future__ import annotations

from tests.games.block_twins import codes, diffusion, distances, likelihoods, losses, penalties, weights

TABLES = (losses, penalties, distances, likelihoods, weights, diffusion, codes)
TWINS = {name: uses for table in TABLES for name, uses in table.TWINS.items()}
"""Block → its uses."""
