"""An architecture compiler for GANs: `gandsl.compile("spec.yaml")` makes networks and a plan of a spec."""

from __future__ import annotations

TYPE_CHECKING = False  # typing is not imported here: Ctrl-C is answered by what comes after this file
if TYPE_CHECKING:
    from typing import Any

    from gandsl.api import compile

__version__ = "0.1.0"
__all__ = ["__version__", "compile"]


def __getattr__(name: str) -> Any:
    """Import the compiler, and torch with it, only for somebody who compiles: `check` must not wait."""
    if name == "compile":
        from gandsl.api import compile

        return compile
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
