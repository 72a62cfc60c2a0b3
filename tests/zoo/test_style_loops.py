"""Style-based games of the zoo: their networks against formulas, two steps against loops, in float64."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.games.loop import Loop, called, descend, lazy, slope, squares
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


def test_gigagan() -> None:
    """Logistic over all pairs of a size that enters and one that judges, texts that do not fit, lazy R1."""
    rng = torch.Generator().manual_seed(2)
    fields = {
        "image": torch.rand(20, 3, 16, 16, generator=rng, dtype=torch.float64),
        "text": torch.randn(20, 3, 2, generator=rng, dtype=torch.float64),
    }
    loop = Loop(path_of("gigagan"), REDUCED["gigagan"], fields=fields)
    g, d = loop["generator"], loop["discriminator"]
    pair, text = shrinking(fields["image"][:2]), fields["text"][:2]
    logits = entered_late(d.state_dict(), pair, text_read(d.state_dict(), text).mean(1))
    for one, other in zip(d(*pair, text), logits, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
    quiet, z = copy.deepcopy(g), torch.randn(2, 3, generator=rng, dtype=torch.float64)
    for name, weight in quiet.named_parameters():
        if name.endswith("noise.strength"):
            weight.data.zero_()
    for one, other in zip(quiet(z, text), drawn_of_text(quiet.state_dict(), z, text), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)

    def mean(losses: list[Tensor]) -> Tensor:
        return torch.stack([one.mean() for one in losses]).mean()

    r = lazy(1, 16)
    of_g, of_d = (
        loop.adam("generator", 2.5e-3, (0.0, 0.99)),
        loop.adam("discriminator", 2.5e-3 * r, (0.0, 0.99**r)),
    )
    for number in loop.steps(2):
        item, draws = loop.items(4), loop.draws("discriminator", 4)
        x, text = shrinking(2 * item["image"] - 1), item["text"]
        other = text[draws.uniform("order").argsort()]
        with torch.no_grad():
            fake = called(g, draws, "fake", draws.normal("z", 3), text)
        right, wrong = [F.softplus(-one) for one in d(*x, text)], [F.softplus(one) for one in d(*fake, text)]
        unlike = [F.softplus(one) for images in (x, fake) for one in d(*images, other)]
        descend(of_d, mean(right) + mean(wrong) + 0.5 * 2 * mean(unlike))
        if number == 0:
            leaves = [one.clone().requires_grad_() for one in x]
            logits = d(*leaves, text)
            score = torch.stack([one.flatten(1).mean(1) for one in logits]).mean(0)
            steep = torch.stack([squares(one) for one in slope(score, *leaves)]).sum(0)
            descend(of_d, 16 * 0.2 / 2 * steep.mean() + 0 * score.sum())
        item, draws = loop.items(4), loop.draws("generator", 4)
        fake = called(g, draws, "fake", draws.normal("z", 3), item["text"])
        descend(of_g, mean([F.softplus(-one) for one in d(*fake, item["text"])]))
        loop.average("generator", 0.5 ** (4 / 10e3))
    loop.compare()


def shrinking(x: Tensor) -> list[Tensor]:
    """The image, and the means of its squares of four pixels."""
    return [x, F.avg_pool2d(x, 2)]


def entered_late(w: State, images: list[Tensor], text: Tensor) -> list[Tensor]:
    """Each size enters on its own, goes down by the same layers, is judged behind each (equations 3 to 5)."""

    def judged(stage: str, x: Tensor) -> Tensor:
        kernels = (
            w[f"{stage}.said.conv.weight"] * plain(w, f"{stage}.said.affine", text)[:, None, :, None, None]
        )
        kernels = kernels / (kernels.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
        inner = active(modulated(x, kernels) + w[f"{stage}.said.bias.bias"][:, None, None])
        return convolved(w, f"{stage}.said.said", inner) + convolved(w, f"{stage}.said.plain", x)

    def fallen(stage: str, x: Tensor) -> Tensor:
        x = F.leaky_relu(convolved(w, f"{stage}.fall.conv0.conv", x), 0.2)
        x = convolved(w, f"{stage}.fall.conv1.conv", filtered(F.pad(x, [2] * 4)), stride=2, padding=0)
        return F.leaky_relu(x, 0.2)

    entered, logits = list[Tensor](), list[Tensor]()
    for stage, image in zip(("s16", "s8"), images, strict=True):
        entered = [*entered, F.leaky_relu(convolved(w, f"{stage}.enter.conv", image), 0.2)]
        entered = [fallen(stage, x) for x in entered]
        logits += [judged(stage, x) for x in entered]
    return logits


def text_read(w: State, x: Tensor) -> Tensor:
    """A transformer's layer of two heads of one number each."""

    def norm(name: str, x: Tensor) -> Tensor:
        return F.layer_norm(
            x, x.shape[2:], w[f"read.layer0.{name}.norm.weight"], w[f"read.layer0.{name}.norm.bias"]
        )

    inner = norm("norm0", x)
    q, k, v = (plain(w, f"read.layer0.attention.{part}", inner) for part in "qkv")
    heads = [(q[..., [i]] @ k[..., [i]].transpose(1, 2)).softmax(2) @ v[..., [i]] for i in range(2)]
    x = x + plain(w, "read.layer0.attention.o", torch.cat(heads, 2))
    return x + plain(w, "read.layer0.mlp.down", F.gelu(plain(w, "read.layer0.mlp.up", norm("norm1", x))))


