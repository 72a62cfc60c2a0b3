"""A tree as YAML to be read: an entry a line where it fits, then filled like prose, then in a block."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree
from gandsl.spec.write import key_text, scalar_text

WIDTH = 110
# what needs no quotes anywhere on a line: an expression without commas and brackets, a length (`16 steps`)
_BARE = re.compile(r"[\w.(][^,\[\]{}:#&'\"`|]*")


def filled(tree: Mapping, blocks: Collection[str] = (), width: int = WIDTH) -> str:
    """A mapping as YAML whose values are as they were written; those at the keys `blocks` are blocks."""
    return "\n".join(_block(tree, 0, blocks, width)) + "\n"


def _block(tree: Mapping, indent: int, blocks: Collection[str], width: int) -> Iterator[str]:
    for entry in tree:
        yield from _entry(entry, indent, blocks, width)


def _entry(entry: Entry, indent: int, blocks: Collection[str], width: int) -> Iterator[str]:
    head = " " * indent + key_text(entry.key) + ":"
    inside = entry.value if isinstance(entry.value, Mapping) and len(entry.value) else None
    apart = inside is not None and entry.key in blocks
    line = f"{head} {flow(entry.value)}"
    if len(line) <= width and not apart:
        yield line
    elif inside and not apart and (lines := _fill(head, inside, width)):
        yield from lines
    elif inside:
        yield head
        yield from _block(inside, indent + 2, blocks, width)
    else:
        yield line


def _fill(head: str, tree: Mapping, width: int) -> list[str]:
    """A mapping over a few lines, broken behind commas; empty where that would not do."""
    if all(isinstance(entry.value, Mapping) for entry in tree):
        return []  # of names: each has a line of its own
    lines, start = [f"{head} {{"], " " * (len(head) + 2)
    items = [f"{key_text(entry.key)}: {flow(entry.value)}" for entry in tree]
    ends = [","] * (len(items) - 1) + ["}"]
    for item, end in zip(items, ends, strict=True):
        gap = " " if lines[-1][-1] == "," else ""
        if len(lines[-1] + gap + item + end) > width:
            lines.append(start)
            gap = ""
        lines[-1] += gap + item + end
    return lines if max(map(len, lines)) <= width and len(lines) <= 3 else []


def flow(tree: Tree) -> str:
    """A tree on one line."""
    if isinstance(tree, Mapping):
        return "{" + ", ".join(f"{key_text(entry.key)}: {flow(entry.value)}" for entry in tree) + "}"
    if isinstance(tree, Sequence):
        return f"[{', '.join(map(flow, tree.items))}]"
    return _scalar(tree)


def _scalar(scalar: Scalar) -> str:
    """A number as it was written (`1e-4`); a text in quotes where it needs them."""
    if not isinstance(scalar.value, str):
        return scalar.text or "null"
    bare = scalar.plain and _BARE.fullmatch(scalar.text) and scalar.text.count("(") <= scalar.text.count(")")
    return scalar.text if bare else scalar_text(scalar.value)
