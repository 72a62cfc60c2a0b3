"""Where a game takes logits: outputs of networks that are handed to a block's port of that kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gandsl.analysis.game.played import Played
from gandsl.diagnostics import Diagnostics, Span
from gandsl.ir.graph import Node
from gandsl.spec.library import Library

_BLOCK = "block `"  # how the frame of a block's use begins


@dataclass(frozen=True)
class LogitUse:
    """An output of a network as a logit."""

    network: str
    output: str
    made: Node  # of the network
    span: Span  # of the block's name, where it is used


def logit_uses(played: Played) -> Iterator[LogitUse]:
    """Each use of which something comes, in the order of the game."""
    library = Library(Diagnostics())
    seen: set[tuple[Span, str]] = set()
    for node in played.graph:
        for frame in node.provenance.frames if node.id in played.wanted else ():
            if not frame.what.startswith(_BLOCK):
                continue
            block = library.block(_text(played, frame.span), played.facts.document)
            for given, port in frame.ports.items():
                wanted = block is not None and port in block.ports and block.ports[port].kind == "Logits"
                if wanted and (frame.span, given) not in seen:
                    seen.add((frame.span, given))
                    yield from _output(played, given, frame.span)


def _text(played: Played, span: Span) -> str:
    """What is written at a place: the name of a block, as its use has it."""
    lines = played.facts.module.sources.get(span.file, "").split("\n")
    return lines[span.line - 1][span.column - 1 : span.end_column - 1] if span.line <= len(lines) else ""


def _output(played: Played, id_: str, span: Span) -> Iterator[LogitUse]:
    """The use, if what is given is an output of a network."""
    node = played.graph.nodes.get(id_)
    if node is not None and node.op == "output" and node.operands[0] in played.whole.calls:
        called = played.whole.calls[node.operands[0]]
        index = node.attrs["index"]
        made = called.graph[called.output(index)]
        yield LogitUse(called.network, called.outputs[index], made, span)
