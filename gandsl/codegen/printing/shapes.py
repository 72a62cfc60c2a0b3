"""What a forward reads and makes, as docstrings and comments say it: shapes, for all instances at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gandsl.codegen.analysis.classes import Class, spelled
from gandsl.codegen.analysis.statements import Path
from gandsl.codegen.printing.text import WIDTH, columns, quoted
from gandsl.ir.types import TensorType

BODY = 8  # indent of statements


def shape_text(
    types: Mapping[Path, TensorType],
    bases: Mapping[Path, TensorType],
    class_: Class,
    modules: Mapping[Path, Path] = MappingProxyType({}),
) -> str:
    """One shape for all calls, by scope, the batch first. `modules`: those of scopes that call another's."""
    first = next(iter(types.values()))
    if first.kind == "Scalar":
        return "[]"
    if first.kind == "Label":
        return "[N]"
    letters = _LETTERS.get(len(first.sides), "CHW")
    alike = {scope: base for scope, base in bases.items() if len(base.shape) == len(letters)}
    dims = [
        _dim(
            {scope: type_.shape[axis] for scope, type_ in types.items()},
            axis,
            alike,
            class_,
            letters,
            modules,
        )
        for axis in range(first.kind == "Classes", len(first.shape))  # which holds indices
    ]
    return f"[{', '.join(['N', *dims])}]"


_LETTERS = {1: "CT", 2: "CHW", 3: "CDHW"}  # of the axes, by the number of sides


def _dim(
    sizes: Mapping[Path, int],
    axis: int,
    bases: Mapping[Path, TensorType],
    class_: Class,
    letters: str,
    modules: Mapping[Path, Path],
) -> str:
    if len(set(sizes.values())) == 1:
        return str(next(iter(sizes.values())))
    if 0 < axis < len(letters) and bases and all(scope in bases for scope in sizes):
        return _ratio([(size, bases[scope].shape[axis]) for scope, size in sizes.items()], letters[axis])
    for argument in class_.arguments:
        values = argument.values
        if all(spelled(values[modules.get(scope, scope)]) == spelled(size) for scope, size in sizes.items()):
            return argument.name
    return letters[axis] if axis < len(letters) else "…"


def _ratio(pairs: Sequence[tuple[int, int]], letter: str) -> str:
    """`2H`, `H / 2`, `H + 1`, or `…` where no rule holds for all."""
    (size, base), *_ = pairs
    if all(s == b for s, b in pairs):
        return letter
    if size % base == 0 and all(s == b * (size // base) for s, b in pairs):
        return f"{size // base}{letter}"
    if base % size == 0 and all(b == s * (base // size) for s, b in pairs):
        return f"{letter} / {base // size}"
    if all(s - b == size - base for s, b in pairs):
        return f"{letter} {'+' if size > base else '-'} {abs(size - base)}"
    if all(s - 2 * b == size - 2 * base for s, b in pairs):
        return f"2{letter} {'+' if size > 2 * base else '-'} {abs(size - 2 * base)}"
    return "…"


def signature_doc(read: Sequence[str], made: Sequence[str]) -> list[str]:
    """The docstring of a forward: what it reads and makes, with shapes; no line breaks inside one."""
    line = f"{', '.join(read)} → {', '.join(made)}"
    if columns(line) + BODY + 6 <= WIDTH:
        return quoted([line], BODY)
    return quoted([*_filled(read), "", *_filled([f"→ {made[0]}", *made[1:]])], BODY)


def returns(results: int) -> str:
    """The type of what a forward returns."""
    if results < 2:
        return "Tensor" if results else "None"
    return f"tuple[{', '.join(['Tensor'] * results)}]" if results < 5 else "tuple[Tensor, ...]"


def _filled(parts: Sequence[str]) -> list[str]:
    lines = [""]
    for index, part in enumerate(parts):
        piece = part if index == len(parts) - 1 else f"{part},"
        if lines[-1] and columns(lines[-1]) + 1 + columns(piece) > WIDTH - BODY - 6:
            lines.append("")
        lines[-1] = f"{lines[-1]} {piece}".strip()
    return lines
