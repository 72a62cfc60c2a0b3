"""Official checkpoints into the matching spec: checked to the last key, then loaded whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from gandsl.frontend.module import ModuleIR
from gandsl.interop.changes import Change
from gandsl.interop.errors import InteropError, listed
from gandsl.interop.files import opened
from gandsl.interop.inert import TensorRef
from gandsl.interop.layout import Carried, Derived, ImpliedTensor, KeyPair, Layout, expanded
from gandsl.interop.made import Made
from gandsl.interop.matching import (
    Overrides,
    check_options,
    keys_of,
    settled,
    spec_of,
)
from gandsl.interop.parts import parts_of
from gandsl.interop.recognize import SIDE_OF, CheckpointFile, Recognized, recognize, spelling
from gandsl.interop.report import ImportReport, PartReport
from gandsl.interop.tensors import materialize, near
from gandsl.spec.overrides import as_texts

Sources = str | Path | Sequence[str | Path] | Mapping[str, str | Path]


@dataclass(frozen=True)
class Imported:
    """A checkpoint in gandsl's terms."""

    module: ModuleIR
    spec: Path
    overrides: tuple[str, ...]  # as `--set` takes them: with these the spec fits
    states: Mapping[str, Mapping[str, Tensor]]  # generator, discriminator, average → key → tensor
    carried: Mapping[str, Mapping[str, Tensor]]  # part → the layout's key → tensor
    report: ImportReport
    spelling: Mapping[str, Mapping[str, str]]  # part → the layout's key → the file's, where they differ

    def tensors(self) -> dict[str, Tensor]:
        """All weights by `<part>/<key>`, as checkpoints name them."""
        return {
            f"{part}/{key}": tensor for part, state in self.states.items() for key, tensor in state.items()
        }

    def save(self, path: str | Path) -> None:
        """Write a checkpoint for `gandsl sample --weights` and `gandsl export-weights`. Raises OutOfSpace."""
        from gandsl.codegen.package import spec_hash
        from gandsl_runtime.runs.checkpoint import write

        tensors = self.tensors()
        for part, state in self.carried.items():
            tensors |= {f"carried/{part}/{key}": tensor for key, tensor in state.items()}
        facts = {
            "imported": {
                "layout": self.report.layout,
                "sources": dict(self.report.sources),
                "spec": {"name": self.module.name, "file": str(self.spec), "sha256": spec_hash(self.module)},
                "overrides": list(self.overrides),
                "spelling": {part: dict(keys) for part, keys in self.spelling.items()},
            }
        }
        write(Path(path), tensors, facts)


def import_checkpoint(
    sources: Sources,
    spec: str | Path | None = None,
    overrides: Overrides = (),
    layout: str | None = None,
    only: str | None = None,
) -> Imported:
    """Read a checkpoint file, or several of one model, into a spec. Nothing that they contain is run.

    sources: a path, several, or a mapping from generator, discriminator or average to a path, for files
        that hold one state_dict each.
    spec: the layout's own by default. Its parameters are set to what the checkpoint says; those that
        `overrides` set are checked against it instead.
    layout: recognized by default.
    only: generator (with its average) or discriminator: the other network is not looked at.

    Raises InteropError (exit code 4) or SpecError (1). It returns all of a checkpoint or raises.
    """
    texts = as_texts(overrides)
    with ExitStack() as stack:
        files = [open_file(path, role, stack) for path, role in _listed(sources)]
        found, parts, aside = recognize(files, layout, only)
        check_options(found, parts)
        path = Path(spec) if spec is not None else spec_of(found, parts)
        made = Made(parts)
        module, changes = settled(found, parts, made, path, texts, named=spec is not None)
        texts += as_texts(changes)
        owner = "average" if "average" in parts else "generator"
        loaded = {role: _load(found, role, part, module, role == owner) for role, part in parts.items()}
        hashes = {str(file.path): _sha256(file.path) for file in files}
    loaded = {role: _derived(part, parts[role], role, module) for role, part in loaded.items()}
    report = ImportReport(
        found.name,
        found.doc,
        str(path),
        changes,
        {n: module.params[n] for n in found.unrecorded if n in module.params} | made.untold(module),
        hashes,
        {role: part.report for role, part in loaded.items()},
        tuple(aside),
        (*(note for part in loaded.values() for note in part.notes), *made.notes()),
    )
    return Imported(
        module,
        path,
        tuple(texts),
        {role: part.state for role, part in loaded.items()},
        {role: part.carried for role, part in loaded.items() if part.carried},
        report,
        {role: keys for role, part in parts.items() if (keys := spelling(found, part.part.tensors))},
    )


