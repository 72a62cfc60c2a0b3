"""The state_dicts in a checkpoint's value: of plain mappings, and of the modules that a pickle describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gandsl.interop.errors import Refused
from gandsl.interop.inert import PickledName, PickledObject, TensorRef
from gandsl.interop.peel import LocatedState

DEEPEST = 32
MOST_TENSORS = 100_000
LONGEST_KEY = 200
SEARCHED = 3  # mappings inside mappings: {"models": {"generator": {…}}}


def parts_of(root: Any, where: str) -> tuple[list[LocatedState], dict[str, TensorRef], list[str]]:
    """All state_dicts, the tensors that stand beside them, and the names of all that is something else."""
    parts: list[LocatedState] = []
    loose: dict[str, TensorRef] = {}
    aside: list[str] = []
    left = MOST_TENSORS
    waiting = [("", root, 0)]
    while waiting:
        path, value, depth = waiting.pop(0)
        if isinstance(value, PickledObject) and isinstance(value.state, dict):
            attributes: dict[str, Any] = {}
            tensors = dict(_module(value, where, left, attributes))
            arguments, positional = _arguments(value.state)
            found = LocatedState(path, tensors, arguments, positional, attributes)
        elif isinstance(value, TensorRef) and path:
            loose[path] = value
            continue
        elif isinstance(value, dict) and (tensors := _state_dict(value, where)):
            found = LocatedState(path, tensors)
            waiting.extend(_inner(path, value, depth, tensors) if depth < SEARCHED else [])
        elif isinstance(value, dict) and depth < SEARCHED:
            waiting.extend(_inner(path, value, depth))
            continue
        else:
            aside.append(path)
            continue
        left -= len(found.tensors)
        if left < 0:
            raise Refused(where, f"it has more than {MOST_TENSORS:,} tensors")
        if found.tensors:
            parts.append(found)
        else:
            aside.append(path)
    return parts, loose, sorted({path.split(".")[0] for path in aside if path})


def _is_name(key: Any) -> bool:
    return isinstance(key, str) and 0 < len(key) <= 100


def _inner(path: str, value: Mapping[Any, Any], depth: int, but: Any = ()) -> list[tuple[str, Any, int]]:
    """What a mapping holds, but for what has been read already."""
    named = [(key, item) for key, item in value.items() if _is_name(key) and key not in but]
    return [(f"{path}.{key}" if path else key, item, depth + 1) for key, item in named[:1000]]


def _state_dict(value: Mapping[Any, Any], where: str) -> dict[str, TensorRef]:
    """The tensors of a mapping that holds nothing else, or some under names with dots. Else none."""
    tensors = {k: item for k, item in value.items() if isinstance(k, str) and isinstance(item, TensorRef)}
    if (longest := max(map(len, tensors), default=0)) > LONGEST_KEY:
        raise Refused(where, f"a tensor's name has {longest:,} characters")
    whole = len(tensors) == len(value) or any("." in key for key in tensors)
    return tensors if whole else {}


def _module(
    record: PickledObject, where: str, most: int, attributes: dict[str, Any]
) -> Iterator[tuple[str, TensorRef]]:
    """The state_dict of a module: its parameters and saved buffers, then its submodules', by dotted name.

    The plain attributes that it meets are put into `attributes`.
    """
    waiting: list[tuple[str, PickledObject]] = [("", record)]
    steps = 0
    while waiting:
        prefix, module = waiting.pop()
        steps += 1
        if steps > most or prefix.count(".") > DEEPEST:
            raise Refused(where, "its modules hold each other without end")
        state = module.state if isinstance(module.state, dict) else {}
        plain = {name: value for name, value in state.items() if _is_name(name) and _is_plain(value)}
        attributes |= {prefix + name: _shown(value) for name, value in plain.items()}
        unsaved = state.get("_non_persistent_buffers_set")
        unsaved = unsaved if isinstance(unsaved, list) else []
        for group in ("_parameters", "_buffers"):
            for name, tensor in _entries(state, group):
                if isinstance(tensor, TensorRef) and not (group == "_buffers" and name in unsaved):
                    steps += 1
                    yield prefix + name, tensor
        children = [(f"{prefix}{name}.", child) for name, child in _entries(state, "_modules")]
        waiting.extend(
            (name, child) for name, child in reversed(children) if isinstance(child, PickledObject)
        )


def _entries(state: Mapping[Any, Any], group: str) -> Iterator[tuple[str, Any]]:
    entries = state.get(group)
    for name, value in entries.items() if isinstance(entries, dict) else ():
        if _is_name(name):
            yield name, value


def _is_plain(value: Any) -> bool:
    return isinstance(value, int | float | str | PickledName | None)


def _shown(value: Any) -> Any:
    """A plain value; the name of a type stands for the type."""
    return value.name if isinstance(value, PickledName) else value


def _arguments(state: Mapping[Any, Any]) -> tuple[dict[str, Any] | None, tuple[Any, ...]]:
    """The arguments that a persistence class keeps, by name and without one; (None, ()) where it does not."""
    named, listed = state.get("_init_kwargs"), state.get("_init_args")
    positional = tuple(listed) if isinstance(listed, list | tuple) else ()
    return (named, positional) if isinstance(named, dict) else (None, ())
