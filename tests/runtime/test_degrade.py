"""Images that are made worse: each step against its formula, and the draws, which go by the item's place."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import TypeAdapter

from gandsl_runtime.data import Stream
from gandsl_runtime.data.degrade.kernels import bessel_j1, blurring, ringing
from gandsl_runtime.data.degrade.resizing import FILTERS, resized
from gandsl_runtime.data.degrade.steps import degraded, filtered
from gandsl_runtime.data.fields.opened import opened
from gandsl_runtime.data.sources import NamedArrays
from gandsl_runtime.plan.degrade import Step, ends_at
from gandsl_runtime.plan.game import DataField
from tests.runtime.test_augment_geometry import mirrored

PICTURE = np.random.default_rng(0).random((3, 9, 12))


def steps(*written: dict[str, Any]) -> Any:
    return TypeAdapter(tuple[Step, ...]).validate_python(list(written))


def made(
    *written: dict[str, Any], image: np.ndarray = PICTURE, seed: int = 0, size: Any = None
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return degraded(image, steps(*written), size or image.shape[1:], rng) / 255


# ---- blurs


@pytest.mark.parametrize("kind", ["gaussian", "generalized", "plateau"])
def test_kernels_are_the_papers(kind):
    """Of the quadratic form of the inverse of a covariance, turned by hand."""
    sigma, across, angle, beta = 2.0, 0.7, 0.6, 1.7
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    inverse = np.linalg.inv(turn @ np.diag([sigma**2, across**2]) @ turn.T)
    expected = np.zeros((7, 7))
    for i in range(7):
        for j in range(7):
            place = np.array([j - 3, i - 3])
            q = place @ inverse @ place
            expected[i, j] = {
                "gaussian": math.exp(-q / 2),
                "generalized": math.exp(-(q**beta) / 2),
                "plateau": 1 / (1 + q**beta),
            }[kind]
    np.testing.assert_allclose(
        blurring(kind, 7, sigma, across, angle, beta), expected / expected.sum(), rtol=1e-12
    )
    round_ = blurring(kind, 7, sigma, None, 0.0, beta)
    np.testing.assert_allclose(round_, blurring(kind, 7, sigma, sigma, angle, beta), rtol=1e-12)


def test_rings_are_the_transform_of_a_disk():
    """At (x, y) it is the mean of cos(u·x + v·y) over the frequencies of the disk, by summing them."""
    x = torch.linspace(-60, 60, 97, dtype=torch.float64)
    np.testing.assert_allclose(bessel_j1(x.numpy()), torch.special.bessel_j1(x), atol=1e-7)
    cutoff, count = 1.3, 1200
    line = (np.arange(count) + 0.5) / count * 2 * cutoff - cutoff
    u, v = np.meshgrid(line, line)
    inside = u**2 + v**2 < cutoff**2
    expected = np.array([[np.cos(u * x + v * y)[inside].mean() for x in range(-2, 3)] for y in range(-2, 3)])
    np.testing.assert_allclose(ringing(5, cutoff), expected / expected.sum(), atol=2e-4)


@pytest.mark.parametrize("size", [(9, 12), (3, 2)])
def test_a_filter_is_a_sum_over_places_with_reflected_edges(size):
    image, kernel = PICTURE[:, : size[0], : size[1]], blurring("gaussian", 5, 1.3, 0.6, 0.9, 1)
    h, w = size
    expected = np.zeros_like(image)
    for y in range(h):
        for x in range(w):
            for i in range(5):
                for j in range(5):
                    read = image[:, mirrored(y + i - 2, h), mirrored(x + j - 2, w)]
                    expected[:, y, x] += kernel[i, j] * read
    np.testing.assert_allclose(filtered(image, kernel), expected, atol=1e-12)


def test_what_a_blur_draws():
    """Odd sides, sigmas in their range, and β below 1 as often as above."""
    fixed = made({"op": "blur", "size": 5, "sigma": 1.5})
    expected = filtered(PICTURE, blurring("gaussian", 5, 1.5, None, 0, 1))
    np.testing.assert_allclose(fixed, expected, atol=0.5 / 255 + 1e-9)
    point = np.zeros((1, 15, 15))
    point[0, 7, 7] = 1
    sides = set()
    for seed in range(60):
        kernel = made({"op": "blur", "size": [3, 7], "sigma": [40, 50]}, image=point, seed=seed)[0] > 0
        assert (kernel.sum(0) > 0).sum() ** 2 == kernel.sum()
        sides.add(int((kernel.sum(0) > 0).sum()))
    assert sides == {3, 5, 7}


# ---- sizes


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("size", [(9, 12), (4, 5), (3, 12), (20, 31), (18, 24), (1, 1)])
def test_resizing_is_torchs(filter, size):
    corners = {} if filter == "area" else {"align_corners": False}
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(PICTURE)[None], size=size, mode=filter, **corners
    )
    np.testing.assert_allclose(resized(PICTURE, size, filter), expected[0], atol=1e-12)


def test_factors_and_the_fields_size():
    rough = {"op": "resize", "factor": 0.25, "filter": "area"}
    found = made(rough, {"op": "resize", "filter": "bilinear"}, size=(5, 6))
    expected = resized(resized(PICTURE, (2, 3), "area"), (5, 6), "bilinear")
    np.testing.assert_allclose(found, expected, atol=0.5 / 255 + 1e-9)
    assert degraded(
        PICTURE, steps({"op": "resize", "factor": 0.01}), (9, 12), np.random.default_rng(0)
    ).shape == (3, 1, 1)


# ---- noise


def test_a_crop_is_any_window_as_often() -> None:
    grid = np.arange(5 * 6, dtype=np.uint8).reshape(1, 5, 6)
    found = [made({"op": "crop"}, image=grid, seed=seed, size=(3, 4)) for seed in range(400)]
    corners = [round(255 * float(one[0, 0, 0])) for one in found]
    for corner, one in zip(corners, found, strict=True):
        top, left = divmod(corner, 6)
        assert np.array_equal(np.rint(one * 255), grid[:, top : top + 3, left : left + 4])
    counts = np.bincount(corners, minlength=30).reshape(5, 6)
    assert counts[:3, :3].min() > 20 and counts.sum() == counts[:3, :3].sum(), "nine places, 44 each"


def test_noise_has_its_strength():
    flat = np.full((3, 60, 60), 0.5)
    found = made({"op": "noise", "strength": 12.0}, image=flat) - 0.5
    assert found.mean() == pytest.approx(0, abs=4 * 12 / 255 / 104)
    assert found.std() == pytest.approx(12 / 255, rel=0.03)
    assert abs(np.corrcoef(found[0].ravel(), found[1].ravel())[0, 1]) < 0.07
    gray = made({"op": "noise", "strength": 12.0, "gray": 1}, image=flat)
    assert (gray[0] == gray[1]).all() and (gray[0] == gray[2]).all() and gray.std() > 0
    strengths = [
        made({"op": "noise", "strength": [5, 10]}, image=flat, seed=seed).std() * 255 for seed in range(20)
    ]
    assert 4.7 < min(strengths) < 6.5 and 8.5 < max(strengths) < 10.3


def test_shot_noise_is_poissons():
    """Of an image of three levels, which make four: counts of mean 4·light, over 4, and white cuts them."""
    levels = np.repeat(np.array([51, 102, 153], np.uint8), 4000).reshape(1, 60, 200)
    found = made({"op": "shot_noise", "scale": 1.0}, image=levels)
    for light in (0.2, 0.4, 0.6):
        there = found[np.isclose(levels / 255, light)]
        mean = spread = 0.0
        for power in (1, 2):
            moment = sum(
                math.exp(k * math.log(4 * light) - 4 * light - math.lgamma(k + 1)) * min(k / 4, 1) ** power
                for k in range(40)
            )
            mean, spread = (moment, 0.0) if power == 1 else (mean, moment - mean**2)
        assert there.mean() == pytest.approx(mean, abs=4 * (spread / 4000) ** 0.5)
        assert there.var() == pytest.approx(spread, rel=0.08)
    color = np.stack([levels[0], levels[0][::-1], levels[0]])
    gray = made({"op": "shot_noise", "scale": 0.1, "gray": 1}, image=color) - color / 255
    np.testing.assert_allclose(gray[0], gray[1], atol=1.01 / 255)


def test_jpeg_is_pillows():
    image = (PICTURE * 255).astype(np.uint8)
    for seed, quality in enumerate((5, 60, 95)):
        file = io.BytesIO()
        Image.fromarray(image.transpose(1, 2, 0)).save(file, "JPEG", quality=quality)
        expected = np.asarray(Image.open(file)).transpose(2, 0, 1)
        found = degraded(
            image, steps({"op": "jpeg", "quality": quality}), (9, 12), np.random.default_rng(seed)
        )
        np.testing.assert_array_equal(found, expected)
    one = degraded(image[:1], steps({"op": "jpeg", "quality": [30, 95]}), (9, 12), np.random.default_rng(1))
    assert one.shape == (1, 9, 12) and np.abs(one.astype(int) - image[:1]).mean() < 60


# ---- composition


def test_either_goes_by_shares_and_steps_by_chance():
    """Within four standard deviations; the ways are told apart by the sizes that they leave."""
    either = {"op": "either", "shares": [2, 1, 1], "chance": 0.8}
    either["ways"] = [
        [{"op": "resize", "factor": 2}],
        [],
        [{"op": "resize", "factor": 3}, {"op": "jpeg", "quality": 9}],
    ]
    image, counts = np.zeros((1, 4, 4), np.uint8), dict.fromkeys((8, 4, 12), 0)
    for seed in range(300):
        found = degraded(image, steps(either), (4, 4), np.random.default_rng(seed))
        counts[len(found[0])] += 1
    for size, share in ((8, 0.4), (4, 0.4), (12, 0.2)):
        assert counts[size] / 300 == pytest.approx(share, abs=4 * (share * (1 - share) / 300) ** 0.5), counts


@pytest.mark.parametrize(
    ("written", "ends"),
    [
        ([{"op": "resize"}], {True}),
        ([{"op": "resize", "chance": 0.5}], {True, False}),
        ([{"op": "resize"}, {"op": "resize", "factor": 2}], {False}),
        ([{"op": "either", "ways": [[{"op": "resize"}], []]}], {True, False}),
        ([{"op": "either", "ways": [[{"op": "resize"}], [{"op": "resize"}]]}], {True}),
        ([{"op": "jpeg", "quality": 3}], {False}),
    ],
)
def test_where_steps_end_is_known(written, ends):
    assert ends_at(steps(*written), frozenset({False})) == ends


# ---- fields

ROUGH = steps(
    {
        "op": "blur",
        "size": [3, 7],
        "sigma": [0.2, 2],
        "across": [0.2, 2],
        "kind": "plateau",
        "beta": [0.5, 2],
    },
    {"op": "resize", "factor": [0.5, 1.5], "filter": ["area", "bilinear"]},
    {"op": "noise", "strength": [1, 30], "gray": 0.4},
    {"op": "jpeg", "quality": [30, 95]},
    {"op": "resize"},
)
FIELDS = {
    "image": DataField("Image", (3, 8, 8)),
    "low": DataField("Image", (3, 4, 4), origin="image", steps=ROUGH),
    "other": DataField("Image", (3, 8, 8), field="image", partner="y"),
    "other_low": DataField("Image", (3, 4, 4), partner="y", origin="other", steps=ROUGH),
    "rough": DataField("Image", (3, 4, 4), origin="window", steps=ROUGH),  # before what it is made of
    "window": DataField("Image", (3, 5, 6), origin="image", steps=steps({"op": "crop"})),
    "fine": DataField("Image", (3, 2, 2), origin="window", steps=steps({"op": "resize", "filter": "area"})),
    "small": DataField("Image", (3, 4, 4), origin="image", steps=steps({"op": "resize", "filter": "area"})),
    "y": DataField("Label", (2,)),
}


def table():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (7, 8, 8, 3), dtype=np.uint8)
    return opened(NamedArrays({"image": images, "y": np.arange(7) % 2}), FIELDS)


def taken(counts: list[int], position: int = 0, **given: Any) -> list[dict[str, torch.Tensor]]:
    stream = Stream(table(), seed=5, flip=True, position=position, **given)
    found = [dict(stream.take(count)) for count in counts]
    stream.close()
    return found


def test_what_is_drawn_goes_by_the_place_in_the_stream():
    """Resumed anywhere, by any workers, dealt to processes: the same bits; each epoch has new ones."""
    whole = {name: rows for name, rows in taken([24])[0].items()}
    parts = taken([6, 6, 6, 6])
    resumed = taken([6, 6], position=12, workers=2)
    dealt = [taken([8, 8, 8], deal=lambda count, rank=rank: range(rank, count, 2)) for rank in range(2)]
    for name, rows in whole.items():
        assert torch.equal(torch.cat([one[name] for one in parts]), rows), name
        assert torch.equal(torch.cat([one[name] for one in resumed]), rows[12:]), name
        joined = [torch.stack([a[name], b[name]], 1).flatten(0, 1) for a, b in zip(*dealt, strict=True)]
        assert torch.equal(torch.cat(joined), rows), name
    assert whole["low"].dtype == torch.uint8
    same = [
        (i, j) for i in range(7) for j in range(7, 14) if torch.equal(whole["image"][i], whole["image"][j])
    ]
    assert same and not any(torch.equal(whole["low"][i], whole["low"][j]) for i, j in same)
    assert not torch.equal(whole["low"], whole["other_low"])


def test_a_field_is_computed_from_the_image_as_it_is_shown():
    """Mirrored where that is, and of a partner the partner's."""
    (batch,) = taken([14])
    for i in range(14):
        expected = resized(batch["image"][i].numpy() / 255, (4, 4), "area")
        np.testing.assert_array_equal(batch["small"][i], np.rint(expected * 255))
        expected = resized(batch["window"][i].numpy() / 255, (2, 2), "area")
        np.testing.assert_array_equal(batch["fine"][i], np.rint(expected * 255))
    mean = lambda x: x.float().mean((1, 2, 3))  # noqa: E731
    assert torch.corrcoef(torch.stack((mean(batch["other_low"]), mean(batch["other"]))))[0, 1] > 0.5


def test_an_item_that_is_looked_at_is_always_the_same():
    row, again = table().row(3), table().row(3, {"low": FIELDS["low"]})
    np.testing.assert_array_equal(row["low"], again["low"])
    expected = resized(row["window"] / 255, (2, 2), "area")
    np.testing.assert_array_equal(row["fine"], np.rint(expected * 255))
    assert table().own.keys() == {"image", "y"}