def import_network(path: Path, layout: str, part: str, side: str, module: ModuleIR) -> Mapping[str, Tensor]:
    """The tensors of one network in a file of a layout, by the names of that network in the module.

    part: generator, average or discriminator; "": the average where there is one. side: which network of the
    layout it is. Raises InteropError.
    """
    with ExitStack() as stack:
        file = open_file(path, part or None, stack)
        found, parts, _ = recognize([file], layout, side)
        role = part or ("average" if "average" in parts else side)
        if role not in parts:
            raise InteropError(f"{path} holds no {role}", f"it holds {listed(list(parts))}")
        check_options(found, {role: parts[role]})
        try:
            loaded = _load(found, role, parts[role], module, owner=True)
        except KeyError as error:  # a parameter that the layout's own spec has
            raise InteropError(
                f"{found.doc} is told apart by {error.args[0]!r}, and this spec has no such parameter",
                f"give the spec the parameters of {found.spec}.yaml, as the file has them",
            ) from error
    return _derived(loaded, parts[role], role, module).state


@dataclass(frozen=True)
class _Loaded:
    state: Mapping[str, Tensor]
    carried: Mapping[str, Tensor]
    report: PartReport
    notes: tuple[str, ...]


def _listed(sources: Sources) -> list[tuple[Path, str | None]]:
    if isinstance(sources, Mapping):
        if strange := sorted(sources.keys() - SIDE_OF.keys()):
            raise InteropError(f"there is no part `{strange[0]}`", f"the parts are {listed(list(SIDE_OF))}")
        return [(Path(path), role) for role, path in sources.items()]
    return [(Path(path), None) for path in ([sources] if isinstance(sources, str | Path) else sources)]


def open_file(path: Path, role: str | None, stack: ExitStack) -> CheckpointFile:
    """A checkpoint file and the state_dicts in it, open as long as the stack is. Raises InteropError."""
    content = stack.enter_context(opened(path))
    parts, loose, aside = parts_of(content.root, str(path))
    return CheckpointFile(path, parts, loose, aside, content.size, role)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load(layout: Layout, role: str, found: Recognized, module: ModuleIR, owner: bool) -> _Loaded:
    """One state_dict, whole. Raises InteropError that lists all keys that are not as they should be.

    The `owner` also takes the tensors that lie beside the state_dicts.
    """
    where = f"{found.file.path} ({found.part.path or role})"
    keys = keys_of(module.networks[SIDE_OF[role]])
    theirs = {**found.tensors, **(belonging(found) if owner else {})}
    entries = [e for e in expanded(found.side.entries, found.side.bindings(module.params)) if e.ours in keys]
    _check_keys(layout, entries, keys, theirs, found, where)
    present = [entry for entry in entries if entry.theirs in theirs]
    tensors = materialize({entry.theirs: theirs[entry.theirs] for entry in present}, found.file.size, where)
    constants = {
        entry.theirs: entry.use.value(module.params, keys[entry.ours], entry.ours)
        for entry in present
        if isinstance(entry.use, ImpliedTensor)
    }
    _check_constants(present, tensors, constants, where)
    state = {e.ours: _ours(e.use, tensors[e.theirs]) for e in present if isinstance(e.use, Change)}
    lists = {
        kind: tuple(entry.theirs for entry in present if isinstance(entry.use, kind))
        for kind in (Change, ImpliedTensor, Carried)
    }
    report = PartReport(
        found.called,
        lists[Change],
        lists[ImpliedTensor],
        lists[Carried],
        unwrapped=found.part.steps,
    )
    carried = {key: tensors[key] for key in (*lists[Carried], *_rounded(present, tensors, state, constants))}
    return _Loaded({key: state[key] for key in keys if key in state}, carried, report, _notes(role, tensors))


def belonging(found: Recognized) -> dict[str, TensorRef]:
    """Tensors that lie beside the state_dict and belong to it."""
    loose = {**found.file.loose, **found.part.beside}
    return {key: loose[name] for key, name in found.side.beside.items() if name in loose}


def _ours(change: Change, tensor: Tensor) -> Tensor:
    ours = change.ours(tensor)
    return ours.float().contiguous() if ours.is_floating_point() else ours.contiguous()


