"""The code table: every diagnostic the compiler can give, by its number. The rows are in `catalogue/`."""

from __future__ import annotations

from gandsl.diagnostics.catalogue import (
    blocks,
    expressions,
    extends,
    files,
    game,
    game_bodies,
    game_lints,
    game_pools,
    idle,
    lints,
    networks,
    params,
    sizes,
    start_lints,
    starts,
    types,
    unused,
)
from gandsl.diagnostics.code import Code, Severity

__all__ = ["CODES", "Code", "Severity"]

RANGES = {
    "G00": files,
    "G01": expressions,
    "G02": types,
    "G03": blocks,
    "G033": game_bodies,
    "G04": extends,
    "G05": params,
    "G06": networks,
    "G065": game_pools,
    "G067": game,
    "G069": starts,
    "W070": unused,
    "W072": lints,
    "W073": idle,
    "W074": sizes,
    "W077": game_lints,
    "W0785": start_lints,
}

CODES: dict[str, Code] = {row.code: row for module in RANGES.values() for row in module.ROWS}
"""Number → row, in order of number."""
