"""Draws what is missing of a series, by one process or several, and says what is there then."""

from __future__ import annotations

from gandsl.cli.sampling import processes
from gandsl.cli.sampling.order import SamplingOrder
from gandsl.cli.sampling.series import Series
from gandsl_runtime.errors import RuntimeFault
from gandsl_runtime.system.signals import at_last


def draw_missing(order: SamplingOrder, series: Series, share: tuple[int, int]) -> str:
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
        try:
            while todo := series.todo(share):
                if order.ask.processes > 1:
                    processes.draw(order, todo, told)
                else:
                    for index in todo:
                        told(series.draw(index))
        except RuntimeFault as fault:  # an item that can't be read, say
            fault.add_note(stopped())
            raise
        if share == (0, 1):
            files.finish()
    if share[1] > 1:
        return f"{drawn} images"
    return f"{count} images" + f", {before} of them there already" * bool(before)
