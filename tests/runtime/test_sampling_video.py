"""Moving pictures: every frame is there, in order, of the right size and pace."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from gandsl_runtime.errors import MissingExtra, RuntimeFault
from gandsl_runtime.media import video

COUNT = 7


def frames(mode: str, size=(31, 20)):
    """A bright column that moves to the right."""
    for index in range(COUNT):
        pixels = np.full((size[1], size[0], len(mode)), 40, np.uint8)
        pixels[:, 4 * index : 4 * index + 3] = 230
        yield Image.fromarray(pixels.squeeze(), mode)


def brightest(image: Image.Image) -> int:
    """The middle of the bright column."""
    columns = np.asarray(image.convert("L")).astype(float).mean(0)
    return int(np.convolve(columns, np.ones(3), "same").argmax())


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize(("rate", "pause"), [(25, 40), (30, 30), (1, 1000), (50, 20)])
def test_gif(tmp_path, mode, rate, pause):
    path = tmp_path / "deep" / "a.gif"
    video.writer(path)(frames(mode), path, rate)
    with Image.open(path) as found:
        assert (found.n_frames, found.size, found.info["loop"]) == (COUNT, (31, 20), 0)
        for index in range(COUNT):
            found.seek(index)
            assert found.info["duration"] == pause
            assert brightest(found) == 4 * index + 1
    assert [p.name for p in path.parent.iterdir()] == ["a.gif"]


@pytest.mark.parametrize("size", [(31, 21), (32, 20), (29, 28)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_mp4(tmp_path, size, mode):
    av = pytest.importorskip("av", reason="MP4 needs the extra `video`")
    path = tmp_path / "a.MP4"
    video.writer(path)(frames(mode, size), path, 24)
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt, stream.average_rate) == ("h264", "yuv420p", 24)
        found = [frame.to_image() for frame in file.decode(stream)]
    assert len(found) == COUNT
    w, h = size
    for index, image in enumerate(found):
        assert image.size == (w + w % 2, h + h % 2)
        assert brightest(image) == 4 * index + 1


def test_mp4_without_its_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra, match=r"gandsl\[video\]"):
        video.writer(tmp_path / "a.mp4")


def test_other_endings(tmp_path):
    with pytest.raises(RuntimeFault, match=r"\.gif or \.mp4"):
        video.writer(tmp_path / "a.webm")


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_what_fails_leaves_no_file(tmp_path, suffix):
    if suffix == ".mp4":
        pytest.importorskip("av", reason="MP4 needs the extra `video`")

    def failing():
        yield from frames("RGB")
        raise ArithmeticError

    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")
    with pytest.raises(ArithmeticError):
        video.writer(path)(failing(), path, 25)
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
