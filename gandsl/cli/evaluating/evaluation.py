"""Evaluates subjects one after the other: real images once for all that are compared with the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gandsl.cli.evaluating.asked import EvaluationAsked
from gandsl.cli.evaluating.report import ReportColumn
from gandsl.cli.evaluating.seeds import together
from gandsl.cli.evaluating.subject import Evaluated, Generator, Where, subjects
from gandsl_runtime.errors import room_for

if TYPE_CHECKING:
    from gandsl_runtime.distributed.group import ProcessGroup
    from gandsl_runtime.evaluation.evaluate import FeaturesOf, RealImages
    from gandsl_runtime.evaluation.extractors import Extractor
    from gandsl_runtime.evaluation.features import FeatureSet
    from gandsl_runtime.evaluation.figure import Figure
    from gandsl_runtime.evaluation.rows import Need
    from gandsl_runtime.evaluation.sources import ImageSet


def evaluated(
    sources: Sequence[Path], where: Where, held_out: str | None, asked: EvaluationAsked, every: bool
) -> list[ReportColumn] | None:
    """A column for each thing evaluated, and for each truncation of it.

    Of several processes, which torchrun started, each draws its share; the first one gets the columns. Raises
    what can go wrong, most of it before anything is drawn.
    """
    import torch

    from gandsl_runtime.distributed.group import join
    from gandsl_runtime.evaluation.figure import check_comparable
    from gandsl_runtime.system.device import device_named

    group = join(torch.device(device_named(asked.how.device)))
    work = Evaluation(where, held_out, asked, group)
    found = [one for source in sources for one in subjects(source, asked.how, every)]
    curve = [(_truncated(one, psi), psi) for one in found for psi in asked.truncations]
    for one, _ in curve:
        work.names(one)  # what can't be measured is told before hours of drawing
    several = len(asked.truncations) > 1
    columns = [work.column(one, psi if several else None) for one, psi in curve]
    group.leave()
    if not group.leads:
        return None
    check_comparable(column.figures for column in columns)
    return [*columns, *together(columns)]


def _truncated(subject: Evaluated, psi: float | None) -> Evaluated:
    from gandsl_runtime.evaluation.figure import EvaluationError

    if psi is None:
        return subject
    if not isinstance(subject, Generator):
        raise EvaluationError(
            f"{subject.name} draws nothing, and truncation is of generators", "leave it out"
        )
    return subject.truncated(psi)


@dataclass
class Evaluation:
    """What the subjects of a call share: the extractor, real images and their features."""

    where: Where
    held_out: str | None
    asked: EvaluationAsked
    group: ProcessGroup
    _real: dict[Any, tuple[ImageSet, RealImages]] = field(default_factory=dict)

    @cached_property
    def extractor(self) -> Extractor | None:
        """None where no metric asks for one. Raises ExtractorError, MissingExtra."""
        from gandsl_runtime.evaluation.extractors import open_extractor
        from gandsl_runtime.evaluation.rows import METRICS
        from gandsl_runtime.system.device import device_named

        asked = self.asked
        if not any(METRICS[name].of_extractor for name in asked.metrics):
            return None
        return open_extractor(asked.extractor, device_named(asked.how.device), asked.filter)

    def names(self, subject: Evaluated) -> list[str]:
        """The metrics that can be measured of it. Raises EvaluationError for one that was named and can't."""
        from gandsl_runtime.evaluation.figure import EvaluationError
        from gandsl_runtime.evaluation.rows import METRICS

        has: set[Need] = {*subject.has, "features", *(("held_out",) if self.held_out else ())}
        if self.extractor is not None and self.extractor.facts.classes:
            has.add("logits")
        lacking = {name: METRICS[name].needs - has for name in self.asked.metrics}
        if self.asked.named and (short := [name for name, needs in lacking.items() if needs]):
            raise EvaluationError(
                f"{short[0]} can't be measured of {subject.name}: {_LACKS[sorted(lacking[short[0]])[0]]}",
                f"leave {', '.join(short)} out",
            )
        return [name for name, needs in lacking.items() if not needs]

    def column(self, subject: Evaluated, psi: float | None) -> ReportColumn:
        """The figures of a subject; of a run they are kept in its folder."""
        import numpy as np

        from gandsl_runtime.evaluation.evaluate import evaluate, side
        from gandsl_runtime.evaluation.measures import MetricOptions
        from gandsl_runtime.evaluation.sources import order_of

        names, asked, remarks = self.names(subject), self.asked, list[str]()
        images, real = self._real_of(subject)
        places = order_of(len(images))[: asked.images]
        if "pairs" not in subject.has:  # classes come as often as in the real images that are compared with
            places = np.resize(places[: len(real.reference.images)], asked.images)
        made = subject.made(self.where, places, images.labels)
        compared = side(made, self._features("samples"))
        if not self.group.leads:  # the first one measures
            return ReportColumn(subject.name, ())
        figures = evaluate(
            names,
            compared,
            real,
            MetricOptions(
                asked.neighbours,
                extractor=self.extractor,
                sampler=subject.sampler,
                range=subject.range,
                held_out=real.floor[1] if real.floor and self.held_out else None,
            ),
            None if self.extractor is None else self.extractor.facts,
            subject.about(),
            None if asked.named else remarks.append,
        )
        name = subject.name if psi is None else f"ψ = {psi:g}"
        remarks += [*made.remarks(), *images.remarks()]
        column = ReportColumn(
            name, figures, remarks, psi, subject.folder, images=(made, real.reference.images)
        )
        if subject.folder is not None and psi is None:
            keep(subject, figures)
        return column

    def _real_of(self, subject: Evaluated) -> tuple[ImageSet, RealImages]:
        from gandsl_runtime.evaluation.evaluate import real_images
        from gandsl_runtime.evaluation.sources import open_images

        images = subject.real(self.where)
        key = (type(images), images.size, getattr(images, "image", ""), images.labels is None)
        if key not in self._real:
            held = None if self.held_out is None else open_images(self.held_out, subject.size)
            count = self.asked.real_of(len(images))
            self._real[key] = images, real_images(images, count, held, self._features("real images"))
        return self._real[key]

    def _features(self, words: str) -> FeaturesOf | None:
        """What takes the features of a set, under a bar; None where no metric asks for any."""
        extractor = self.extractor
        return None if extractor is None else partial(_features, extractor, self.group, words)


def _features(extractor: Extractor, group: ProcessGroup, words: str, images: ImageSet) -> FeatureSet:
    from gandsl.cli.progress import progress
    from gandsl_runtime.evaluation.cached import FeatureCache
    from gandsl_runtime.evaluation.features import features_of

    with progress(f"features of {words}", len(images)) as told:
        return features_of(
            extractor,
            images,
            cache=FeatureCache(extractor),
            group=group,
            told=told if group.leads else lambda count: None,
        )


def keep(subject: Evaluated, figures: Sequence[Figure]) -> None:
    """Add a line to the run's `evaluation.jsonl`."""
    from gandsl_runtime.runs.run_dir import RunDir

    assert subject.folder is not None
    path = RunDir(subject.folder).evaluation
    line = json.dumps({"images": subject.images, "figures": [one.as_json() for one in figures]})
    with room_for("the figures of an evaluation", path), path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


_LACKS: dict[Need, str] = {
    "features": "it has none that an extractor sees",
    "logits": "the extractor names no classes",
    "images": "it has no images",
    "labels": "it has no classes",
    "generator": "it is no generator of latents",
    "styles": "it has no style space",
    "held_out": "copies are told by images that were not trained on: give --held-out",
    "pairs": "its images have no true partners: it is no translator of items",
}
