"""What the discriminator says of images: logits for losses and penalties, and logits of their classes."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..network import Network
from ..plan import Plan


@dataclass(frozen=True)
class Verdict:
    """D's outputs: `heads`, each (N, …), and an auxiliary classifier's logits (N, k), if there is one."""

    heads: tuple[Tensor, ...]
    classes: Tensor | None = None

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """All that D said."""
        return self.heads if self.classes is None else (*self.heads, self.classes)

    def split(self, *sizes: int) -> tuple[Verdict, ...]:
        """The verdict on joined batches, taken apart."""
        parts = zip(*(output.split(sizes) for output in self.outputs), strict=True)
        count = len(self.heads)
        return tuple(Verdict(part[:count], part[count] if part[count:] else None) for part in parts)


def verdict(plan: Plan, discriminator: Network, outputs: tuple[Tensor, ...]) -> Verdict:
    """D's outputs, told apart by their names."""
    if plan.auxiliary is None:
        return Verdict(outputs)
    at = [port.name for port in discriminator.outputs].index(plan.auxiliary.output)
    return Verdict(outputs[:at] + outputs[at + 1 :], outputs[at])
