"""TransGAN has the published size, whose numbers are of the authors' own code (VITA-Group/TransGAN)."""

from __future__ import annotations

from pathlib import Path

from gandsl.analysis import analyze
from gandsl.analysis.cost import module_cost
from tests.codegen.small import ROOT

SPEC: Path = ROOT / "specs/examples/transgan.yaml"


def test_parameters_are_counted_as_published() -> None:
    """`exps/cifar_train.py` there: ViT_custom_rp and ViT_custom_scale2_rp_noise."""
    module, found = analyze(SPEC)
    assert module is not None and not list(found)
    networks = module_cost(module).networks
    assert networks["generator"].total.parameters == 83_312_495
    assert networks["discriminator"].total.parameters == 10_210_400
