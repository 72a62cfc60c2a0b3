"""The library's specs at their whole size, each unfolded once, since that takes up to a second."""

from __future__ import annotations

from functools import cache

from gandsl.analysis import analyze
from gandsl.analysis.cost import ModuleCost, module_cost
from gandsl.frontend.module import ModuleIR
from tests.specs.reduced import SPECS


@cache
def module(name: str, *overrides: str) -> ModuleIR:
    found, diagnostics = analyze(SPECS / f"{name}.yaml", overrides)
    assert found is not None, f"{name}: {[d.message for d in diagnostics]}"
    return found


@cache
def costs(name: str, *overrides: str) -> ModuleCost:
    return module_cost(module(name, *overrides))
