"""What a layout is made of: a table of names and transforms, recognition, inference of parameters."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from gandsl.interop.changes import SAME, Change
from gandsl.interop.errors import InteropError
from gandsl.interop.options import Option
from gandsl.interop.peel import LocatedState
from gandsl.ir.graph import NetworkIR

Params = Mapping[str, Any]
Shape = tuple[int, ...]
Bindings = list[dict[str, int]]


@dataclass(frozen=True, slots=True)
class ImpliedTensor:
    """A tensor that the spec implies: a filter, a finished level. Verified, and written anew."""

    value: Callable[[Params, Shape, str], Tensor]  # for our key that it stands beside, which has this shape
    otherwise: str = "other filters need a spec that has them"  # what to do about another value


@dataclass(frozen=True, slots=True)
class Carried:
    """State that has no use here. A file may have it; it is kept beside the weights, and written back."""

    default: Tensor | None = None  # what an export writes where there is none to write back
    zero: str = ""  # why it has to be 0, where it has


@dataclass(frozen=True, slots=True)
class KeyPair:
    """One line of a table: a key of theirs, and the key of ours that it becomes.

    Constants and carried state name a key they stand beside. An entry is in force where the spec has `ours`.
    """

    theirs: str
    ours: str
    use: Change | ImpliedTensor | Carried


_ALTERNATIVES = re.compile(r"<([^<>]*)>")
_VARIABLE = re.compile(r"\{(\w+)\}")


def _spelled(template: str) -> list[str]:
    """`a.<weight|bias>` as `a.weight`, `a.bias`; several sets are combined, the last fastest."""
    pieces = _ALTERNATIVES.split(template)
    options = [piece.split("|") if place % 2 else [piece] for place, piece in enumerate(pieces)]
    return ["".join(choice) for choice in itertools.product(*options)]


def row(theirs: str, ours: str, use: Change | ImpliedTensor | Carried = SAME) -> tuple[KeyPair, ...]:
    """Entries of one line: alternatives in <…|…> go in step on both sides, or stand on theirs alone.

    `{r}` is a variable, which `expanded` replaces with numbers.
    """
    left, right = _spelled(theirs), _spelled(ours)
    if len(right) == 1:
        right *= len(left)
    return tuple(KeyPair(*both, use) for both in zip(left, right, strict=True))


def table(*rows: tuple[KeyPair, ...]) -> tuple[KeyPair, ...]:
    """A network's table."""
    return tuple(itertools.chain(*rows))


def expanded(entries: Sequence[KeyPair], bindings: Bindings) -> Iterator[KeyPair]:
    """The entries with numbers for their variables: once for each binding that has them all."""
    for entry in entries:
        wanted = set(_VARIABLE.findall(entry.theirs + entry.ours))
        for binding in [b for b in bindings if wanted <= b.keys()] if wanted else [{}]:
            yield replace(entry, theirs=entry.theirs.format(**binding), ours=entry.ours.format(**binding))


class Shapes(Mapping[str, tuple[int, ...]]):
    """The shapes of a state_dict, asked with a message ready."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], where: str) -> None:
        self._shapes, self.where = shapes, where

    def __getitem__(self, key: str) -> tuple[int, ...]:
        return self._shapes[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)

    def of(self, key: str, rank: int) -> tuple[int, ...]:
        """The shape of a tensor that must be there, with so many dimensions."""
        shape = self._shapes.get(key)
        if shape is None:
            raise InteropError(f"{self.where} lacks `{key}`", "import a whole checkpoint")
        if len(shape) != rank:
            raise InteropError(f"{self.where}: `{key}` has the shape {list(shape)}, not {rank} dimensions")
        return shape

    def numbers(self, template: str) -> list[int]:
        """The numbers n for which `template` with n in place of `{}` is a key, rising."""
        before, after = template.split("{}")
        pattern = re.compile(rf"{re.escape(before)}(\d{{1,4}}){re.escape(after)}")
        return sorted(int(found[1]) for key in self._shapes if (found := pattern.fullmatch(key)))

    def last(self, template: str) -> int:
        """The largest of `numbers`, of which there must be one."""
        found = self.numbers(template)
        if not found:
            raise InteropError(f"{self.where} lacks `{template.format('N')}`", "import a whole checkpoint")
        return found[-1]


@dataclass(frozen=True, slots=True)
class Derived:
    """State of ours that a file may lack, since it follows from the rest."""

    compute: Callable[[NetworkIR, Mapping[str, Tensor], str], Tensor]  # from the other tensors, for this key
    doc: str


Strange = Callable[["Shapes"], Any]
"""An option's value, as keys and shapes tell it, where no spec holds it; None where one does."""


