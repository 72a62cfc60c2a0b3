"""The layouts' tables: inverses, expansions, and the published names of a small network of each."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from gandsl.analysis import analyze
from gandsl.interop import changes
from gandsl.interop.errors import InteropError
from gandsl.interop.layout import channel_rule, expanded, row
from gandsl.interop.layouts import layouts
from gandsl.interop.matching import keys_of
from tests.interop.cases import CASES

SHAPES = {
    changes.SAME: (2, 3),
    changes.FLIPPED: (2, 3, 3, 3),
    changes.TRANSPOSED: (2, 3),
    changes.TRANSPOSED_CONVOLUTION: (2, 4, 3, 3),
    changes.PLUS_ONE: (5,),
    changes.FIRST_MINUS_ONE: (4,),
    changes.POINTWISE: (3, 3),
    changes.MAP_BIAS: (1, 3, 1, 1),
    changes.ROW: (4,),
    changes.FIRST_CONVOLUTION: (2, 3, 4, 4),
    changes.leading(2): (1, 1, 4, 4),
}


@pytest.mark.parametrize(("change", "shape"), SHAPES.items(), ids=[c.doc for c in SHAPES])
def test_changes_have_inverses(change: changes.Change, shape: tuple[int, ...]) -> None:
    theirs = torch.randn(shape)
    ours = change.ours(theirs)
    torch.testing.assert_close(change.theirs(ours), theirs)
    assert change.shape(tuple(ours.shape)) == shape


def test_the_first_convolution_is_a_linear_map() -> None:
    """A 4×4 convolution with padding 3 over one pixel, against the rows of the dense layer."""
    weight, z = torch.randn(5, 3, 4, 4), torch.randn(2, 3)
    wanted = functional.conv2d(z[:, :, None, None], weight, padding=3)
    given = z @ changes.FIRST_CONVOLUTION.ours(weight).T
    torch.testing.assert_close(given.view(2, 5, 4, 4), wanted)


def test_a_flipped_kernel_is_what_a_transposed_convolution_reads() -> None:
    """conv_transpose with a kernel is a convolution of the spread input with the kernel turned."""
    weight, x = torch.randn(4, 3, 3, 3), torch.randn(1, 3, 5, 5)
    spread = torch.zeros(1, 3, 9, 9)
    spread[:, :, ::2, ::2] = x
    wanted = functional.conv2d(functional.pad(spread, (2, 2, 2, 2)), weight)
    turned = changes.FLIPPED.ours(weight).transpose(0, 1)
    torch.testing.assert_close(functional.conv_transpose2d(x, turned, stride=2), wanted)


def test_rows() -> None:
    entries = row("a{r}.<x|y>.<w|b>", "s{r}.<left|right>.<weight|bias>")
    made = list(expanded(entries, [{"r": 4}, {"n": 1}, {"r": 8, "n": 2}]))
    assert [entry.theirs for entry in made[:3]] == ["a4.x.w", "a8.x.w", "a4.x.b"]
    assert made[-1].theirs == "a8.y.b" and made[-1].ours == "s8.right.bias"
    assert len(made) == 8


def test_channels() -> None:
    assert channel_rule({4: 32, 8: 32, 16: 16}, {}) == {"channel_base": 256, "channel_max": 32}
    given = {"channel_base": 32768, "channel_max": 512}
    assert channel_rule({4: 512, 8: 512}, given) == given
    with pytest.raises(InteropError, match="follow no"):
        channel_rule({4: 32, 8: 16, 16: 32}, {})


@pytest.mark.parametrize("name", CASES)
def test_each_tensor_has_one_name(name: str, root: Path) -> None:
    """Every tensor of the spec is named once, no name is used twice, and derived ones are the only rest."""
    case = CASES[name]
    module, _ = analyze(root / "specs" / f"{case.spec}.yaml", case.overrides)
    assert module is not None
    for part, side in layouts()[case.layout].sides.items():
        keys = keys_of(module.networks[part])
        entries = [e for e in expanded(side.entries, side.bindings(module.params)) if e.ours in keys]
        names = [entry.theirs for entry in entries]
        assert len(set(names)) == len(names)
        weights = [entry.ours for entry in entries if isinstance(entry.use, changes.Change)]
        assert len(set(weights)) == len(weights)
        rest = {key for key in keys if key not in weights}
        assert all(key.endswith(tuple(side.derived)) for key in rest), rest


LAYERS = {
    ("translation", 1024): (
        "L0_36_512 L1_36_512 L2_52_512 L3_52_512 L4_84_512 L5_148_512 L6_148_512 L7_276_323 L8_276_203 "
        "L9_532_128 L10_1044_81 L11_1044_51 L12_1044_32 L13_1024_32 L14_1024_3"
    ),
    ("rotation", 256): (
        "L0_36_1024 L1_36_1024 L2_36_1024 L3_52_1024 L4_52_1024 L5_84_1024 L6_84_1024 L7_148_1024 "
        "L8_148_1024 L9_148_724 L10_276_512 L11_276_362 L12_276_256 L13_256_256 L14_256_3"
    ),
}
"""Sizes and channels of StyleGAN3's layers, as the names in published files tell them."""


