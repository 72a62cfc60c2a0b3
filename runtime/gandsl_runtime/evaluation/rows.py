"""The metrics: a row each, of what users and readers are told. `measures.py` computes them. Free of torch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher", ""]
Need = Literal["features", "logits", "images", "labels", "generator", "styles", "pairs", "held_out"]


@dataclass(frozen=True)
class Metric:
    """A metric as users know it.

    `measure`: the function of `measures.py` that computes it, perhaps with others. `needs`: of samples and
    real images, or of the generator itself. `better`: which way is better; "" where real images say what is
    right. `sees`, `misses`: of the ways in which samples go wrong. `label` is followed by the extractor's
    name, and `inception` is what it is called with Inception's features, and with no others.
    """

    label: str
    measure: str
    needs: frozenset[Need]
    better: Better
    sees: str
    misses: str
    source: str
    inception: str = ""

    @property
    def of_extractor(self) -> bool:
        """Whether it depends on an extractor."""
        return bool(self.needs & {"features", "logits"})

    def named(self, extractor: str, inception: bool = False) -> str:
        """`KID (lite0)`; `FID` with Inception's own features; `SWD` where no extractor is asked."""
        if not self.of_extractor:
            return self.label
        return (self.inception or self.label) if inception else f"{self.label} ({extractor})"


_FEATURES: frozenset[Need] = frozenset({"features"})
_CLASSES: frozenset[Need] = frozenset({"features", "labels"})
_PATH: frozenset[Need] = frozenset({"features", "generator"})
_STYLE_PATH: frozenset[Need] = frozenset({"features", "generator", "styles"})
_IMAGES: frozenset[Need] = frozenset({"images"})
_PAIRS: frozenset[Need] = frozenset({"images", "pairs"})
_FEATURE_PAIRS: frozenset[Need] = frozenset({"features", "pairs"})

