"""Explains a family of names: a file of the standard library, and the ops that are called alike."""

from __future__ import annotations

from gandsl.cli.topics.topic import Topic, definitions
from gandsl.spec.places import namespaces


def find(name: str, width: int) -> Topic | None:
    """`norm`: the blocks `norm.…`, and the ops with `norm` in their names."""
    if name not in namespaces():  # the library is read for a group alone, since every word is asked here
        return None
    from gandsl.cli.topics import block, op

    rows = {known: doc for known, doc in block.names().items() if known.startswith(f"{name}.")}
    if not rows:
        return None
    rows |= {known: doc for known, doc in op.names().items() if name in known.split("_")}
    lines = definitions(rows.items(), width)
    text = "\n".join([f"{name}: blocks and ops, each with an explanation of its own", *lines])
    return Topic("group", name, text, {"names": rows})


def names() -> dict[str, str]:
    """Every file of the standard library that has blocks."""
    from gandsl.cli.topics import block

    found = dict.fromkeys(known.partition(".")[0] for known in block.names())
    return {name: f"the blocks {name}.…" for name in found}
