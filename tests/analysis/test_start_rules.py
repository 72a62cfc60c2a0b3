"""What a spec says of where weights start: each message at its token, and no more than one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.diagnostics import Diagnostics
from tests.games.eyes import SPEC, digest, written

START = "{file: eyes.safetensors, sha256: DIGEST}"
NO_SUM = "0" * 64


def said(path: Path) -> list[tuple[str, str]]:
    """Codes, and the text that they point at."""
    _, found = analyze(path)
    return [(one.code, _at(found, one)) for one in found]


def _at(found: Diagnostics, one: object) -> str:
    span = one.span  # type: ignore[attr-defined]
    line = found.sources[span.file].splitlines()[span.line - 1]
    return line[span.column - 1 : span.end_column - 1]


@pytest.mark.parametrize(
    ("weights", "code", "at"),
    [
        ("{file: eyes.safetensors}", "G0690", "eyes.safetensors"),
        ("{file: eyes.safetensors, sha256: 397923af}", "G0691", "397923af"),
        (f"{{file: eyes.safetensors, sha256: {'x' * 64}}}", "G0691", "x" * 64),
        (START[:-1] + ", keys: {won: features.0}}", "G0693", "won"),
        (START[:-1] + ", keys: {one.weight: a, two: b}}", "", ""),
        (f"{{file: other.safetensors, sha256: {NO_SUM}}}", "W0785", "other.safetensors"),
        ("{sha256: DIGEST}", "G0009", "{sha256: DIGEST}"),
        (START[:-1] + ", random: true}", "G0012", "random"),
        (START[:-1] + ", layout: rosinality, keys: {one: a}}", "G0012", "keys"),
        (START[:-1] + ", hash: x}", "G0008", "hash"),
        (START, "", ""),
        (START.replace("DIGEST", "SHOUTED"), "", ""),
    ],
)
def test_weights(weights: str, code: str, at: str, tmp_path: Path) -> None:
    path = written(tmp_path, spec=SPEC.replace(START, weights))
    shouted = path.read_text().replace("SHOUTED", digest(tmp_path / "eyes.safetensors").upper())
    path.write_text(shouted)
    wanted = at.replace("DIGEST", digest(tmp_path / "eyes.safetensors"))
    assert said(path) == ([(code, wanted)] if code else [])


def test_the_checksum_is_the_remedy(tmp_path: Path) -> None:
    """Of a file that is there; without it, the command that prints it."""
    path = written(tmp_path, spec=SPEC.replace(START, "{file: eyes.safetensors}"))
    file = tmp_path / "eyes.safetensors"
    (error,) = analyze(path)[1]
    assert error.help == f"sha256: {digest(file)}"
    file.unlink()
    (error,) = analyze(path)[1]
    assert error.help == "add `sha256: …` beside it; `sha256sum eyes.safetensors` prints it"


def test_half_without_scaled_losses(tmp_path: Path) -> None:
    path = written(tmp_path, spec=SPEC.replace("    weights:", "    precision: fp16\n    weights:"))
    assert said(path) == [("G0692", "fp16")]
    path.write_text(path.read_text().replace("training:\n", "training:\n  precision: {compute: fp16}\n"))
    assert said(path) == []


def test_nobody_trains_it_and_nothing_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, spec=SPEC.replace(f"    weights: {START}\n", ""))
    (error,) = analyze(path)[1]
    assert error.code == "G0671"
    assert error.help == (
        "`trains: [eyes]` at a player, or here `weights: {file: …, sha256: …}` or `{random: true}`"
    )
