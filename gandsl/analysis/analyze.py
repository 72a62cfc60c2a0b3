"""The whole front half in one call: a spec's path in, its module and everything that is wrong with it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gandsl.diagnostics import Diagnostics
from gandsl.frontend.elaborate import elaborate
from gandsl.frontend.module import ModuleIR
from gandsl.spec.loader import load


def analyze(
    path: str | Path, overrides: Mapping[str, Any] | Sequence[str] = ()
) -> tuple[ModuleIR | None, Diagnostics]:
    """Read, unfold and type a spec. The module is None where there are errors; no torch is imported."""
    diagnostics = Diagnostics()
    document = load(str(path), overrides, diagnostics=diagnostics)
    module = elaborate(document, diagnostics) if document is not None and not diagnostics.has_errors else None
    return (None if diagnostics.has_errors else module), diagnostics
