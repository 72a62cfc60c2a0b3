"""gandsl: an architecture compiler for GANs. `gandsl.compile("spec.yaml")` turns a spec into networks and a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "compile"]

if TYPE_CHECKING:
    from gandsl.api import compile


def __getattr__(name: str) -> Any:
    """Import the compiler, and torch with it, only when somebody compiles: `gandsl check` must not wait for torch."""
    if name == "compile":
        from gandsl.api import compile

        return compile
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
