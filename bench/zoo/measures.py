"""What runs are measured by: functions of a trained run, which give figures beside those of trivial rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

import gandsl
from bench.zoo.run import Figure, Run
from gandsl_runtime.data.degrade.steps import degraded
from gandsl_runtime.ops.signal import mel

Images = tuple[np.ndarray, np.ndarray, np.ndarray]
DIGITS, OF_EACH = 10, 100
PARTS, SAMPLES = ("held", "train"), 300


def codes(run: Run) -> list[Figure]:
    """Do classes of a code agree with those of digits? Each is called by one digit, the best way."""
    from bench.digits import judge_of

    chance = np.random.default_rng(run.seed)
    asked = np.repeat(np.arange(DIGITS), OF_EACH)
    numbers = chance.uniform(-1, 1, (len(asked), 2)).astype(np.float32)
    drawn = run.of_rows({"kind": asked, "code": numbers})
    judge = judge_of(drawn.shape[1:3])
    said = judge.machine.predict(drawn.reshape(len(drawn), -1).astype(np.float32) / 255)
    read = run.of_held("--network", "discriminator.kind").reshape(-1, DIGITS).argmax(1)
    named = run.arrays()["y"]
    return [
        Figure(
            what, agreed(one, other), {"codes shuffled": agreed(chance.permutation(one), other)}, less=False
        )
        for what, one, other in (("samples", asked, said), ("held-out digits", read, named))
    ]


def agreed(codes: np.ndarray, classes: np.ndarray) -> float:
    """The share of items whose code is called by their class, where each code has a class of its own."""
    from scipy.optimize import linear_sum_assignment

    table = np.zeros((DIGITS, DIGITS))
    np.add.at(table, (codes, classes.astype(int)), 1)
    rows, columns = linear_sum_assignment(-table)
    return float(table[rows, columns].sum() / len(codes))


def translated(run: Run) -> list[Figure]:
    """How far images made from edges are from the true ones: L1, black to white being 1."""
    held, made = run.arrays(), run.of_held()
    true, lines = held["image"], np.repeat(held["edges"][..., None], 3, axis=3)
    rules = {"the edges": lines, "black edges on white": 255 - lines, "mean image": _mean(run, "image")}
    return [_far(made, true, rules)]


def rebuilt(run: Run) -> list[Figure]:
    """How far what an autoencoder gives is from what it was given: L1, black to white being 1."""
    true = run.arrays()["image"]
    return [_far(run.of_held(), true, {"mean image": _mean(run, "image")})]


def restyled(run: Run) -> list[Figure]:
    """How far a drawing in colours, translated, is from that in black and white; training paired none."""
    held = run.arrays()
    dark = held["a"].mean(3, keepdims=True).repeat(3, 3) < 128
    made = run.of_images(held["a"], "--network", "to_b")
    rules = {"not translated": held["a"], "black where dark": np.where(dark, 0, 255)}
    return [_far(made, held["b"], {**rules, "mean image": _mean(run, "b")})]


def quantized(run: Run) -> list[Figure]:
    """The error of `rebuilt`, and how many codes are used as if all were used alike: e to their entropy."""
    given = {"h": run.of_held("--network", "encoder")}
    codes = run.of_rows(given, "--network", "codebook").transpose(0, 2, 3, 1)
    _, counts = np.unique(codes.reshape(-1, codes.shape[-1]), axis=0, return_counts=True)
    shares = counts / counts.sum()
    used = float(np.exp(-(shares * np.log(shares)).sum()))
    return [*rebuilt(run), Figure("codes used", used, {"one code": 1.0}, less=False)]


def angles(run: Run) -> list[Figure]:
    """How far points lie from the angle that was asked for, in degrees; angles that no training point has."""
    asked = np.tile(run.arrays()["label"], (10, 1))
    made = run.of_rows({"label": asked}).reshape(-1, 2)
    found = np.arctan2(made[:, 0], made[:, 1]) / (2 * np.pi)

    def error(labels: np.ndarray) -> float:
        apart = (found - labels[:, 0] + 0.5) % 1 - 0.5
        return float(360 * np.abs(apart).mean())

    shuffled = np.random.default_rng(run.seed).permutation(asked)
    return [Figure("angle, degrees", error(asked), {"labels shuffled": error(shuffled)})]


def named_apart(run: Run) -> list[Figure]:
    """The share of digits named rightly on the set without names; one digit for all is the rule."""
    held = run.arrays()
    said = run.of_images(held["other"], "--network", "classifier.logits").reshape(-1, DIGITS).argmax(1)
    most = float(np.bincount(held["other_y"]).max() / len(said))
    return [Figure("named rightly", float((said == held["other_y"]).mean()), {"one digit": most}, less=False)]


def solid(run: Run) -> list[Figure]:
    """What a held-out volume shares with the nearest of 200 samples, of what either has.

    Also how often samples are most like the kind of solid that they are least like.
    """
    held = run.arrays()["image"].reshape(-1, 16**3) > 127
    made = run.made("--seeds", "0-199").reshape(-1, 16**3) > 0.5
    mean = run.arrays("train")["image"].reshape(-1, 16**3).mean(0, keepdims=True) > 127

    def shared(volumes: np.ndarray) -> np.ndarray:
        both = volumes.astype(np.float32) @ held.T.astype(np.float32)
        return np.asarray(both / np.maximum(volumes.sum(1)[:, None] + held.sum(1)[None] - both, 1))

    found = shared(made)
    kinds = np.bincount(found.argmax(1) % 3, minlength=3) / len(made)
    return [
        Figure("overlap", float(found.max(0).mean()), {"mean solid": float(shared(mean).mean())}, less=False),
        Figure("rarest kind", float(kinds.min()), {"one solid": 0.0}, less=False),
    ]


def distance(run: Run) -> list[Figure]:
    """KID of 300 samples and held-out images; also of the training images, and of their mean 300 times.

    In features of EfficientNet-Lite0, averaged over the image. Unbiased, so that it may fall below 0.
    """
    from gandsl_runtime.evaluation.kernel import kid

    held, train = (features(run.arrays(part)["image"], run.data / f"{part}.lite0.npy") for part in PARTS)
    made = features(run.made("--seeds", f"1000-{999 + SAMPLES}"))
    mean = features(_mean(run, "image").round().astype(np.uint8)).repeat(SAMPLES, axis=0)
    rules = {"training images": kid(train, held), "their mean": kid(mean, held)}
    return [Figure("KID, EfficientNet-Lite0", kid(made, held), rules, least=-0.1)]


def features(images: np.ndarray, kept: Path | None = None) -> np.ndarray:
    """float32 (n, 1280) of uint8 (n, h, w, 3); read from a file, where it is there."""
    from gandsl_runtime.evaluation.extractors import open_extractor

    if kept is not None and kept.exists():
        return np.asarray(np.load(kept))
    lite0, x = open_extractor("lite0"), torch.from_numpy(images).permute(0, 3, 1, 2)
    found = np.concatenate([lite0(some).features.numpy() for some in x.split(50)])
    if kept is not None:
        np.save(kept, found)
    return found


RATE, BANDS, WINDOW, HOP = 8000, 40, 256, 64


def heard(run: Run) -> list[Figure]:
    """How far sounds made of mel bands are from these, of the logarithm; Griffin and Lim's beside it."""
    sounds = run.arrays()["sound"]
    bands = log_mel(sounds)
    made = run.of_rows({"heard": bands})
    rules = {"Griffin-Lim": griffin_lim(bands), "silence": np.zeros_like(sounds)}
    error = {name: float(np.abs(log_mel(sound) - bands).mean()) for name, sound in rules.items()}
    return [Figure("log mel", float(np.abs(log_mel(made.reshape(sounds.shape)) - bands).mean()), error)]


