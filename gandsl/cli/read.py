"""From a path on the command line to a checked module; everything that is wrong leaves as one SpecError."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gandsl.diagnostics import Diagnostics
    from gandsl.frontend.module import ModuleIR


def is_run(source: Path) -> bool:
    """Whether SPEC|RUN is a run: a folder, unless it holds no spec and a spec has that name."""
    from gandsl.spec.places import named

    return source.is_dir() and ((source / "spec.yaml").is_file() or not named(str(source)))


def spec_in(source: Path) -> Path:
    """The spec that SPEC|RUN stands for."""
    return source / "spec.yaml" if is_run(source) else source


def taken(path: Path) -> str:
    """Which file a name means, where it might mean another; else nothing."""
    from gandsl.spec.places import named

    found = [] if path.is_file() else named(str(path))
    return f"`{path}` is {found[0]} here, not {found[1]}" if len(found) > 1 else ""


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
    from gandsl.cli.output import colored, columns, say

    module, diagnostics = checked(path, tuple(sets or ()), processes=processes)
    if doubt := taken(path):
        say(f"note: {doubt}")
    if diagnostics.warnings:
        from gandsl.diagnostics.text import render_text

        shown = render_text(
            diagnostics.warnings, diagnostics.sources, color=colored(sys.stderr), columns=columns()
        )
        say(shown + "\n")
    return module
