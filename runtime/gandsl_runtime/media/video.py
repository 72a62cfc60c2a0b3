"""Frames as a moving picture: GIF by Pillow, MP4 (H.264) by PyAV, an extra."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from ..errors import MissingExtra, RuntimeFault
from ..system.files import whole

Frames = Iterator[Image.Image]  # all of one size
Writer = Callable[[Frames, Path, int], None]


def writer(path: Path) -> Writer:
    """What writes a file of this ending: `writer(path)(frames, path, frames_per_second)`.

    Nobody sees half of the file. Frames are read one by one. Raises MissingExtra without the package that
    the format needs, RuntimeFault for an ending that is none of SUFFIXES.
    """
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        raise RuntimeFault(f"{path} is no video", f"let it end in {' or '.join(SUFFIXES)}")
    if suffix == ".mp4":
        try:
            import av  # noqa: F401  # only whether it is there
        except ImportError as error:
            raise MissingExtra("an MP4 video", "video") from error
    return _WRITERS[suffix]


def _gif(frames: Frames, path: Path, rate: int) -> None:
    """256 colours a frame, repeated for ever. GIF counts time in 1/100 s: 50 frames a second are the most."""
    indexed = (_indexed(frame) for frame in frames)
    first = next(indexed)
    with whole(path) as new:
        first.save(
            new,
            format="GIF",
            save_all=True,
            append_images=indexed,
            duration=10 * max(round(100 / rate), 2),
            loop=0,
        )


def _indexed(frame: Image.Image) -> Image.Image:
    return frame if frame.mode == "L" else frame.convert("RGB").quantize(256)


def _mp4(frames: Frames, path: Path, rate: int) -> None:
    """H.264 in the form that every player knows (4:2:0), so odd sides get a black line more."""
    import av

    first = next(frames)
    with whole(path) as new, av.open(str(new), "w", format="mp4") as file:
        stream = file.add_stream("h264", rate=rate, options={"crf": "16"})
        stream.width, stream.height = (side + side % 2 for side in first.size)
        stream.pix_fmt = "yuv420p"
        for frame in _chain(first, frames):
            whole_sides = frame.convert("RGB").crop((0, 0, stream.width, stream.height))
            file.mux(stream.encode(av.VideoFrame.from_image(whole_sides)))
        file.mux(stream.encode(None))


def _chain(first: Image.Image, rest: Frames) -> Frames:
    yield first
    yield from rest


_WRITERS: dict[str, Writer] = {".gif": _gif, ".mp4": _mp4}
SUFFIXES = tuple(_WRITERS)
