"""The bench of a GPU: every entry is counted as what it was, and on disk at once; docs/performance.md."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.gpu import beside, table
from bench.gpu.dealing import Dealer
from bench.gpu.entries import groups, systems
from bench.gpu.entry import Entry, Group, Setting
from bench.gpu.results import FAILED, OK, SKIPPED, Results, Row
from tests.bench.gpu_entries import entry
from tests.documents import ROOT

PAGE = ROOT / "docs" / "performance.md"


def taken(
    folder: Path, entries: Sequence[Entry], seconds: float = 60.0, hands: int = 1, **how: bool
) -> Results:
    """The results of a group, dealt out to processes."""
    results = Results(folder / "results.json")
    setting = Setting("cuda", folder)  # its patience is 1; no entry of the tests touches a device
    with Dealer(setting, results, folder / "log.txt", hands) as dealer:
        dealer.take(Group("group", tuple(entries), 1.0, **how), time.monotonic() + seconds)
    return results


def test_each_entry_is_what_it_was_whatever_its_process_dies_of(tmp_path: Path) -> None:
    entries = [
        entry("fine"),
        entry("looks", path=str(tmp_path / "results.json")),
        entry("broken"),
        entry("peerless"),
        entry("unsaid"),
        entry("dies"),
        entry("ends"),
        entry("sleeps", most=0.5),
        entry("fine", "last"),
    ]
    found = {row.name: row for row in taken(tmp_path, entries).rows}
    assert [row.status for row in found.values()] == [OK, OK, FAILED, SKIPPED, *[FAILED] * 4, OK]
    assert found["fine"].found["device"] == "cuda"
    on_disk = json.loads(str(found["looks"].found["seen"]))["rows"]
    assert [row["name"] for row in on_disk] == ["fine"]  # while the next one was at work
    why = {name: row.why for name, row in found.items()}
    assert why["broken"] == "the measurement is broken: a time is 0" and why["peerless"].startswith(
        "no check"
    )
    assert "not JSON" in why["unsaid"] and why["dies"] == "its process was ended by SIGABRT"
    assert why["ends"] == "its process ended with code 0" and why["sleeps"] == "it did not end in 0.5 s"
    assert found["last"].found["process"] != found["fine"].found["process"]
    assert "heard in the log" in (tmp_path / "log.txt").read_text("utf-8")
    assert [row.name for row in Results.read(tmp_path / "results.json").rows] == list(found)


def test_what_has_no_time_is_skipped_and_said(tmp_path: Path) -> None:
    entries = [entry("sleeps"), entry("fine", needs=30.0), entry("sleeps", "next", needs=0.1)]
    results = taken(tmp_path, entries, seconds=1.0)
    assert {row.name: (row.status, row.kind) for row in results.rows} == {
        name: (SKIPPED, "for time") for name in ("sleeps", "fine", "next")
    }
    assert "stopped after 1 s" in results.rows[0].why and "it needs 30 s" in results.rows[1].why
    assert results.code() == 1, "nothing was ok"


def test_several_share_the_device_where_nothing_is_timed(tmp_path: Path) -> None:
    entries = [entry("sleeps", f"{place}", seconds=0.8) for place in range(4)]
    began = time.monotonic()
    assert taken(tmp_path, entries, hands=4, together=True).code() == 0
    assert time.monotonic() - began < 4 * 0.8 + 20  # of a busy machine
    rows = Results.read(tmp_path / "results.json").rows
    assert len(rows) == 4 and all(row.seconds >= 0.8 for row in rows)


def of(*statuses: str) -> Results:
    kinds = {SKIPPED: "for time"}
    rows = [Row(str(n), "", status, kind=kinds.get(status, "")) for n, status in enumerate(statuses)]
    return Results(Path(), {}, rows)


@pytest.mark.parametrize(
    ("statuses", "code", "line"),
    [
        ((OK, OK), 0, "2 ok, 0 failed, 0 skipped"),
        ((OK, SKIPPED), 3, "1 ok, 0 failed, 1 skipped (1 for time)"),
        ((OK, FAILED, SKIPPED), 1, "1 ok, 1 failed, 1 skipped (1 for time)"),
        ((SKIPPED, SKIPPED), 1, "0 ok, 0 failed, 2 skipped (2 for time)"),
        ((), 1, "0 ok, 0 failed, 0 skipped"),
    ],
)
def test_a_skip_is_no_pass(statuses: Sequence[str], code: int, line: str) -> None:
    assert (of(*statuses).code(), of(*statuses).last_line()) == (code, line)


def test_the_last_line_is_as_the_page_shows_it() -> None:
    (shown,) = re.findall(r"^    (\d+ ok, .*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    peerless = Row("", "", SKIPPED, kind="without a peer's code")
    results = of(*[OK] * 211, SKIPPED, SKIPPED)
    results.rows.append(peerless)
    assert results.last_line() == shown


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "other", "rows": []}', '{"rows": [{}]}'])
def test_other_files_are_no_results(tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(SystemExit, match=r"holds no results of bench\.gpu"):
        Results.read(path)


# --- the entries ------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_entries_have_names_of_their_own_and_peers_stand_beside_ours(device: str) -> None:
    found = [one for group in groups(Setting(device, Path())) for one in group.entries]
    names = [one.name for one in found]
    assert len(set(names)) == len(names)
    assert {f"outputs {spec} fp32, CPU and device" for spec in systems()} < set(names)
    assert {f"steps {spec} fp64, CPU and device" for spec in systems()} < set(names)
    pairs = [(names.index(one.beside), place) for place, one in enumerate(found) if one.beside]
    assert len(pairs) > 3 and all(mine == theirs - 1 for mine, theirs in pairs)


def test_shares_of_the_time_grow_to_all_of_it() -> None:
    until = [group.until for group in groups(Setting("cuda", Path()))]
    assert until == sorted(until) and 0.9 < until[-1] < 1


# --- the table --------------------------------------------------------------------------------------

FOUND = {"step ms": 60.0, "wall ms": 66.0, "images/s": 533.0, "peak GiB": 9.0, "parameters": 1000}
OURS, ADA = "step ours StyleGAN2 256² fp16 batch 32", "step stylegan2-ada StyleGAN2 256² fp16 batch 32"


def run(**theirs: float) -> Results:
    """Of a card: ours, and the official code."""
    results = Results(Path(), {"device": "cuda", "began": "2026-01-01 10:00"})
    card = {"card": "NVIDIA X1", "torch": "2.11.0"}
    kinds = {"products": {"ms": 40.0, "calls": 300}, "filters": {"ms": 10.0, "calls": 60}}
    results.rows = [
        Row("versions", "facts", OK, found=card),
        Row("rates", "facts", OK, found={"copy TB/s": 3.0}),
        Row(OURS, "steps", OK, found={**FOUND, "launches": 3000, "kinds": kinds}),
        Row(ADA, "steps", OK, found={**FOUND, "own kernels": True, **theirs}),
        Row("nccl", "right", FAILED, why="it hangs"),
    ]
    pair = Entry(ADA, "", beside=OURS)
    results.rows.append(beside.compared("steps", pair, results))
    return results


def test_a_run_becomes_a_section_of_the_page_and_replaces_it() -> None:
    page = PAGE.read_text("utf-8")
    first = table.written(page, table.section(run(**{"step ms": 75.0})))
    assert "| StyleGAN2 256² fp16 batch 32 | 60 | 75 | 0.80 | 1.00 | 533 | 9 | 9 | 3000 |  |" in first
    assert table.NONE not in first and "- failed: nccl: it hangs" in first and "4 ok, 1 failed" not in first
    assert "| ours StyleGAN2 256² fp16 batch 32 | 40 (300) | 10 (60) |" in first
    again = table.written(first, table.section(run(**{"step ms": 50.0})))
    assert again.count("### NVIDIA X1") == 1 and "| 60 | 50 | 1.20 |" in again and "| 75 |" not in again
    other = table.written(again, table.section(run()).replace("NVIDIA X1", "NVIDIA X2"))
    assert other.count("### NVIDIA") == 2 and other.startswith(page.partition(table.BEGIN)[0])


def test_official_code_without_its_kernels_is_told_so() -> None:
    results = run()
    results.rows[3] = Row(ADA, "steps", OK, found={**FOUND, "own kernels": False})
    assert "| 60 (its reference operations) |" in table.section(results)


def test_results_that_are_of_no_card_make_no_section() -> None:
    for spoiled, why in (
        (Results(Path(), {"device": "cpu"}), "a miniature's figures"),
        (Results(Path(), {"device": "cuda"}), "of which card"),
        (Results(Path(), run().facts, run().rows[:2]), "no step was measured"),
    ):
        with pytest.raises(SystemExit, match=why):
            table.section(spoiled)
    with pytest.raises(SystemExit, match="no place for cards"):
        table.written("# Performance\n", table.section(run()))


@pytest.mark.parametrize(
    ("theirs", "why"),
    [
        ({"parameters": 1002}, "1000 parameters here, 1002 there"),
        ({"step ms": 60 * 21.0}, "the ratio of time is"),
        ({"wall ms": 0.0}, "time by the clock is 0"),
        ({"peak GiB": float("nan")}, "memory is nan"),
    ],
)
def test_a_pair_that_cannot_be_compared_has_failed(theirs: dict[str, float], why: str) -> None:
    row = run(**theirs).rows[-1]
    assert row.status == FAILED and why in row.why
