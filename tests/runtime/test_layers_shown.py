"""Layers print their shapes, and every argument that changes what they compute."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import fx, nn

from gandsl_runtime import layers
from gandsl_runtime.layers.base import ONLY_AT_FIRST, Layer

SIZES: dict[str, tuple[Any, ...]] = {  # what a constructor needs
    "Bias": (6,),
    "Gain": (6,),
    "Cast": ("float16",),
    "Conv2d": (6, 4),
    "ConvTranspose2d": (6, 4),
    "Conv1d": (6, 4),
    "Conv3d": (6, 4),
    "ConvTranspose1d": (6, 4),
    "ConvTranspose3d": (6, 4),
    "Fir1d": (),
    "Fir3d": (),
    "RandomShift": (),
    "ModulatedConv2d": (6, 4),
    "Linear": (6, 4),
    "Embedding": (6, 4),
    "OneHot": (6,),
    "Constant": (6, 4),
    "LearnedTensor": ((6, 4),),
    "Coordinates": (4,),
    "Dropout": (),
    "Fir": (),
    "Lowpass": (9,),
    "FourierFeatures": (6, 4),
    "NormalizeMagnitude": (),
    "Noise": (6, 4),
    "TrackAverage": (6,),
    "BatchNorm": (6,),
    "GroupNorm": (6,),
    "InstanceNorm": (6,),
    "LayerNorm": (6,),
    "RelativeBias": (4,),
    "NearestCode": (6,),
    "MovingCode": (6,),
}
NAMED: dict[str, dict[str, Any]] = {
    "Gain": {"per_channel": True},
    "Noise": {"per_channel": True},
    "GroupNorm": {"groups": 2},
    "Lowpass": {"cutoff": 2.0, "half_width": 1.0, "rate": 16.0},
    "FourierFeatures": {"rate": 16.0, "bandwidth": 2.0},
    "NearestCode": {"count": 4},
    "MovingCode": {"count": 4},
}
OTHERS: dict[str, Any] = {  # another value, where it can't be guessed from the first
    "dtype": "bfloat16",
    "padding_mode": "reflect",
    "weight": "equalized",
    "over": "channels",
    "padding": 3,
    "groups": 1,
    "p": 0.25,
    "taps": (1.0, 2.0, 1.0),
    "pad": (1, 1, 1, 1),
    "size": (8, 2),
    "spectral_eval": False,
    "plane": torch.ones(4, 4) / 16,
}
NEEDS = {"spectral_eps": {"weight": "spectral"}, "spectral_eval": {"weight": "spectral"}, "init_scale": {}}
UNSEEN = {*ONLY_AT_FIRST, "plane"}
CLASSES = {
    name: found
    for name in layers.__all__
    if inspect.isclass(found := getattr(layers, name)) and issubclass(found, Layer)
}


def other(value: Any, name: str) -> Any:
    if name in OTHERS:
        return OTHERS[name]
    return not value if isinstance(value, bool) else value * 2 if value else value + 1


def arguments(name: str) -> list[str]:
    return [parameter for parameter in inspect.signature(CLASSES[name]).parameters if parameter not in UNSEEN]


def made(name: str, changed: str | None = None) -> nn.Module:
    signature = inspect.signature(CLASSES[name])
    given = signature.bind(*SIZES[name], **NAMED.get(name, {}))
    given.apply_defaults()
    if changed is not None:
        given.arguments |= NEEDS.get(changed, {})
        given.arguments[changed] = other(given.arguments[changed], changed)
        if changed == "groups" and name.startswith("Conv"):
            given.arguments[changed] = 2
    return CLASSES[name](*given.args, **given.kwargs)


@pytest.mark.parametrize("name", SIZES)
def test_shapes_are_shown(name: str) -> None:
    said = repr(made(name))
    tensors = {**dict(made(name).named_parameters()), **dict(made(name).named_buffers())}
    for key, tensor in tensors.items():
        assert f"{key} {list(tensor.shape)}" in said or not tensor.numel()
    assert said.startswith(f"{name}(") and said != f"{name}()" and len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "argument"), [(name, argument) for name in SIZES for argument in arguments(name)]
)
def test_every_argument_makes_a_difference(name: str, argument: str) -> None:
    before = NEEDS.get(argument)
    plain = CLASSES[name](*SIZES[name], **NAMED.get(name, {}), **before) if before else made(name)
    assert repr(made(name, argument)) != repr(plain)


def test_every_layer_is_looked_at() -> None:
    """The compiler makes the others around layers."""
    assert set(SIZES) == CLASSES.keys() - {"Layer", "Weighted", "Folded", "Recomputed"}
    folded = layers.Folded(layers.Conv2d(6, 4))
    graph = fx.symbolic_trace(nn.Sequential(nn.Linear(6, 4), nn.ReLU()))
    assert repr(folded) == "Folded(weight [4, 6, 3, 3])"
    assert repr(layers.Recomputed(graph)) == "Recomputed(2 layers)"
