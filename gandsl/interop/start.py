"""The file that a network's weights start from: found, checked, read as what it is, and taken whole."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from gandsl.interop.errors import InteropError, listed
from gandsl.interop.load import import_network, open_file
from gandsl.interop.recognize import SIDE_OF
from gandsl.interop.tensors import materialize
from gandsl.spec.files import SpecFile, candidates
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs import start as runtime
from gandsl_runtime.weights_file import WeightsFile

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR
    from gandsl.lowering.network import LoweredNetwork


def started(network: LoweredNetwork, module: ModuleIR) -> None:
    """Give a network the weights of the file that its spec names.

    Raises InteropError or CheckpointError: where there is no such file, where it is another than the spec
    says, and where its tensors are not the network's. Nothing of it is run.
    """
    of, name = network.ir.start, network.ir.name
    assert of is not None
    path = found(of, name)
    runtime.verify(path, of)
    own = network.state_dict()
    if of.layout:
        tensors = _of_layout(path, of, network, module)
        of = replace(of, keys={}, unused=())
    else:
        tensors = _read(path, of, name)
    runtime.take(network, runtime.fitted(tensors, of, own, str(path)))


def found(of: WeightsFile, name: str) -> Path:
    """Where the file lies: beside the spec that names it, or in a folder of GANDSL_PATH."""
    places = candidates(of.file, of.beside)
    path = next((Path(place) for place in places if Path(place).exists()), None)
    if path is None:
        tried = ", ".join(SpecFile.at(place).shown for place in places)
        raise InteropError(
            f"`{name}` starts from {of.file}, and there is no such file (tried {tried})",
            f"put it beside the spec, or into a folder of GANDSL_PATH: its SHA-256 is {of.sha256}",
        )
    return path


def _read(path: Path, of: WeightsFile, name: str) -> Mapping[str, Tensor]:
    """The tensors of the network in a file of any kind, by the file's names."""
    if checkpoint.is_ours(path):
        states = runtime.parts(checkpoint.read(path)[0])
        return states[runtime.chosen(states, of, name, str(path))]
    with ExitStack() as stack:
        file = open_file(path, None, stack)
        held = {part.path: part.tensors for part in (one.bare for one in file.parts)}
        part = runtime.chosen(held, of, name, str(path))
        refs = {key: ref for key, ref in held[part].items() if not of.leaves(key)}
        return materialize(refs, file.size, str(path))


def _of_layout(
    path: Path, of: WeightsFile, network: LoweredNetwork, module: ModuleIR
) -> Mapping[str, Tensor]:
    """The tensors of the network in another implementation's file, by our names."""
    side = SIDE_OF.get(of.part or network.ir.name, "generator")
    if of.part and of.part not in SIDE_OF:
        raise InteropError(
            f"a file in a layout holds no part `{of.part}`", f"`part` is one of {listed(list(SIDE_OF))}"
        )
    one = replace(module, networks={side: network.ir})
    return import_network(path, of.layout, of.part, side, one)
