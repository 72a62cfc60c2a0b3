"""The specs of specs/zoo in small, for a few steps on one core: the same games over narrower networks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gandsl.analysis import analyze
from gandsl.frontend.module import ModuleIR
from tests.specs.reduced import SPECS, ZOO

FEW = {"training.batch": 4}
STUDIO = {"resolution": 16, "classes": 3, "z_dim": 6, "width": 2, "embedding": 3, "training.batch": 8}
AUTOENCODER = {
    "resolution": 16,
    "width": 4,
    "factors": [1, 2],
    "depth": 1,
    "groups": 2,
    "judge_widths": [2, 2],
    "lpips_width": 2,
    "begin": "1 steps",
    **FEW,
}
REDUCED: dict[str, dict[str, Any]] = {  # spec → what is changed of it
    "aae": {"resolution": 8, "z_dim": 3, "width": 6, **FEW},
    "adcgan": STUDIO,
    "adversarial_flow": {
        "resolution": 4,
        "channels": 2,
        "classes": 3,
        "width": 8,
        "depth": 2,
        "heads": 2,
        "training.batch": 8,
    },
    "alae": {"resolution": 8, "z_dim": 3, "width": 6, **FEW},
    "began": {"resolution": 16, "width": 2, "z_dim": 3, **FEW},
    "bigan": {"resolution": 8, "z_dim": 5, "width": 6, "training.batch": 8},
    "cgan": {"resolution": 16, "z_dim": 5, "width": 2, "classes": 3, "training.batch": 8},
    "ccgan": {"width": 5, **FEW},
    "dann": {"resolution": 16, "classes": 3, "widths": [2, 3], "hidden": 6, **FEW},
    "context_encoder": {
        "encoder": [1, 2, 2],
        "decoder": [2, 1],
        "width": 2,
        "bottleneck": 5,
        "overlap": 2,
        "room": 40,
        **FEW,
    },
    "contragan": {**STUDIO, "shared": 6},
    "cyclegan": {"resolution": 16, "width": 2, "depth": 1, "judge_widths": [2, 2]},
    "dac": {
        "length": 96,
        "rate": 1000,
        "width": 2,
        "decoder_width": 8,
        "strides": [2, 4],
        "dilations": [1, 3],
        "books": 3,
        "book_size": 6,
        "code_dim": 2,
        "periods": [2, 7],
        "period_width": 1,
        "windows": [16],
        "band_width": 2,
        "edges": [0.0, 0.25, 1.0],
        "mel_windows": [8, 16],
        "mels": [3, 4],
        **FEW,
    },
    "dmd2": {
        "resolution": 16,
        "classes": 3,
        "width": 4,
        "factors": [1, 2],
        "depth": 1,
        "groups": 2,
        "steps": 2,
        **FEW,
    },
    "dragan": {"resolution": 16, "width": 2, "z_dim": 5, **FEW},
    "ebgan": {"resolution": 16, "width": 2, "z_dim": 5, **FEW},
    "esrgan": {
        "resolution": 32,
        **dict.fromkeys(("width", "growth", "judge_width", "vgg_width", "depth"), 2),
        "begin": "2 steps",
        **FEW,
    },
    "gat": {
        "resolution": 4,
        "width": 8,
        "depth": 4,
        "heads": 2,
        **dict.fromkeys(("classes", "z_dim"), 3),
        "judged": 5,
        "training.precision": {"compute": "fp32"},
        **FEW,
    },
    "gigagan": {
        "resolution": 16,
        "channel_base": 32,
        "channel_max": 4,
        "attention_at": [8],
        **dict.fromkeys(("tokens", "z_dim", "w_dim"), 3),
        **dict.fromkeys(("features", "heads", "bank"), 2),
        "readers": 1,
        **FEW,
    },
    "fastgan": {
        "resolution": 64,
        "small": 32,
        "z_dim": 6,
        **dict.fromkeys(("width", "judge_width", "lpips_width"), 2),
        "decoder_width": 1,
        "decoder_factors": [2, 1],
        **FEW,
    },
    "hifi_gan": {
        "length": 240,
        "rate": 1000,
        "bands": 5,
        "window": 32,
        "high": 400,
        "width": 8,
        "rates": [4, 2],
        "up_kernels": [8, 4],
        "kernels": [3, 5],
        "dilations": [1, 3],
        "periods": [2, 7],
        "period_width": 1,
        "scales": 2,
        "scale_width": 16,
        **FEW,
    },
    "infogan": {"width": 2, "linear": 8, "read": 6, **FEW},
    "kl_autoencoder": AUTOENCODER,
    "lapgan": {"z_dim": 3, "dense": 6, "width": 2, **FEW},
    "pix2pix": {"resolution": 16, "widths": [2, 2, 3, 3], "judge_widths": [2, 2], **FEW},
    "pix2pixhd": {
        "resolution": 32,
        "classes": 3,
        **dict.fromkeys(("width", "vgg_width"), 2),
        **dict.fromkeys(("halvings", "blocks"), 1),
        "training.optimizer.lr": {"shape": "linear", "start": 2e-4, "end": 0, "over": "8 img"},
        **FEW,
    },
    "projected_gan": {
        "resolution": 64,
        "z_dim": 6,
        **dict.fromkeys(("width", "mixed", "stem"), 2),
        "widths": [2] * 7,
        **FEW,
    },
    "r3gan_cifar": {
        "widths": [4, 4],
        "cardinalities": [2, 2],
        "depths": [1, 1],
        "z_dim": 4,
        "training.precision": None,
        **FEW,
    },
    "reacgan": {**STUDIO, "shared": 6},
    "spade": {
        "resolution": 32,
        "classes": 3,
        **dict.fromkeys(("width", "hidden", "vgg_width"), 2),
        **FEW,
    },
    "real_esrgan": {
        "resolution": 32,
        **dict.fromkeys(("width", "growth", "judge_width", "vgg_width", "depth"), 2),
        "begin": "2 steps",
        **FEW,
    },
    "srgan": {
        "resolution": 16,
        **dict.fromkeys(("width", "depth", "judge_width", "vgg_width"), 2),
        "judge_linear": 6,
        "begin": "2 steps",
        **FEW,
    },
    "stargan": {"resolution": 16, "attributes": 3, "width": 2, "depth": 1, "judge_depth": 3, **FEW},
    "swagan": {
        "resolution": 16,
        "channel_base": 64,
        "channel_max": 4,
        **dict.fromkeys(("z_dim", "w_dim"), 6),
        "mapping_layers": 2,
        "training.batch": 8,
    },
    "transgan": {  # two sizes: attention is over all pixels of one
        "resolution": 16,
        "z_dim": 5,
        **dict.fromkeys(("width", "discriminator_width"), 16),
        "depths": [1, 1],
        "heads": 2,
        "discriminator_depth": 1,
        **FEW,
    },
    "unet_gan": {"resolution": 32, "classes": 3, "width": 1, "z_chunk": 2, "embedding": 3, **FEW},
    "unit": {"resolution": 16, "width": 2, "depth": 1, "judge_depth": 3},
    "vaegan": {
        "resolution": 16,
        "z_dim": 5,
        **{name: [2, 3] for name in ("widths", "judge_widths")},
        **{name: 6 for name in ("linear", "judge_linear")},
        "decoder_widths": [3, 3, 2],
        "enter": 2,
        **FEW,
    },
    "vaegan_3d": {
        "resolution": 8,
        "z_dim": 3,
        "width": 2,
        "photo_size": 16,
        "photo_width": 2,
        "photo_strides": [2],
        **FEW,
    },
    "vqgan": {**AUTOENCODER, "channels": 3, "codes": 8},
    "wgan": {"resolution": 16, "width": 2, "z_dim": 5, **FEW},
}
NAMES = [name.removeprefix("zoo/") for name in ZOO]


def path_of(name: str) -> Path:
    """Its file."""
    return SPECS / "zoo" / f"{name}.yaml"


def checked(name: str, more: Mapping[str, Any] = {}) -> ModuleIR:  # read only
    """The module of a reduced spec, which has no errors."""
    module, diagnostics = analyze(path_of(name), {**REDUCED[name], **more})
    assert module is not None, [one.message for one in diagnostics]
    return module