METRICS: dict[str, Metric] = {
    "kid": Metric(
        "KID",
        "kernel",
        _FEATURES,
        "lower",
        "any difference of the distributions of features; unbiased at any number of images",
        "copies of training images; what the extractor does not see",
        "arXiv:1801.01401",
    ),
    "fd": Metric(
        "FD",
        "frechet",
        _FEATURES,
        "lower",
        "differences of mean and covariance of features",
        "copies; all that a Gaussian has no room for; falls with the number of images for their number alone",
        "arXiv:1706.08500",
        inception="FID",
    ),
    "fd_infinity": Metric(
        "FD∞",
        "frechet_infinity",
        _FEATURES,
        "lower",
        "as FD, extrapolated to any number of samples",
        "as FD; the number of real images counts as before",
        "arXiv:1911.07023",
        inception="FID∞",
    ),
    "precision": Metric(
        "precision",
        "manifold",
        _FEATURES,
        "higher",
        "samples that are near no real image",
        "what is missing; copies; a single outlier among real images makes room for many samples",
        "arXiv:1904.06991",
    ),
    "recall": Metric(
        "recall",
        "manifold",
        _FEATURES,
        "higher",
        "real images that are near no sample: dropped modes",
        "how often a mode is drawn; a single outlying sample covers many real images",
        "arXiv:1904.06991",
    ),
    "density": Metric(
        "density",
        "manifold",
        _FEATURES,
        "higher",
        "as precision, counting how many real images are near; may exceed 1",
        "what is missing; copies",
        "arXiv:2002.09797",
    ),
    "coverage": Metric(
        "coverage",
        "manifold",
        _FEATURES,
        "higher",
        "as recall, by neighbourhoods of real images alone",
        "how often a mode is drawn",
        "arXiv:2002.09797",
    ),
    "is": Metric(
        "IS",
        "inception_score",
        frozenset({"logits"}),
        "higher",
        "samples that the classifier is unsure of; classes of the classifier that are missing",
        "real images altogether; everything within a class",
        "arXiv:1606.03498",
        inception="IS",
    ),
    "swd": Metric(
        "SWD × 10³",
        "sliced",
        _IMAGES,
        "lower",
        "differences of patches, at each size of detail apart",
        "where in the image a patch stands, and the whole",
        "arXiv:1710.10196, section 5",
    ),
    "ms_ssim": Metric(
        "MS-SSIM",
        "likeness",
        _IMAGES,
        "",
        "samples that look alike, beside real images of which pairs are as like as they are",
        "quality; real images altogether, but for the comparison",
        "arXiv:1610.09585, section 4.2",
    ),
    "diversity": Metric(
        "diversity",
        "diversity",
        _FEATURES,
        "",
        "samples that are alike in features: the mean distance of two",
        "quality; rare modes",
        "",
    ),
    "kid_by_class": Metric(
        "KID by class",
        "by_class",
        _CLASSES,
        "lower",
        "samples of the wrong class, and a loss of diversity within a class: the mean over classes",
        "copies; what the extractor does not see",
        "arXiv:1801.01401",
    ),
    "kid_worst_class": Metric(
        "KID of the worst class",
        "by_class",
        _CLASSES,
        "lower",
        "the class that came out worst",
        "as KID by class",
        "arXiv:1801.01401",
    ),
    "diversity_within_class": Metric(
        "diversity within a class",
        "within_class",
        _CLASSES,
        "",
        "a class whose samples are all alike: the mean distance of two of a class",
        "quality",
        "",
    ),
    "agreement": Metric(
        "agreement",
        "agreement",
        _CLASSES,
        "higher",
        "samples that a classifier of real features names other than asked: the share named as asked",
        "everything within a class; what the classifier itself gets wrong is its floor",
        "",
    ),
    "ppl_w": Metric(
        "PPL in W",
        "path_length_w",
        _STYLE_PATH,
        "lower",
        "sudden changes along a way through the style space",
        "quality, and diversity: a generator of one image has 0",
        "arXiv:1812.04948, equation 3",
    ),
    "ppl_w_end": Metric(
        "PPL in W, end",
        "path_length_w_end",
        _STYLE_PATH,
        "lower",
        "the same, at the samples themselves",
        "as PPL in W",
        "arXiv:1812.04948, section 4.1",
    ),
    "ppl_z": Metric(
        "PPL in Z",
        "path_length_z",
        _PATH,
        "lower",
        "sudden changes along a way through the latents",
        "as PPL in W",
        "arXiv:1812.04948, equation 2",
    ),
    "ppl_z_end": Metric(
        "PPL in Z, end",
        "path_length_z_end",
        _PATH,
        "lower",
        "the same, at the samples themselves",
        "as PPL in W",
        "arXiv:1812.04948, section 4.1",
    ),
    "copies": Metric(
        "copies",
        "copies",
        frozenset({"features", "held_out"}),
        "lower",
        "samples that are nearer to a training image than held-out images come: their share beyond chance",
        "quality, and diversity",
        "after arXiv:2004.05675",
    ),
    "psnr": Metric(
        "PSNR, dB",
        "psnr",
        _PAIRS,
        "higher",
        "the squared error of each image to its true partner",
        "sharpness: a blurred mean does well",
        "",
    ),
    "ssim": Metric(
        "SSIM",
        "ssim",
        _PAIRS,
        "higher",
        "local structure that differs from the true partner's",
        "colours; what is likely though it differs",
        "Wang et al. 2004, IEEE TIP 13(4)",
    ),
    "feature_distance": Metric(
        "feature distance",
        "feature_distance",
        _FEATURE_PAIRS,
        "lower",
        "the distance of each image to its true partner, in features",
        "what the extractor does not see",
        "",
    ),
}

USUAL = ("kid", "precision", "recall", "density", "coverage")
FEW = 10_000  # below so many images FD is told with a warning, and extrapolated


def checked(names: Collection[str]) -> list[str]:
    """The names in the table's order, each once. Raises ValueError for one that is none, with the nearest."""
    for name in names:
        if name not in METRICS:
            from difflib import get_close_matches

            near = get_close_matches(name, METRICS, 1)
            hint = f", did you mean `{near[0]}`?" if near else f": {', '.join(METRICS)}"
            raise ValueError(f"there is no metric `{name}`{hint}")
    return [name for name in METRICS if name in names]