def _rounded(
    entries: Sequence[KeyPair],
    tensors: Mapping[str, Tensor],
    state: Mapping[str, Tensor],
    constants: Mapping[str, Tensor],
) -> Iterator[str]:
    """Keys of tensors that do not come back exactly, so that an export writes them as they were."""
    for entry in entries:
        if isinstance(entry.use, Carried):
            continue
        back = constants.get(entry.theirs)
        if isinstance(entry.use, Change):
            back = entry.use.theirs(state[entry.ours])
        if back is not None and not torch.equal(back, tensors[entry.theirs].float()):
            yield entry.theirs


def _check_keys(
    layout: Layout,
    entries: Sequence[KeyPair],
    keys: Mapping[str, tuple[int, ...]],
    theirs: Mapping[str, TensorRef],
    found: Recognized,
    where: str,
) -> None:
    """Every key of the file has its line in the table, and every tensor of the spec has its key."""
    named = {entry.theirs: entry for entry in entries}
    placed = {entry.ours for entry in entries if isinstance(entry.use, Change)}
    shapes = {
        entry.theirs: entry.use.shape(keys[entry.ours]) for entry in entries if isinstance(entry.use, Change)
    }
    complaints = {
        "unknown": sorted(theirs.keys() - named.keys()),
        "missing": sorted(
            key
            for key, entry in named.items()
            if key not in theirs and not isinstance(entry.use, Carried) and not _follows(found, entry.ours)
        ),
        "of another shape": [
            f"{key} {list(theirs[key].shape)}, wanted {list(shape)}"
            for key, shape in shapes.items()
            if key in theirs and theirs[key].shape != shape
        ],
        "in the spec alone": sorted(key for key in keys.keys() - placed if not _follows(found, key)),
    }
    said = [f"{len(names)} {what} ({listed(names)})" for what, names in complaints.items() if names]
    if said:
        raise InteropError(
            f"{where} does not fit the spec: {'; '.join(said)}. Nothing was loaded",
            f"it was read as {layout.doc}; name a spec with the same nodes as {layout.spec}.yaml",
        )


def _check_constants(
    entries: Sequence[KeyPair],
    tensors: Mapping[str, Tensor],
    constants: Mapping[str, Tensor],
    where: str,
) -> None:
    wrong: dict[str, str] = {}  # key → what to do about it
    for entry in entries:
        if isinstance(entry.use, Carried) and entry.use.zero and bool(tensors[entry.theirs].any()):
            raise InteropError(
                f"{where}: {entry.theirs} is {float(tensors[entry.theirs].flatten()[0]):g}, so "
                f"{entry.use.zero}. Nothing was loaded",
                "divide them by it, set it to 0, and import that",
            )
        if isinstance(entry.use, ImpliedTensor) and not near(tensors[entry.theirs], constants[entry.theirs]):
            wrong[entry.theirs] = entry.use.otherwise
    if wrong:
        name = next(iter(wrong))
        is_ = f" ({name} is {float(tensors[name]):g})" if tensors[name].numel() == 1 else ""
        raise InteropError(
            f"{where}: {len(wrong)} constants are not what the spec implies{is_}: {listed(list(wrong))}. "
            "Nothing was loaded",
            "; ".join(dict.fromkeys(wrong.values())),
        )


def _notes(role: str, tensors: Mapping[str, Tensor]) -> tuple[str, ...]:
    floats = {key: tensor for key, tensor in tensors.items() if tensor.is_floating_point()}
    lost = [key for key, tensor in floats.items() if not bool(tensor.isfinite().all())]
    other = sorted({str(tensor.dtype).removeprefix("torch.") for tensor in floats.values()} - {"float32"})
    notes = [f"{role}: {listed(lost)} hold numbers that are not finite"] if lost else []
    return tuple(notes + ([f"{role}: numbers in {listed(other)} became float32"] if other else []))


def _follows(found: Recognized, key: str) -> Derived | None:
    return next((derived for end, derived in found.side.derived.items() if key.endswith(end)), None)


def _derived(part: _Loaded, found: Recognized, role: str, module: ModuleIR) -> _Loaded:
    """With what the file lacks and what follows from the rest."""
    network = module.networks[SIDE_OF[role]]
    state, docs = dict(part.state), set()
    for key in keys_of(network):
        if key not in part.state and (derived := _follows(found, key)):
            state[key] = derived.compute(network, part.state, key)
            docs.add(f"{role}: computed, since the file lacks it: {derived.doc}")
    computed = tuple(key for key in state if key not in part.state)
    report = replace(part.report, computed=computed)
    return replace(part, state=state, report=report, notes=(*part.notes, *sorted(docs)))
