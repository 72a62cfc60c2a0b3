"""What was measured: the fullest moment of each phase, at each stage of a growing network. No torch."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("parameters", "gradients", "optimizer", "average", "buffers", "activations")


@dataclass(frozen=True)
class TermPeak:
    """A phase of one term alone, at its fullest moment: of those that share calls each has all of them."""

    name: str  # PLAYER.TERM
    bytes: int  # all that lives at that moment
    activations: int  # of these


@dataclass(frozen=True)
class PhasePeak:
    """One kind of optimizer step at its fullest moment."""

    name: str  # "D", "D/16", "G", "G/4"; other players by their names
    every: int  # in steps
    images: int  # at a time
    by_kind: dict[str, int]  # bytes of each of KINDS
    at: str  # network, or `game`, and node whose work it was; empty: the optimizer
    backward: bool
    terms: tuple[TermPeak, ...] = ()  # each as if the phase had no other; where they were asked for

    @property
    def bytes(self) -> int:
        """All that lives at that moment."""
        return sum(self.by_kind.values())


@dataclass(frozen=True)
class StagePeaks:
    """One program of a family (or the one there is), with its batch."""

    size: tuple[int, ...] | None  # (h, w) of a level that grows
    fading: bool
    batch: int
    micro_batch: int
    phases: tuple[PhasePeak, ...]

    @property
    def plain(self) -> int:
        """Bytes at the fullest moment of a step without lazy phases."""
        least = min(phase.every for phase in self.phases)
        return max(phase.bytes for phase in self.phases if phase.every == least)

    @property
    def penalty(self) -> int:
        """Bytes at the fullest moment of a step in which every phase is due."""
        return max(phase.bytes for phase in self.phases)