@dataclass(frozen=True)
class Side:
    """One network of a layout."""

    entries: tuple[KeyPair, ...]
    bindings: Callable[[Params], Bindings]
    infer: Callable[[Shapes, Params], dict[str, Any]]  # the spec's parameters; the second are those in force
    signs: tuple[str, ...]  # keys that tell it
    never: tuple[str, ...] = ()  # keys that tell another
    fits: Callable[[Shapes], bool] = lambda shapes: True  # whether the shapes are this layout's, too
    spec: Callable[[Shapes], str] | None = None  # which of the system's specs, where it has several
    strange: Mapping[str, Strange] = field(default_factory=dict)  # a constructor's option → its trace
    beside: Mapping[str, str] = field(default_factory=dict)  # key → the file's loose tensor that it is
    derived: Mapping[str, Derived] = field(default_factory=dict)  # end of our key → what it follows from
    options: Callable[[LocatedState], Sequence[Option]] = lambda part: ()  # the constructor's, in its order
    arguments: Callable[[LocatedState], Mapping[str, Any] | None] = lambda part: (
        part.arguments
    )  # as they are kept
    presumed: Mapping[str, Any] = field(default_factory=dict)  # what leaves no trace: parameter → its default

    def named(self, params: Params) -> list[KeyPair]:
        """The lines of the table for a spec; none for one that lacks the parameters they are numbered by."""
        try:
            return list(expanded(self.entries, self.bindings(params)))
        except (LookupError, TypeError, AttributeError):  # one that is not there, or is of another type
            return []


@dataclass(frozen=True)
class Layout:
    """A published implementation's files."""

    name: str
    doc: str
    spec: str  # the spec it fits: specs/NAME.yaml
    sides: Mapping[str, Side]  # "generator", "discriminator"
    names: Mapping[str, str]  # the checkpoint's name of a state_dict → generator, discriminator, average
    files: Mapping[str, str] = field(default_factory=dict)  # part → file, where each has a file of its own
    assumed: Mapping[str, Any] = field(default_factory=dict)  # what a spec without the parameter does
    aliases: Mapping[str, str] = field(default_factory=dict)  # other spellings of keys: pattern → replacement
    unrecorded: tuple[str, ...] = ()  # parameters that a state_dict does not tell


def doubling(first: int, last: int) -> list[int]:
    """first, 2·first, …, last."""
    found = [first]
    while found[-1] < last:
        found.append(2 * found[-1])
    return found


def resolution(params: Params) -> int:
    """The longer side of the output."""
    size: Any = params["resolution"]
    return int(getattr(size, "long", size))


def channel_rule(widths: Mapping[int, int], given: Params) -> dict[str, int]:
    """`channel_base` and `channel_max` of min(base // size, max) for these widths by size.

    Those in force, where they give the widths; else the smallest that do. Raises InteropError if none do.
    """
    smallest = max(size * width for size, width in widths.items()), max(widths.values())
    for base, cap in ((given.get("channel_base"), given.get("channel_max")), smallest):
        if base and cap and all(min(base // size, cap) == width for size, width in widths.items()):
            return {"channel_base": base, "channel_max": cap}
    raise InteropError(
        f"the channels {dict(widths)} at each size follow no min(base / size, max)",
        "write a spec with these channels, and name it with --spec",
    )


def fir(params: Params, gain: float = 1.0) -> Tensor:
    """The separable filter of resampling with this sum: [n, n]."""
    taps = torch.tensor(params.get("taps", (1.0, 3.0, 3.0, 1.0)), dtype=torch.float64)
    kernel = torch.outer(taps, taps)
    return (kernel * (gain / kernel.sum())).float()


def numbered(template: str, count: int) -> list[str]:
    """The template's keys for 0 … count − 1."""
    return [template.format(index) for index in range(count)]
