"""Weights into the layouts of published implementations: files of plain tensors, never of code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gandsl.frontend.module import ModuleIR
from gandsl.interop.changes import Change
from gandsl.interop.errors import InteropError, listed
from gandsl.interop.layout import Carried, ImpliedTensor, Layout, Side
from gandsl.interop.layouts import layouts
from gandsl.interop.matching import Overrides, find_spec, keys_of, module_of
from gandsl.interop.origin import NoWeights, Origin, origin_of, overrides_of
from gandsl.interop.recognize import SIDE_OF
from gandsl.interop.tensors import near
from gandsl.spec.overrides import as_texts
from gandsl_runtime.errors import room_for
from gandsl_runtime.moved import carried
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.header import Facts, WeightsFacts
from gandsl_runtime.runs.tensors import under
from gandsl_runtime.system.files import whole


@dataclass(frozen=True)
class Exported:
    """What was written."""

    layout: str
    files: Mapping[str, tuple[str, ...]]  # file → the parts in it
    passed_over: tuple[str, ...] = ()  # newer checkpoints of the run that can't be read, and why


def export_weights(
    source: str | Path,
    output: str | Path,
    layout: str | None = None,
    spec: str | Path | None = None,
    overrides: Overrides = (),
    parts: Sequence[str] = (),
) -> Exported:
    """Write a gandsl checkpoint as state_dict files in a published layout.

    source: an imported file, a trained run's folder, or one of its checkpoints.
    output: a file, or a folder for layouts with a file for each network.
    layout, spec, overrides: by default those of the import.
    parts: generator, discriminator, average; by default all there are that the layout has a name for.

    Raises InteropError, CheckpointError or SpecError; what it writes is written whole.
    """
    path, tensors, facts, refused = checkpoint.named(Path(source))
    origin = facts.imported if isinstance(facts, WeightsFacts) else None
    chosen = _layout(layout or (origin.layout if origin else None))
    module = _module(chosen, path, facts, spec, overrides)
    states = {role: _state(chosen, role, tensors, module) for role in _roles(chosen, tensors, parts)}
    if origin and origin.layout == chosen.name:
        states = {role: _respelled(state, origin.spelling.get(role, {})) for role, state in states.items()}
    passed_over = tuple(f"{reason}; taking {path.name}" for reason in refused)
    return replace(_write(chosen, states, Path(output)), passed_over=passed_over)


def _layout(name: str | None) -> Layout:
    known = layouts()
    if name is None:
        raise InteropError(
            "this is no imported checkpoint, so a layout is needed", f"--layout: {listed(list(known))}"
        )
    if name not in known:
        raise InteropError(f"there is no layout `{name}`", f"the layouts are {listed(list(known))}")
    return known[name]


def _module(
    layout: Layout, path: Path, facts: Facts, spec: str | Path | None, overrides: Overrides
) -> ModuleIR:
    texts = as_texts(overrides)
    if spec is not None:
        return module_of(Path(spec), texts)
    try:
        origin = origin_of(path, facts)
    except NoWeights:
        origin = Origin(find_spec(layout, layout.spec), overrides_of(facts))
    return module_of(origin.spec, [*origin.overrides, *texts])


def _roles(layout: Layout, tensors: Mapping[str, Tensor], parts: Sequence[str]) -> list[str]:
    there = [role for role in SIDE_OF if any(key.startswith(f"{role}/") for key in tensors)]
    named = [role for role in there if role in layout.names.values() or role in layout.files]
    if missing := [role for role in parts if role not in named]:
        raise InteropError(f"there is no {missing[0]} to write", f"there is {listed(named)}")
    if not named:
        raise InteropError("the checkpoint holds no network that this layout has a name for")
    return list(parts) or named


def _state(layout: Layout, role: str, tensors: Mapping[str, Tensor], module: ModuleIR) -> dict[str, Tensor]:
    """The state_dict of one network in the layout's names. Raises InteropError where anything has no name."""
    side = layout.sides[SIDE_OF[role]]
    own = under(carried(tensors, f"{role}/", module.networks[SIDE_OF[role]].moved), f"{role}/")
    beside = under(tensors, f"carried/{role}/")
    keys = keys_of(module.networks[SIDE_OF[role]])
    unfit = sorted(k for k in keys.keys() | own.keys() if k not in own or tuple(own[k].shape) != keys.get(k))
    if unfit:
        raise InteropError(
            f"{len(unfit)} tensors of the {role} do not fit the spec: {listed(unfit)}",
            "name the spec that the weights are of with --spec and --set",
        )
    if nameless := _nameless(side, module, keys):
        others = [
            other.name
            for other in layouts().values()
            if SIDE_OF[role] in other.sides and not _nameless(other.sides[SIDE_OF[role]], module, keys)
        ]
        raise InteropError(
            f"{len(nameless)} tensors of the {role} have no name in {layout.name}: {listed(nameless)}",
            f"with a name for each: --layout {listed(others)}" if others else "no layout has a name for each",
        )
    found: dict[str, Tensor] = {}
    for entry in (line for line in side.named(module.params) if line.ours in keys):
        match entry.use:
            case Change():
                found[entry.theirs] = _theirs(entry.use, own[entry.ours], beside.get(entry.theirs)).clone(
                    memory_format=torch.contiguous_format
                )
            case ImpliedTensor():
                implied = entry.use.value(module.params, keys[entry.ours], entry.ours)
                kept = beside.get(entry.theirs, implied)  # the imported one, where it was computed otherwise
                found[entry.theirs] = (kept if near(kept, implied) else implied).clone()
            case Carried(default):
                value = beside.get(entry.theirs, default)
                if value is not None:
                    found[entry.theirs] = value.clone()
    return found


