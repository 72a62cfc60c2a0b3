"""Extractors that are TorchScript modules in a user's file.

Such a module is a program. It runs in torch's interpreter, which imports no Python and starts no process;
but its operators can read and write files. So a file is to be had from somebody who is trusted, and its
SHA-256, which every figure carries, says whether it is the one that others have.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .base import Extracted, ExtractorError, ExtractorFacts, exact, sha256_of, unreadable
from .resize import INSIDE
from .weights import DAMAGED, needed, script_in

GENUINE = "f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4"
"""SHA-256 of inception-2015-12-05.pt, of the metrics of stylegan2-ada-pytorch and stylegan3."""

PROBE = (2, 3, 64, 64)
Call = Callable[[Any, Tensor], tuple[Any, Any]]


def script(file: Path | None, device: torch.device, filter: str = "") -> ScriptExtractor:
    """Any module of uint8 (N, 3, h, w) that returns features (N, f), or features and logits (N, classes).

    Raises ExtractorError.
    """
    return ScriptExtractor("script", needed(file, "script", "a TorchScript module"), device, filter, _plain)


def inception_script(path: Path, device: torch.device, filter: str = "") -> ScriptExtractor:
    """NVIDIA's inception-2015-12-05.pt, which resizes by itself. Raises ExtractorError.

    It is asked twice, for features and for classes. These it gives as probabilities, whose logarithms are
    logits: both have the same softmax.
    """
    return ScriptExtractor("inception-script", path, device, filter, _inception, GENUINE)


def _plain(module: Any, images: Tensor) -> tuple[Any, Any]:
    made = module(images)
    return made if isinstance(made, tuple) and len(made) == 2 else (made, None)


def _inception(module: Any, images: Tensor) -> tuple[Any, Any]:
    return module(images, return_features=True), module(images, no_output_bias=True).log()


class ScriptExtractor:
    """A module that does all by itself. What it gives is tried on two blank images. Raises ExtractorError."""

    def __init__(
        self, name: str, path: Path, device: torch.device, filter: str, call: Call, genuine: str = ""
    ) -> None:
        if filter:
            raise ExtractorError(f"`{name}` resizes by itself, and takes no filter", "leave the filter out")
        sha256 = sha256_of(path)
        try:
            self._module = script_in(path, device)
        except DAMAGED as error:
            raise unreadable(path, "it is no TorchScript module, or is damaged") from error
        self.device, self._call, self._path = device, call, path
        features, logits = self(torch.zeros(PROBE, dtype=torch.uint8))
        classes = None if logits is None else logits.shape[1]
        self.facts = ExtractorFacts(
            name, sha256, None, INSIDE, features.shape[1], classes, bool(genuine) and sha256 == genuine
        )

    def __call__(self, images: Tensor) -> Extracted:
        """Raises ExtractorError for what is neither features nor features and logits."""
        try:
            with torch.inference_mode(), exact(self.device):
                features, logits = self._call(self._module, images.to(self.device))
        except (RuntimeError, torch.jit.Error) as error:
            raise self._odd(str(error).strip().splitlines()[-1]) from error
        for one in (features, logits):
            if one is None and one is logits:
                continue
            if not isinstance(one, Tensor) or one.shape[:1] != images.shape[:1] or one.dim() != 2:
                shape = f"of shape {tuple(one.shape)}" if isinstance(one, Tensor) else "no tensor"
                raise self._odd(f"of {len(images)} images it makes {shape}")
        return Extracted(features.float(), None if logits is None else logits.float())

    def _odd(self, why: str) -> ExtractorError:
        return ExtractorError(
            f"{self._path} is no extractor: {why}",
            "it takes uint8 [N, 3, h, w], and gives features [N, f], or these and logits [N, classes]",
        )
