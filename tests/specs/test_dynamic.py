"""Kernels that are computed: modulated convolution written in the language, and GigaGAN's bank of kernels."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

import gandsl
from gandsl.codegen import render
from tests.codegen.small import analyzed
from tests.codegen.twins import assert_equal_programs
from tests.specs.probe import probe

GIGAGAN = Path(__file__).parent / "gigagan.yaml"
STYLED = {"x": "Feature[6, 4, 8]", "style": "Vector[6]"}


@pytest.mark.parametrize("demodulate", [True, False])
def test_modulated_convolution_in_the_language_is_the_op(demodulate: bool) -> None:
    """In float64, with first and second derivatives by x and style, over one weight."""
    told = f"channels: 5, demodulate: {str(demodulate).lower()}"
    written = probe(
        STYLED,
        f"""kernel: {{op: parameter, like: style, shape: "[5 * 6 * 9]"}}
it: {{block: dynamic.modulated_conv, x: x, style: style, kernel: kernel, {told}}}""",
    ).double()
    op = probe(STYLED, f"it: {{op: modulated_conv, x: x, style: style, {told}}}").double()
    op.load_state_dict({"it.weight": written.state_dict()["kernel.weight"].view(5, 6, 3, 3)})
    generator = torch.Generator().manual_seed(0)
    inputs = [
        torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
        for shape in ((3, 6, 4, 8), (3, 6))
    ]
    mine, theirs = (_derivatives(network(*inputs), inputs) for network in (written, op))
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


def _derivatives(y: Tensor, inputs: list[Tensor]) -> list[Tensor]:
    first = torch.autograd.grad(y.square().sum(), inputs, create_graph=True)
    second = torch.autograd.grad(sum(one.square().sum() for one in first), inputs)  # type: ignore[arg-type]
    return [y, *first, *second]


def test_a_bank_of_kernels() -> None:
    """GigaGAN, equations 2 and 3, sample by sample: mixed by a softmax of the style, then modulated."""
    network = probe(
        {"x": "Feature[6, 4, 8]", "w": "Vector[7]"},
        """kernel: {block: dynamic.bank, style: w, count: 4, size: 5 * 6 * 9}
affine: {op: linear, x: w, features: 6}
it: {block: dynamic.modulated_conv, x: x, style: affine, kernel: kernel, channels: 5}""",
    ).double()
    state = network.state_dict()
    x, w = torch.randn(2, 6, 4, 8, dtype=torch.float64), torch.randn(2, 7, dtype=torch.float64)
    shares = torch.softmax(w @ state["kernel.scores.weight"].T + state["kernel.scores.bias"], 1)
    styles = w @ state["affine.weight"].T + state["affine.bias"]
    for image, share, style, y in zip(x, shares, styles, network(x, w), strict=True):
        kernel = torch.einsum("b,boikl->oikl", share, state["kernel.kernels.weight"].view(4, 5, 6, 3, 3))
        kernel = kernel * style[:, None, None]
        kernel = kernel / torch.sqrt(kernel.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        torch.testing.assert_close(y[None], functional.conv2d(image[None], kernel, padding=1))


def test_gigagan_compiles() -> None:
    """Its source is equal to its graph to the bit; a gradient reaches every weight."""
    module = analyzed(GIGAGAN, {"training": None})
    files = render(module)
    assert_equal_programs(module.networks["generator"], files["generator.py"], "Generator")
    assert "ops.softmax(scores" in files["generator.py"] and "ops.dynamic_conv(" in files["generator.py"]
    program = gandsl.compile(GIGAGAN)
    generator = program.network("generator")
    images = generator(torch.randn(4, 8))
    assert [tuple(image.shape[1:]) for image in images] == [(3, 4, 4), (3, 8, 8), (3, 16, 16)]
    logits = program.network("discriminator")(*images)
    (logits.sum() + images[0].sum()).backward()  # D looks at no image of 4×4
    assert all(p.grad is not None for p in generator.parameters())
