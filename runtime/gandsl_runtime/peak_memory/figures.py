"""What was measured: the fullest moment of each phase, at each stage of a growing network. No torch."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("parameters", "gradients", "optimizer", "average", "buffers", "activations")


@dataclass(frozen=True)
class PhasePeak:
    """One kind of optimizer step at its fullest moment."""

    name: str  # "D", "D/16", "G", "G/4"
    every: int  # in steps of the generator
    images: int  # at a time
    by_kind: dict[str, int]  # bytes of each of KINDS
    at: str  # network and node whose work it was; empty: the loss, or the optimizer
    backward: bool

    @property
    def bytes(self) -> int:
        """All that lives at that moment."""
        return sum(self.by_kind.values())


@dataclass(frozen=True)
class StagePeaks:
    """One program of a family (or the one there is), with its batch."""

    size: tuple[int, int] | None  # (h, w) of a level that grows
    fading: bool
    batch: int
    micro_batch: int
    phases: tuple[PhasePeak, ...]

    @property
    def plain(self) -> int:
        """Bytes at the fullest moment of a step without lazy penalties."""
        return max(phase.bytes for phase in self.phases if phase.every == 1)

    @property
    def penalty(self) -> int:
        """Bytes at the fullest moment of a step in which every phase is due."""
        return max(phase.bytes for phase in self.phases)
