"""The weights that a network starts from, out of the file that its spec names: checked, then taken whole."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..errors import CheckpointError, PlanError
from ..network import Network
from ..system.files import special
from ..weights_file import WeightsFile

COUNTED = ".num_batches_tracked"  # how the numbers of torch's batch norm that are used nowhere here end
SHOWN = 4  # names of each complaint


def start(network: Network, path: str | Path) -> None:
    """Give a network the weights that it starts from, out of a file of safetensors.

    The file must be the one that the network names (`_starts_from`), by its checksum, and its tensors must be
    the network's, by `keys` and `part` of that. Raises CheckpointError; nothing is loaded then.
    """
    of = network._starts_from
    if of is None:
        raise CheckpointError("this network starts from no file, or has its weights", "leave the file out")
    where = Path(path)
    verify(where, of)
    if of.layout:
        raise CheckpointError(
            f"{where} is in the layout {of.layout}, which the compiler reads",
            "train the spec itself, or write the weights under the network's own names",
        )
    try:
        with safe_open(where, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # not a dict
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{where} can't be read as safetensors: {error}", "the compiler reads others"
        ) from error
    states = parts(tensors)
    name = chosen(states, of, network._get_name().lower(), str(where))
    take(network, fitted(states[name], of, network.state_dict(), str(where)))


def digest(path: Path) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits. Raises CheckpointError where it can't be read."""
    if kind := special(path):
        raise CheckpointError(f"{path} is {kind}, no file of weights", "name a file")
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise CheckpointError(f"cannot read {path}: {why}", "name a file of weights") from error


def verify(path: Path, of: WeightsFile) -> None:
    """Raise CheckpointError unless a file has the checksum that is said of it."""
    found = digest(path)
    if found != of.sha256:
        raise CheckpointError(
            f"{path} is another file than the spec says: its SHA-256 is {found}, and `sha256` is {of.sha256}",
            "get the right file, or, where this is the one that is meant, write its checksum",
        )


def parts(names: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The networks in a file: those of a checkpoint of gandsl's, `PART/KEY`; else all of it as one, ""."""
    if not names or not all("/" in name for name in names):
        return {"": dict(names)}
    found: dict[str, dict[str, Tensor]] = {}
    for name, tensor in names.items():
        part, _, key = name.partition("/")
        found.setdefault(part, {})[key] = tensor
    return found


def chosen(names: Collection[str], of: WeightsFile, network: str, where: str) -> str:
    """Whose weights a network takes: those of the part that is said, the only ones, those of its own name."""
    if of.part in names and of.part:
        return of.part
    if not of.part:
        if len(names) == 1:
            return next(iter(names))
        if network in names:
            return network
    there = ", ".join(name for name in sorted(names) if name)
    if of.part:
        message = f"{where} has no part `{of.part}`"
    elif not names:
        message = f"{where} holds no weights"
    else:
        message = f"{where} holds weights of several networks, and none called `{network}`"
    raise CheckpointError(message, f"set `part` to one of {there}" if there else "leave `part` out")


def fitted(
    given: Mapping[str, Tensor], of: WeightsFile, wanted: Mapping[str, Tensor], where: str
) -> dict[str, Tensor]:
    """The tensors of a file by the network's own names. Raises CheckpointError with all that does not fit."""
    named = {of.named(key): key for key in wanted}
    both = given.keys() & named.keys()
    strange = (key for key in given.keys() - named.keys() if not key.endswith(COUNTED))
    complaints: dict[str, Iterable[str]] = {
        "missing": named.keys() - given.keys(),
        "unknown": (key for key in strange if not of.leaves(key)),
        "of another shape": (
            f"{key} {list(given[key].shape)}, wanted {list(wanted[named[key]].shape)}"
            for key in sorted(both)
            if given[key].shape != wanted[named[key]].shape
        ),
        "of another type": (
            f"{key} {_dtype(given[key])}, wanted {_dtype(wanted[named[key]])}"
            for key in sorted(both)
            if given[key].is_floating_point() != wanted[named[key]].is_floating_point()
        ),
        "not finite": (
            key for key in both if given[key].is_floating_point() and not bool(given[key].isfinite().all())
        ),
    }
    found = {why: sorted(keys) for why, keys in complaints.items()}
    said = [f"{len(keys)} {why} ({_listed(keys)})" for why, keys in found.items() if keys]
    if said:
        raise CheckpointError(
            f"{where} does not fit the network: {'; '.join(said)}. Nothing was loaded",
            "`keys` says what the file calls a node, `unused` what of it the network has no place for",
        )
    return {named[key]: given[key] for key in both}


def take(network: Network, tensors: Mapping[str, Tensor]) -> None:
    """Load a whole state, and note that the network has its weights."""
    with torch.no_grad():
        for key, own in network.state_dict().items():
            own.copy_(tensors[key])
    network._starts_from = None


def check_started(networks: Mapping[str, Network]) -> None:
    """Raise PlanError where a network has yet to be given the weights of its file."""
    for name, network in networks.items():
        if (of := network._starts_from) is not None:
            raise PlanError(
                f"`{name}` starts from {of.file} (SHA-256 {of.sha256}), and has not been given it",
                f'`gandsl_runtime.runs.start.start({name}, "{of.file}")` gives it',
            )


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _listed(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
