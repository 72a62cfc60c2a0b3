"""Checkpoint files: safetensors with counters in its header, written whole or not at all, digest checked."""

from __future__ import annotations

import hashlib
import json
import os
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..errors import CheckpointError, room_for
from ..network import Network
from ..plan import Cadence
from ..system.files import special, whole
from ..system.pasted import pasted
from .header import Facts, RunFacts, facts_of
from .retention import Saved, staying
from .run_dir import SUFFIX, RunDir
from .run_dir import found_in as found_in
from .run_dir import newest_path as newest_path
from .tensors import load_network

if TYPE_CHECKING:
    from ..game.run import GameRun

FORMAT = 2
WEIGHTS = ("generator", "discriminator", "average")  # the parts of a checkpoint that a network can have

Found = tuple[Path, dict[str, Tensor], Facts, list[str]]  # with what is wrong with newer ones


def path_of(folder: Path, images: int) -> Path:
    """The file of a checkpoint; names sort by images shown."""
    return folder / f"{images:012d}{SUFFIX}"


def save(folder: Path, state: GameRun, facts: dict[str, Any], cadence: Cadence) -> Path:
    """Write the state, then delete the checkpoints that the plan does not keep.

    Files past this moment are deleted too: they were refused at the resume, or belong to a course of training
    that was given up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = path_of(folder, state.clock.images)
    write(path, state.tensors(), {"counters": state.counters(), **facts})
    found = [file for file in found_in(folder) if file <= path]
    kept = staying(saved(found, cadence), cadence)
    for old in set(found_in(folder)) - kept:
        if not old.is_dir():
            old.unlink(missing_ok=True)
    return path


def saved(files: Iterable[Path], cadence: Cadence) -> list[Saved]:
    """What the plan's retention needs to know of each file."""
    metric = cadence.best.metric if cadence.best else None
    return [Saved(path, int(path.stem), _logged(path).get(metric) if metric else None) for path in files]


def _logged(path: Path) -> dict[str, float]:
    """The newest values of the log when a checkpoint was written; none where it is damaged, or of an older
    version.
    """
    facts = _told(path)
    return facts.log.latest if facts else {}


def run_of(path: Path) -> str | None:
    """The id of the run whose state this is ("" of an older version's); None where that can't be told."""
    facts = _told(path)
    return facts.run if facts else None


def _told(path: Path) -> RunFacts | None:
    try:
        facts = facts_of(_header(path).get("facts", ""))
    except (DamagedCheckpoint, ValueError):
        return None
    return facts if isinstance(facts, RunFacts) else None


