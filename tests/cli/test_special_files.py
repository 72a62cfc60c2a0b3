"""Every path that a command takes, given what is no file: it ends at once, in words, with nothing half done.

A pipe would be waited for without end, `/dev/zero` read without end; a name may be too long, or lead through
a file. Each path of each call is replaced in turn.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gandsl.cli.app import app
from gandsl.interop import export_weights
from tests.cli.conftest import SPECS, Gandsl
from tests.interop.cases import CASES
from tests.interop.forge import ours
from tests.runtime.helpers import folder_of, labels_json, pixels, png

CASE = CASES["ada"]
LAYOUT = CASE.layout
SETS = [part for key, value in CASE.overrides.items() for part in ("--set", f"{key}={value}")]
SHORT = ("--set", "training.length=1 steps", "--set", "training.batch=4")
CALLS: list[tuple[str, ...]] = [  # what begins with % is a path
    ("check", "%spec"),
    ("show", "%spec"),
    ("cost", "%spec"),
    ("diff", "%spec", "%spec"),
    ("explain", "training"),
    ("schema", "-o", "%new.json"),
    ("graph", "%spec", "-o", "%new.svg"),
    ("compile", "%spec", "-o", "%new", "--dump-passes", "%new"),
    ("compile", "%spec", "-o", "%new", "--check"),
    ("data", "inspect", "%set", "--spec", "%spec"),
    ("data", "pack", "%plain", "-o", "%new.zip", "--size", "8", "--labels", "%labels.json"),
    ("train", "%spec", "--data", "%set", "--run-dir", "%new", *SHORT),
    ("sample", "%run", "--weights", "%run", "-o", "%new.png", "--seeds", "0"),
    ("sample", "%run", "--latents", "%latents.npz", "-o", "%new.zip", "--save-latents", "%new.npz"),
    ("sample", "%spec", "--weights", "%run", "-o", "%new.gif", "--seeds", "0,1", "--interpolate", "z"),
    ("import", "%net.pt", "--spec", "%style", "-o", "%new.safetensors"),
    ("export-weights", "%ours.safetensors", "--spec", "%style", "-o", "%new.pt", "--layout", LAYOUT, *SETS),
]
PLACES = [(call, place) for call in CALLS for place, word in enumerate(call) if word.startswith("%")]
KINDS: dict[str, Callable[[Path, str], Path]] = {}


def kind(make: Callable[[Path, str], Path]) -> Callable[[Path, str], Path]:
    KINDS[make.__name__] = make
    return make


@kind
def pipe(folder: Path, ending: str) -> Path:
    os.mkfifo(folder / f"odd{ending}")
    return folder / f"odd{ending}"


@kind
def device(folder: Path, ending: str) -> Path:
    (folder / f"odd{ending}").symlink_to("/dev/zero")
    return folder / f"odd{ending}"


@kind
def listening(folder: Path, ending: str) -> Path:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / f"odd{ending}"))
    return folder / f"odd{ending}"


@kind
def too_long(folder: Path, ending: str) -> Path:
    return folder / ("x" * 300 + ending)


@kind
def through_a_file(folder: Path, ending: str) -> Path:
    (folder / "file").write_text("x")
    return folder / "file" / f"odd{ending}"


@kind
def looping(folder: Path, ending: str) -> Path:
    (folder / f"odd{ending}").symlink_to(f"odd{ending}")
    return folder / f"odd{ending}"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What the other paths of a call are: with these it would go well."""
    folder = tmp_path_factory.mktemp("real")
    images = {f"{i}.png": png(image) for i, image in enumerate(pixels(10, (28, 28)))}
    ours(folder / "ours.safetensors", SPECS / "stylegan2.yaml", CASE.overrides, CASE.parts)
    export_weights(
        folder / "ours.safetensors", folder / "net.pt", LAYOUT, SPECS / "stylegan2.yaml", CASE.overrides
    )
    found = {
        "%spec": SPECS / "quickstart.yaml",
        "%style": SPECS / "stylegan2.yaml",
        "%plain": folder_of(images, folder / "plain"),
        "%set": folder_of({f"{name[0]}/{name}": content for name, content in images.items()}, folder / "set"),
        "%labels.json": folder / "labels.json",
        "%run": folder / "run",
        "%ours.safetensors": folder / "ours.safetensors",
        "%net.pt": folder / "net.pt",
        "%latents.npz": folder / "latents.npz",
    }
    np.savez(found["%latents.npz"], z=np.zeros((2, 64)), **{"class": [3, 4]})
    found["%labels.json"].write_bytes(labels_json(dict.fromkeys(images, 0)))
    done = CliRunner().invoke(
        app, ["train", str(found["%spec"]), "--data", str(found["%set"]), "-o", str(found["%run"]), *SHORT]
    )
    assert done.exit_code == 0, done.stderr
    return found


@pytest.fixture
def at_most() -> Iterator[None]:
    """Ends a command that waits: as a fault, so that the next is tried."""

    def ring(*_: object) -> None:
        raise TimeoutError("it waits, or reads without end")

    usual = signal.signal(signal.SIGALRM, ring)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, usual)


SOON = ("pipe", "looping")  # the others take the same ways
HOW = [pytest.param(how, marks=() if how in SOON else pytest.mark.thorough) for how in KINDS]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(
    ("call", "place"), PLACES, ids=[f"{' '.join(c[:2]) if c[0] == 'data' else c[0]} {i}" for c, i in PLACES]
)
def test_what_is_no_file_is_a_message(
    call, place, how, real, gandsl: Gandsl, tmp_path: Path, at_most
) -> None:
    (tmp_path / "odd").mkdir()
    odd = KINDS[how](tmp_path / "odd", "".join(Path(call[place].removeprefix("%")).suffixes))
    given = [
        odd if n == place else real.get(word, tmp_path / word[1:]) if word[0] == "%" else word
        for n, word in enumerate(call)
    ]
    done = gandsl(*given)
    assert done.exit_code in range(1, 9), (done.exit_code, done.stderr)
    said = "".join((done.stdout + done.stderr).split())
    named = odd.parent if how == "through_a_file" else odd
    assert "".join(str(named).split())[:150] in said, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr and len(done.stderr) < 4000 and "TimeoutError" not in done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".new")]


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_without_it_the_call_goes_well(call, real, gandsl: Gandsl, tmp_path: Path) -> None:
    """Else the test above might see another fault."""
    done = gandsl(*(real.get(word, tmp_path / word[1:]) if word[0] == "%" else word for word in call))
    assert done.exit_code == (8 if "--check" in call else 0), done.stderr
