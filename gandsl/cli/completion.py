"""What a shell is offered behind Tab, beside commands and options: specs by name and file, topics."""

from __future__ import annotations

import os
from importlib import import_module

from gandsl.spec.places import ENDINGS, shipped


def spec_names(incomplete: str) -> list[str]:
    """gandsl's own specs, and the folders and specs that the path leads to."""
    return [name for name in shipped() if name.startswith(incomplete)] + _files(incomplete)


def topics(incomplete: str) -> list[str]:
    """Whatever `gandsl explain` knows by a name of its own: codes, ops, fields of the plan, blocks."""
    from gandsl.cli.topics import NAMED

    known = [name for kind in NAMED for name in import_module(f"gandsl.cli.topics.{kind}").names()]
    return [name for name in dict.fromkeys(known) if name.startswith(incomplete)]


def _files(incomplete: str) -> list[str]:
    folder, start = os.path.split(incomplete)
    try:
        entries = sorted(os.scandir(folder or os.curdir), key=lambda entry: entry.name)
    except OSError:
        return []
    found = [entry for entry in entries if entry.name.startswith(start) and (start or entry.name[0] != ".")]
    return [
        os.path.join(folder, entry.name) + ("/" if entry.is_dir() else "")
        for entry in found
        if entry.is_dir() or entry.name.endswith(ENDINGS)
    ]
