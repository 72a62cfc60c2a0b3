"""Two processes that torchrun starts make what one makes, of the same images, with the cache and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gandsl_runtime.distributed.group import ProcessGroup
from gandsl_runtime.evaluation import pieces
from tests.evaluation import in_processes
from tests.runtime.test_processes import start


@pytest.mark.thorough  # the command line's two processes are in every run: tests/cli/test_eval.py
@pytest.mark.processes
def test_two_processes_make_what_one_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "images").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (3 * in_processes.SMALL - 5, 8, 8, 3), dtype=np.uint8)
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / "images" / f"{number:03d}.png")
    start("tests.evaluation.in_processes", tmp_path)
    assert len(list((tmp_path / "cache").rglob("*.npz"))) == 3, "both keep what they make"
    for name in ("MOST", "CHUNK"):
        monkeypatch.setattr(pieces, name, in_processes.SMALL)
    (tmp_path / "cache").rename(tmp_path / "theirs")
    for alone in in_processes.both(tmp_path, ProcessGroup()):
        for name in ("cached.0", "cached.1", "plain.0", "plain.1"):
            with np.load(tmp_path / f"{name}.npz") as found:
                np.testing.assert_allclose(found["features"], alone.features, rtol=0, atol=1e-9)
                np.testing.assert_allclose(found["logits"], alone.logits, rtol=0, atol=1e-9)
                assert str(found["content"]) == alone.content
