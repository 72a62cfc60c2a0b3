"""Which numbers a network is computed in: the regions of the plan's precision, lowered and printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import gandsl
from gandsl.analysis import analyze
from gandsl.codegen import render
from gandsl.frontend.module import ModuleIR
from gandsl.ir.stages import stages
from gandsl.lowering.network import LoweredNetwork
from gandsl.lowering.precision import in_precision
from gandsl.passes.target import Target
from gandsl_runtime.errors import PlanError
from gandsl_runtime.network import Network
from gandsl_runtime.ops.gradient import inner_gradients
from gandsl_runtime.plan import Precision
from gandsl_runtime.training.precision import Scaling, prepare, switch_casts
from tests.codegen.twins import arguments, loaded
from tests.graphs import Builder
from tests.lowering.test_table import USES
from tests.specs.reduced import SPECS, reduced


def module_of(spec: str, **more: Any) -> ModuleIR:
    module, diagnostics = analyze(SPECS / f"{spec}.yaml", reduced(spec) | more)
    assert module is not None, [d.message for d in diagnostics]
    return module


def formats(network: Network, entry: str) -> dict[str, torch.dtype]:
    """The format of what every layer gives, by its id."""
    found: dict[str, torch.dtype] = {}

    def seen(name: str) -> Any:
        def hook(module: nn.Module, args: Any, result: Any) -> None:
            if isinstance(result, Tensor) and not name.endswith(("narrowed", "widened")):
                found[name] = result.dtype

        return hook

    for name, module in network.named_modules():
        if not list(module.children()) or hasattr(module, "weight"):
            module.register_forward_hook(seen(name))
    network.train()
    outputs = network.program(entry)(*arguments_of(network, entry))
    for output in outputs if isinstance(outputs, tuple) else (outputs,):
        assert output.dtype == torch.float32
    return found


def arguments_of(network: Network, entry: str) -> list[Tensor]:
    torch.manual_seed(1)
    ports = network.inputs
    if entry == "synthesis":
        mapped = network.program("mapping")(*(torch.randn(4, *port.shape) for port in ports))
        return [mapped.detach()]
    return [torch.randint(p.shape[0], (4,)) if p.kind == "Label" else torch.randn(4, *p.shape) for p in ports]


def test_stylegan2_rules() -> None:
    """The top resolutions of both networks alone; affines, mapping, sums of RGB and D's end are float32.

    So stylegan2-ada does it with num_fp16_res 2 at 32² (fp16 from 16² on).
    """
    module = module_of("stylegan2")
    half = Precision(compute="fp16", stages=2)
    generator = LoweredNetwork(in_precision(module.networks["generator"], half))
    switch_casts(generator, True)
    found = formats(generator, "synthesis")
    products = {id_: dtype for id_, dtype in found.items() if id_.endswith(".conv")}
    assert {id_ for id_, dtype in products.items() if dtype == torch.float16} == {
        f"synthesis.s{size}.{name}.conv" for size in (16, 32) for name in ("conv0", "conv1", "rgb")
    }
    assert all(dtype == torch.float32 for id_, dtype in found.items() if "affine" in id_ or "enlarged" in id_)
    discriminator = LoweredNetwork(in_precision(module.networks["discriminator"], half))
    switch_casts(discriminator, True)
    found = formats(discriminator, "forward")
    assert found["from_rgb.conv"] == torch.float16
    for id_, dtype in found.items():
        if id_.startswith("stages."):
            assert (dtype == torch.float16) == id_.startswith(("stages.s32.", "stages.s16.")), id_
        if id_.startswith("head."):
            assert dtype == torch.float32, id_
    assert any(id_.startswith("stages.s8.") for id_ in found) and any(
        id_.startswith("head.") for id_ in found
    )


def test_the_smallest_resolution_is_never_in_16_bits_by_stages() -> None:
    module = module_of("stylegan2")
    network = LoweredNetwork(in_precision(module.networks["generator"], Precision(compute="bf16", stages=9)))
    switch_casts(network, True)
    found = formats(network, "synthesis")
    assert found["synthesis.s4.conv1.conv"] == torch.float32
    assert found["synthesis.s8.conv0.conv"] == torch.bfloat16


@pytest.mark.parametrize("spec", ["stylegan2", "pggan", "dcgan"])
@pytest.mark.parametrize("stages", [None, 2])
def test_keys_stay_and_casts_sleep(spec: str, stages: int | None) -> None:
    """Until training switches the casts on, the network computes what it would without them."""
    module = module_of(spec, resolution=32 if spec == "dcgan" else 16)
    for ir in module.networks.values():
        torch.manual_seed(0)
        plain = LoweredNetwork(ir)
        torch.manual_seed(0)
        cast = LoweredNetwork(
            in_precision(ir, Precision(compute="bf16", stages=stages)), thorough=bool(stages)
        )
        assert list(plain.state_dict()) == list(cast.state_dict())
        for name, weight in plain.state_dict().items():
            assert torch.equal(weight, cast.state_dict()[name])
        inputs = arguments(plain.graph_module())
        outputs = []
        for network in (plain, cast):
            torch.manual_seed(2)
            made = network.eval().program()(*inputs)
            outputs.append(made if isinstance(made, tuple) else (made,))
        for a, b in zip(*outputs, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("spec", ["stylegan2", "r3gan", "dcgan"])
def test_the_printed_network_has_the_same_casts(spec: str) -> None:
    """And computes the same in bfloat16, but for a bias that passes let ride in its convolution."""
    module = module_of(spec, **{"training.precision.compute": "bf16"})
    files = render(module)
    for name, ir in module.networks.items():
        lowered = LoweredNetwork(in_precision(ir, module.plan.precision))
        printed = loaded(files[f"{name}.py"], name.title())
        printed.load_state_dict(lowered.state_dict())
        assert 'layers.Cast(dtype="bfloat16")' in files[f"{name}.py"]
        outputs = []
        inputs = arguments(lowered.graph_module())
        for network in (lowered, printed):
            switch_casts(network.eval(), True)
            torch.manual_seed(3)
            made = network.program()(*inputs)
            outputs.append(made[0] if isinstance(made, tuple) else made)
        assert outputs[0].any() and (outputs[0] - outputs[1]).norm() <= 0.03 * outputs[0].norm()


def test_what_a_growing_family_has_at_one_level_it_has_at_all() -> None:
    """A stage's format does not depend on the level, so that growth moves no weights' meaning."""
    module = module_of("pggan")
    ir = in_precision(module.networks["generator"], Precision(compute="fp16", stages=2))
    casts = {
        variant: {node.id for node in graph if node.op == "cast"} for variant, graph in ir.programs.items()
    }
    sizes = stages(module.networks["generator"])
    for variant, found in casts.items():
        assert bool(found) == (ir.levels[variant.level][0] >= 16), (variant, found)
        assert all(sizes.get(id_.rpartition(".")[0], 99) >= 16 for id_ in found)


def test_targets_change_nothing_of_the_formats() -> None:
    ir = in_precision(module_of("stylegan2").networks["generator"], Precision(compute="bf16"))
    for target in (Target("cuda"), Target("cpu", channels_last=True)):
        network = LoweredNetwork(ir, target)
        switch_casts(network, True)
        assert formats(network, "synthesis")["synthesis.s32.conv1.conv"] == torch.bfloat16


@pytest.mark.parametrize(("op", "ports", "attrs"), USES, ids=lambda value: str(value)[:60])
def test_every_op_computes_in_the_numbers_of_its_region(op: str, ports: Any, attrs: Any) -> None:
    """Between two features: what an op reads has one format, and no cast finds the format it is to make."""
    b = Builder()
    given, spatial = {}, ("Feature", "Tokens")
    for port, kinds in ports.items():
        given[port] = []
        for i, (kind, *shape) in enumerate(kinds if isinstance(kinds, list) else [kinds]):
            value = b.input(f"{port}{i}", kind, *shape)
            given[port].append(b(f"{port}{i}_", "silu", {"x": value}) if kind in spatial else value)
    last = b("node", op, given, **attrs)
    if b.nodes[last].type.kind in spatial:
        last = b("sum", "add", {"terms": [b("after", "silu", {"x": last}), last]})
    graph = in_precision(b.ir(last), Precision(compute="bf16"))
    network = LoweredNetwork(graph)
    switch_casts(network, True)
    found: dict[str, torch.dtype] = {}

    class Seen(torch.fx.Interpreter):
        def run_node(self, n: torch.fx.Node) -> Any:
            made = super().run_node(n)
            if n.op != "output":
                found[n.meta["id"]] = made.dtype
            return made

    program = network.lowered()
    torch.manual_seed(1)
    Seen(program).run(*arguments(program))
    for node in graph.main:
        read = {
            found[id_] for id_ in graph.main.reads(node) if graph.main[id_].type.kind in (*spatial, "Image")
        }
        assert len(read) <= 1, (node.id, found)
        assert node.op != "cast" or found[node.id] not in read, (node.id, found)


def smooth(compute: str) -> tuple[LoweredNetwork, LoweredNetwork]:
    """A discriminator without kinks, whose derivatives are as smooth as its values: fp32 and 16 bits."""
    b = Builder("discriminator")
    x = b.input("image", "Image", 3, 16, 16)
    for i, (channels, down) in enumerate(((8, 2), (12, 2), (16, 1))):
        x = b(f"conv{i}", "conv", {"x": x}, channels=channels, weight="equalized", gain=2.0)
        x = b(f"act{i}", "softplus", {"x": x})
        x = b(f"blur{i}", "fir", {"x": x}, pad=(1, 2, 1, 2))
        if down > 1:
            x = b(f"pool{i}", "pool", {"x": x})
    x = b("stddev", "minibatch_stddev", {"x": x})
    x = b("logit", "linear", {"x": b("flat", "flatten", {"x": x})}, features=1)
    ir = b.ir("logit")
    torch.manual_seed(0)
    full = LoweredNetwork(ir)
    half = LoweredNetwork(in_precision(ir, Precision(compute=compute)))  # type: ignore[arg-type]
    half.load_state_dict(full.state_dict())
    switch_casts(half, True)
    return full, half


@pytest.mark.parametrize(("compute", "close"), [("bf16", 1e-2), ("fp16", 3e-3)])
def test_a_penalty_has_right_gradients_through_16_bits(compute: str, close: float) -> None:
    """R1 and its gradients by every weight, against float32.

    A number is rounded by up to 2⁻⁹ of it (bf16) or 2⁻¹² (fp16), and this network is a dozen roundings deep.
    """
    found = []
    for network in smooth(compute):
        torch.manual_seed(4)
        image = torch.randn(8, 3, 16, 16).requires_grad_()
        scores = network.program()(image)
        with Scaling(Precision(compute=compute), torch.device("cpu")).losses():  # type: ignore[arg-type]
            (gradient,) = inner_gradients(scores.sum(), [image])
        penalty = gradient.square().sum()
        scaled = torch.autograd.grad(penalty * 4096, [*network.parameters()][:-1])
        found.append([scores, gradient, penalty, *scaled])
    assert len(found[0]) == 3 + 7
    for i, (a, b) in enumerate(zip(*found, strict=True)):
        assert b.dtype == torch.float32
        assert a.any() and (a - b).norm() <= close * a.norm(), (i, ((a - b).norm() / a.norm()).item())
        assert i == 0 or not torch.equal(a, b)  # it was computed in 16 bits indeed


def test_a_plan_in_16_bits_that_reaches_no_feature_trains(tmp_path: Path) -> None:
    """Linear layers on vectors are float32: there is no cast, and nothing is wrong with the networks."""
    spec = tmp_path / "vectors.yaml"
    spec.write_text(
        """\
gandsl: 1
name: vectors
generator:
  inputs: {z: "Latent[4]"}
  body: {dense: {op: linear, features: 16}, image: {op: reshape, channels: 1, size: 4}}
discriminator:
  inputs: {image: "Image[1, 4]"}
  body: {flat: {op: flatten}, logit: {op: linear, features: 1}}
training: {length: 1 steps, batch: 4, loss: hinge, optimizer: {lr: 1e-3}, precision: {compute: bf16}}
"""
    )
    program = gandsl.compile(spec)
    prepare(program.plan, program.generator, program.discriminator)
    with pytest.raises(PlanError, match="no casts to it"):
        prepare(program.plan, LoweredNetwork(program.module.networks["generator"]))
