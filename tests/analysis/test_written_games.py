"""Every spec of the repository with its game written out: the checks of games find nothing that is not so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gandsl.analysis import analyze
from gandsl.analysis.cost import module_cost
from gandsl.frontend.module import ModuleIR
from gandsl.spec.fill import filled
from tests.frontend.short_form.shown import BLOCKS, expanded, module_of
from tests.specs.reduced import SPECS, sizes

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


def written(name: str, folder: Path) -> tuple[ModuleIR, dict[str, Any]]:
    """The spec reduced, in its short form; its overrides. Beside it stands `written.yaml`, with its game."""
    module = module_of(name)
    nulls = ", ".join(f"training.{field}: null" for field in FIELDS)
    text = filled(expanded(module), BLOCKS)
    head = f"gandsl: 1\nname: written\nextends: {SPECS / name}.yaml\nset: {{{nulls}}}\n"
    (folder / "written.yaml").write_text(head + text)
    return module, sizes(name)


@pytest.mark.parametrize("name", ["acgan", "biggan", "msg_gan", "pggan", "r3gan", "stylegan2", "wgan_gp"])
def test_a_game_written_out(name: str, tmp_path: Path) -> None:
    _, overrides = written(name, tmp_path)
    found, diagnostics = analyze(tmp_path / "written.yaml", overrides)
    assert found is not None, [one.message for one in diagnostics]
    said = [one for one in diagnostics if one.code not in ("W0724", "W0725")]  # what is so of the networks
    assert not said, "nothing splits a batch"
    assert found.plan is not None
    _, diagnostics = analyze(
        tmp_path / "written.yaml", {**overrides, "training.micro_batch": found.plan.batch // 4}
    )
    coupled = {one.message.split("`")[1] for one in diagnostics if one.code == "W0772"}
    assert coupled == COUPLED.get(name, set())


@pytest.mark.parametrize("name", ["biggan", "dcgan", "r3gan", "stylegan2"])
def test_it_costs_what_its_short_form_does(name: str, tmp_path: Path) -> None:
    module, overrides = written(name, tmp_path)
    found, _ = analyze(tmp_path / "written.yaml", overrides)
    assert found is not None
    short = {_letter(phase.name): phase for phase in module_cost(module).phases}
    long = {_letter(phase.name): phase for phase in module_cost(found).phases}
    assert list(short) == list(long)
    for key, phase in long.items():
        assert phase.images == short[key].images and phase.every == short[key].every
        if phase.every == 1:
            assert phase.flops == short[key].flops and phase.activation_bytes == short[key].activation_bytes
        else:  # of a penalty alone no gradient comes back through the score itself
            assert phase.total_flops == pytest.approx(short[key].total_flops, rel=5e-3)
            assert phase.total_flops <= short[key].total_flops
        assert max(phase.terms.values()) <= phase.total_flops


def _letter(phase: str) -> str:
    return phase.replace("discriminator", "D").replace("generator", "G")
