"""What `gandsl eval` measured of a run's checkpoints, as curves beside those of its log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gandsl.plot.log import LoggedCurve, objects, printable
from gandsl_runtime.evaluation.figure import Figure, differences

EVALUATED = "eval/"  # before a metric's label, among the names of curves


@dataclass(frozen=True)
class Evaluations:
    """`curves` by name; of each the `newest` figure, which all points of its curve compare with."""

    curves: Mapping[str, LoggedCurve] = field(default_factory=dict)
    newest: Mapping[str, Figure] = field(default_factory=dict)
    apart: int = 0  # figures that don't compare with a newer one of their metric
    damaged: int = 0  # lines that are none


def read_evaluations(path: Path) -> Evaluations:
    """Of a run's `evaluation.jsonl`; nothing where it is not there. A later figure of a checkpoint counts."""
    lines, damaged = objects(path)
    found: dict[str, dict[float, Figure]] = {}
    for line in lines:
        try:
            images, figures = float(line["images"]), [Figure.of_json(one) for one in line["figures"]]
        except (KeyError, TypeError, ValueError, AttributeError):
            damaged += 1
            continue
        for one in figures:
            points = found.setdefault(one.metric, {})
            points.pop(images, None)
            points[images] = one  # the last one added is the newest
    newest = {metric: [*points.values()][-1] for metric, points in found.items()}
    curves: dict[str, LoggedCurve] = {}
    apart = 0
    for metric, points in found.items():
        curve = curves.setdefault(f"{EVALUATED}{printable(newest[metric].label)}", LoggedCurve())
        for images, one in sorted(points.items(), key=lambda point: point[0]):
            if differences(newest[metric], one):
                apart += 1
            else:
                curve.add(images, one.value)
    return Evaluations(curves, newest, apart, damaged)
