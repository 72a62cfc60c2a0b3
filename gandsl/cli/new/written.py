"""The spec as text: a comment for each choice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from textwrap import wrap
from typing import Any

from gandsl.cli.new.choices import ChosenField
from gandsl.spec.write import quoted

WIDTH = 96
HEAD = Path(__file__).parent / "base.yaml"


def base() -> str:
    """The spec that it builds on, by name."""
    found = re.search(r"^extends: (\S+)$", HEAD.read_text("utf-8"), re.MULTILINE)
    assert found
    return found[1]


def written(name: str, doc: str, choices: Iterable[ChosenField]) -> str:
    """A spec that sets what was chosen."""
    _, head = HEAD.read_text("utf-8").split("\n", 1)
    lines = [*head.rstrip().split("\n"), f"name: {name}", f"doc: {quoted(doc)}", "set:"]
    for choice in choices:
        lines += ["", *wrap(choice.why, WIDTH, initial_indent="  # ", subsequent_indent="  # ")]
        lines.append(f"  {choice.path}: {value(choice.value)}")
    lines += ["", "  # mirrored images count double: for faces and animals; never for text or digits"]
    return "\n".join([*lines, "  # training.data.flip: true", ""])


def identifier(text: str) -> str:
    """A name for a spec, of that of a folder or file."""
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").lower()
    return name if name[:1].isalpha() else f"images_{name}".rstrip("_")


def value(of: Any) -> str:
    """A value as YAML in one line."""
    if isinstance(of, dict):
        return "{" + ", ".join(f"{key}: {value(one)}" for key, one in of.items()) + "}"
    if of is None or isinstance(of, bool):
        return {None: "null", True: "true", False: "false"}[of]
    return str(of)
