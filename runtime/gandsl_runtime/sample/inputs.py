"""Rows of a file as the inputs of a network: vectors, labels, whatever it takes beside what seeds draw."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import SamplingError
from ..network import Network, Port
from ..system.files import read as bytes_of
from ..system.files import special
from .arrays import LatentsError, read_npy, read_npz, read_safetensors

NAME = "name"  # a column of what the rows' files are called
MOST_ROWS = 10_000_000


@dataclass(frozen=True)
class GivenInputs:
    """Tensors [rows, …] by the inputs' names, and what rows are called; no names: they are numbered."""

    rows: Mapping[str, Tensor]
    count: int
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.count

    def check(self, network: Network, count: int) -> None:
        """Raise SamplingError where the rows are not so many, or not what the network takes."""
        ports = {port.name: port for port in network.inputs}
        for name, rows in self.rows.items():
            port = ports.get(name)
            if port is None:
                raise SamplingError(f"the network takes no `{name}`", f"it takes {', '.join(ports)}")
            shape = () if port.kind == "Label" else port.shape
            if tuple(rows.shape) != (count, *shape):
                raise SamplingError(
                    f"`{name}` has the shape {tuple(rows.shape)}, and {(count, *shape)} is wanted",
                    "a row for each image",
                )


def read(path: Path, network: Network) -> GivenInputs:
    """The rows of a file, as inputs of a network, each by its name. Raises LatentsError.

    `.npz`, `.safetensors`: an array [rows, …] each; `.npy`: the array of the only input that is not drawn;
    `.jsonl`: an object a line; `.csv`: columns, of a vector `NAME.0`, `NAME.1`, … A label is a whole number,
    latents may be given too. `name` in a .csv or .jsonl is what a row's file is called.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise LatentsError(f"{path} is no file of inputs", f"those end in {', '.join(READERS)}")
    if kind := special(path):
        raise LatentsError(f"{path} is {kind}, no file of inputs", "give a file")
    if not path.exists():
        raise LatentsError(f"there is no such file: {path}", "give a file with a row for each image")
    ports = {port.name: port for port in network.inputs if port.kind != "Scalar"}
    found = reader(path, ports)
    names = found.pop(NAME, None) if NAME not in ports else None
    if strange := sorted(found.keys() - ports.keys()):
        raise LatentsError(
            f"{path} holds `{strange[0]}`, and the network takes no such input",
            f"it takes {', '.join(f'`{port.name}` {_said(port)}' for port in ports.values())}",
        )
    wanted = [name for name, port in ports.items() if _is_given(port)]
    if missing := [name for name in wanted if name not in found]:
        raise LatentsError(
            f"{path} holds no `{missing[0]}`", f"the network takes it as {_said(ports[missing[0]])}"
        )
    rows = {name: _checked(path, ports[name], array) for name, array in found.items()}
    counts = {name: len(tensor) for name, tensor in rows.items()}
    if len({*counts.values()}) > 1:
        said = ", ".join(f"{count} of `{name}`" for name, count in counts.items())
        raise LatentsError(f"{path} holds {said}", "give one of each in every row")
    count = next(iter(counts.values()), 0)
    if not count:
        raise LatentsError(f"{path} holds no rows", "give one row for each image")
    return GivenInputs(rows, count, _names(path, names, count))


def _is_given(port: Port) -> bool:
    """Whether no seed draws it."""
    return not port.drawn and port.kind != "Label"


def _said(port: Port) -> str:
    if port.kind == "Label":
        return f"(a class from 0 to {port.shape[0] - 1})"
    return f"({', '.join(['rows', *map(str, port.shape)])})"


def _checked(path: Path, port: Port, array: Any) -> Tensor:
    """The tensor of an input: floats of its shape, or classes."""
    tensor = array if isinstance(array, Tensor) else torch.from_numpy(np.ascontiguousarray(array))
    shape = () if port.kind == "Label" else port.shape
    if tuple(tensor.shape[1:]) != tuple(shape) or not tensor.dim():
        raise LatentsError(
            f"`{port.name}` of {path} has the shape {tuple(tensor.shape)}, and {_said(port)} is wanted",
            "one row for each image",
        )
    if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
        raise LatentsError(
            f"`{port.name}` of {path} holds numbers that are not finite", "leave those rows out"
        )
    if port.kind != "Label":
        return tensor if tensor.is_floating_point() else tensor.float()
    if tensor.is_floating_point():
        if not bool((tensor == tensor.round()).all()):
            raise LatentsError(f"`{port.name}` of {path} is no list of whole numbers", "give classes")
        tensor = tensor.long()
    if len(tensor) and not 0 <= int(tensor.min()) <= int(tensor.max()) < port.shape[0]:
        beyond = next(int(one) for one in tensor if not 0 <= int(one) < port.shape[0])
        raise LatentsError(f"{path}: there is no class {beyond}", f"classes are 0 to {port.shape[0] - 1}")
    return tensor.long()


def _names(path: Path, names: Any, count: int) -> tuple[str, ...]:
    if names is None:
        return ()
    found = tuple(str(name) for name in names)
    for name in found:
        if not name or name in (".", "..") or not name.isprintable() or any(c in name for c in '/\\:\0"'):
            raise LatentsError(f"{path}: {name!r} names no file", "letters and digits, without folders")
    if len({*found}) < count:
        twice = next(name for name in found if found.count(name) > 1)
        raise LatentsError(f"{path}: two rows are called {twice!r}", "a name for each row")
    return found


# ---- formats ----------


def _npz(path: Path, ports: Mapping[str, Port]) -> dict[str, Any]:
    return dict(read_npz(path, None))


def _safetensors(path: Path, ports: Mapping[str, Port]) -> dict[str, Any]:
    return dict(read_safetensors(path, None))


def _npy(path: Path, ports: Mapping[str, Port]) -> dict[str, Any]:
    """One array: of the only input that is neither drawn nor a label; else of the only label; else latent."""
    of_classes = [port for port in ports.values() if port.kind == "Label"]
    drawn = [port for port in ports.values() if port.drawn]
    for found in (list(filter(_is_given, ports.values())), of_classes, drawn):
        fitting = [port.name for port in found]
        if len(fitting) == 1:
            return {fitting[0]: read_npy(path)}
        if fitting:
            raise LatentsError(
                f"{path} holds one array, and the network takes {' and '.join(f'`{n}`' for n in fitting)}",
                "give a .npz with an array for each, by its name",
            )
    raise LatentsError(f"{path}: the network takes no inputs", "leave the file out")


def _csv(path: Path, ports: Mapping[str, Port]) -> dict[str, Any]:
    """Columns by their first line: `NAME`, or `NAME.0`, `NAME.1`, … of a vector."""
    table = list(csv.reader(io.StringIO(_text(path))))
    if not table:
        raise LatentsError(f"{path} is empty", "its first line names the columns")
    head, rows = [name.strip() for name in table[0]], [row for row in table[1:] if row]
    for number, row in enumerate(rows, 2):
        if len(row) != len(head):
            raise LatentsError(
                f"{path}:{number}: {len(row)} values for {len(head)} columns", "a value for each"
            )
    if twice := [name for name in head if head.count(name) > 1]:
        raise LatentsError(f"{path}: two columns are called {twice[0]!r}", "a name for each column")
    found: dict[str, Any] = {}
    for name in dict.fromkeys(column if column in (*ports, NAME) else _stem(column) for column in head):
        if name in head:
            places = [head.index(name)]
        else:
            count = sum(_stem(column) == name for column in head)
            columns = [f"{name}.{place}" for place in range(count)]
            if lost := [column for column in columns if column not in head]:
                raise LatentsError(f"{path} has no column {lost[0]!r}", "number a vector's from 0 on")
            places = [head.index(column) for column in columns]
        if name == NAME and NAME not in ports:
            found[NAME] = [row[places[0]].strip() for row in rows]
            continue
        values = [[_number(path, number, row[at]) for at in places] for number, row in enumerate(rows, 2)]
        array = np.array(values, dtype=np.float64).reshape(len(rows), len(places))
        flat = name in head and (name not in ports or ports[name].kind == "Label" or not ports[name].shape)
        found[name] = array[:, 0] if flat else array.astype(np.float32)
    return found


def _stem(column: str) -> str:
    stem, dot, place = column.rpartition(".")
    return stem if dot and place.isascii() and place.isdigit() else column


def _number(path: Path, line: int, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise LatentsError(f"{path}:{line}: {text[:40]!r} is no number", "a number in each") from error


def _jsonl(path: Path, ports: Mapping[str, Port]) -> dict[str, Any]:
    """An object a line: a number, or lists in lists of them, for each input."""
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise LatentsError(f"{path}:{number} is no JSON: {error}", "an object a line") from error
        if not isinstance(row, dict) or (rows and row.keys() != rows[0].keys()):
            raise LatentsError(
                f"{path}:{number} is {'no object' if not isinstance(row, dict) else 'of other fields'}",
                'an object a line, all with the same fields: {"y": 3, "text": [0.1, …]}',
            )
        rows.append(row)
    found: dict[str, Any] = {}
    for name in rows[0] if rows else ():
        values = [row[name] for row in rows]
        if name == NAME and NAME not in ports:
            found[NAME] = values
            continue
        try:
            array = np.array(values, dtype=np.float64)
        except (ValueError, TypeError, OverflowError) as error:
            raise LatentsError(
                f"`{name}` of {path} is no number, nor lists of them of one shape", "alike in every line"
            ) from error
        label = name in ports and ports[name].kind == "Label"
        found[name] = array if label else array.astype(np.float32)
    return found


def _text(path: Path) -> str:
    try:
        return bytes_of(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LatentsError(f"{path} is no UTF-8", "save it as UTF-8") from error
    except OSError as error:
        raise LatentsError(f"can't read {path}: {(error.strerror or str(error)).lower()}", "") from error


READERS: dict[str, Callable[[Path, Mapping[str, Port]], dict[str, Any]]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".csv": _csv,
    ".jsonl": _jsonl,
}
