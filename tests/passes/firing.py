"""Where passes fire: graphs made by hand, what a pass did to them and why not elsewhere."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from gandsl.lowering.network import LoweredNetwork
from gandsl.passes.base import Pass, PassRecord
from gandsl.passes.target import Target
from tests.graphs import Builder
from tests.passes.exact import agree, inputs_of, run_passes, shaken, truth
from tests.published import stylegan2_generator

CPU, CUDA = Target("cpu"), Target("cuda")
INFERENCE = Target("cpu", "inference")


def small_generator() -> Any:
    return stylegan2_generator(16, 8, 8, lambda res: 64 // res + 2)


def apply(
    b: Builder, *outputs: str, passes: list[Pass], target: Target = CPU
) -> tuple[fx.GraphModule, PassRecord]:
    """Lower a hand-built graph, run passes, check that it computes the same, give the last pass' record."""
    torch.manual_seed(0)
    ir = b.ir(*outputs)
    network = shaken(LoweredNetwork(ir)).train(target.mode == "train")
    plain = network.lowered()
    module, log = run_passes(network, passes, target)
    inputs = inputs_of(plain.graph)
    agree(truth(plain, network, inputs), truth(module, network, inputs), 1e-9)
    return module, log.records[-1]


def reasons(record: PassRecord, *, fired: bool) -> dict[str, str]:
    return {event.where: event.reason for event in (record.fired if fired else record.skipped)}


def change(record: PassRecord) -> int:
    return record.nodes_after - record.nodes_before


def image(b: Builder, channels: int = 2, side: int = 4) -> str:
    return b.input("x", "Feature", channels, side, side)
