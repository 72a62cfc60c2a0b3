"""What a spec means, as text: graphs, game and plan. `python -m tests.language.meaning` records it.

Graphs leave out parameters at their defaults; so the defaults of the ops are part of the record.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gandsl.analysis import analyze
from gandsl.ir.game import GAME
from gandsl.ir.graph import NetworkIR
from gandsl.ir.ops import PRIMITIVES
from gandsl.ir.text import default_of, network_text, value_text
from tests.specs.reduced import reduced

HERE = Path(__file__).parent / "version_1"
"""Specs of the first version of the language as they were written, and what they meant."""

NAMES = sorted(path.stem for path in HERE.glob("*.yaml"))
Record = dict[str, Any]


def meaning(name: str, overrides: dict[str, Any]) -> Record:
    """The graphs, the game and the plan of a recorded spec."""
    module, diagnostics = analyze(HERE / f"{name}.yaml", overrides)
    assert module is not None and module.plan is not None, list(diagnostics)
    graphs = {network: network_text(ir, full=False) for network, ir in module.networks.items()}
    assert module.game is not None
    return {
        "set": overrides,
        "graphs": {name: text.splitlines() for name, text in graphs.items()},
        "game": network_text(NetworkIR(GAME, dict(module.game.graphs)), full=False).splitlines(),
        "plan": json.loads(module.plan.model_dump_json()),
    }


def defaults() -> dict[str, dict[str, str]]:
    """The default of every parameter of every op."""
    return {
        name: {p.name: value_text(default_of(p)) for p in op.params if not p.required}
        for name, op in sorted(PRIMITIVES.items())
    }


def record() -> None:
    """Write down what they mean today: for a new version of the language, never to make a test pass."""
    (HERE / "defaults.json").write_text(json.dumps(defaults(), indent=1) + "\n", "utf-8")
    for name in NAMES:
        found = meaning(name, reduced(name))
        (HERE / f"{name}.json").write_text(json.dumps(found, indent=0, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    record()
