"""Every spec of the project at a size at which its networks run in a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gandsl.analysis import analyze
from gandsl.frontend.module import ModuleIR
from tests.specs.reduced import defaults, written

ROOT = Path(__file__).resolve().parents[2]
SPECS = sorted([*ROOT.glob("specs/*.yaml"), *ROOT.glob("tests/specs/new/*.yaml")])

SMALL: dict[str, Any] = {
    "resolution": 16,
    "classes": 3,
    "width": 4,
    "z_chunk": 2,
    "chunk": 2,
    "style": 4,
    "embedding": 4,
    "attention_at": [8],
    "attention_size": 8,
    "reduction": 2,
    "channel_base": 32,
    "channel_max": 4,
    "z_dim": 6,
    "w_dim": 6,
    "mapping_layers": 2,
    "widths": [8, 4],
    "cardinalities": [2, 1],
    "depths": [1, 1],
}
"""Parameter → a small value; what a spec switches off (0) stays off, and a spec's minimum holds."""

SPECIAL: dict[str, dict[str, Any]] = {
    "skip_excitation": {"resolution": 64},
    "tiny": {  # has no parameters
        "generator.body.dense.features": "16 * 4 * 4",
        "generator.body.start.channels": 16,
        "generator.body.stages.stage.channels": "128 // res",
        "discriminator.body.stages.stage.channels": "128 // res",
    },
}


def reduced(path: Path, **others: Any) -> ModuleIR:
    """The spec's networks at reduced size; its plan, which may name sizes that are gone, is left out."""
    document = written(path)
    on = defaults(document)
    overrides: dict[str, Any] = {"training": None}
    for name, declared in document.params.items():
        if name in SMALL and on.get(name):
            least = declared.minimum
            small = SMALL[name]
            bounded = isinstance(least, int | float) and not isinstance(small, list)
            overrides[name] = max(small, least) if bounded else small
    return analyzed(path, overrides | SPECIAL.get(path.stem, {}) | others)


def analyzed(path: Path, overrides: dict[str, Any]) -> ModuleIR:
    module, diagnostics = analyze(path, overrides)
    assert module is not None, [one.message for one in diagnostics]
    return module
