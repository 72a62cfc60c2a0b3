"""Channels-last training: features lie so from convolution to convolution, saved weights are as ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import gandsl
from gandsl_runtime import layers, ops
from gandsl_runtime.layers import Conv2d, ConvTranspose2d, Fir, ModulatedConv2d
from gandsl_runtime.layers.upfirdn import CHANNELS_LAST, format_of
from gandsl_runtime.network import Network
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.training import precision
from tests.codegen.twins import arguments
from tests.runtime import nets
from tests.runtime.helpers import arrays
from tests.specs.reduced import SPECS, reduced

LAST = {"training.memory_format": "channels_last"}


def program(spec: str, **more: Any) -> gandsl.Program:
    torch.manual_seed(0)
    found = gandsl.compile(SPECS / f"{spec}.yaml", reduced(spec) | more)
    assert found.generator is not None and found.discriminator is not None
    return found


def lies_channels_last(x: Tensor) -> bool:
    return x.is_contiguous(memory_format=torch.channels_last)


def strides(network: Network) -> dict[str, bool]:
    """Whether what each convolution (or filter) gives lies channels-last; where both formats differ."""
    found: dict[str, bool] = {}

    def seen(name: str) -> Any:
        def hook(module: nn.Module, args: Any, y: Tensor) -> None:
            if y.dim() == 4 and y.shape[1] > 1 and y.shape[2:].numel() > 1:
                found[name] = lies_channels_last(y)

        return hook

    for name, module in network.named_modules():
        if isinstance(module, (Conv2d, ConvTranspose2d, ModulatedConv2d, Fir)):
            module.register_forward_hook(seen(name))
    inputs = arguments(network.graph_module())  # type: ignore[operator]
    output = network.program()(*inputs)
    (output[0] if isinstance(output, tuple) else output).square().sum().backward()
    return found


@pytest.mark.parametrize("spec", ["stylegan2", "biggan", "pggan", "r3gan"])
@pytest.mark.parametrize("compute", ["fp32", "bf16"])
def test_no_convolution_goes_back(spec: str, compute: str) -> None:
    made = program(spec, **LAST, **{"training.precision.compute": compute})
    assert made.plan is not None
    for network in (made.generator, made.discriminator):
        precision.prepare(made.plan, network.train())
        found = strides(network)
        # what comes straight from a vector or a constant lies contiguous until its first convolution
        first = [name for name, last in found.items() if not last]
        assert len(found) > 6 and len(first) <= 1, first
        assert all("resampled" in name or "blur" in name for name in first), first
        for name, weight in network.named_parameters():
            if weight.dim() == 4 and weight.shape[1] > 1 and weight.shape[2:].numel() > 1:
                assert lies_channels_last(weight), name
                assert weight.grad is None or lies_channels_last(weight.grad), name


NORMS = {
    "group_norm": lambda: layers.GroupNorm(4, groups=2),
    "instance_norm": lambda: layers.InstanceNorm(4, affine=True),
    "layer_norm": lambda: layers.LayerNorm(4),
    "batch_norm": lambda: layers.BatchNorm(4),
}


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("sides", [2, 3])
def test_a_norm_of_an_image_is_trained(norm: str, size: int, dtype: torch.dtype, sides: int) -> None:
    """Its input wants no gradient: torch's own group_norm ends the process there (SIGSEGV)."""
    layer, close = NORMS[norm](), 1e-5 if dtype == torch.float32 else 2e-2
    x = torch.randn(3, 4, *[size] * sides, generator=torch.Generator().manual_seed(0)).to(dtype)
    found = []
    for given in (x, x.to(memory_format=CHANNELS_LAST[x.dim()])):
        assert size == 1 or given is x or format_of(given) == CHANNELS_LAST[x.dim()]
        y = layer(given)
        found.append((y, *torch.autograd.grad((y * x).float().square().sum(), list(layer.parameters()))))
    for plain, last in zip(*found, strict=True):
        torch.testing.assert_close(last, plain, rtol=close, atol=close)


def test_planes_and_volumes_in_one_network_lie_channels_last() -> None:
    torch.manual_seed(0)
    network = nn.ModuleDict(
        {"line": layers.Conv1d(3, 4), "plane": layers.Conv2d(3, 4), "volume": layers.Conv3d(3, 4)}
    ).double()
    x = {name: torch.randn(2, 3, *(5, 4, 6)[:n], dtype=torch.float64) for n, name in enumerate(network, 1)}
    before = {name: layer(x[name]) for name, layer in network.items()}
    kept = dict(network.named_parameters())
    precision.lay_channels_last(network)
    assert dict(network.named_parameters()).keys() == kept.keys()
    for name, layer in network.items():
        weight, made = layer.weight, layer(x[name])
        assert weight is kept[f"{name}.weight"]
        wanted = CHANNELS_LAST.get(weight.dim(), torch.contiguous_format)
        assert format_of(weight) == wanted
        torch.testing.assert_close(made, before[name])
        made.square().sum().backward()
        torch.testing.assert_close(layer(x[name], enlarge=3), layer(ops.upsample(x[name], factor=3)))


def test_the_grouped_form_is_not_chosen() -> None:
    """It would put the samples beside the channels, and copy every feature twice."""
    forms = {}
    for last in (False, True):
        made = program("stylegan2", **(LAST if last else {}))
        graph = made.generator.graph_module("synthesis").graph
        forms[last] = {node.kwargs["form"] for node in graph.nodes if "form" in node.kwargs}
    assert "grouped" in forms[False] and forms[True] == {"scaled"}


def test_training_saves_what_contiguous_training_saves(tmp_path: Path) -> None:
    """The same keys, shapes and, but for rounding, values; resumed in either format."""
    folders = {}
    for last in (False, True):
        made = program("dcgan", **(LAST if last else {}), **{"training.length": "12 img"})
        assert made.plan is not None
        folders[last] = tmp_path / f"{last}"
        trainer = nets.trainer_of(
            made.plan,
            (made.generator, made.discriminator),
            data=arrays(size=(32, 32), channels=3),
            observing=(),
            run_dir=folders[last],
        )
        trainer.run()
        if last:
            moments = trainer.state.optimizers["generator"].state.values()
            assert any(lies_channels_last(m["exp_avg"]) for m in moments if m["exp_avg"].dim() == 4)
    saved = {last: checkpoint.newest(folder / "checkpoints")[1] for last, folder in folders.items()}
    assert list(saved[False]) == list(saved[True])
    for name, tensor in saved[False].items():
        assert saved[True][name].is_contiguous()
        if name.startswith(("generator/", "average/", "discriminator/")):
            close = (tensor.float() - saved[True][name].float()).norm() <= 1e-3 * tensor.float().norm() + 1e-4
            assert close, name
    other = program("dcgan", **LAST, **{"training.length": "24 img"})
    data = arrays(size=(32, 32), channels=3)
    again = nets.resumed(
        folders[False], (other.generator, other.discriminator), plan=other.plan, data=data, change=True
    )
    for parameter, moments in again.state.optimizers["generator"].state.items():
        assert moments["exp_avg"].stride() == parameter.stride()
    again.run()
