"""What can be said of a program without running it: cost, checks, compatibility. No torch."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gandsl.diagnostics import Diagnostics, SpecError

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR
    from gandsl.ir.game import GameIR


def analyze(
    path: str | os.PathLike[str],
    overrides: Mapping[str, Any] | Sequence[str] = (),
    *,
    processes: int = 1,
) -> tuple[ModuleIR | None, Diagnostics]:
    """Read, unfold and check a spec: the module, None where anything is an error, and all that was found.

    `overrides` are `"a.b=c"` texts or a mapping of paths to values (docs/language.md, §8). The graphs of
    the module hold live nodes alone. The plan is checked for so many processes. Never raises for what the
    user can cause.
    """
    from gandsl.analysis.checks import check  # here, since `gandsl.analysis.cost` needs none of it
    from gandsl.frontend.elaborate import elaborate
    from gandsl.spec.loader import load

    diagnostics = Diagnostics()
    document = load(path, overrides, diagnostics=diagnostics)
    if document is None:
        return None, diagnostics
    module = elaborate(document, diagnostics)
    if module is not None:
        module = check(module, diagnostics, processes, begun=_is_of_a_run(Path(path)))
    return (
        None if module is None or diagnostics.has_errors else _or_says_why(module, diagnostics)
    ), diagnostics


def _or_says_why(module: ModuleIR, diagnostics: Diagnostics) -> ModuleIR:
    """A module without errors: a game that is first asked for now raises SpecError for its own."""

    def unfold_game() -> GameIR | None:
        game = module.game
        if diagnostics.has_errors:
            raise SpecError(tuple(diagnostics), diagnostics.sources)
        return game

    return replace(module, unfold_game=unfold_game)


def _is_of_a_run(path: Path) -> bool:
    """Whether a run wrote the spec when it was begun: an older gandsl may have asked less of it."""
    return path.name == "spec.yaml" and (path.parent / "run.json").is_file()


def checked(
    path: str | os.PathLike[str],
    overrides: Mapping[str, Any] | Sequence[str] = (),
    *,
    processes: int = 1,
) -> tuple[ModuleIR, Diagnostics]:
    """As `analyze`, but raises SpecError with all that was found where any of it is an error."""
    module, diagnostics = analyze(path, overrides, processes=processes)
    if module is None:
        raise SpecError(tuple(diagnostics), diagnostics.sources)
    return module, diagnostics
