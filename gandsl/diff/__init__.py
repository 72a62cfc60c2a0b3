"""What differs between two specs: in their terms, in their graphs, in cost, and for weights that exist."""

from gandsl.diff.compare import ModuleDiff, compare

__all__ = ["ModuleDiff", "compare"]
