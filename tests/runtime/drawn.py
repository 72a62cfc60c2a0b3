"""Which draws are made: each by its key, the part of the batch, and its id."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from torch import Tensor

from gandsl_runtime.rng import Draws, Key, Part

Drawn = tuple[Key, Part, str]


def drawn_ids(monkeypatch: pytest.MonkeyPatch) -> Counter[Drawn]:
    """Counts every draw that is made from now on."""
    found: Counter[Drawn] = Counter()
    draw = Draws._drawn

    def counted(self: Draws, id_: str, *rest: Any, **more: Any) -> Tensor:
        found[self.key, self.part, id_] += 1
        return draw(self, id_, *rest, **more)

    monkeypatch.setattr(Draws, "_drawn", counted)
    return found
