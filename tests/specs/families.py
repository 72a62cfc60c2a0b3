"""Specs that are alike in what most tests ask: a system's ablations differ in their networks above all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

import pytest


def one_of_each(names: Iterable[str]) -> list[Any]:
    """Parameters of a test: of the ablations of a system the first; the others are `thorough`."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(str(PurePosixPath(name).parent) if "ablations/" in name else name, name)
    kept = set(first.values())
    return [name if name in kept else pytest.param(name, marks=pytest.mark.thorough) for name in names]
