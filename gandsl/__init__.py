"""An architecture compiler for GANs: `gandsl.compile("spec.yaml")` makes networks and a plan of a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "compile"]

if TYPE_CHECKING:
    from gandsl.api import compile


def __getattr__(name: str) -> Any:
    """Import the compiler, and torch with it, only for somebody who compiles: `check` must not wait."""
    if name == "compile":
        from gandsl.api import compile

        return compile
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