def _spectrum(sounds: torch.Tensor) -> torch.Tensor:
    """Complex [n, frequencies, frames] of [n, 1, t], the border as `space.log_mel` has it."""
    border = (WINDOW - HOP) // 2
    bordered = functional.pad(sounds, (border, border), mode="reflect")[:, 0]
    window = torch.hann_window(WINDOW)
    return torch.stft(bordered, WINDOW, HOP, window=window, center=False, return_complex=True)


def log_mel(sounds: np.ndarray) -> np.ndarray:
    """[n, bands, frames] of [n, 1, t], as the spec's game computes it."""
    magnitude = (_spectrum(torch.from_numpy(sounds)).abs() ** 2 + 1e-9).sqrt()
    return np.asarray(mel(magnitude[:, None], rate=RATE, bands=BANDS)[:, 0].clamp(min=1e-5).log())


def griffin_lim(bands: np.ndarray, rounds: int = 60) -> np.ndarray:
    """Float32 (n, 1, t): magnitudes by least squares, phases by going to and fro (Griffin and Lim 1984)."""
    filters = mel(torch.eye(WINDOW // 2 + 1)[None, None], rate=RATE, bands=BANDS)[0, 0]
    magnitude = (torch.linalg.pinv(filters) @ torch.from_numpy(bands).exp()).clamp(min=0)
    count, border = bands.shape[2] * HOP, (WINDOW - HOP) // 2
    generator = torch.Generator().manual_seed(0)
    phase = torch.polar(torch.ones_like(magnitude), 6.2832 * torch.rand(magnitude.shape, generator=generator))
    window = torch.hann_window(WINDOW)
    lapped = (window**2)[None, :, None].expand(1, -1, bands.shape[2])
    for _ in range(rounds):
        frames = torch.fft.irfft((magnitude * phase).transpose(1, 2), WINDOW) * window
        folded = functional.fold(
            frames.transpose(1, 2), (1, count + 2 * border), (1, WINDOW), stride=(1, HOP)
        )
        weight = functional.fold(lapped, (1, count + 2 * border), (1, WINDOW), stride=(1, HOP))
        sound = (folded / weight.clamp(min=1e-3))[:, 0, :, border : border + count]
        found = _spectrum(sound)
        phase = found / found.abs().clamp(min=1e-8)
    return np.asarray(sound)


def _far(made: np.ndarray, true: np.ndarray, rules: Mapping[str, np.ndarray]) -> Figure:
    return Figure("L1", _l1(made, true), {name: _l1(rule, true) for name, rule in rules.items()})


def _l1(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(np.float64) - b).mean() / 255)


def _mean(run: Run, field: str) -> np.ndarray:
    """Of the training images."""
    return np.asarray(run.arrays("train")[field].mean(0, keepdims=True))


def enlarged(run: Run) -> list[Figure]:
    """Four times the size: PSNR in dB, and how steep images are from pixel to pixel, true ones being 1."""
    return _mended(*enlarged_images(run))


def enlarged_images(run: Run) -> Images:
    """Held-out ones by bicubic interpolation, as made, and as they are: uint8 (n, h, w, 3)."""
    true = run.arrays()["image"]
    return _bicubic(true, 1 / 4, 4), run.of_held(), true


def mended(run: Run) -> list[Figure]:
    """As `enlarged`, of images that were made worse by the spec's own steps."""
    return _mended(*mended_images(run))


def mended_images(run: Run) -> Images:
    """As `enlarged_images`."""
    game = gandsl.compile(run.folder / "spec.yaml").game
    assert game is not None
    low, true = game.plan.data["low"], run.arrays()["image"]
    chance = np.random.Generator(np.random.Philox(run.seed))
    _, height, width = low.shape
    planes = [degraded(x.transpose(2, 0, 1), low.steps, (height, width), chance) for x in true]
    worse = np.stack(planes).transpose(0, 2, 3, 1)
    return _bicubic(worse, 4), run.of_images(worse, "--network", "generator"), true


def _mended(bicubic: np.ndarray, made: np.ndarray, true: np.ndarray) -> list[Figure]:
    steep = _steepness(true)
    return [
        Figure("PSNR", _psnr(made, true), {"bicubic": _psnr(bicubic, true)}, less=False),
        Figure("sharpness", _steepness(made) / steep, {"bicubic": _steepness(bicubic) / steep}, less=False),
    ]


def _bicubic(images: np.ndarray, *factors: float) -> np.ndarray:
    """uint8 (n, h, w, 3), by so much larger each time."""
    x = torch.from_numpy(images).permute(0, 3, 1, 2).float()
    for factor in factors:
        x = functional.interpolate(x, scale_factor=factor, mode="bicubic")
    return np.asarray(x.round().clamp(0, 255).byte().permute(0, 2, 3, 1))


def _psnr(made: np.ndarray, true: np.ndarray) -> float:
    """Of all pixels together."""
    return float(20 * np.log10(255) - 10 * np.log10(((made.astype(np.float64) - true) ** 2).mean()))


def _steepness(images: np.ndarray) -> float:
    x = images.astype(np.float64)
    return float(np.abs(np.diff(x, axis=1)).mean() + np.abs(np.diff(x, axis=2)).mean())
