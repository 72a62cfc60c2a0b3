"""The manager of passes: what breaks is named, the log can be read, pipelines shrink what they should."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch
from torch import fx

from gandsl.diagnostics.errors import InvariantError
from gandsl.lowering.network import LoweredNetwork
from gandsl.passes.base import Pass, PassError, PassRecord
from gandsl.passes.manager import Pipeline
from gandsl.passes.merge_style_affines import MergeStyleAffines
from gandsl.passes.pipeline import pipeline
from gandsl.passes.target import Target
from gandsl_runtime import layers
from tests.graphs import Builder
from tests.passes.exact import agree, inputs_of, run_passes, shaken, truth
from tests.passes.firing import CPU, CUDA, INFERENCE, image, small_generator


@dataclass(frozen=True)
class Careless(Pass):
    """Breaks the graph in a chosen way."""

    harm: str
    name: ClassVar[str] = "careless"
    promise: ClassVar[str] = "none"

    def apply(self, module: fx.GraphModule, log: PassRecord, target: Target) -> None:
        node = next(node for node in module.graph.nodes if node.name == "act")
        match self.harm:
            case "meta":
                node.meta.clear()
            case "keyword":
                node.update_kwarg("slop", 0.3)
            case "twice":
                node.meta["ids"] = ("act", "up")
            case "shape":
                node.replace_all_uses_with(node.args[0])
            case "target":
                node.target = torch.relu
            case "order":
                node.prepend(next(n for n in module.graph.nodes if n.name == "sum"))
            case "crash":
                raise KeyError("nothing")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("meta", "act lacks meta id"),
        ("keyword", "act: got an unexpected keyword argument 'slop'"),
        ("twice", "up is done by both"),
        ("shape", "sum"),
        ("target", "none of the runtime's ops"),
        ("order", ""),
        ("crash", "KeyError"),
    ],
)
def test_a_pass_that_breaks_the_graph_is_named(harm: str, said: str) -> None:
    b = Builder()
    x = image(b)
    up = b("up", "upsample", {"x": x})
    act = b("act", "glu", {"x": up}) if harm == "shape" else b("act", "leaky_relu", {"x": up})
    out = b("sum", "add", {"terms": [act, act]}) if harm == "shape" else b("sum", "add", {"terms": [act, up]})
    network = LoweredNetwork(b.ir(out))
    with pytest.raises(PassError) as caught:
        Pipeline((Careless(harm),)).run(network.lowered(), CPU)
    assert caught.value.args[0].startswith("pass careless: ") and said in caught.value.args[0]
    assert "bug in gandsl" in str(caught.value)


def test_shapes_are_checked_around_every_pass_when_asked() -> None:
    """A wrong shape that types cannot see: a layer that is not what its node says."""
    b = Builder()
    network = LoweredNetwork(b.ir(b("conv", "conv", {"x": image(b)}, channels=3)), thorough=True)
    network.graph_module()
    twin = network._meta_twin()
    twin.conv = layers.Conv2d(2, 4).to("meta")
    with pytest.raises(InvariantError, match=r"conv is Feature\[3, 4, 4\] but gives \[2, 4, 4, 4\]"):
        pipeline(CPU).run(network.lowered(), CPU, twin)


def test_the_log_can_be_read_and_dumped() -> None:
    torch.manual_seed(0)
    log = LoweredNetwork(small_generator()).pass_log()
    names = [record.name for record in log]
    assert names == [pass_.name for pass_ in pipeline(CPU).passes]
    assert all(record.promise for record in log)
    text = log.dump()
    assert "# lowered" in text and "# group-epilogues: " in text and "# hand.yaml" not in text.splitlines()[0]
    assert "fired synthesis.b4.conv1.conv: with noise, bias, leaky_relu, clamp" in text
    assert "# common-subexpressions" in text and "hand.yaml:" in text
    assert log.records[0].before.splitlines()[0].startswith("z = input  : Latent[8]")
    with pytest.raises(KeyError):
        log["no such pass"]


def test_passes_run_twice_change_nothing_more() -> None:
    network = LoweredNetwork(small_generator())
    for target in (CPU, CUDA, INFERENCE):
        passes = pipeline(target).passes
        module, _ = run_passes(network, passes, target)
        before = len(module.graph.nodes)
        log = Pipeline(passes).run(module, target)
        assert len(module.graph.nodes) == before, [str(r) for r in log if r.nodes_after != r.nodes_before]


def test_whole_pipelines_shrink_what_they_should() -> None:
    """Node counts, plain and for each target: whoever changes them is to look why."""
    network = LoweredNetwork(small_generator())
    plain = len(network.lowered().graph.nodes)
    counts = {
        (target.device, target.mode): len(network.for_target(target).graph_module().graph.nodes)
        for target in (CPU, CUDA, INFERENCE, Target("cuda", "inference"))
    }
    assert plain == 66
    assert counts == {
        ("cpu", "train"): 47,
        ("cuda", "train"): 64,
        ("cpu", "inference"): 47,
        ("cuda", "inference"): 64,
    }


def test_merging_everywhere_is_exact() -> None:
    """The way no target takes: merged on a CPU, with all else that a CPU gets."""
    network = shaken(LoweredNetwork(small_generator()))
    passes = [
        MergeStyleAffines(everywhere=True) if p.name == "merge-style-affines" else p
        for p in pipeline(CPU).passes
    ]
    module, _ = run_passes(network, passes, CPU)
    inputs = inputs_of(module.graph)
    agree(truth(network.lowered(), network, inputs), truth(module, network, inputs), 1e-9)
