"""An architecture compiler for GANs: `gandsl.compile("spec.yaml")` makes networks and a plan of a spec."""

from __future__ import annotations

from gandsl.version import __version__

TYPE_CHECKING = False  # typing is not imported here: Ctrl-C is answered by what comes after this file
if TYPE_CHECKING:
    from typing import Any

    from gandsl.api import Program, compile, load
    from gandsl.api.by_hand import game_of
    from gandsl.diagnostics import SpecError
    from gandsl.interop import export_weights, import_checkpoint
    from gandsl.passes.target import Target
    from gandsl_runtime.errors import Error

_PUBLIC = {
    "compile": "gandsl.api",
    "game_of": "gandsl.api.by_hand",
    "load": "gandsl.api",
    "Program": "gandsl.api",
    "Target": "gandsl.passes.target",
    "Error": "gandsl_runtime.errors",
    "SpecError": "gandsl.diagnostics",
    "import_checkpoint": "gandsl.interop",
    "export_weights": "gandsl.interop",
}

__all__ = [
    "Error",
    "Program",
    "SpecError",
    "Target",
    "__version__",
    "compile",
    "export_weights",
    "game_of",
    "import_checkpoint",
    "load",
]


def __getattr__(name: str) -> Any:
    """Import the compiler, and torch with it, only for somebody who compiles: `check` must not wait."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