@pytest.mark.parametrize(("equivariance", "resolution"), LAYERS)
def test_published_schedule(equivariance: str, resolution: int, root: Path) -> None:
    """The layout's own schedule gives these names, and the spec's expressions these shapes."""
    module, _ = analyze(
        root / "specs" / "stylegan3.yaml", {"equivariance": equivariance, "resolution": resolution}
    )
    assert module is not None
    side, generator = layouts()["stylegan3"].sides["generator"], module.networks["generator"]
    names = {entry.theirs for entry in expanded(side.entries, side.bindings(module.params))}
    wanted = LAYERS[equivariance, resolution].split()
    assert {f"synthesis.{name}.weight" for name in wanted} <= names
    for i, name in enumerate(wanted[:-1]):
        size, channels = map(int, name.split("_")[1:])
        assert generator.main[f"L{i}.coarse"].type.shape == (channels, size, size)


PUBLISHED = {
    "ada": (
        "mapping.fc0.weight mapping.w_avg synthesis.b4.const synthesis.b4.conv1.affine.bias "
        "synthesis.b8.conv0.noise_strength synthesis.b16.torgb.affine.weight "
        "synthesis.b16.conv1.noise_const "
        "synthesis.b8.resample_filter",
        "b16.fromrgb.weight b16.skip.weight b8.conv1.resample_filter b4.conv.weight b4.fc.bias b4.out.weight",
    ),
    "rosinality": (
        "style.1.weight input.input conv1.conv.modulation.weight conv1.activate.bias conv1.noise.weight "
        "to_rgb1.conv.weight convs.0.conv.blur.kernel convs.5.conv.weight "
        "to_rgbs.2.upsample.kernel "
        "noises.noise_6",
        "convs.0.0.weight convs.0.1.bias convs.1.conv1.0.weight convs.3.conv2.1.weight convs.3.conv2.2.bias "
        "convs.2.skip.0.kernel convs.2.skip.1.weight final_conv.1.bias "
        "final_linear.0.weight final_linear.1.bias",
    ),
    "genforce2": (
        "mapping.dense1.bias truncation.w_avg synthesis.early_layer.const synthesis.layer0.noise "
        "synthesis.layer3.filter.kernel synthesis.layer4.style.bias synthesis.output2.weight "
        "synthesis.upsample.kernel",
        "input0.bias layer0.weight layer1.filter.kernel skip_layer1.weight layer4.weight layer6.bias",
    ),
    "pggan": (
        "lod layer0.weight layer0.bias layer5.weight output2.bias",
        "lod input0.weight input2.bias layer3.weight layer4.weight layer6.bias",
    ),
    "biggan": (
        "shared.weight linear.u0 blocks.3.0.bn2.gain.sv0 blocks.0.0.bn1.stored_mean blocks.1.1.gamma "
        "blocks.2.0.conv_sc.weight output_layer.0.stored_var output_layer.2.weight",
        "blocks.1.1.theta.weight blocks.4.0.conv2.bias linear.weight embed.u0",
    ),
    "dcgan": (
        "main.0.weight main.1.running_var main.6.weight main.7.num_batches_tracked main.9.weight",
        "main.0.weight main.2.weight main.3.bias main.6.running_mean main.8.weight",
    ),
}
"""Keys as the published files have them, for the sizes of the cases."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_names(name: str, root: Path) -> None:
    case = CASES[name]
    module, _ = analyze(root / "specs" / f"{case.spec}.yaml", case.overrides)
    assert module is not None
    for part, wanted in zip(("generator", "discriminator"), PUBLISHED[name], strict=True):
        side, keys = layouts()[case.layout].sides[part], keys_of(module.networks[part])
        names = {e.theirs for e in expanded(side.entries, side.bindings(module.params)) if e.ours in keys}
        assert set(wanted.split()) <= names
