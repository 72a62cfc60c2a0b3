"""Where a game takes logits: outputs of networks that are handed to a block's port of that kind."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.analysis.game.played import Played
from gandsl.diagnostics import Span
from gandsl.ir.graph import Node
from gandsl.records import dataclass


@dataclass(frozen=True)
class LogitUse:
    """An output of a network as a logit."""

    network: str
    output: str
    made: Node  # of the network
    span: Span  # of the block's name, where it is used


def logit_uses(played: Played) -> Iterator[LogitUse]:
    """Each use of which something comes, in the order of the game."""
    wanted = (node for node in played.graph if node.id in played.wanted)
    uses = ((frame.span, id_) for node in wanted for frame in node.provenance.frames for id_ in frame.logits)
    for span, id_ in dict.fromkeys(uses):
        node = played.graph.nodes.get(id_)
        if node is not None and node.op == "output" and node.operands[0] in played.whole.calls:
            called = played.whole.calls[node.operands[0]]
            index = node.attrs["index"]
            made = called.graph[called.output(index)]
            yield LogitUse(called.network, called.outputs[index], made, span)
