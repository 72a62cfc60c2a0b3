"""`gandsl.load`: a program with the weights of a run, a checkpoint, an import or a published file."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gandsl.api.program import Program

if TYPE_CHECKING:
    import torch

    from gandsl.interop.load import Sources
    from gandsl.passes.target import Target


def load(
    path: Sources,
    spec: str | Path | None = None,
    overrides: Mapping[str, Any] | Sequence[str] | None = None,
    *,
    part: Literal["average", "generator"] | None = None,
    layout: str | None = None,
    device: str | torch.device = "cpu",
    target: Target | None = None,
    warn: Callable[[str], None] | None = None,
) -> Program:
    """The program that weights are of, with the weights: networks in evaluation mode, ready for gradients.

    path: a run's folder (its newest whole checkpoint), one of its checkpoints, a file that `gandsl import`
        wrote, or one of another implementation (.pkl, .pt, .pth …), of which nothing is run; several of one
        model as for `gandsl.import_checkpoint`.
    spec: by default the run's own as it was then, or the one that the file fits. overrides: as `--set`.
    part: which weights of the networks: "average" (their moving averages, the default where there are any)
        or "generator" (those in training).
    layout: of another implementation's file; by default recognized.
    device: where the networks are put; "auto" takes a GPU if there is one.
    target: what the networks are optimized for; by default for inference, which changes no result.
    warn: is told what may be wrong with the file or the spec; by default `warnings.warn`.

    A network is there where the file has its weights, or it starts from a file of its own. Raises subclasses
    of `gandsl.Error`.
    """
    from gandsl.api.weights import Weights
    from gandsl.interop.held import held
    from gandsl.passes.target import Target
    from gandsl_runtime.runs.checkpoint import absent
    from gandsl_runtime.system.device import device_named

    place = device_named(str(device))
    found = held(path, spec, overrides or (), layout, warn=warn or _warn)
    if part and part not in found.parts and "generator" in found.module.networks:
        raise absent(part, found.parts, found.path)
    weights = Weights(
        found.path, dict(found.tensors), tuple(found.parts), part != "generator", found.clock, place
    )
    weights.drop_others(found.module.networks)
    program = Program(found.module, target or Target(mode="inference"), weights=weights)
    if part or (weights.has("generator") and "generator" in found.module.networks):
        _ = program.generator  # what does not fit is told now
    return program


def _warn(reason: str) -> None:
    warnings.warn(reason, stacklevel=4)
