"""What differs between two games: by player and term where it is one's, by node where several read it."""

from gandsl.diff.game.change import GameChange
from gandsl.diff.game.compare import GameDiff, compare_games
from gandsl.diff.game.trained import is_told

__all__ = ["GameChange", "GameDiff", "compare_games", "is_told"]