def drawn_of_text(w: State, z: Tensor, text: Tensor) -> list[Tensor]:
    """Convolutions by kernels of banks; at 8 pixels a side they attend to each other and to the text."""
    text = text_read(w, text)
    style = torch.cat((z, text.mean(1)), 1)
    style = style / (style.square().mean(1, keepdim=True) + 1e-8).sqrt()
    for layer in range(4):
        style = active(0.01 * plain(w, f"w.fc{layer}.linear", style))

    def adapted(id_: str, x: Tensor) -> Tensor:
        kernels = plain(w, f"{id_}.kernel.scores", style).softmax(1) @ w[f"{id_}.kernel.kernels.weight"]
        kernels = kernels.unflatten(1, (-1, x.shape[1], 3, 3))
        kernels = kernels * plain(w, f"{id_}.affine", style)[:, None, :, None, None]
        kernels = kernels / (kernels.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
        return active(modulated(x, kernels) + w[f"{id_}.bias.bias"][:, None, None])

    x, images = w["start.weight"].expand(len(z), -1, -1, -1), list[Tensor]()
    for stage in ("synthesis.s4", "synthesis.s8", "synthesis.s16"):
        x = x if stage == "synthesis.s4" else F.interpolate(x, scale_factor=2.0)
        x = adapted(f"{stage}.conv1", adapted(f"{stage}.conv0", x))
        if stage == "synthesis.s8":
            x = attending(w, stage, x, text)
        if stage != "synthesis.s4":
            images.append(styled_rgb(w, f"{stage}.rgb", x, style))
    return images[::-1]


def attending(w: State, stage: str, x: Tensor, text: Tensor) -> Tensor:
    """Softmax of −‖k − k'‖² over √d, queries and keys being one (2006.04710); MLP; two heads on the text."""

    def norm(name: str, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[2:], w[f"{stage}.{name}.norm.weight"], w[f"{stage}.{name}.norm.bias"])

    tokens = x.flatten(2).transpose(1, 2)
    inner = norm("self.norm", tokens)
    keys, values = (inner @ w[f"{stage}.self.{name}.weight"].T for name in ("keys", "values"))
    apart = (keys[:, :, None] - keys[:, None]).square().sum(3) / math.sqrt(keys.shape[2])
    tokens = tokens + plain(w, f"{stage}.self.out", (-apart).softmax(2) @ values)
    inner = plain(w, f"{stage}.self.mlp.up", norm("self.norm1", tokens))
    tokens = tokens + plain(w, f"{stage}.self.mlp.down", F.gelu(inner))
    q = plain(w, f"{stage}.cross.cross.q", norm("cross.norm", tokens))
    context = plain(w, f"{stage}.cross.context", text)
    k, v = (plain(w, f"{stage}.cross.cross.{name}", context) for name in "kv")
    heads = zip(*(one.chunk(2, 2) for one in (q, k, v)), strict=True)
    mixed = [(q @ k.transpose(1, 2) / math.sqrt(q.shape[2])).softmax(2) @ v for q, k, v in heads]
    tokens = tokens + plain(w, f"{stage}.cross.cross.o", torch.cat(mixed, 2))
    return tokens.transpose(1, 2).unflatten(2, x.shape[2:])


def plain(w: State, id_: str, x: Tensor) -> Tensor:
    """A linear layer as it is."""
    return F.linear(x, w[f"{id_}.weight"], w[f"{id_}.bias"])
