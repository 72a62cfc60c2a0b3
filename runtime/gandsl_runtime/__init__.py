"""The training runtime of gandsl: what a generated model needs beside torch.

Importing the package imports nothing else: `gandsl_runtime.Trainer` and the other public names load on use.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing is not imported here: Ctrl-C is answered by what comes after this file
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Plan": "plan",
    "Quantity": "plan",
    "Network": "network",
    "Port": "network",
    "MachineOptions": "runs.record",
    "Trainer": "training.trainer",
    "open_dataset": "data",
    "RuntimeFault": "errors",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
