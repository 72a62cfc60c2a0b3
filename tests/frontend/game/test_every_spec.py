"""Every spec of the repository: its short form unfolds to a game, and its text in place of it to the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.diagnostics import Diagnostics
from gandsl.frontend.elaborate import elaborate
from gandsl.spec.fill import filled
from gandsl.spec.loader import load
from tests.frontend.short_form.shown import BLOCKS, expanded, module_of
from tests.specs.families import one_of_each
from tests.specs.reduced import ALL, SPECS, sizes

SHORT = ("loss", "regularizers", "style_mixing", "augment", "auxiliary", "discriminator_steps")


@pytest.mark.parametrize("name", one_of_each(ALL))
def test_the_game_of_a_spec(name: str, tmp_path: Path) -> None:
    module = module_of(name)
    game = module.game
    assert game is not None
    written = filled(expanded(module), BLOCKS)
    nulls = ", ".join(f"training.{field}: null" for field in (*SHORT, "discriminator_passes"))
    path = tmp_path / "written.yaml"
    path.write_text(f"gandsl: 1\nname: written\nextends: {SPECS / name}.yaml\nset: {{{nulls}}}\n{written}")
    diagnostics = Diagnostics()
    document = load(path, sizes(name), diagnostics=diagnostics)
    assert document is not None
    again = elaborate(document, diagnostics)
    assert again is not None and not diagnostics.errors, [one.message for one in diagnostics]
    assert again.game is not None
    assert again.game.graphs == game.graphs
    assert again.game.plan == game.plan and again.game.plans == game.plans
