"""What the training plan changes in a network: the one place that running and printing have in common."""

from __future__ import annotations

from gandsl.ir.graph import NetworkIR
from gandsl.ir.stages import stages
from gandsl.lowering.precision import in_precision
from gandsl_runtime.plan import Plan
from gandsl_runtime.plan.precision import own_precision


def planned(network: NetworkIR, plan: Plan | None) -> NetworkIR:
    """The network as the plan trains it, or in its own precision; without a plan as it is."""
    if plan is None:
        return network
    return in_precision(network, own_precision(network.precision, plan.precision))


def recomputed(network: NetworkIR, plan: Plan | None) -> tuple[str, ...]:
    """The ids of the stages that the plan wants recomputed."""
    if plan is None or plan.checkpointing == "none":
        return ()
    wanted = plan.checkpointing
    return tuple(id_ for id_, side in stages(network).items() if wanted == "stages" or side in wanted)
