"""What losses and penalties compute, from which paper, and their parameters, as the library's blocks say it.

`blocks.json` holds what is said in gandsl/std/game/*.yaml: a plan is read where no compiler is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from .part import Flag, Float, Int

BLOCKS: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("blocks.json").read_text("utf-8"))
_BOUNDS = {"min": "ge", "max": "le"}
_TYPES: dict[str, Any] = {"float": Float, "int": Int, "bool": Flag}


def doc_of(*blocks: str) -> str:
    """What blocks compute, each with its source behind it."""
    rows = [BLOCKS[block] for block in blocks]
    return " ".join(f"{row['doc'].removesuffix('.')} ({row['source']})." for row in rows)


def param(block: str, name: str, **more: Any) -> Any:
    """A field that is a parameter of a block: its default, bounds and meaning. `more`: what a plan adds."""
    row = BLOCKS[block]["params"][name]
    bounds = {bound: row[key] for key, bound in _BOUNDS.items() if key in row}
    return Field(default=row["default"], description=row["doc"], **{**bounds, **more})


def params_of(block: str) -> dict[str, Any]:
    """Every parameter of a block as a field: its type, and the rest."""
    rows = BLOCKS[block]["params"]
    return {name: (_type(row), param(block, name)) for name, row in rows.items()}


def _type(row: dict[str, Any]) -> Any:
    return Literal[tuple(row["choices"])] if "choices" in row else _TYPES[row["type"]]