def _nameless(side: Side, module: ModuleIR, keys: Mapping[str, Any]) -> list[str]:
    """Our tensors that the layout has no key for, and that do not follow from the rest."""
    named = {entry.ours for entry in side.named(module.params) if isinstance(entry.use, Change)}
    return sorted(key for key in keys.keys() - named if not key.endswith(tuple(side.derived)))


def _theirs(change: Change, ours: Tensor, written: Tensor | None) -> Tensor:
    """A tensor as the layout has it: the imported one itself, where it still is what ours came from."""
    if written is not None and torch.equal(change.ours(written).float(), ours):
        return written
    return change.theirs(ours)


def _respelled(state: Mapping[str, Tensor], spelling: Mapping[str, str]) -> dict[str, Tensor]:
    """With the keys that the imported file had."""
    return {spelling.get(key, key): tensor for key, tensor in state.items()}


def _write(layout: Layout, states: Mapping[str, dict[str, Tensor]], output: Path) -> Exported:
    """One file with all networks under the layout's names, or one file for each."""
    if not layout.files:
        content: dict[str, Any] = {}
        for role, state in states.items():
            for key, name in layout.sides[SIDE_OF[role]].beside.items():
                if key in state:
                    content[name] = state.pop(key)
            content[next(name for name, part in layout.names.items() if part == role)] = state
        _save(content, output)
        return Exported(layout.name, {str(output): tuple(states)})
    if len(states) == 1 and output.suffix:
        (only,) = states
        _save(states[only], output)
        return Exported(layout.name, {str(output): (only,)})
    if output.suffix or output.is_file():
        raise InteropError(
            f"{layout.doc} has a file for each network, and {output} is one file",
            "name a folder, or write one part",
        )
    output.mkdir(parents=True, exist_ok=True)
    for role, state in states.items():
        _save(state, output / layout.files[role])
    return Exported(layout.name, {str(output / layout.files[role]): (role,) for role in states})


def _save(content: Mapping[str, Any], path: Path) -> None:
    with room_for("the weights", path.parent), whole(path) as new:
        torch.save(content, new)
