"""Draws that are made before they are asked for: what a first time asks for is noted, and handed in later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from .layers import PartDraws
from .part import Part


@dataclass(frozen=True)
class Asked:
    """One draw."""

    id: str
    rows: int
    shape: tuple[int, ...]
    normal: bool

    @property
    def key(self) -> str:
        """What tells it from others."""
        return f"{self.id} {self.rows} {self.normal}"

    def of(self, draws: PartDraws) -> Tensor:
        """The numbers."""
        return draws.of_rows(self.id, self.rows, self.shape, self.normal)


class Recording:
    """Draws as `draws` does, and notes what, each once."""

    def __init__(self, draws: PartDraws, asked: list[Asked]) -> None:
        self.draws, self.part, self.asked = draws, draws.part, asked

    def of_rows(self, id_: str, rows: int, shape: tuple[int, ...], normal: bool) -> Tensor:
        one = Asked(id_, rows, tuple(shape), normal)
        if one not in self.asked:
            self.asked.append(one)
        return one.of(self.draws)


class DrawnBefore:
    """What will be asked for, drawn before: numbers by `Asked.key`."""

    def __init__(self, numbers: Mapping[str, Tensor], part: Part) -> None:
        self.numbers, self.part = numbers, part

    def of_rows(self, id_: str, rows: int, shape: tuple[int, ...], normal: bool) -> Tensor:
        return self.numbers[f"{id_} {rows} {normal}"]
