"""What a file or folder is that holds no checkpoint to convert, told by its first bytes, and what to do."""

from __future__ import annotations

from pathlib import Path

from gandsl.interop.errors import InteropError, Refused, listed
from gandsl_runtime.system.pasted import pasted

WEIGHTS = (".safetensors", ".pt", ".pth", ".pkl", ".bin", ".ckpt")
"""Endings of the files that an import reads, the safest first."""

CONFIGS = frozenset({"config.json", "model_index.json"})  # what a folder of Hugging Face's has

STATE_DICT = "save the state_dict of its network with torch.save, and import that"

BEGINNINGS: tuple[tuple[int, bytes, str, str], ...] = (
    (
        0,
        b"version https://git-lfs",
        "a pointer of Git LFS in place of a file",
        "fetch the file: git lfs pull",
    ),
    (0, b"<", "a web page, such as a download's error or warning", "download the checkpoint itself"),
    (0, b"{", "JSON", "import the file of weights that lies beside it"),
    (0, b"\x1f\x8b", "compressed (gzip)", "unpack it first"),
    (0, b"BZh", "compressed (bzip2)", "unpack it first"),
    (0, b"\xfd7zXZ", "compressed (xz)", "unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "compressed (zstd)", "unpack it first"),
    (0, b"7z\xbc\xaf", "an archive (7z)", "unpack it first"),
    (257, b"ustar", "an archive (tar)", "unpack it first"),
    (0, b"\x89HDF", "HDF5, of Keras for instance", "no layout of it is known: " + STATE_DICT),
    (0, b"\x93NUMPY", "an array of NumPy's", "import a checkpoint of the network"),
    (0, b"GGUF", "a file of llama.cpp's", "import a checkpoint of the network"),
)
"""Place, bytes, what a file that has them there is, and what to do."""

PROGRAMS: tuple[tuple[str, str, str], ...] = (
    ("constants.pkl", "a TorchScript module", "torch.jit.load({file!r}).state_dict()"),
    ("archive_format", "a program of torch.export", "dict(torch.export.load({file!r}).state_dict)"),
)
"""An entry at the top of a zip, what the zip then is, and where its state_dict is to be had."""


def check_zip(entries: list[str], where: str) -> None:
    """Raise InteropError where a zip's entries say that it holds a program, or is none of torch.save's."""
    heads = {name.rpartition("/")[2] for name in entries if name.count("/") < 2}
    for mark, what, state in PROGRAMS:
        if mark in heads:
            saving = f"torch.save({state.format(file=where)}, 'state.pt')"
            raise Refused(where, f"it is {what}", f"where you trust it: {saving}; then import state.pt")
    if "data.pkl" not in heads:
        inside = sorted(name for name in entries if name.endswith(WEIGHTS))
        remedy = f"unpack it, and import {inside[0]}" if inside else "import a checkpoint file"
        raise InteropError(f"{where} is a zip, but no file of torch.save", remedy)


def stranger(where: str, data: memoryview) -> InteropError:
    """The error for a file that is neither a pickle, nor a zip, nor safetensors."""
    for place, beginning, what, remedy in BEGINNINGS:
        if bytes(data[place : place + len(beginning)]) == beginning:
            return InteropError(f"{where} is no checkpoint: it is {what}", remedy)
    return InteropError(
        f"{where} is no checkpoint: neither a file of torch.save, nor a pickle, nor safetensors",
        f"import one of {listed(['*' + ending for ending in WEIGHTS])}",
    )


def folder(path: Path) -> InteropError:
    """The error for a folder in place of a file: which of its files to name."""
    try:
        names = sorted(entry.name for entry in path.iterdir() if entry.is_file())
    except OSError as error:
        return InteropError(f"cannot open {path}: {(error.strerror or str(error)).lower()}", "name a file")
    if "spec.yaml" in names:
        remedy = f"`{pasted('sample', path)}` draws its images"
        return InteropError(f"{path} is a run of gandsl's, with nothing to convert", remedy)
    weights = [name for ending in WEIGHTS for name in names if name.endswith(ending)]
    huggingface = not CONFIGS.isdisjoint(names)
    what = f"{path} is a {'Hugging Face ' if huggingface else ''}folder"
    if any(name.endswith(".index.json") for name in names):
        remedy = "save_pretrained(FOLDER, max_shard_size='100GB') of its class saves them as one"
        return InteropError(f"{what} whose weights are cut into {len(weights)} files", remedy)
    if not weights:
        return InteropError(f"{what}, and no checkpoint lies in it", "name the checkpoint file")
    if len(weights) == 1 or huggingface:
        return InteropError(what, f"name the file in it, {path / weights[0]}")
    return InteropError(
        f"{what} with {len(weights)} files of weights", f"name those of one model: {listed(weights)}"
    )
