"""Checkpoint files: safetensors with counters in its header, written whole or not at all, digest checked."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from .errors import CheckpointError, room_for
from .network import Network
from .state import State, load_network

FORMAT = 1
SUFFIX = ".safetensors"


def path_of(folder: Path, images: int) -> Path:
    """The file of a checkpoint; names sort by images shown."""
    return folder / f"{images:012d}{SUFFIX}"


def found_in(folder: Path) -> list[Path]:
    """The checkpoints of a run, newest first."""
    return sorted((p for p in folder.glob(f"*{SUFFIX}") if p.stem.isdigit()), reverse=True)


def save(folder: Path, state: State, extra: dict[str, Any], keep: int) -> Path:
    """Write the state and keep the newest `keep` files; older ones go once the new one is on the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    path = path_of(folder, state.clock.images)
    write(path, state.tensors(), {"counters": state.counters(), **extra})
    half_written = folder.glob(".*")  # by a process that was killed
    for old in (*found_in(folder)[keep:], *half_written):
        old.unlink(missing_ok=True)
    return path


def write(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write a checkpoint file atomically: a new file in the same folder, flushed to the disk, then renamed.

    Raises OutOfSpace when the disk is full; what was there before stays.
    """
    own = _separate(tensors)
    header = {"format": str(FORMAT), "facts": json.dumps(facts), "digest": _digest(own)}
    new = path.with_name(f".{path.name}.new")
    with room_for("a checkpoint", path.parent):
        try:
            save_file(own, new, metadata=header)
            new.chmod(_usual_mode())  # safetensors gives the owner alone a right to read
            _flush(new)
            os.replace(new, path)
            _flush(path.parent)
        except BaseException:
            new.unlink(missing_ok=True)
            raise


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and facts of a checkpoint file. Raises CheckpointError when it is cut short or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            # cloned: else they stay maps of a file that is deleted one day
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118  # not a dict
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is cut short or no checkpoint: {error}", "take an older one"
        ) from error
    if header.get("format") != str(FORMAT):
        raise CheckpointError(
            f"{path} is of checkpoint format {header.get('format', 'unknown')}, this version reads {FORMAT}",
            "use the version of gandsl that wrote it",
        )
    if header["digest"] != _digest(tensors):
        raise CheckpointError(
            f"{path} is damaged: its content does not match its digest", "take an older one"
        )
    return tensors, json.loads(header["facts"])


def newest(folder: Path) -> tuple[Path, dict[str, Tensor], dict[str, Any], list[str]]:
    """The newest whole checkpoint and what is wrong with newer ones. Raises CheckpointError if none."""
    refused: list[str] = []
    for path in found_in(folder):
        try:
            return path, *read(path), refused
        except CheckpointError as error:
            refused.append(error.message)
    reasons = f": {'; '.join(refused)}" if refused else ""
    raise CheckpointError(
        f"no whole checkpoint in {folder}{reasons}", "start the run anew, in another folder"
    )


def load_weights(path: Path, network: Network, part: str | None = None) -> dict[str, Any]:
    """Load one network from a checkpoint and give its facts; `part` is generator, discriminator or average.

    By default the average where the checkpoint has one, else the generator. `path` may be a run's folder: its
    newest checkpoint. Raises CheckpointError.
    """
    if path.is_dir():
        folder = path / "checkpoints" if (path / "checkpoints").is_dir() else path
        path, tensors, facts, _ = newest(folder)
    else:
        tensors, facts = read(path)
    if part is None:
        part = "average" if any(key.startswith("average/") for key in tensors) else "generator"
    try:
        load_network(network, tensors, part)
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}", "use the spec that the run was trained with") from error
    return facts


def _separate(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Contiguous tensors on the CPU that share no memory (tied weights do), sorted by name."""
    seen: set[int] = set()
    own = {}
    for name, tensor in sorted(tensors.items()):
        tensor = tensor.detach().to("cpu").contiguous()
        storage = tensor.untyped_storage()
        if storage.data_ptr() in seen or storage.nbytes() != tensor.nbytes:
            tensor = tensor.clone()
        seen.add(tensor.untyped_storage().data_ptr())
        own[name] = tensor
    return own


def _digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _usual_mode() -> int:
    """The rights of a new file under the user's umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask


def _flush(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
