"""The text that `show --game` prints may stand in a spec in place of the short form: it is the same game.

Every spec of the repository is tried in tests/frontend/game.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gandsl.analysis import analyze
from gandsl.frontend.module import ModuleIR
from gandsl.ir.game import GameIR
from gandsl.spec.fill import filled
from gandsl.spec.game import SHORT
from tests.frontend.short_form.shown import BLOCKS, expanded, module_of
from tests.frontend.short_form.test_every_field import CASES, OTHERS
from tests.specs.reduced import SPECS, sizes


def written_out(module: ModuleIR, name: str, folder: Path, overrides: dict[str, Any]) -> ModuleIR:
    """The same spec with its game written out, in a file of its own that extends it."""
    nothing = "".join(f"  training.{field}: null\n" for field in ("loss", *SHORT))
    head = f"gandsl: 1\nname: again\nextends: {SPECS / name}.yaml\nset:\n{nothing}"
    (folder / "again.yaml").write_text(head + filled(expanded(module), BLOCKS), "utf-8")
    found, diagnostics = analyze(folder / "again.yaml", overrides)
    assert found is not None and found.game is not None, list(diagnostics)
    return found


def same(one: GameIR | None, other: GameIR | None) -> None:
    """Equal but for the places where things stand."""
    assert one is not None and other is not None
    assert one.plan == other.plan and one.plans == other.plans
    assert one.graphs == other.graphs


@pytest.mark.parametrize(("field", "value", "name", "joint"), CASES[::4] + OTHERS)
def test_of_every_field(field: str, value: str, name: str, joint: bool, tmp_path: Path) -> None:
    changes = {"discriminator_passes": "joint" if joint else "separate", "regularizers": None, field: value}
    part, _, penalty = field.partition(".")
    if penalty:
        del changes[field]
        changes[part] = f"{{{penalty}: {value}}}"
    module = module_of(name, **{f"training.{path}": one for path, one in changes.items()})
    same(module.game, written_out(module, name, tmp_path, sizes(name)).game)
