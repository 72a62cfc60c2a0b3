"""An image each, batch by batch into files, by one process or several; what is there is not drawn again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gandsl.cli.sampling import processes
from gandsl_runtime.signals import at_last

if TYPE_CHECKING:
    from torch import Tensor

    from gandsl.cli.sampling.order import SamplingOrder
    from gandsl_runtime.game import Images
    from gandsl_runtime.sample import Draws
    from gandsl_runtime.sample.collection import Collection


@dataclass(frozen=True)
class Series:
    """Images to be drawn, and the files that they go to, one each."""

    draws: Draws
    files: Collection
    pixels: Callable[[Images], Tensor]  # uint8 (N, c, h, w)

    def todo(self, share: tuple[int, int] = (0, 1)) -> list[int]:
        """The batches of which an image is missing; of several processes those of the one numbered."""
        number, of = share
        batches = list(enumerate(self.draws.batches))[number::of]
        return [index for index, batch in batches if self.files.missing(batch)]

    def draw(self, index: int) -> int:
        """Draw a batch, the whole of it so that its numbers are the same; write what is missing of it."""
        batch = self.draws.batches[index]
        drawn = self.pixels(self.draws.drawn(batch))
        missing = self.files.missing(batch)
        self.files.save(missing, drawn[[place - batch.start for place in missing]])
        return len(missing)


def draw(order: SamplingOrder, series: Series, share: tuple[int, int]) -> str:
    """Draw what is missing, and say in words what is there then."""
    import gc

    from gandsl.cli.progress import progress

    gc.enable()  # the command line is short of time, this may take days
    count, files = len(series.files.names), series.files
    if files.complete():
        files.finish()
        return f"{count} images, all there already"
    files.begin()
    drawn, before = 0, count - len(files.missing())

    def told(more: int) -> None:
        nonlocal drawn
        drawn += more
        bar(before + drawn)

    def stopped() -> str:
        return f"{before + drawn} of {count} images are in {files.folder}: the same call goes on"

    with progress("drawing", count) as bar, at_last(stopped):
        bar(before)
        while todo := series.todo(share):
            if order.ask.processes > 1:
                processes.draw(order, todo, told)
            else:
                for index in todo:
                    told(series.draw(index))
        if share == (0, 1):
            files.finish()
    if share[1] > 1:
        return f"{drawn} images"
    return f"{count} images" + f", {before} of them there already" * bool(before)
