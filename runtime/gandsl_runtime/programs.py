"""A network's programs as everything that samples calls them: at a stage, with latents and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from .network import Network
from .plan.schedule import Stage

Images = tuple[Tensor, ...]


def tuple_of(outputs: Any) -> Images:
    """What a program returned, as a tuple."""
    return outputs if isinstance(outputs, tuple) else (outputs,)


def call(network: Network, entry: str, stage: Stage, args: Sequence[Any]) -> tuple[Tensor, ...]:
    """Run the program of a stage; alpha is the last argument while it fades."""
    program = network.program(entry, stage.level, stage.fading)
    alpha = (args[0].new_full((), stage.alpha),) if stage.fading else ()  # args[0]: latents, styles or images
    return tuple_of(program(*args, *alpha))


def classes_of(network: Network) -> int:
    """The number of classes of the network's label input; 0 when it takes none."""
    return next((port.shape[0] for port in network.inputs if port.kind == "Label"), 0)
