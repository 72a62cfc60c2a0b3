"""What an import or export ends with when it cannot go on: one message, one remedy, one exit code."""

from __future__ import annotations

from collections.abc import Sequence

from gandsl_runtime.errors import RuntimeFault

SHOWN = 12  # names listed of each kind of complaint


class InteropError(RuntimeFault):
    """A checkpoint can't be read, or isn't what the spec or the layout says."""

    exit_code = 4


class CutShort(InteropError):
    """The file ends before its content does."""

    def __init__(self, where: str, more: str = "") -> None:
        super().__init__(f"{where} is cut short{more}", "copy or download it again")


class DamagedFile(InteropError):
    """The content contradicts itself."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where} is damaged: {why}", "copy or download it again")


class Refused(InteropError):
    """The file asks for what no checkpoint needs. Nothing of it was run."""

    def __init__(self, where: str, why: str, remedy: str = "") -> None:
        super().__init__(
            f"{where} is refused: {why}; nothing of it was run",
            remedy or "load it where you trust it, save its state_dict with torch.save, and import that",
        )


def listed(names: Sequence[str]) -> str:
    """Names in one line; many are counted instead."""
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"
