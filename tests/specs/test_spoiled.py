"""Hundreds of spoiled specs: each is refused, where the slip is, with a code that fits; none costs much."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import pytest

from gandsl.analysis import analyze
from gandsl.diagnostics import Diagnostic, Span
from gandsl.diagnostics.text import render_text
from tests.specs.bombs import bombs
from tests.specs.spoiled.every import KINDS, spoiled_specs
from tests.specs.spoiled.good import FILE, GOOD, Good, Spoiled

SEED = 1
LEAST_SPECS = 300
SPECS = 5  # for each kind of slip
LEAST_COVERED = 0.9
MOST_SECONDS = 5.0  # an endless search would take minutes; a worker late in the suite is slow
MOST_BYTES = 500 * 2**20


def _covers(whole: Span, part: Span) -> bool:
    """Whether one place lies wholly inside another."""
    return (
        whole.file == part.file
        and (whole.line, whole.column) <= (part.line, part.column)
        and (part.end_line, part.end_column) <= (whole.end_line, whole.end_column)
    )


@dataclass(frozen=True)
class Outcome:
    spoiled: Spoiled
    errors: tuple[Diagnostic, ...]
    seconds: float

    @property
    def fits(self) -> tuple[Diagnostic, ...]:
        """The errors whose code is one that a reader would expect for this slip."""
        return tuple(error for error in self.errors if error.code in self.spoiled.slip.codes)

    @property
    def covered(self) -> bool:
        """Whether one of them marks the spoiled token."""
        marked = [error.span for error in self.fits if error.span is not None]
        return any(_covers(span, place) for span in marked for place in self.spoiled.places)

    def __str__(self) -> str:
        said = [f"{error.code} {error.span} {error.message}" for error in self.errors[:3]]
        made = self.spoiled
        return f"{made.spec}, {made.kind}, {made.slip.text!r} at {made.places[0]}: {said}"


@pytest.fixture(scope="module", params=[SPECS, pytest.param(len(GOOD), marks=pytest.mark.thorough)])
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Outcome]]:
    folder = tmp_path_factory.mktemp("spoiled")
    before = Path.cwd()
    os.chdir(folder)  # so that spans name the file as the slips do
    try:
        yield [outcome(spoiled) for spoiled in spoiled_specs(SEED, specs=request.param)]
    finally:
        os.chdir(before)


def outcome(spoiled: Spoiled) -> Outcome:
    Path(FILE).write_text(spoiled.text, encoding="utf-8")
    if spoiled.base:
        Path("base.yaml").write_text(spoiled.base, encoding="utf-8")
    start = process_time()
    module, diagnostics = analyze(FILE)
    render_text(diagnostics, diagnostics.sources)
    assert module is None or not diagnostics.has_errors
    return Outcome(spoiled, diagnostics.errors, process_time() - start)


@pytest.mark.parametrize(("name", "resolution"), GOOD.items())
def test_the_good_specs_are_good(name: str, resolution: str, tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text(Good.load(name, resolution, random.Random(0)).text, encoding="utf-8")
    _, diagnostics = analyze(path)
    assert [str(error) for error in diagnostics.errors] == []


def test_there_are_enough_of_every_kind(outcomes: list[Outcome]) -> None:
    made = Counter(one.spoiled.kind for one in outcomes)
    assert len(outcomes) >= LEAST_SPECS
    assert [kind.__name__ for kind in KINDS if not made[kind.__name__]] == []


def test_every_spoiled_spec_is_refused_for_the_right_reason(outcomes: list[Outcome]) -> None:
    assert not [str(one) for one in outcomes if not one.fits]


def test_the_slip_is_marked(outcomes: list[Outcome], capsys: pytest.CaptureFixture[str]) -> None:
    covered = sum(one.covered for one in outcomes)
    fits = sum(bool(one.fits) for one in outcomes)
    slowest = max(one.seconds for one in outcomes)
    with capsys.disabled():
        print(
            f"\n{len(outcomes)} spoiled specs: {fits / len(outcomes):.1%} with a fitting code,"
            f" {covered / len(outcomes):.1%} marked at the slip, slowest {slowest:.2f} s"
        )
    missed = "\n".join(str(one) for one in outcomes if not one.covered)
    assert covered / len(outcomes) >= LEAST_COVERED, missed


def test_none_takes_long(outcomes: list[Outcome]) -> None:
    assert [str(one) for one in outcomes if not 0 < one.seconds <= MOST_SECONDS] == []


CHECK = f"""
import resource
resource.setrlimit(resource.RLIMIT_AS, ({MOST_BYTES}, {MOST_BYTES}))
try:
    bytearray({MOST_BYTES})
    raise SystemExit("the limit does not hold")
except MemoryError:
    pass
from gandsl.analysis import analyze
from gandsl.diagnostics.text import render_text
_, diagnostics = analyze("bomb.yaml")
render_text(diagnostics, diagnostics.sources)
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, *(error.code for error in diagnostics.errors[:5]))
"""
REFUSED = {  # what says no, where more than one could
    "aliases": "G0005",
    "a million stages": "G0108",
    "circle of blocks": "G0304",
    "circle of extends": "G0401",
    "huge resolution": "G0109",
}


@pytest.mark.skipif(sys.platform == "win32", reason="limits of memory are POSIX")
@pytest.mark.parametrize(("name", "text"), [pytest.param(*bomb, id=bomb[0]) for bomb in bombs()])
def test_bombs(name: str, text: str, tmp_path: Path, root: Path) -> None:
    (tmp_path / "bomb.yaml").write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'runtime'}"}
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,  # by the clock of a busy machine; what counts is the processor time below
    )
    assert done.returncode == 0, done.stderr
    seconds, *codes = done.stdout.split()
    assert codes, "not refused"
    assert REFUSED.get(name, codes[0]) in codes
    assert 0 < float(seconds) < MOST_SECONDS
