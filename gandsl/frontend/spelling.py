"""How ops are written whose names alone do not say it: what the unfolder refuses, and editors know."""

from __future__ import annotations

# op of a game → the form that writes it: its name alone would not say what it needs
WRITTEN = {
    "item": "a field of `data`, by its name",
    "draw": "`{draw: …}`",
    "clock": "`{value: {shape: …}}`",
    "fade": "`alpha`",
    "state": "`{state: Scalar, …}`",
    "heard": "the `next` of a state",
    "call": "`{network: NAME, …}`",
    "output": "`NODE.NAME`",
    "weights": "`weights(NETWORK)`",
    "kept": "`{op: replay, x: …, size: …}`",
}
# op → what may be written in place of a parameter, which follows from it
SPELT = {"split": {"as": "the node with `op: join` whose parts these are"}}
# op → all that a node says, where that is neither its ports nor its parameters
ALONE = {"replay": ["x", "size"]}
