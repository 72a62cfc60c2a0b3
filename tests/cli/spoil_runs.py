"""Ways to spoil a run's folder, each a case, made from what is in it: what is added is spoiled too."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.cli import spoil_checkpoints as checkpoints
from tests.cli.spoil_files import WAYS, Case, json_file, odd_values, put


def files(run: Path) -> Iterator[Case]:
    """Every file of the folder, every way."""
    for path in sorted(path for path in run.rglob("*") if path.is_file()):
        name = str(path.relative_to(run))
        for way, spoil in WAYS.items():
            yield Case(f"{name}: {way}", lambda run, name=name, spoil=spoil: spoil(run / name))


def folders(run: Path) -> Iterator[Case]:
    """Every folder deleted, or a file in its place."""
    for path in sorted(path for path in run.rglob("*") if path.is_dir()):
        name = str(path.relative_to(run))
        yield Case(f"{name}/: deleted", partial(gone, name=name, file=False))
        yield Case(f"{name}/: a file", partial(gone, name=name, file=True))


def gone(run: Path, name: str, *, file: bool) -> None:
    shutil.rmtree(run / name)
    if file:
        (run / name).write_bytes(b"x")


def log(run: Path) -> Iterator[Case]:
    """A line of the log odd."""
    first, second, *rest = (run / "log.jsonl").read_bytes().split(b"\n")
    odd = {what: json.dumps(odd).encode() for what, odd in odd_values(json.loads(second), 1, 2)}
    odd |= {
        "nested": b'{"images":' + b"[" * 50_000,
        "NUL": b"\0" * 99,
        "no UTF-8": b'{"images": 4, "x": "\xff"}',
    }
    for what, line in odd.items():
        if not what.startswith(("guard", "penalty", "time", "memory")):  # as the others
            content = b"\n".join([first, line, *rest])
            yield Case(f"log.jsonl: {what}", partial(put, name="log.jsonl", content=content))


def spec(run: Path) -> Iterator[Case]:
    """Lines of the spec deleted, its end cut off, its values odd."""
    lines = (run / "spec.yaml").read_text().splitlines(keepends=True)
    made = {}
    for number, line in enumerate(lines):
        before, after = lines[:number], lines[number + 1 :]
        made[f"line {number + 1} deleted"] = [*before, *after]
        if number % 3 == 0:
            made[f"cut before line {number + 1}"] = before
        if match := re.match(r"(\s*(?:- )?[\w/]+: )(.+)\n", line):
            for value in ("[]", "x", "-1", "1.5", "true", "null", "{}"):
                if value != match[2] and (number + len(value)) % 2 == 0:
                    made[f"line {number + 1} = {value}"] = [*before, f"{match[1]}{value}\n", *after]
    for what, text in made.items():
        yield Case(f"spec.yaml: {what}", partial(put, name="spec.yaml", content="".join(text)))


def lock() -> Iterator[Case]:
    """What a lock may say."""
    deep = '{"a":' * 50_000
    for what in ("[]", '{"host": 3}', '{"host": "elsewhere", "pid": []}', deep, "\0", "null", '"x"'):
        yield Case(f".lock: {what[:30]}", partial(put, name=".lock", content=what))


def all_cases(run: Path) -> list[Case]:
    """Every case there is for a run's folder, but the fields of plan.json, which nobody reads."""
    made = [*files(run), *folders(run), *json_file(run, "run.json", 2), *log(run), *spec(run), *lock()]
    made += [*checkpoints.facts(run, 2), *checkpoints.metadata(run), *checkpoints.tensors(run)]
    made += [*checkpoints.layout(run), *checkpoints.names()]
    assert len({case.name for case in made}) == len(made)
    return made
