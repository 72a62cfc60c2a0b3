"""Every spec of the repository with its game written out: the checks of games find nothing that is not so."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.spec.fill import filled
from tests.frontend.short_form.shown import BLOCKS, expanded, module_of
from tests.specs.reduced import OWN, SPECS

FIELDS = [
    "loss",
    "regularizers",
    "style_mixing",
    "augment",
    "auxiliary",
    "discriminator_steps",
    "discriminator_passes",
]
COUPLED = {
    "stylegan2": {"path_length"},
    "msg_gan": {"adversarial"},
}  # rightly so: means are not used linearly


@pytest.mark.parametrize("name", ["acgan", "biggan", "msg_gan", "pggan", "r3gan", "stylegan2", "wgan_gp"])
def test_a_game_written_out(name: str, tmp_path: Path) -> None:
    module = module_of(name)
    nulls = ", ".join(f"training.{field}: null" for field in FIELDS)
    path = tmp_path / "written.yaml"
    text = filled(expanded(module), BLOCKS)
    path.write_text(f"gandsl: 1\nname: written\nextends: {SPECS / name}.yaml\nset: {{{nulls}}}\n{text}")
    resolution = OWN.get(name, {}).get("resolution", 32) if "resolution" in module.params else None
    found, diagnostics = analyze(path, {"resolution": resolution} if resolution else {})
    assert found is not None, [one.message for one in diagnostics]
    said = [one for one in diagnostics if one.code not in ("W0724", "W0725")]  # what is so of the networks
    assert {one.code for one in said} <= {"W0772"}, [one.message for one in said]
    assert {one.message.split("`")[1] for one in said} == COUPLED.get(name, set())
