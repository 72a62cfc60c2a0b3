"""What is said of a set of images: counts, copies, broken files, and what a spec's networks need."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from gandsl_runtime.data.needs import needs
from gandsl_runtime.data.parallel import over_images
from gandsl_runtime.data.sources import open_source
from gandsl_runtime.data.survey import survey
from gandsl_runtime.errors import DataError
from tests.runtime.helpers import arrays, folder_of, labels_json, pixels, png, zip_of


def encoded(image: Image.Image, form: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **how)
    return out.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_header(w: int, h: int) -> bytes:
    """A PNG that says it has so many pixels, and holds one row of none."""
    header = struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + rows + chunk(b"IEND", b"")


PHOTO = Image.fromarray(pixels(1, (40, 60), 3)[0])
JPEG = encoded(PHOTO, "JPEG")
# the file → words of the reason
BROKEN = {
    "bomb.png": (png_header(60_000, 60_000), "at most 178,956,970 are read"),
    "cut.jpg": (JPEG[: len(JPEG) // 2], "truncated"),
    "cut.png": (encoded(PHOTO, "PNG")[:3000], "truncated"),
    "empty.png": (b"", "it is no image"),
    "float.tiff": (encoded(Image.new("F", (8, 8)), "TIFF"), "floats"),
    "rowless.png": (png_header(50, 50), ""),
    # Pillow would start Ghostscript for it
    "script.png": (encoded(PHOTO, "EPS"), "it is no image"),
    "text.png": (b"I am a text file", "it is no image"),
}
WHOLE = {"a.png": png(pixels(1)[0]), "b.jpg": JPEG}


@pytest.mark.parametrize("make", [folder_of, zip_of])
@pytest.mark.parametrize("workers", [0, 2])
def test_every_broken_file_with_its_reason(make, workers, tmp_path, monkeypatch):
    monkeypatch.setattr("gandsl_runtime.data.parallel.AT_A_TIME", 4)
    files = {name: content for name, (content, _) in BROKEN.items()}
    found = survey(open_source(make(WHOLE | files, tmp_path / "set")), workers)
    assert [name for name, _ in found.broken] == sorted(BROKEN)
    for name, why in found.broken:
        assert why and BROKEN[name][1] in why and "0x" not in why, why
    assert found.formats == {"PNG": 1, "JPEG": 1}


def test_damaged_bytes_never_get_through(tmp_path):
    """Whatever byte is wrong, the image is whole or broken: nothing else is raised."""
    chance = np.random.default_rng(0)
    files = {}
    for form in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"):
        content = encoded(PHOTO.resize((12, 9)), form)
        for i in range(25):
            wrong = bytearray(content)
            for at in chance.integers(0, len(wrong), 3):
                wrong[at] = chance.integers(0, 256)
            files[f"{form}{i}.png"] = bytes(wrong)
    found = survey(open_source(folder_of(files, tmp_path / "set")))
    assert found.sizes.total() + len(found.broken) == len(files) and found.broken


def test_counts(tmp_path):
    files = {f"cat/{i}.png": png(image) for i, image in enumerate(pixels(5, (6, 9)))}
    files |= {f"dog/{i}.png": png(image) for i, image in enumerate(pixels(2, (8, 8), 4))}
    files["dog/jpeg.jpg"] = encoded(Image.fromarray(pixels(1, (12, 18), 3)[0]), "JPEG")
    found = survey(open_source(folder_of(files, tmp_path / "set")))
    assert found.sizes == {(6, 9): 5, (8, 8): 2, (12, 18): 1}
    assert found.aspects == {(2, 3): 6, (1, 1): 2}
    assert found.modes == {"L": 5, "RGBA": 2, "RGB": 1} and found.channels == {1: 5, 4: 2, 3: 1}
    assert found.formats == {"PNG": 7, "JPEG": 1}
    assert found.classes == {0: 5, 1: 3} and found.labels.names == ("cat", "dog")
    assert not found.broken and not found.copies


def test_copies_have_the_same_pixels_in_whatever_file(tmp_path):
    one, other = pixels(2)
    files = {"a.png": png(one), "b.bmp": encoded(Image.fromarray(one), "BMP"), "c.png": png(other)}
    files |= {"d.png": png(one), "e.png": png(other), "wide.png": png(one.reshape(4, 16))}
    found = survey(open_source(folder_of(files, tmp_path / "set")))
    assert found.copies == {"a.png": ["b.bmp", "d.png"], "c.png": ["e.png"]}


def test_odd_labels_are_told_and_do_not_stop_the_survey(tmp_path):
    files = {"a.png": png(pixels(1)[0]), "labels.json": labels_json([["a.png", "cat"]])}
    found = survey(open_source(folder_of(files, tmp_path / "set")))
    assert "no class number" in found.labels_fault.message and found.labels is None and found.sizes


def test_told_counts_up(tmp_path):
    heard: list[int] = []
    survey(arrays(70), 2, heard.append)
    assert heard == list(range(1, 71))


# ---- what networks need ----------


def said(source, shape: tuple[int, int, int], classes: int = 0) -> dict[str, str]:
    """The first word of each finding → its level; the texts are looked at below."""
    return {need.text.split(":")[0]: need.level for need in needs(survey(source), shape, classes)}


def test_a_set_that_fits():
    assert said(arrays(classes=3), (1, 8, 8), 3) == {"size": "fits", "channels": "fits", "classes": "fits"}


def test_what_becomes_of_the_images(tmp_path):
    files = {"a.png": png(pixels(1, (8, 8))[0]), "b.png": png(pixels(1, (32, 64), 4)[0])}
    found = needs(survey(open_source(folder_of(files, tmp_path / "set"))), (3, 16, 16), 0)
    text = "\n".join(need.text for need in found)
    assert {need.level for need in found} == {"note"}
    assert "shrunk to 16×16 at each reading: 1 of 2" in text
    assert "enlarged to 16×16, and blurred: 1 of 2" in text
    assert "cut to the middle: 1 of 2 images lose up to 50 %" in text  # 32×64 → its middle 32×32
    assert "1 gray, 1 colour with alpha become colour" in text


def test_classes_that_miss_or_do_not_fit(tmp_path):
    found = survey(arrays(6, classes=3))
    assert needs(found, (1, 8, 8), 5)[-1] == ("note", "classes: no image of 3, 4")
    assert needs(found, (1, 8, 8), 2)[-1].level == "error"
    assert needs(found, (1, 8, 8), 0)[-1].level == "note"
    assert needs(survey(arrays(6)), (1, 8, 8), 5)[-1].level == "error"
    files = {"a.png": b"x", "labels.json": b"["}
    broken = survey(open_source(folder_of(files, tmp_path / "set")))
    assert [need.level for need in needs(broken, (1, 8, 8), 5)] == ["error", "error"]


# ---- processes ----------


def test_processes_give_the_same_in_the_same_order():
    source = arrays(133)
    for workers in (0, 1, 2, 3):
        assert list(over_images(source, _index, workers)) == list(range(133))


def _index(_: object, index: int) -> int:
    return index


def _die(_: object, index: int) -> int:
    return os._exit(9) if index == 70 else index  # as a process ends that the kernel kills for its memory


def test_a_process_that_is_killed_is_a_message():
    with pytest.raises(DataError, match="was killed") as caught:
        list(over_images(arrays(133), _die, 2))
    assert "--workers 0" in caught.value.remedy


def test_looking_and_packing_need_no_torch():
    names = ", ".join(f"gandsl_runtime.data.{name}" for name in ("survey", "needs", "pack", "sources"))
    code = f"import sys, {names}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
