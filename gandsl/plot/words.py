"""What names in a log mean to a reader: where they stand, which share a chart, their unit, a line on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MACHINE = ("time/", "memory/")  # of the machine and the moment, not of the run


@dataclass(frozen=True)
class Group:
    """Names that begin so: in one chart where there is a title, else each in its own.

    `exact`: values that are set or counted, and have no noise to smooth.
    """

    prefix: str
    title: str = ""
    unit: str = ""
    note: str = ""
    exact: bool = False


SECTIONS: dict[str, tuple[Group, ...]] = {
    "Losses, scores, metrics": (
        Group("loss/", "losses of D and G", note="without penalties; mean since the last record"),
        Group(
            "score/",
            "D's score",
            note="mean of D's logits on real and on generated images: far apart, D tells them with ease",
        ),
        Group("metric/", exact=True),
        Group("eval/", note="by `gandsl eval`", exact=True),
        Group("class/", "auxiliary classifier", "nats", "cross-entropy of the classes"),
        Group("sign/", "sign of D's logits on real images", note="1: D is sure of all of them"),
    ),
    "Penalties": (
        Group("penalty/", note="as measured, before its weight and interval"),
        Group("consistency/", note="mean squared difference of D's outputs, before its weight"),
        Group("path_length", note="mean ‖Jᵀy‖ of the style space"),
    ),
    "Rates and schedule": (
        Group(
            "lr/",
            "learning rates",
            note="as the optimizer has them: the spec's times the lazy correction, and what rollbacks made",
            exact=True,
        ),
        Group("augment/p", note="chance of augmentation", exact=True),
        Group("batch", unit="images", exact=True),
        Group("level", note="of growth, from 0", exact=True),
        Group("alpha", note="weight of the level that fades in", exact=True),
        Group("scale/", "loss scale", note="of 16-bit gradients; it halves where they overflow", exact=True),
    ),
    "The guard": (
        Group("guard/sigma/", "largest top singular value", note="of a weight, as a multiple of its past"),
        Group("guard/gradient/", "gradient norms"),
        Group("guard/logits/", "D's logits"),
        Group("guard/diversity/", "diversity of samples", note="mean distance of two; real images = 1"),
        Group("guard/"),
    ),
    "Speed and memory": (
        Group("time/images_per_second", unit="images/s"),
        Group("time/seconds_per_kimg", unit="s/kimg"),
        Group("time/seconds", unit="s", note="pauses between sessions left out", exact=True),
        Group("memory/", "memory, highest so far", "GiB", exact=True),
        Group("time/"),
    ),
    "Others": (Group(""),),
}


@dataclass(frozen=True)
class Chart:
    """One chart: curves by their names in the log."""

    title: str
    names: tuple[str, ...]
    group: Group


def charts(names: Iterable[str]) -> dict[str, list[Chart]]:
    """Every name in one chart, by section; sections without names are left out."""
    left = list(dict.fromkeys(names))
    found: dict[str, list[Chart]] = {}
    for section, groups in SECTIONS.items():
        for group in groups:
            mine = [name for name in left if name.startswith(group.prefix)]
            left = [name for name in left if name not in mine]
            together = [(group.title, tuple(mine))] if mine and group.title else []
            made = [Chart(title, names, group) for title, names in together or ((n, (n,)) for n in mine)]
            found.setdefault(section, []).extend(made)
    return {section: made for section, made in found.items() if made}
