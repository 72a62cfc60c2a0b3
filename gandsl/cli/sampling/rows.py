"""What of a network's outputs is written, and as what: images, or numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gandsl.cli.sampling.ask import Ask

if TYPE_CHECKING:
    from torch import Tensor

    from gandsl.api import Program

ARRAY = ".npy"
CHANNELS = (1, 2, 3, 4)  # of images in files


def chosen(program: Program, written: str | None) -> tuple[str | None, int]:
    """The network of `NAME` or `NAME.OUTPUT`, and which of its outputs: by default the last.

    Raises SamplingError.
    """
    from gandsl_runtime.errors import SamplingError

    if written is None:
        return None, -1
    name, _, output = written.partition(".")
    outputs = [port.name for port in program.sampled(name).outputs]
    if output and output not in outputs:
        raise SamplingError(
            f"`{name}` has no output `{output}`", f"it has {', '.join(f'{name}.{one}' for one in outputs)}"
        )
    return name, outputs.index(output) if output else -1


def suffix_of(ask: Ask, shape: tuple[int, ...]) -> str:
    """The ending of files of an output [N, *shape]. Raises SamplingError where it is no image."""
    from gandsl_runtime.errors import SamplingError
    from gandsl_runtime.media.formats import check_format

    picture = len(shape) == 3 and shape[0] in CHANNELS
    if ask.each and (ask.format == ARRAY[1:] or (ask.format is None and not picture)):
        return ARRAY
    if not picture:
        raise SamplingError(
            f"what is made is no image: each is {list(shape)}",
            "leave --format out, and write a folder or a zip: a .npy each",
        )
    suffix = f".{ask.format or 'png'}" if ask.each else ask.output.suffix
    if ask.form != "video":
        check_format(suffix, shape[0], (shape[1], shape[2]))
    return suffix


def rows_of(suffix: str, output: int, range: tuple[float, float]) -> Callable[[tuple[Tensor, ...]], Tensor]:
    """What is written of outputs: uint8 (N, c, h, w) of one of them, or its numbers on the CPU."""
    from gandsl_runtime.media.images import to_pixels

    def pixels(outputs: tuple[Tensor, ...]) -> Tensor:
        return to_pixels(outputs[output], *range)

    def numbers(outputs: tuple[Tensor, ...]) -> Tensor:
        return outputs[output].detach().float().cpu()

    return numbers if suffix == ARRAY else pixels
