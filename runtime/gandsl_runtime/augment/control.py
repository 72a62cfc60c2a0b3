"""The chance p of augmentation that follows how sure D is of real images (arXiv:2006.06676, section 3.1)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..distributed.group import ProcessGroup
from ..plan import Adaptive
from ..plan.schedule import Step


class Control:
    """p and what D has said since it last changed, on the device: no step waits for it."""

    def __init__(self, plan: Adaptive, device: torch.device) -> None:
        self.plan = plan
        self.p = torch.full((), plan.start, device=device)
        self._said = torch.zeros(2, device=device)  # Σ sign, number of images: of all processes
        self._heard = torch.zeros(2, device=device)  # the same of this process and this step

    def observe(self, sign: Tensor, count: int) -> None:
        """`sign`, the mean of sign(D(x) − boundary) over `count` real images."""
        self._heard[0] += sign * count
        self._heard[1] += count

    def after(self, step: Step, group: ProcessGroup) -> None:
        """Change p when its interval ends with this step, by what the D of every process said."""
        group.sum_in_place(self._heard)
        self._said += self._heard
        self._heard.zero_()
        every = int(self.plan.every.number)
        if (step.clock.steps + 1) % every:
            return
        total, count = self._said
        too_sure = (total / count - self.plan.target).sign().nan_to_num()  # no change without images
        moved = self.p + too_sure * (step.batch * every / self.plan.over.amount)
        self.p.copy_(moved.clamp(0, self.plan.max))
        self._said.zero_()

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint holds."""
        return {"p": self.p, "said": self._said}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take over what `tensors` gave."""
        for name, tensor in self.tensors().items():
            tensor.copy_(tensors[name])
