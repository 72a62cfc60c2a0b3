"""StyleGAN2's figure 7, all nine pairs of generator and discriminator, against the formulas, in float64."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import gandsl
from gandsl_runtime.layers import set_noise_mode
from tests.specs.block_formulas import channels, filtered, mapped, same, style_layer, style_rgb
from tests.specs.compare import derivatives, errors, shake
from tests.specs.parts import lrelu, stddev_channel, unit_rms

SPEC = Path(__file__).resolve().parents[2] / "specs" / "stylegan2.yaml"
SMALL = {
    "resolution": 16,
    "channel_base": 64,
    "channel_max": 6,
    "z_dim": 5,
    "w_dim": 5,
    "mapping_layers": 2,
    "taps": [1, 2, 1, 3],
}
TAPS, SIZES, BATCH = [1.0, 2.0, 1.0, 3.0], (4, 8, 16), 4
FORMS = ("skip", "orig", "resnet")
State = dict[str, Tensor]


def scaled(w: State, name: str) -> Tensor:
    """Equalized learning rate: over the root of the fan in."""
    weight = w[f"{name}.weight"]
    return weight / math.sqrt(weight[0].numel())


def conv(w: State, name: str, x: Tensor, down: bool = False) -> Tensor:
    """Convolution, blurred and halved if `down`, bias, and √2 of the leaky ReLU."""
    kernel = scaled(w, f"{name}.conv").flip(2, 3)
    y = filtered(x, kernel, TAPS if down else [1.0], down=2 if down else 1)
    return math.sqrt(2) * lrelu(y + channels(w[f"{name}.conv.bias"]))


def generate(w: State, form: str, z: Tensor) -> Tensor:
    style = mapped(w, "mapping", unit_rms(z), 2)
    x = w["start.weight"].expand(len(z), -1, -1, -1)
    x = style_layer(w, "synthesis.s4.conv1", x, style)
    image = style_rgb(w, "synthesis.s4.rgb", x, style) if form == "skip" else None
    for res in SIZES[1:]:
        at, before = f"synthesis.s{res}", x
        x = style_layer(w, f"{at}.conv0", x, style, TAPS)
        x = style_layer(w, f"{at}.conv1", x, style)
        if form == "resnet":
            narrow = F.conv2d(before, scaled(w, f"{at}.short.conv"))
            x = math.sqrt(0.5) * (x + filtered(narrow, same(narrow), TAPS, up=2))
        if image is not None:
            image = filtered(image, same(image), TAPS, up=2) + style_rgb(w, f"{at}.rgb", x, style)
    return image if image is not None else style_rgb(w, "synthesis.s16.rgb", x, style)


def judge(w: State, form: str, image: Tensor) -> Tensor:
    x = image.new_zeros(()) if form == "skip" else conv(w, "from_rgb", image)
    for res in reversed(SIZES[1:]):
        at = f"stages.s{res}"
        if form == "skip":
            x = x + conv(w, f"{at}.rgb", image)
            image = filtered(image, same(image), TAPS, down=2)
        before = x
        x = conv(w, f"{at}.conv1", conv(w, f"{at}.conv0", x), down=True)
        if form == "resnet":
            short = filtered(before, scaled(w, f"{at}.short.conv"), TAPS, down=2)
            x = math.sqrt(0.5) * (x + short)
    if form == "skip":
        x = x + conv(w, "stages.rgb", image)
    x = stddev_channel(x, 4)
    x = math.sqrt(2) * lrelu(F.conv2d(x, scaled(w, "head.conv"), padding=1) + channels(w["head.conv.bias"]))
    x = math.sqrt(2) * lrelu(F.linear(x.flatten(1), scaled(w, "head.hidden"), w["head.hidden.bias"]))
    return F.linear(x, scaled(w, "head.out"), w["head.out.bias"])


REFERENCES = {"generator": generate, "discriminator": judge}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("which", REFERENCES)
def test_form(which: str, form: str) -> None:
    overrides = {**SMALL, f"{which}_architecture": form}
    network = getattr(gandsl.compile(SPEC, overrides), which).double().eval()
    shake(network)
    set_noise_mode(network, "constant")
    draw = torch.Generator().manual_seed(3)
    x = torch.randn(BATCH, *network.inputs[0].shape, generator=draw, dtype=torch.float64)
    state = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    ours = derivatives(network, network, [x])
    theirs = derivatives(lambda x: REFERENCES[which](state, form, x), network, [x])
    assert not {what: size for what, size in errors(ours, theirs, {}).items() if not size < 1e-9}
