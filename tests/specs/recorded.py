"""What independent implementations computed, and our networks with their weights: through the importer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

import gandsl
from gandsl.interop import Imported, import_checkpoint
from gandsl.interop.changes import Change
from gandsl.interop.layout import expanded
from gandsl.interop.layouts import layouts
from gandsl_runtime.layers import set_noise_mode
from gandsl_runtime.network import Network

TOLERANCE = 1e-5
"""Of the largest magnitude: both sides are float32 and sum in another order. Found: at most 2e-6."""

UNTOLD = {
    "conv_clamp": "clamp",
    "mbstd_group": "stddev_group",
    "minibatch_std_group_size": "stddev_group",
    "SN_eps": "eps",
    "eps": "eps",
}
"""Options that no state_dict tells, and which parameter each is."""


class Record(NamedTuple):
    """What one implementation computed, and our network with its weights."""

    network: Network
    names: Mapping[str, str]  # our keys → the published ones
    given: Mapping[str, Tensor]
    found: Mapping[str, Tensor]
    state: Mapping[str, Tensor]  # under the published keys


def read(path: Path) -> tuple[dict[str, Any], Callable[[str], dict[str, Tensor]]]:
    """A file's facts, and its tensors below a folder."""
    if not path.is_file():
        pytest.skip(f"no parity data at {path}: set GANDSL_PARITY to the folder of .npz files")
    with np.load(path) as file:
        tensors = {key: torch.from_numpy(file[key]) for key in file.files if key != "meta"}
        facts = json.loads(str(file["meta"]))
    return facts, lambda folder: {
        key.split("/", 1)[1]: tensor for key, tensor in tensors.items() if key.startswith(folder + "/")
    }


def place(folder: Path, name: str, side: str) -> tuple[Path, str]:
    """A network's file and the folder of its weights therein: its own file, or one with a step of both."""
    step = folder / f"{name}.npz"
    letter = side[0].upper()
    return (step, f"state_{letter}") if step.is_file() else (folder / f"{name}_{letter}.npz", "state")


def write(folder: Path, name: str, to: Path, **options: Any) -> tuple[list[Path], dict[str, Any]]:
    """The recorded weights as files of torch.save, and what to set beside them."""
    paths: list[Path] = []
    overrides: dict[str, Any] = {}
    for side in ("discriminator", "generator"):
        path, state = place(folder, name, side)
        if path.is_file() or side == "generator":
            facts, part = read(path)
            paths.append(to / f"net{side[0].upper()}.pth")
            torch.save(part(state), paths[-1], **options)
            overrides |= {ours: facts[theirs] for theirs, ours in UNTOLD.items() if theirs in facts}
    return paths, overrides


@cache
def imported(folder: Path, name: str) -> Imported:
    """Layout, spec, sizes and which network is which are left to the importer."""
    with TemporaryDirectory() as at:
        paths, overrides = write(folder, name, Path(at))
        return import_checkpoint(paths, overrides=overrides)


def load(folder: Path, name: str, side: str) -> Record:
    """A network with recorded weights, in evaluation mode and with constant noise."""
    path, state = place(folder, name, side)
    _, part = read(path)
    found = imported(folder, name)
    network = getattr(gandsl.compile(found.spec, list(found.overrides)), side)
    network.load_state_dict(dict(found.states[side]))
    set_noise_mode(network, "constant")
    table = layouts()[found.report.layout].sides[side]
    names = {
        entry.ours: entry.theirs
        for entry in expanded(table.entries, table.bindings(found.module.params))
        if isinstance(entry.use, Change) and entry.ours in found.states[side]
    }
    return Record(network.eval(), names, part("in"), part("out"), part(state))


def labels(record: Record) -> list[Tensor]:
    """As class numbers, where there are any."""
    if "y" in record.given:
        return [record.given["y"].long()]
    one_hot = record.given.get("y_onehot", record.given.get("c", torch.empty(0, 0)))
    return [one_hot.argmax(1)] if one_hot.shape[1] else []


def assert_close(ours: Tensor, theirs: Tensor, what: str) -> None:
    assert ours.shape == theirs.shape, what
    error = ((ours - theirs).abs().max() / theirs.abs().max()).item()
    assert error < TOLERANCE, f"{what} is off by {error:.1e} of its largest magnitude"


def assert_norms_close(
    record: Record, found: Mapping[str, Tensor], expected: Tensor, what: str, drawn: str = "nothing"
) -> None:
    """The norm of each gradient, in the order of the published state_dict; without keys that hold `drawn`."""
    theirs = {record.names[name]: gradient.norm() for name, gradient in found.items()}
    keys = [key for key in record.state if key in theirs]
    assert len(keys) == len(expected) == len(found)
    compared = [i for i, key in enumerate(keys) if drawn not in key]
    assert_close(torch.stack([theirs[keys[i]] for i in compared]), expected[compared], what)
