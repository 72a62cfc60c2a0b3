"""Which systems are trained in small, on what, and what they are measured by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.zoo import measures, weights
from bench.zoo.run import Figure, Run


@dataclass(frozen=True)
class Entry:
    """A spec of specs/zoo/small, a set of bench.zoo.sets, and the measure."""

    set: str
    measure: Callable[[Run], list[Figure]]
    spec: str = ""  # default: the entry's name
    data: Mapping[str, str] = field(default_factory=lambda: {"": "train.npz"})  # set of the spec → file
    changes: tuple[str, ...] = ()
    weights: Callable[[Path], None] = lambda folder: None  # writes there what frozen networks start from


ENTRIES: dict[str, Entry] = {
    "ccgan": Entry("circle", measures.angles),
    "cyclegan": Entry("styles", measures.restyled, data={"a": "train.npz", "b": "train.npz"}),
    "dann": Entry("domains", measures.named_apart, data={"named": "train.npz", "other": "train.npz"}),
    "dann_without_reversal": Entry(
        "domains",
        measures.named_apart,
        spec="dann",
        data={"named": "train.npz", "other": "train.npz"},
        changes=("reversal=0",),
    ),
    "dcgan": Entry("planets", measures.distance),
    "fastgan": Entry("planets", measures.distance),
    "hifi_gan": Entry("sounds", measures.heard),
    "infogan": Entry("digits", measures.codes),
    "kl_autoencoder": Entry("drawings", measures.rebuilt),
    "pix2pix": Entry("drawings", measures.translated),
    "projected_gan": Entry("planets", measures.distance, weights=weights.lite0),
    "real_esrgan": Entry("photos", measures.mended),
    "srgan": Entry("photos", measures.enlarged),
    "vaegan": Entry("drawings", measures.rebuilt),
    "volumes_3dgan": Entry("solids", measures.solid),
    "vqgan": Entry("drawings", measures.quantized),
}
