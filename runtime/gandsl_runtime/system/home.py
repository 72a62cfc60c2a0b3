"""Where gandsl keeps what it could make again: the user's cache folder."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """Below XDG_CACHE_HOME, else below ~/.cache, as the XDG base directory specification says."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(home) if os.path.isabs(home) else Path(os.path.expanduser("~")) / ".cache"
    return base / "gandsl" / name
