"""A growing family's layers are the same at every level."""

import pytest

from gandsl.analysis import analyze


@pytest.mark.parametrize(
    "change",
    [
        "generator.synthesis.exit.kernel=1 + 2 * level",
        "discriminator.hidden.features=16 + level",
    ],
)
def test_a_layer_that_depends_on_the_level(root, change: str) -> None:
    small = [
        "resolution=16",
        "channel_max=16",
        "z_dim=16",
        "training.growth.lr={}",
        "training.growth.batch={}",
    ]
    module, diagnostics = analyze(root / "specs" / "pggan.yaml", small)
    assert module is not None and not diagnostics.has_errors
    module, diagnostics = analyze(root / "specs" / "pggan.yaml", [*small, change])
    (found,) = diagnostics.errors
    assert found.code == "G0619" and found.span is not None
    assert found.message.endswith("is not the same layer at level 0 and at level 1")
