"""Sounds and NIfTI volumes, read by the packages that are for them, where these are installed."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from gandsl_runtime.data.fields.opened import opened
from gandsl_runtime.data.sources import open_source
from gandsl_runtime.errors import DataError
from gandsl_runtime.plan.game import DataField
from tests.runtime.helpers import folder_of, png, tar_of, zip_of

RNG = np.random.default_rng(3)
TONE = RNG.uniform(-0.9, 0.9, (3, 2, 40))  # items, channels, time
BRAIN = RNG.integers(-900, 1800, (3, 5, 4, 3)).astype(np.int16)


def sounds(end: str, subtype: str) -> dict[str, bytes]:
    soundfile = pytest.importorskip(
        "soundfile", reason="soundfile is not installed: pip install 'gandsl[audio]'"
    )
    found = {}
    for place, tone in enumerate(TONE):
        out = io.BytesIO()
        soundfile.write(out, tone.T, 16000, format=end.upper(), subtype=subtype)
        found[f"{place}.sound.{end}"] = out.getvalue()
    return found


def volumes(end: str, slope: float = 1.0, **changes: Any) -> dict[str, bytes]:
    nibabel = pytest.importorskip("nibabel", reason="nibabel is not installed: pip install 'gandsl[volumes]'")
    found = {}
    for place, brain in enumerate(BRAIN):
        image = nibabel.Nifti1Image(brain, np.diag([2.0, 1, 1, 1]))
        image.header.set_slope_inter(slope, 0)
        content = image.to_bytes()
        if end == "nii.gz":
            import gzip

            content = gzip.compress(content)
        found[f"{place}.volume.{end}"] = content
    return found


def row(inside: dict[str, bytes], fields: dict[str, DataField], tmp_path: Any, make: Any = folder_of) -> Any:
    tmp_path.mkdir(exist_ok=True)
    where = make(inside, tmp_path / {tar_of: "set.tar", zip_of: "set.zip"}.get(make, "set"))
    return opened(open_source(where, images=False), fields).row(1)


@pytest.mark.parametrize(
    ("end", "subtype", "step"),
    [
        ("wav", "PCM_16", 2.0**-15),
        ("wav", "PCM_24", 2.0**-23),
        ("wav", "PCM_U8", 2.0**-7),
        ("wav", "FLOAT", 1e-7),
        ("flac", "PCM_16", 2.0**-15),
        ("flac", "PCM_24", 2.0**-23),
    ],
)
@pytest.mark.parametrize("make", [folder_of, zip_of, tar_of])
def test_sounds(end, subtype, step, make, tmp_path):
    """To a step of their bits, in [−1, 1); cut to the middle, or filled with 0 behind."""
    inside = sounds(end, subtype)
    fields = {
        name: DataField("Signal", (2, n), field="sound")
        for name, n in (("whole", 40), ("cut", 30), ("long", 50))
    }
    for name, of in fields.items():
        found = row(inside, {name: of}, tmp_path / name, make)[name]
        expected = {"whole": TONE[1], "cut": TONE[1][:, 5:35], "long": np.pad(TONE[1], ((0, 0), (0, 10)))}[
            name
        ]
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1.01 * step)


@pytest.mark.parametrize("end", ["nii", "nii.gz"])
@pytest.mark.parametrize("make", [folder_of, zip_of, tar_of])
def test_volumes(end, make, tmp_path):
    """As they are stored, with their scale, over the range that is stated."""
    fields = {"volume": DataField("Volume", (1, 5, 4, 3), range=(-1000, 1000))}
    found = row(volumes(end, slope=0.5), fields, tmp_path, make)["volume"]
    expected = ((BRAIN[1] * 0.5 + 1000) / 2000).clip(0, 1)
    np.testing.assert_allclose(found[0], expected, atol=1e-6)


def test_a_table_names_them(tmp_path):
    inside = {**volumes("nii.gz"), **sounds("flac", "PCM_16")}
    rows = "".join(f"{n}.png,{n}.volume.nii.gz,{n}.sound.flac\n" for n in range(3))
    inside |= {f"{n}.png": png(np.zeros((4, 4, 3), np.uint8)) for n in range(3)}
    inside["metadata.csv"] = f"file_name,scan,tone\n{rows}".encode()
    fields = {
        "image": DataField("Image", (3, 4, 4)),
        "scan": DataField("Volume", (1, 5, 4, 3), range=(-1000, 2000)),
        "tone": DataField("Signal", (2, 40)),
    }
    found = row(inside, fields, tmp_path)
    np.testing.assert_allclose(found["tone"], TONE[1], atol=2**-15)
    np.testing.assert_allclose(found["scan"][0], (BRAIN[1] + 1000.0) / 3000, atol=1e-6)


@pytest.mark.parametrize("file_name", ["{}.volume.nii.gz", "{}.sound.flac"])
def test_a_table_whose_items_are_called_by_them(file_name, tmp_path):
    """Beside fields of other files: an item is its file without the end, whatever that is."""
    inside = volumes("nii.gz") if "nii" in file_name else sounds("flac", "PCM_16")
    inside["metadata.jsonl"] = "".join(
        f'{{"file_name": "{file_name.format(n)}", "age": {n}}}\n' for n in range(3)
    ).encode()
    kind = (
        DataField("Volume", (1, 5, 4, 3), range=(0, 1))
        if "nii" in file_name
        else DataField("Signal", (2, 40))
    )
    inside = {name.replace(".volume", "").replace(".sound", ""): content for name, content in inside.items()}
    inside["metadata.jsonl"] = inside["metadata.jsonl"].replace(b".volume", b"").replace(b".sound", b"")
    found = row(
        inside,
        {
            "thing": DataField(kind.kind, kind.shape, field="file_name", range=kind.range),
            "age": DataField("Number", ()),
        },
        tmp_path,
    )
    assert found["age"] == 1 and found["thing"].shape == kind.shape


@pytest.mark.parametrize(
    ("kind", "end"), [("sound", "wav"), ("sound", "flac"), ("volume", "nii"), ("volume", "nii.gz")]
)
@pytest.mark.parametrize("how", ["empty", "cut", "cut late", "other", "noise"])
def test_a_spoiled_one_is_told(kind, end, how, tmp_path):
    """By name, in one line, exit code 3; nothing of the packages' own comes through."""
    inside = sounds(end, "PCM_16") if kind == "sound" else volumes(end)
    (name,) = (name for name in inside if name.startswith("1."))
    whole = inside[name]
    inside[name] = {
        "empty": b"",
        "cut": whole[:50],
        "cut late": whole[:-40],
        "other": png(np.zeros((4, 4), np.uint8)),
        "noise": RNG.bytes(500),
    }[how]
    of = (
        DataField("Signal", (2, 40))
        if kind == "sound"
        else DataField("Volume", (1, 5, 4, 3), range=(-1000, 2000))
    )
    with pytest.raises(DataError) as fault:
        row(inside, {kind: of}, tmp_path)
    assert fault.value.exit_code == 3 and f"can't read {name} of " in fault.value.message
    assert len(fault.value.message.splitlines()) == 1 and fault.value.remedy
    assert "object at" not in fault.value.message


@pytest.mark.parametrize(
    ("end", "of", "said"),
    [
        ("wav", DataField("Signal", (1, 40), field="sound"), "its shape is 2 × 40, and time is wanted"),
        (
            "nii",
            DataField("Volume", (1, 4, 4, 3), field="volume", range=(0, 1)),
            "1 × 5 × 4 × 3, and 1 × 4 × 4 × 3",
        ),
        ("nii", DataField("Volume", (1, 5, 4, 3), field="volume"), "nothing says which are black and white"),
    ],
)
def test_of_another_shape(end, of, said, tmp_path):
    inside = sounds(end, "PCM_16") if end == "wav" else volumes(end)
    with pytest.raises(DataError, match=said):
        row(inside, {"field": of}, tmp_path)
