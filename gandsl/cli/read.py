"""From a path on the command line to a checked module; everything that is wrong leaves as one SpecError."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gandsl.diagnostics import Diagnostics
    from gandsl.frontend.module import ModuleIR


def analyzed(
    path: Path, sets: Sequence[str] | None, processes: int = 1
) -> tuple[ModuleIR | None, Diagnostics]:
    """The module and everything found; None where there are errors."""
    from gandsl.analysis import analyze

    return analyze(path, tuple(sets or ()), processes=processes)


def module_of(path: Path, sets: Sequence[str] | None) -> ModuleIR:
    """The module of a spec. Raises SpecError with all errors and warnings where it has errors."""
    from gandsl.analysis import checked

    return checked(path, tuple(sets or ()))[0]


def reported(path: Path, sets: Sequence[str] | None, processes: int = 1) -> ModuleIR:
    """As `module_of`, but warnings are told on standard error even where all is well."""
    import sys

    from gandsl.analysis import checked

    module, diagnostics = checked(path, tuple(sets or ()), processes=processes)
    if diagnostics.warnings:
        from gandsl.cli.output import colored, columns, say
        from gandsl.diagnostics.text import render_text

        shown = render_text(
            diagnostics.warnings, diagnostics.sources, color=colored(sys.stderr), columns=columns()
        )
        say(shown + "\n")
    return module
