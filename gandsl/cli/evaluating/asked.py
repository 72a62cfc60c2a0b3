"""All that a call of `gandsl eval` asks for, checked before anything is drawn; and where the answer goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gandsl.cli.evaluating.subject import How

if TYPE_CHECKING:
    from gandsl.cli.evaluating.report import ReportColumn

ENDINGS = {".json": "json", ".csv": "csv", ".md": "markdown", ".html": "html"}


@dataclass(frozen=True)
class EvaluationAsked:
    """Which metrics, of how many images, by whose features; and how samples are drawn."""

    metrics: tuple[str, ...]
    named: bool  # by the user: one that can't be measured is an error then, else left out
    images: int
    real_images: str | None  # as written: a number, or all; None: as many as samples
    extractor: str
    filter: str
    neighbours: int
    truncations: tuple[float | None, ...]
    how: How

    @classmethod
    def of(
        cls,
        metrics: str | None,
        images: int,
        real_images: str | None,
        extractor: str | None,
        filter: str | None,
        neighbours: int,
        seed: int,
        truncation: str | None,
        cutoff: int | None,
        noise: Any,
        network: str | None,
        truth: str | None,
        device: str,
    ) -> EvaluationAsked:
        """Of the options as they are written. Raises BadParameter."""
        from gandsl_runtime.evaluation.extractors import DEFAULT
        from gandsl_runtime.evaluation.rows import METRICS, USUAL, checked

        try:
            given = [*USUAL] if metrics is None else [one.strip() for one in metrics.split(",")]
            names = [*METRICS] if given == ["all"] else checked(given)
        except ValueError as error:
            raise typer.BadParameter(f"--metrics: {error}") from error
        if real_images not in (None, "all") and not re.fullmatch(r"\d{1,9}", real_images or ""):
            raise typer.BadParameter(f"--real-images {real_images}: write a number, or all")
        how = How(seed, None, cutoff, noise, network, truth, device)
        return cls(
            tuple(names),
            metrics is not None and given != ["all"],
            images,
            real_images,
            extractor or DEFAULT,
            filter or "",
            neighbours,
            _numbers(truncation),
            how,
        )

    def real_of(self, total: int) -> int:
        """How many real images are compared with, of so many that there are."""
        if self.real_images is None:
            return min(self.images, total)
        return total if self.real_images == "all" else int(self.real_images)


def _numbers(text: str | None) -> tuple[float | None, ...]:
    """The truncations of `0.5,0.7,1`, each once; (None,) where none is given."""
    if text is None:
        return (None,)
    try:
        return tuple(dict.fromkeys(float(part) for part in text.split(",")))
    except ValueError as error:
        raise typer.BadParameter(f"--truncation {text}: write numbers such as 0.7 or 0.5,0.7,1") from error


def check_output(output: Path | None) -> None:
    """Raises BadParameter for an ending that is none of those that can be written."""
    if output is not None and output.suffix.lower() not in ENDINGS:
        raise typer.BadParameter(f"{output}: give a name that ends in {', '.join(ENDINGS)}")


def written(columns: Sequence[ReportColumn], form: str, output: Path | None) -> None:
    """Print the figures, and write them where asked."""
    from gandsl_runtime.system.files import write

    print(rendered(columns, form))
    if output is not None:
        write(output, rendered(columns, ENDINGS[output.suffix.lower()]) + "\n")


def rendered(columns: Sequence[ReportColumn], form: str) -> str:
    """The figures in a form: `text`, `markdown`, `csv`, `json` or `html`."""
    from gandsl.cli.evaluating import report

    if form == "json":
        import json

        told = [
            {"subject": one.name, "figures": [figure.as_json() for figure in one.figures]} for one in columns
        ]
        return json.dumps({"gandsl": "eval/1", "subjects": told}, indent=2, ensure_ascii=False)
    if form == "html":
        from gandsl.cli.evaluating.html import page

        return page(columns)
    forms = {"text": report.text, "markdown": report.markdown, "csv": report.comma_separated}
    return forms[form](columns)
