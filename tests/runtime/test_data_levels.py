"""12 bits in files of 16: told with the remedy, and with it as bright as they were meant."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from gandsl_runtime.data import open_dataset
from gandsl_runtime.data.levels import said, sampled
from gandsl_runtime.data.needs import needs
from gandsl_runtime.data.pack import Recipe, pack
from gandsl_runtime.data.remarks import remarks
from gandsl_runtime.data.sources import open_source
from gandsl_runtime.data.survey import survey
from gandsl_runtime.observers import Observer
from gandsl_runtime.plan import Data
from tests.runtime import nets
from tests.runtime.helpers import folder_of, plan, zip_of
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded

FORMS = {"PNG": "png", "TIFF": "tif"}


def deep(bits: int, count: int = 4, seed: int = 0) -> np.ndarray:
    """Images whose values use all of so many bits."""
    values = np.random.default_rng(seed).integers(0, 2**bits, (count, 8, 8), dtype=np.uint16)
    values[:, 0, 0] = 2**bits - 1
    return values


def files(values: np.ndarray, form: str = "PNG") -> dict[str, bytes]:
    made = {}
    for i, image in enumerate(values):
        out = io.BytesIO()
        Image.fromarray(image).save(out, form)
        made[f"{i}.{FORMS[form]}"] = out.getvalue()
    return made


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bits", [9, 10, 12, 14])
def test_few_bits_are_told_with_the_remedy(form, bits, tmp_path):
    where = folder_of(files(deep(bits), form), tmp_path / "set")
    found = survey(open_source(where))
    assert found.peaks == {16: 2**bits - 1}
    (text,) = said(found.peaks)
    assert f"use {2**bits:,} of 65,536 levels" in text and f"training.data.white: {2**bits - 1} " in text
    assert [need.text for need in needs(found, (1, 8, 8), 0) if need.text.startswith("levels")] == [
        f"levels: {text}"
    ]
    remedied = Data(white=2**bits - 1)
    assert not list(said(found.peaks, remedied.white))
    ((level, _),) = [n for n in needs(found, (1, 8, 8), 0, remedied) if n.text.startswith("levels")]
    assert level == "fits"
    (remark,) = remarks(open_dataset(where, (1, 8, 8)))
    assert text in remark
    assert not list(remarks(open_dataset(where, (1, 8, 8), plan=remedied)))


@pytest.mark.parametrize("white", [1023, 4095, 65535])
def test_the_remedy_scales_exactly(white, tmp_path):
    values = deep(12)
    data = open_dataset(folder_of(files(values), tmp_path / "set"), (1, 8, 8), plan=Data(white=white))
    wanted = np.round(np.minimum(values.astype(np.float64), white) * 255 / white)
    np.testing.assert_array_equal(np.stack([data.image(i)[0] for i in range(4)]), wanted)
    pack(data.source, tmp_path / "out.zip", Recipe((8, 8), channels=1, white=white))
    packed = open_dataset(tmp_path / "out.zip", (1, 8, 8))
    np.testing.assert_array_equal(packed.image(2), data.image(2))


@pytest.mark.parametrize(
    ("peaks", "words"),
    [
        ({16: 65535}, None),
        ({16: 16384}, None),  # a dark photograph
        ({8: 255, 16: 40000}, None),
        (
            {8: 15},
            "8-bit images use 16 of 256 levels",
        ),  # of 12 in 16 in colour Pillow keeps the upper 8
        ({8: 255, 16: 1023}, "white: 1023"),
        ({16: 0}, "use 1 of 65,536"),
    ],
)
def test_what_is_said(peaks, words):
    texts = list(said(peaks))
    assert len(texts) == (words is not None) and (words is None or words in texts[0])


def test_values_above_white_are_told():
    assert "go to 5,000" in next(said({16: 5000}, 4095))


def test_a_run_says_so_once(tmp_path):
    class Ear(Observer):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def warn(self, message: str) -> None:
            self.heard.append(message)

    where, networks = (
        zip_of(files(deep(12, 30)), tmp_path / "set.zip"),
        (seeded(ConvGenerator), seeded(ConvDiscriminator)),
    )
    begun, resumed = Ear(), Ear()
    nets.trainer_of(
        plan(length="2 steps"), networks, data=where, run_dir=tmp_path / "run", observing=[begun]
    ).run()
    assert len(begun.heard) == 1 and "training.data.white: 4095" in begun.heard[0]
    nets.resumed(
        tmp_path / "run", networks, plan=plan(length="3 steps"), change=True, observing=[resumed]
    ).run()
    assert not resumed.heard


def test_some_images_are_looked_at_and_broken_ones_passed_over(tmp_path):
    where = folder_of(files(deep(12, 200)) | {"0.png": b"x"}, tmp_path / "set")
    assert sampled(open_dataset(where, (1, 8, 8))) == {16: 4095}


def test_splits_that_are_trained_on_together_are_told(tmp_path):
    some = files(deep(16, 2))
    where = folder_of({f"{s}/{n}": c for s in ("train", "test") for n, c in some.items()}, tmp_path / "set")
    (remark,) = remarks(open_dataset(where, (1, 8, 8)))
    assert "holds splits of a set, test, train" in remark
    assert not list(remarks(open_dataset(where / "train", (1, 8, 8))))
