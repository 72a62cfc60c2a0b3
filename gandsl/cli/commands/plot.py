"""`gandsl plot`: curves and samples of runs as one page, beside each other and beside recorded curves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gandsl.cli.options import output_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gandsl.plot.reference import Reference
    from gandsl.plot.run import LoggedRun


def run(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="runs' folders, or files of recorded curves (.json)"),
    ],
    output: Annotated[
        Path | None, output_option("a .html; default: NAME-plot.html, by the first RUN")
    ] = None,
    reference: Annotated[
        bool,
        typer.Option("--reference", help="the recorded curve of the run's spec, and where the run leaves it"),
    ] = False,
    grids: Annotated[int, typer.Option(min=0, help="image grids of each run that the page holds")] = 24,
    record: Annotated[
        Path | None,
        typer.Option(
            "--write-reference",
            metavar="FILE",
            help="write the runs as a recorded curve with its band: a .json; no page without -o",
        ),
    ] = None,
) -> int:
    """Draw losses, scores, penalties, metrics, rates, speed and samples of runs as a page.

    It needs no network. Several runs share its charts; a recorded curve lies behind them with its band.
    Damaged lines are counted and left out.
    """
    from gandsl.plot.reference import read_reference, recorded, write_reference
    from gandsl.plot.run import names_of
    from gandsl_runtime.evaluation.figure import check_comparable

    folders = [path for path in runs if path.suffix != ".json" or path.is_dir()]
    references = [read_reference(path) for path in runs if path not in folders]
    if output is not None and output.suffix != ".html":
        raise typer.BadParameter(f"{output}: the name of a page ends in .html")
    if record is not None and (record.suffix != ".json" or not folders):
        raise typer.BadParameter(f"{record}: a recorded curve is made of runs, and its name ends in .json")
    found = [_read(folder, name) for folder, name in zip(folders, names_of(folders), strict=True)]
    check_comparable(run.evaluations.newest.values() for run in found)
    if reference:
        references += [*_shipped(folders)]
    if record is not None:
        of = {run.name: run.log.curves for run in found}
        write_reference(record, recorded(record.stem, of))
        print(f"{record}: {len(found)} {'run' if len(found) == 1 else 'runs'}")
    if record is None or output is not None:
        from gandsl.plot.departures import told
        from gandsl.plot.html import render
        from gandsl_runtime.system.files import write

        path = output or Path(f"{runs[0].absolute().name.removesuffix('.json')}-plot.html")
        left = [said for run in found for one in references for said in told(run, one)]
        write(path, render(found, references, grids, left))
        print(f"{path}: {', '.join([*(one.name for one in found), *(one.name for one in references)])}")
        for said in left:
            print(said)
        _tell(found)
    return 0


def _shipped(folders: Sequence[Path]) -> Iterator[Reference]:
    """The recorded curves that gandsl has of the specs of these runs, each once. Raises NoReference."""
    from gandsl.cli.read import module_of, spec_in
    from gandsl.plot.reference import NoReference, read_reference
    from gandsl.spec.places import recorded_curves

    names = dict.fromkeys(module_of(spec_in(folder), None).name for folder in folders)
    there = recorded_curves()
    for name in names:
        if name not in there:
            raise NoReference(
                f"gandsl has no recorded curve of `{name}`",
                f"it has those of {', '.join(there) or 'none'}; name a file beside the run instead",
            )
        yield read_reference(Path(there[name]))


def _read(folder: Path, name: str) -> LoggedRun:
    from gandsl.plot.run import read_run

    return read_run(folder, name, _sizes(folder / "spec.yaml"))


def _sizes(spec: Path) -> Sequence[tuple[int, ...]]:
    """The sizes of a growing run's levels; none where it does not grow, or its spec does not check."""
    from gandsl.cli.read import analyzed

    if not spec.is_file() or b"growth" not in spec.read_bytes():
        return ()
    module, _ = analyzed(spec, None)
    return next((one.levels for one in module.networks.values() if one.levels), ()) if module else ()


def _tell(found: Sequence[LoggedRun]) -> None:
    from gandsl.cli.output import say

    for run in found:
        if run.log.damaged:
            say(f"warning: {run.name}: {run.log.damaged:,} lines of the log can't be read and are left out")