def write(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write a checkpoint file atomically: a new file in the same folder, flushed to the disk, then renamed.

    Raises OutOfSpace when the disk is full; what was there before stays.
    """
    own = _separate(tensors)
    said = json.dumps(facts)
    header = {"format": str(FORMAT), "facts": said, "digest": _digest(own, said)}
    with room_for("a checkpoint", path.parent), whole(path) as new:
        _save_file(own, new, header)


def read(path: Path) -> tuple[dict[str, Tensor], Facts]:
    """The tensors and facts of a checkpoint file.

    Raises Damaged when it is cut short or changed; CheckpointError when it is whole and not as this version
    writes them.
    """
    header = _header(path)
    if header.get("format") != str(FORMAT):
        raise CheckpointError(
            f"{path} is of checkpoint format {header.get('format', 'unknown')}, this version reads {FORMAT}",
            "use the version of gandsl that wrote it",
        )
    said, digest = header.get("facts", ""), header.get("digest")
    with _readable(path), safe_open(path, framework="pt") as file:
        # cloned: else they stay maps of a file that is deleted one day
        tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118  # not a dict
    if digest != _digest(tensors, said):
        raise DamagedCheckpoint(
            f"{path} is damaged: its content does not match its digest", "take an older one"
        )
    try:
        return tensors, facts_of(said)
    except ValueError as error:
        raise CheckpointError(
            f"{path} is no checkpoint that this version writes: {error}",
            "use the version of gandsl that wrote it; without this file a resume takes the one before",
        ) from error


def run_facts(path: Path, facts: Facts) -> RunFacts:
    """Those of a run. Raises CheckpointError for weights alone, which no run can go on from."""
    if isinstance(facts, RunFacts):
        return facts
    what = f"weights that were imported from {facts.imported.layout}" if facts.imported else "weights"
    raise CheckpointError(
        f"{path} holds {what}, and no run's state: there are no moments and no counters to go on from",
        f"`{pasted('sample', path)}` samples them; start a run in another folder",
    )


def newest(folder: Path) -> Found:
    """The newest whole checkpoint and what is wrong with newer ones. Raises CheckpointError if none.

    One of another format raises too: it is no reason to go back in time, or to write over it.
    """
    refused: list[str] = []
    for path in found_in(folder):
        try:
            tensors, facts = read(path)
        except DamagedCheckpoint as error:
            refused.append(error.message)
            continue
        if isinstance(facts, RunFacts) and facts.counters.images != int(path.stem):
            raise CheckpointError(
                f"{path} is named after {int(path.stem)} images and holds the state after "
                f"{facts.counters.images}",
                "give it its name back, or remove it: a resume then takes the one before",
            )
        return path, tensors, facts, refused
    reasons = f": {'; '.join(refused)}" if refused else ""
    raise NoneWhole(f"no whole checkpoint in {folder}{reasons}", "start the run anew, in another folder")


def named(path: Path) -> Found:
    """What a path names: a checkpoint, or the newest whole one of a run's folder or of a folder of them."""
    if not path.exists():
        raise CheckpointError(
            f"there is no such file or folder: {path}", "give a checkpoint, or a run's folder"
        )
    if not path.is_dir():
        if not special(path) and not is_ours(path):
            raise CheckpointError(
                f"{path} is no checkpoint of gandsl's",
                f"`{pasted('import', path)}` makes one of an official file",
            )
        return path, *read(path), []
    folder = RunDir(path).checkpoints
    return newest(folder if folder.is_dir() else path)


def load_weights(
    path: Path,
    network: Network,
    part: str | None = None,
    warn: Callable[[str], None] = warnings.warn,
) -> Facts:
    """Load one network from a checkpoint and give its facts; `part` is generator, discriminator or average.

    By default the average where the checkpoint has one, else the generator. `path` may be a run's folder: its
    newest whole checkpoint; of newer ones `warn` is told. Raises CheckpointError.
    """
    path, tensors, facts, refused = named(path)
    for reason in refused:
        warn(f"{reason}; taking {path.name}")
    put_weights(network, tensors, part, path)
    return facts


def put_weights(network: Network, tensors: Mapping[str, Tensor], part: str | None, path: Path | str) -> None:
    """Load the tensors `<part>/…` of a checkpoint, which lay at `path`, into a network.

    By default the average where there is one, else the generator. Raises CheckpointError.
    """
    parts = {key.partition("/")[0] for key in tensors}
    part = part or ("average" if "average" in parts else "generator")
    if part not in parts:
        raise absent(part, parts, path)
    try:
        load_network(network, tensors, part)
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}", "use the spec that they were trained with") from error


def absent(part: str, parts: Collection[str], path: Path | str) -> CheckpointError:
    """Says that a checkpoint has no weights of a part, and which parts it has."""
    there = [name for name in WEIGHTS if name in parts]
    there += sorted(name for name in parts if name not in (*WEIGHTS, "game", "guard", "carried"))
    there = [name for name in there if not name.startswith("optimizer")]
    beside = f"it has those of {' and '.join(there)}" if there else ""
    return CheckpointError(f"{path} holds no weights of the {part}", beside)


def is_ours(path: Path) -> bool:
    """Whether a file is a checkpoint of gandsl's, by its header, or by its name where that can't be read."""
    try:
        return not {"facts", "digest"}.isdisjoint(_header(path))
    except DamagedCheckpoint:
        return path.suffix == SUFFIX


def seems_whole(path: Path) -> bool:
    """Whether a file is a run's, as long as its header says; whether nothing in it changed, `read` knows."""
    return _told(path) is not None


class NoneWhole(CheckpointError):
    """A folder without any checkpoint that can be read."""


class DamagedCheckpoint(CheckpointError):
    """A file that is cut short, or whose content is not what was written."""


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """What safetensors and torch say inside the block of a file that can't be read, as Damaged."""
    try:
        if kind := special(path):  # a pipe would be waited for without end
            raise DamagedCheckpoint(f"{path} is {kind}, no checkpoint", "remove it")
        yield
    except (SafetensorError, OSError) as error:
        raise DamagedCheckpoint(
            f"{path} is cut short or no checkpoint: {error}", "take an older one"
        ) from error


def _header(path: Path) -> dict[str, str]:
    with _readable(path), safe_open(path, framework="pt") as file:
        return file.metadata() or {}


def _save_file(tensors: dict[str, Tensor], path: Path, header: dict[str, str]) -> None:
    """safetensors' `save_file`, whose own error keeps the system's number in its text alone."""
    try:
        save_file(tensors, path, metadata=header)
    except SafetensorError as error:
        if number := re.search(r"\(os error (\d+)\)", str(error)):
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
        raise


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


def digest_of(tensors: dict[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes."""
    return _digest(_separate(tensors), "")


def _digest(tensors: dict[str, Tensor], facts: str) -> str:
    """SHA-256 over the facts, and over names, types, shapes and bytes."""
    digest = hashlib.sha256(facts.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"\0{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
