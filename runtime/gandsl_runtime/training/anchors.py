"""What D lately said of real and of generated images: the anchors of LeCam regularization."""

from __future__ import annotations

import torch
from torch import Tensor

from ..distributed.group import ProcessGroup
from ..plan import LeCam, schedule
from ..plan.schedule import Step


class Anchors:
    """Running means α_R and α_F of D's scores (arXiv:2104.03310, section 3.2), on the device.

    They stand still during a step, so that splitting its batch changes nothing, and move at its end to what D
    said in its main steps, the samples of all processes alike.
    """

    def __init__(self, plan: LeCam, device: torch.device, dtype: torch.dtype) -> None:
        self.plan = plan
        self.means = torch.zeros(2, device=device, dtype=dtype)  # α_R, α_F
        self.begun = False  # whether the means are of anything
        self._heard = torch.zeros(3, device=device, dtype=dtype)  # Σ score of real, of generated; number

    def at(self, step: Step) -> Tensor | None:
        """(α_R, α_F) [2]; None before the penalty's start, and in the first step that has them."""
        return self.means if self.begun and schedule.reached(self.plan.start, step.clock) else None

    def observe(self, real: Tensor, fake: Tensor, count: int) -> None:
        """The mean scores of `count` real and as many generated images."""
        self._heard += count * torch.stack((real, fake, torch.ones_like(real)))

    def after(self, step: Step, group: ProcessGroup) -> None:
        """Move: by the plan's decay, or until the plan's start all the way."""
        group.sum_in_place(self._heard)
        decay = 0.0 if self.at(step) is None else self.plan.decay
        self.means.copy_((self._heard[:2] / self._heard[2]).lerp(self.means, decay))
        self._heard.zero_()
        self.begun = True
