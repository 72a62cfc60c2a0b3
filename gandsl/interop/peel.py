"""What training code wraps around a network's state_dict, taken off one step at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from gandsl.interop.inert import TensorRef

MOST_STEPS = 6  # wrappers around wrappers
MOST_BRANCHES = 64  # networks side by side in one state_dict

WRAPPERS = {
    "module": "DataParallel, DistributedDataParallel or AveragedModel",
    "_orig_mod": "torch.compile",
    "_fsdp_wrapped_module": "FullyShardedDataParallel",
    "_checkpoint_wrapped_module": "activation checkpointing",
}
"""Components of keys that wrappers add, at the front or within, and who adds them. No layout has them."""

COUNTER = "n_averaged"  # what AveragedModel keeps beside the weights
AVERAGES = frozenset({"ema", "average", "averaged", "avg", "smooth", "smoothed", "swa", "shadow"})
"""Words in a name that say that it is of averaged weights."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def names_average(name: str) -> bool:
    """Whether a name, such as `G_ema` or `emaGenerator`, speaks of averaged weights."""
    return any(word.lower() in AVERAGES for word in _WORD.findall(name))


@dataclass(frozen=True)
class LocatedState:
    """One state_dict: where it lies in the checkpoint, and what else is known of the module it is of."""

    path: str  # "models.generator"; "" for a file that is one state_dict
    tensors: Mapping[str, TensorRef]
    arguments: Mapping[str, Any] | None = None  # of the module's constructor, by name; None: not kept
    positional: Sequence[Any] = ()  # those that were given without a name
    attributes: Mapping[str, Any] = field(default_factory=dict)  # plain ones of the modules, by dotted name
    beside: Mapping[str, TensorRef] = field(default_factory=dict)  # tensors that lay beside it
    steps: tuple[str, ...] = ()  # what was taken off, in words
    counted: bool = False  # a count of averaged steps stood beside it

    @property
    def average(self) -> bool:
        """Whether it is of averaged weights, as its place says."""
        return self.counted or any(names_average(name) for name in self.path.split("."))

    @property
    def names(self) -> list[str]:
        """What it is called, the innermost name first."""
        return [name for name in reversed(self.path.split(".")) if name]

    @cached_property
    def bare(self) -> LocatedState:
        """Without the names that are a wrapper's alone, wherever they stand in the keys."""
        found, dropped = {}, dict.fromkeys(WRAPPERS, 0)
        for key, tensor in self.tensors.items():
            names = key.split(".")
            for name in WRAPPERS.keys() & set(names[:-1]):
                dropped[name] += 1
            found[".".join([*(name for name in names[:-1] if name not in WRAPPERS), names[-1]])] = tensor
        counted = found.pop(COUNTER, None) is not None
        if len(found) + counted < len(self.tensors):  # two keys would become one
            return self
        said = [f"`{name}.` taken out of {count} keys" for name, count in dropped.items() if count]
        said += [f"`{COUNTER}` left out"] if counted else []
        return self._without(said, tensors=found, counted=counted or self.counted) if said else self

    @cached_property
    def branches(self) -> tuple[LocatedState, ...]:
        """The state_dicts by the first component of their keys; what has no second one lies beside them."""
        if len(self.steps) >= MOST_STEPS:
            return ()
        branches: dict[str, dict[str, TensorRef]] = {}
        beside = dict(self.beside)
        for key, tensor in self.tensors.items():
            name, _, rest = key.partition(".")
            if not (name and rest):
                beside[key] = tensor
            else:
                branches.setdefault(name, {})[rest] = tensor
        if len(branches) > MOST_BRANCHES:
            return ()
        return tuple(
            self._without(
                [f"`{name}.` taken off {len(tensors)} keys"],
                path=f"{self.path}.{name}" if self.path else name,
                tensors=tensors,
                beside=beside,
                arguments=None,  # they are the whole's
                positional=(),
            )
            for name, tensors in branches.items()
        )

    def _without(self, said: list[str], **changed: Any) -> LocatedState:
        return replace(self, steps=(*self.steps, *said), **changed)
