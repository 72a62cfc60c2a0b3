"""Games of specs/zoo over sounds against loops written by hand, two steps each, in float64."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gandsl_runtime.network import Network
from tests.games.loop import Loop, descend
from tests.specs.parts import mel_triangles
from tests.zoo.reduced import REDUCED, path_of

State = Mapping[str, Tensor]


def test_hifi_gan() -> None:
    """Least squares of all judges, 2 of their features, 45 of mel bands (equations 1 to 7)."""
    sounds = 2 * torch.rand(20, 1, 240, generator=torch.Generator().manual_seed(2), dtype=torch.float64) - 1
    loop = Loop(path_of("hifi_gan"), REDUCED["hifi_gan"], fields={"sound": sounds})
    g, judges = loop["generator"], (loop["periods"], loop["scales"])
    _generator_is_its_formula(g)
    _judges_are_their_formulas(*judges, sounds[:2])
    of_g = torch.optim.AdamW(g.parameters(), 2e-4, (0.8, 0.99), foreach=False)
    weights = [*judges[0].parameters(), *judges[1].parameters()]
    of_d = torch.optim.AdamW(weights, 2e-4, (0.8, 0.99), foreach=False)

    def judged(made: Tensor, x: Tensor) -> tuple[list[Tensor], list[Tensor], Tensor]:
        """Two logits of each network, then features, logits too, layer by layer."""
        both = [(judge(x), judge(made)) for judge in judges]
        apart = [F.l1_loss(a, b) for real, said in both for a, b in zip(real[2:], said[2:], strict=True)]
        return (
            [a for real, _ in both for a in real[:2]],
            [a for _, said in both for a in said[:2]],
            sum(apart),
        )

    for number in loop.steps(2):
        for group in (*of_g.param_groups, *of_d.param_groups):
            group["lr"] = 2e-4 * (9.1e-6 / 2e-4) ** (number / 2500000)
        x = loop.items(4)["sound"]
        heard = log_mel(x, 400.0)[:, 0]
        with torch.no_grad():
            made = g(heard)
        real, said, _ = judged(made, x)
        descend(of_d, sum(((1 - a) ** 2).mean() + (b**2).mean() for a, b in zip(real, said, strict=True)))
        made = g(heard)
        _, said, apart = judged(made, x)
        fooled = sum(((1 - b) ** 2).mean() for b in said)
        descend(of_g, fooled + 2 * apart + 45 * F.l1_loss(log_mel(made, 500.0), log_mel(x, 500.0)))
    loop.compare()


def log_mel(x: Tensor, high: float) -> Tensor:
    """[n, 1, bands, frames] of sounds [n, 1, t] at 1,000 samples a second."""
    padded = F.pad(x, (12, 12), mode="reflect")[:, 0]
    hann = torch.hann_window(32, dtype=x.dtype)
    power = torch.stft(padded, 32, 8, window=hann, center=False, return_complex=True).abs().square()
    return (mel_triangles(17, 5, 1000.0, 0.0, high) @ (power + 1e-9).sqrt()).clamp(min=1e-5).log()[:, None]


def _conv(w: State, id_: str, x: Tensor, **how: Any) -> Tensor:
    """Weights v · g/‖v‖ of each output and a bias; or v over its largest singular value, as it was left."""
    v = w[f"{id_}.conv.weight"]
    if f"{id_}.conv.u0" in w:
        v = v / (w[f"{id_}.conv.u0"].flatten() @ v.flatten(1) @ w[f"{id_}.conv.v0"].flatten())
        bias = w[f"{id_}.conv.bias"]
    else:
        v = v * (w[f"{id_}.gain.weight"] / v.flatten(1).norm(dim=1)).view(-1, *[1] * (v.dim() - 1))
        bias = w[f"{id_}.bias.bias"]
    return (F.conv1d if v.dim() == 3 else F.conv2d)(x, v, bias, **how)


def _generator_is_its_formula(g: Network) -> None:
    """Enlarged twice, each time the mean of blocks of dilated pairs (figure 1)."""
    w = g.state_dict()
    x = heard = torch.randn(2, 5, 30, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    x = _conv(w, "enter", x, padding=3)
    for stage, (rate, kernel) in (("s0", (4, 8)), ("s1", (2, 4))):
        v = w[f"{stage}.up.conv.weight"]
        v = v * (w[f"{stage}.up.gain.weight"] / v.transpose(0, 1).flatten(1).norm(dim=1)).view(1, -1, 1)
        bias = w[f"{stage}.up.bias.bias"]
        up = F.conv_transpose1d(F.leaky_relu(x, 0.1), v, bias, rate, (kernel - rate) // 2)
        found = []
        for k in (3, 5):
            x = up
            for d in (1, 3):
                id_ = f"{stage}.k{k}.d{d}"
                y = _conv(w, f"{id_}.conv0", F.leaky_relu(x, 0.1), dilation=d, padding=d * (k // 2))
                x = x + _conv(w, f"{id_}.conv1", F.leaky_relu(y, 0.1), padding=k // 2)
            found.append(x)
        x = sum(found, torch.zeros(())) / 2
    made = torch.tanh(_conv(w, "wave", F.leaky_relu(x), padding=3))
    torch.testing.assert_close(g(heard), made, rtol=1e-9, atol=1e-9)


def _judges_are_their_formulas(periods: Network, scales: Network, x: Tensor) -> None:
    """A period's samples in columns; each scale half the samples, means of four (section 2.4, appendix A)."""
    logits, found = list[Tensor](), list[Tensor]()
    w = periods.state_dict()
    for period in (2, 7):
        y = F.pad(x, (0, -240 % period), mode="reflect").unflatten(2, (-1, period))
        for layer in range(5):
            y = _conv(w, f"p{period}.layer{layer}.conv", y, stride=(3 if layer < 4 else 1, 1), padding=(2, 0))
            y = F.leaky_relu(y, 0.1)
            found.append(y)
        logits.append(_conv(w, f"p{period}.logit", y, padding=(1, 0)))
        found.append(logits[-1])
    for one, other in zip(periods(x), logits + found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
    scales = copy.deepcopy(scales).eval()
    w, seen = scales.state_dict(), x
    logits, found = [], []
    for scale in ("scale0", "scale1"):
        y = seen
        layers = ((1, 1), (2, 4), (2, 16), (4, 16), (4, 16), (1, 16), (1, 1))
        for layer, (stride, groups) in enumerate(layers):
            side = w[f"{scale}.layer{layer}.conv.conv.weight"].shape[2] // 2
            y = _conv(w, f"{scale}.layer{layer}.conv", y, stride=stride, groups=groups, padding=side)
            y = F.leaky_relu(y, 0.1)
            found.append(y)
        logits.append(_conv(w, f"{scale}.logit", y, padding=1))
        found.append(logits[-1])
        seen = F.avg_pool1d(seen, 4, 2, 2)
    for one, other in zip(scales(x), logits + found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_dac() -> None:
    """Least squares of judges, 2 of their features, 15 of mel bands, codes to latents and back."""
    sounds = 2 * torch.rand(20, 1, 96, generator=torch.Generator().manual_seed(2), dtype=torch.float64) - 1
    loop = Loop(path_of("dac"), REDUCED["dac"] | {"training.optimizer.clip": 0.1}, fields={"sound": sounds})
    names = ("encoder", "quantizer", "decoder")
    encoder, quantizer, decoder = (loop[name] for name in names)
    judge = loop["judge"]
    _codes_are_their_formula(quantizer)
    _bands_are_their_formula(judge, sounds[:2])
    moving = {
        name: torch.optim.AdamW(of.parameters(), 1e-4, (0.8, 0.99), foreach=False)
        for name, of in loop.networks.items()
    }
    clips = dict.fromkeys(names, 0.1) | {"judge": 10.0}

    def step(loss: Tensor, *of: str) -> None:
        for name in of:
            moving[name].zero_grad()
        loss.backward()
        for name in of:
            torch.nn.utils.clip_grad_norm_(loop[name].parameters(), clips[name])
            moving[name].step()

    def heard(x: Tensor, window: int, bands: int) -> Tensor:
        hann = torch.hann_window(window, dtype=x.dtype)
        found = torch.stft(x[:, 0], window, window // 4, window=hann, return_complex=True).abs().square()
        triangles = mel_triangles(window // 2 + 1, bands, 1000.0, 0.0, 500.0)
        return (triangles @ (found + 1e-9).sqrt()).clamp(min=1e-5).log10()

    for number in loop.steps(2):
        for optimizer in moving.values():
            optimizer.param_groups[0]["lr"] = 1e-4 * 0.368 ** (number / 250000)
        x, draws = loop.items(4)["sound"], loop.draws("", 4)
        used = draws.integers("used", 1, 3).double()
        with torch.no_grad():
            again = decoder(quantizer(encoder(x), used)[0])
        pairs = list(zip(judge(x)[:3], judge(again)[:3], strict=True))
        step(sum(((1 - a) ** 2).mean() + (b**2).mean() for a, b in pairs), "judge")
        latent, commitment, teaching = quantizer(encoder(x), used)
        again = decoder(latent)
        real, said = judge(x), judge(again)
        loss = sum(((1 - b) ** 2).mean() for b in said[:3]) + commitment.mean() / 4 + teaching.mean()
        loss = loss + 2 * sum(F.l1_loss(b, a) for a, b in zip(real[3:], said[3:], strict=True))
        gaps = [F.l1_loss(heard(x, *how), heard(again, *how)) for how in ((8, 3), (16, 4))]
        step(loss + 15 * sum(gaps), *names)
    loop.compare()


def _codes_are_their_formula(quantizer: Network) -> None:
    """The nearest by angle of each book, to what those before have left; of a sample the first so many."""
    w = quantizer.state_dict()
    latent = torch.randn(2, 8, 12, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    used, rest = torch.tensor([1.0, 3.0], dtype=torch.float64), latent
    total, commitment = torch.zeros_like(latent), torch.zeros(2, dtype=torch.float64)
    for book in range(3):
        rows = _conv(w, f"book{book}.mine", rest)
        codes = next(x for key, x in w.items() if key.startswith(f"book{book}.book"))
        near = F.normalize(rows.transpose(1, 2), dim=2) @ F.normalize(codes, dim=1).T
        chosen = codes[near.argmax(2)].transpose(1, 2)
        found = _conv(w, f"book{book}.found", chosen)
        kept = (book < used).double()
        total, rest = total + found * kept[:, None, None], rest - found
        commitment += ((rows - chosen) ** 2).mean((1, 2)) * kept
    made = quantizer(latent, used)
    torch.testing.assert_close(made[0], total, rtol=1e-9, atol=1e-9)
    for one in made[1:]:
        torch.testing.assert_close(one.flatten(), commitment, rtol=1e-9, atol=1e-9)


def _bands_are_their_formula(judge: Network, x: Tensor) -> None:
    """Two bands of a complex spectrum, judged apart and joined; a period ends in one more row."""
    w = judge.state_dict()
    level = x - x.mean(2, keepdim=True)
    level = 0.8 * level / (level.abs().amax(2, keepdim=True) + 1e-9)
    logits, found = list[Tensor](), list[Tensor]()
    for period in (2, 7):
        y = F.pad(level, (0, period - 96 % period), mode="reflect").unflatten(2, (-1, period))
        for layer in range(5):
            y = _conv(w, f"p{period}.layer{layer}.conv", y, stride=(3 if layer < 4 else 1, 1), padding=(2, 0))
            y = F.leaky_relu(y, 0.1)
            found.append(y)
        logits.append(_conv(w, f"p{period}.logit", y, padding=(1, 0)))
    hann, ends = torch.hann_window(16, dtype=x.dtype), []
    padded = F.pad(level, (6, 6), mode="reflect")[:, 0]
    spectrum = torch.stft(padded, 16, 4, window=hann, center=True, return_complex=True)[:, :, 2:-2]
    parts = torch.stack((spectrum.real, spectrum.imag), 1)
    for at, (low, high) in enumerate(((0, 2), (2, 9))):
        y = parts[:, :, low:high]
        for layer, (across, stride) in enumerate(((9, 1), (9, 2), (9, 2), (9, 2), (3, 1))):
            how = {"stride": (stride, 1), "padding": (across // 2, 1)}
            y = F.leaky_relu(_conv(w, f"w16.band{at}.layer{layer}.conv", y, **how), 0.1)
            found.append(y)
        ends.append(y)
    logits.append(_conv(w, "w16.logit", torch.cat(ends, 2), padding=1))
    for one, other in zip(judge(x), logits + found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
