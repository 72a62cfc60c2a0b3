"""Weights written in every layout come back: the same tensors, the spec's parameters found by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from gandsl.interop import export_weights, import_checkpoint
from gandsl.interop.layouts import layouts
from gandsl.interop.load import belonging, open_file
from gandsl.interop.recognize import recognize
from gandsl.interop.tensors import materialize
from gandsl.spec.values import as_size
from gandsl_runtime.runs import checkpoint
from tests.interop.cases import CASES, Case
from tests.interop.forge import State, flattened, ours


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


def test_every_layout_has_a_case() -> None:
    assert {case.layout for case in CASES.values()} == layouts().keys()


def test_written_and_read_back(case: Case, tmp_path: Path, root: Path) -> None:
    """From random weights: write, import, save, write, import."""
    spec = root / "specs" / f"{case.spec}.yaml"
    ours(tmp_path / "ours.safetensors", spec, case.overrides, case.parts)
    drawn, _ = checkpoint.read(tmp_path / "ours.safetensors")
    single = not layouts()[case.layout].files
    first = tmp_path / ("first.pt" if single else "first")
    files = export_weights(tmp_path / "ours.safetensors", first, case.layout, spec, case.overrides).files
    assert sorted(part for parts in files.values() for part in parts) == sorted(case.parts)
    layout = case.layout if case.untold else None
    found = import_checkpoint(list(files), spec, layout=layout)
    assert found.report.layout == case.layout
    for name, value in case.overrides.items():
        given = found.module.params[name]
        if name == "resolution":
            given, value = as_size(given), as_size(value)
        assert (list(given) if isinstance(given, tuple) else given) == value, name
    lost = {"mapping.centre.average"} if case.layout == "rosinality" else set()
    for part, state in found.states.items():
        for key, tensor in state.items():
            derived = key.endswith(".sv0") and case.layout == "pytorch-pretrained-biggan"
            if not (derived or (key in lost and part != "average")):
                torch.testing.assert_close(tensor, drawn[f"{part}/{key}"], rtol=0, atol=1e-6)
    assert same_as_safetensors(list(files), layout)
    found.save(tmp_path / "imported.safetensors")
    second = tmp_path / ("second.pt" if single else "second")
    written = export_weights(tmp_path / "imported.safetensors", second).files
    again = import_checkpoint(list(written), spec, layout=layout)
    assert again.states.keys() == found.states.keys()
    for part, state in found.states.items():
        assert again.states[part].keys() == state.keys()
        assert all(torch.equal(again.states[part][key], tensor) for key, tensor in state.items())


def same_as_safetensors(files: Sequence[str], layout: str | None) -> bool:
    """Whether the same tensors in safetensors are the same networks of the same layout, to the bit."""
    flat = [Path(file).with_suffix(".safetensors") for file in files]
    for file, path in zip(files, flat, strict=True):
        save_file(flattened(torch.load(file, weights_only=True)), path, metadata={"format": "pt"})
    theirs, ours = networks(files, layout), networks(flat, layout)
    assert theirs.keys() == ours.keys()
    return all(
        state.keys() == ours[role].keys() and all(torch.equal(ours[role][key], state[key]) for key in state)
        for role, state in theirs.items()
    )


def networks(paths: Sequence[str | Path], layout: str | None) -> dict[tuple[str, str], State]:
    """What files are recognized as: layout and part → the state_dict."""
    with ExitStack() as stack:
        files = [open_file(Path(path), None, stack) for path in paths]
        found, parts, _ = recognize(files, layout)
        return {
            (found.name, role): materialize({**belonging(part), **part.tensors}, part.file.size, role)
            for role, part in parts.items()
        }


def test_what_is_saved_loads_into_the_network(tmp_path: Path, root: Path) -> None:
    """The runtime's own reader takes it, and the facts tell where it is from."""
    from gandsl.api import compile

    case = CASES["ada-conditional"]
    spec = root / "specs" / "stylegan2.yaml"
    ours(tmp_path / "ours.safetensors", spec, case.overrides, case.parts)
    export_weights(tmp_path / "ours.safetensors", tmp_path / "a.pt", case.layout, spec, case.overrides)
    found = import_checkpoint(tmp_path / "a.pt", spec)
    found.save(tmp_path / "b.safetensors")
    network = compile(spec, list(found.overrides)).generator
    facts = checkpoint.load_weights(tmp_path / "b.safetensors", network).imported
    assert facts.layout == case.layout
    assert facts.spec.name == "stylegan2" and len(facts.spec.sha256) == 64
    assert list(facts.sources) == [str(tmp_path / "a.pt")]
    assert torch.equal(network.state_dict()["start.weight"], found.states["average"]["start.weight"])


def test_carried_state_is_written_back(tmp_path: Path, root: Path) -> None:
    """Counters of batch norm have no use here, and are in the next file all the same."""
    case, spec = CASES["dcgan"], root / "specs" / "dcgan.yaml"
    ours(tmp_path / "ours.safetensors", spec, case.overrides, ("generator",))
    export_weights(tmp_path / "ours.safetensors", tmp_path / "netG.pth", case.layout, spec, case.overrides)
    state = torch.load(tmp_path / "netG.pth", weights_only=True)
    assert state["main.1.num_batches_tracked"].item() == 0
    state["main.1.num_batches_tracked"] = torch.tensor(1234)
    torch.save(state, tmp_path / "netG.pth")
    found = import_checkpoint(tmp_path / "netG.pth", spec)
    assert "main.1.num_batches_tracked" in found.report.parts["generator"].carried
    found.save(tmp_path / "again.safetensors")
    export_weights(tmp_path / "again.safetensors", tmp_path / "back.pth", parts=["generator"])
    written = torch.load(tmp_path / "back.pth", weights_only=True)
    assert written.keys() == state.keys()
    assert all(torch.equal(written[key], state[key]) for key in state)
