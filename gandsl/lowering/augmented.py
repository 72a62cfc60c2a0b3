"""What an `augment` node says to the runtime: its transforms, and of which kinds its tensors are."""

from __future__ import annotations

from typing import Any

from gandsl.ir.graph import Graph, Node


def pipe_of(node: Node) -> Any:
    """The transforms: a pipe, a list, or with the shares of the chance that each has."""
    pipe = node.attrs["pipe"]
    if isinstance(pipe, tuple) and not all(isinstance(one, str) for one in pipe):
        return dict(pipe)
    return pipe


def kinds_of(graph: Graph, node: Node) -> tuple[str, ...]:
    """Of each tensor, Image, Mask or Classes; () where all are images."""
    kinds = tuple(graph[id_].type.kind for id_ in node.inputs["x"])
    return kinds if set(kinds) != {"Image"} else ()


def draws_of(node: Node) -> str:
    """The id by which it draws."""
    return node.attrs["draws"] or node.id
