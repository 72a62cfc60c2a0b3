"""Style-based games of the zoo: their networks against formulas, two steps against loops, in float64."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.games.loop import descend, lazy, slope, squares
from tests.games.style_loop import StyleLoop
from tests.zoo.reduced import REDUCED, path_of

State = Mapping[str, Tensor]
ROOT2 = math.sqrt(2)
TAPS = torch.tensor([1, 3, 3, 1], dtype=torch.float64) / 8
BLUR = TAPS[:, None] * TAPS


def test_swagan() -> None:
    """StyleGAN2's losses with lazy R1 and path lengths, over networks of wavelets (2102.06108, section 4)."""
    silent = StyleLoop(path_of("swagan"), {**REDUCED["swagan"], "noise": False}, (3, 16, 16))
    g, d = silent["generator"], silent["discriminator"]
    ws = torch.randn(8, 4, 6, dtype=torch.float64)
    image = bands_drawn(g.state_dict(), ws)
    torch.testing.assert_close(g.program("synthesis")(ws), image, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(d(image), bands_judged(d.state_dict(), image), rtol=1e-9, atol=1e-9)

    loop = StyleLoop(path_of("swagan"), REDUCED["swagan"], (3, 16, 16))
    r_g, r_d = lazy(1, 4), lazy(1, 16)
    of_g = loop.adam("generator", 0.002 * r_g, (0.0, 0.99**r_g))
    of_d = loop.adam("discriminator", 0.002 * r_d, (0.0, 0.99**r_d))
    d = loop["discriminator"]
    for number in loop.steps(2):
        x, _ = loop.real(8)
        draws = loop.draws("discriminator", 8)
        with torch.no_grad():
            fake = loop.image(draws, loop.styles(draws))
        descend(of_d, F.softplus(-d(x)).mean() + F.softplus(d(fake)).mean())
        if number == 0:
            leaf = x.clone().requires_grad_()
            logits = d(leaf)
            descend(of_d, 16 * 10 / 2 * squares(slope(logits, leaf)[0]).mean() + 0 * logits.sum())
        draws = loop.draws("generator", 8)
        descend(of_g, F.softplus(-d(loop.image(draws, loop.styles(draws)))).mean())
        if number == 0:
            descend(of_g, 4 * 2.0 * loop.path_length(loop.draws("generator/4", 4, batch=4)))
        loop.average("generator", 0.5 ** (8 / 10e3))
    loop.compare(generator_path_length_a=loop.mean_length)


def bands_drawn(w: State, ws: Tensor) -> Tensor:
    """Stages of 4 and 8 pixels a side give bands, which are enlarged as images (figure 3, left)."""
    x = w["start.weight"].expand(len(ws), -1, -1, -1)
    x = styled(w, "synthesis.s4.conv1", x, ws[:, 0])
    bands = styled_rgb(w, "synthesis.s4.rgb", x, ws[:, 1])
    x = styled(w, "synthesis.s8.conv0", x, ws[:, 1], up=True)
    x = styled(w, "synthesis.s8.conv1", x, ws[:, 2])
    return unwaved(waved(enlarged(unwaved(bands))) + styled_rgb(w, "synthesis.s8.rgb", x, ws[:, 3]))


def bands_judged(w: State, image: Tensor) -> Tensor:
    """Bands of 8 pixels a side down to 2, read at each size (figure 3, right), then StyleGAN2's head."""
    bands, x = waved(image), torch.zeros(())
    for stage in ("stages.s8", "stages.s4"):
        x = x + active(convolved(w, f"{stage}.rgb.conv", bands))
        x = active(convolved(w, f"{stage}.conv0.conv", x))
        x = filtered(F.pad(x, [2] * 4))
        x = active(convolved(w, f"{stage}.conv1.conv", x, stride=2, padding=0))
        bands = waved(shrunk(unwaved(bands)))
    x = x + active(convolved(w, "stages.rgb.conv", bands))
    groups = x.unflatten(0, (4, -1))  # of four samples, each so many apart
    spread = (groups.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
    x = torch.cat((x, spread.repeat(4)[:, None, None, None].expand(-1, 1, *x.shape[2:])), 1)
    x = active(convolved(w, "head.conv", x)).flatten(1)
    return dense(w, "head.out", active(dense(w, "head.hidden", x)))


def dense(w: State, id_: str, x: Tensor) -> Tensor:
    weight = w[f"{id_}.weight"]
    return F.linear(x, weight / math.sqrt(weight.shape[1]), w[f"{id_}.bias"])


def convolved(w: State, id_: str, x: Tensor, stride: int = 1, padding: int | None = None) -> Tensor:
    weight = w[f"{id_}.weight"]
    border = weight.shape[2] // 2 if padding is None else padding
    return F.conv2d(x, weight / math.sqrt(weight[0].numel()), w[f"{id_}.bias"], stride, border)


def active(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2) * ROOT2


def modulated(x: Tensor, kernels: Tensor, up: bool = False) -> Tensor:
    """A convolution of each sample by its own kernel [N, out, in, k, k]."""
    rows = zip(x, kernels, strict=True)
    if not up:
        return torch.stack([F.conv2d(one, kernel, padding="same") for one, kernel in rows])
    large = torch.stack([F.conv_transpose2d(one, kernel.transpose(0, 1), stride=2) for one, kernel in rows])
    return filtered(F.pad(large, [1] * 4), 4)


def styled(w: State, id_: str, x: Tensor, style: Tensor, up: bool = False) -> Tensor:
    kernels = w[f"{id_}.conv.weight"] * dense(w, f"{id_}.affine", style)[:, None, :, None, None]
    kernels = kernels / (kernels.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
    return active(modulated(x, kernels, up) + w[f"{id_}.bias.bias"][:, None, None])


def styled_rgb(w: State, id_: str, x: Tensor, style: Tensor) -> Tensor:
    weight = w[f"{id_}.conv.weight"]
    kernels = weight / math.sqrt(weight[0].numel()) * dense(w, f"{id_}.affine", style)[:, None, :, None, None]
    return modulated(x, kernels) + w[f"{id_}.bias.bias"][:, None, None]


def filtered(x: Tensor, gain: float = 1) -> Tensor:
    """By [1, 3, 3, 1] / 8 in both directions."""
    return F.conv2d(x.flatten(0, 1)[:, None], gain * BLUR[None, None]).unflatten(0, x.shape[:2])[:, :, 0]


def enlarged(x: Tensor) -> Tensor:
    """Zeros between the pixels, then the filter."""
    wide = torch.zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3], dtype=x.dtype)
    wide[:, :, ::2, ::2] = x
    return filtered(F.pad(wide, [2, 1, 2, 1]), 4)


def shrunk(x: Tensor) -> Tensor:
    """The filter, then every second pixel."""
    return filtered(F.pad(x, [1] * 4))[:, :, ::2, ::2]


def waved(x: Tensor) -> Tensor:
    """Sums and differences of squares of four pixels, over two; four bands of all channels."""
    a, b, c, e = (x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1))
    return torch.cat((a + b + c + e, a - b + c - e, a + b - c - e, a - b - c + e), 1) / 2


def unwaved(x: Tensor) -> Tensor:
    """The image of its bands: they are orthonormal."""
    a, b, c, e = x.chunk(4, 1)
    image = torch.zeros(len(x), x.shape[1] // 4, 2 * x.shape[2], 2 * x.shape[3], dtype=x.dtype)
    image[:, :, ::2, ::2], image[:, :, ::2, 1::2] = (a + b + c + e) / 2, (a - b + c - e) / 2
    image[:, :, 1::2, ::2], image[:, :, 1::2, 1::2] = (a + b - c - e) / 2, (a - b - c + e) / 2
    return image
