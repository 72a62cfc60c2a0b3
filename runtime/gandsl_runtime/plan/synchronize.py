"""What several processes share, beside gradients."""

from __future__ import annotations

from pydantic import Field

from .part import Flag, PlanPart


class Synchronize(PlanPart):
    """What the processes of a run have in common, beside weights and gradients.

    Groups of minibatch statistics need nothing: images are dealt so that a group stays within a process.
    """

    batch_norm: Flag = Field(
        default=True,
        description="batch normalization in training sees the samples of all processes; false: each its own",
    )
    path_length: Flag = Field(
        default=True,
        description="the mean path length is that of all processes' samples; false: each process has its own",
    )
