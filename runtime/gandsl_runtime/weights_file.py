"""What a network says of itself: the file that its weights start from, and its own precision. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Compute = Literal["fp32", "bf16", "fp16"]
COMPUTE: tuple[Compute, ...] = ("fp32", "bf16", "fp16")


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights, by its name and its SHA-256 (64 hexadecimal digits).

    `part`: whose weights of those in it, by default the only ones or those of the network's own name.
    `layout`: the implementation whose names they have. `keys`: nodes, or stages of nodes, and what the file
    calls them. `unused`: beginnings of names in the file that the network has no place for.
    """

    file: str
    sha256: str
    part: str = ""
    layout: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    beside: str = field(default="", compare=False, repr=False)  # where the spec lies that names it

    def named(self, key: str) -> str:
        """What the file calls one of the network's tensors."""
        scopes = [key, *(key[:at] for at in reversed(range(len(key))) if key[at] == ".")]
        scope = next((scope for scope in scopes if scope in self.keys), None)
        return key if scope is None else self.keys[scope] + key[len(scope) :]

    def leaves(self, key: str) -> bool:
        """Whether a tensor of the file is one that the network is said to have no place for."""
        return any(key == one or key.startswith(f"{one}.") for one in self.unused)
