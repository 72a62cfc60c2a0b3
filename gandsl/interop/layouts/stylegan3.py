"""StyleGAN3 as its authors store it: layers named by number, size and channels, each with its filters."""

from __future__ import annotations

import math
import re
from typing import Any

from torch import Tensor

from gandsl.interop.changes import FIRST_MINUS_ONE, POINTWISE
from gandsl.interop.errors import InteropError
from gandsl.interop.layout import (
    Bindings,
    ImpliedTensor,
    Layout,
    Params,
    Shape,
    Shapes,
    Side,
    doubling,
    row,
    table,
)
from gandsl.interop.layouts import stylegan2_ada, stylegan_options
from gandsl_runtime.layers.lowpass import disc, line

EDGE = 1e-9  # of a range whose ends round one way or the other


class LayerSchedule:
    """What each layer of the generator is made for (appendix C.1); number −1 is taken for 0, the input's."""

    def __init__(self, params: Params) -> None:
        self.of = params
        self.wide = 2 if params["equivariance"] == "rotation" else 1
        self.radial = params["radial"]

    def _rising(self, first: float, last: float, i: int) -> float:
        share = min(i / (self.of["layers"] - self.of["critical"]), 1)
        return float(first * (last / first) ** share)

    def cutoff(self, i: int) -> float:
        return self._rising(self.of["first_cutoff"], self.of["resolution"] / 2, i)

    def stopband(self, i: int) -> float:
        last = self.of["last_stopband"] * (self.of["resolution"] / 2)
        return self._rising(self.of["first_stopband"], last, i)

    def rate(self, i: int) -> int:
        return int(2 ** math.ceil(math.log2(min(2 * self.stopband(i), self.of["resolution"]))))

    def side(self, i: int) -> int:
        return int(
            self.of["resolution"] if i >= self.of["layers"] - 1 else self.rate(i) + 2 * self.of["margin"]
        )

    def channels(self, i: int) -> int:
        if i == self.of["layers"]:
            return int(self.of["image_channels"])
        base, most = self.wide * self.of["channel_base"], self.wide * self.of["channel_max"]
        return round(min(base / 2 / self.cutoff(i), most))

    def filter(self, i: int, rises: bool) -> Tensor:
        """The filter before (`rises`) or behind the nonlinearity of a layer."""
        before = max(i - 1, 0)
        finest = 2 * max(self.rate(i), self.rate(before))
        at = before if rises else i
        half_width = max(self.stopband(at), self.rate(at) / 2) - self.cutoff(at)
        radial = self.radial and not rises and i < self.of["layers"] - self.of["critical"]
        design = disc if radial else line
        taps = self.of["filter_size"] * finest // self.rate(at)
        return design(taps, self.cutoff(at), half_width, finest).float()


def _filter(params: Params, shape: Shape, key: str) -> Tensor:
    found = re.match(r"L(\d+)\.", key)
    assert found
    return LayerSchedule(params).filter(int(found[1]), rises=".affine." in key)


INPUT, LAYER, OURS = "synthesis.input", "synthesis.L{i}_{side}_{channels}", "L{i}"
LAST = "synthesis.L{last}_{whole}_{colours}"
PARTS = "<weight|bias|magnitude_ema|affine.weight|affine.bias>"
OUR_PARTS = "<conv.weight|bias.bias|steady.magnitude|affine.weight|affine.bias>"

GENERATOR = table(
    row("mapping.<embed|fc{n}>.<weight|bias>", "mapping.<embed|fc{n}.linear>.<weight|bias>"),
    row("mapping.w_avg", "mapping.centre.average"),
    row(f"{INPUT}.<freqs|phases|transform>", "waves.<frequencies|phases|transform>"),
    row(f"{INPUT}.weight", "start.weight", POINTWISE),
    row(f"{INPUT}.affine.weight", "motion.weight"),
    row(f"{INPUT}.affine.bias", "motion.bias", FIRST_MINUS_ONE),
    row(f"{LAYER}.{PARTS}", f"{OURS}.{OUR_PARTS}"),
    row(f"{LAYER}.<up_filter|down_filter>", f"{OURS}.<affine.weight|conv.weight>", ImpliedTensor(_filter)),
    row(f"{LAST}.{PARTS}", f"rgb.{OUR_PARTS}"),
)


def bindings(params: Params) -> Bindings:
    """`r` is a size, `R` the largest, `n` a layer of either mapping, `i` one of the generator's."""
    schedule, last = LayerSchedule(params), params["layers"]
    return [
        *({"r": r} for r in doubling(4, params["resolution"])),
        *({"n": n} for n in range(max(params["mapping_layers"], params.get("label_layers", 8)))),
        {"R": params["resolution"]},
        *({"i": i, "side": schedule.side(i), "channels": schedule.channels(i)} for i in range(last)),
        {"last": last, "whole": schedule.side(last), "colours": schedule.channels(last)},
    ]


def generator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of G. The names of its layers tell their sizes and channels; a 1×1 convolution tells R."""
    named = sorted(
        (int(match[1]), int(match[2]), int(match[3]), key)
        for key in shapes
        if (match := re.fullmatch(r"synthesis\.L(\d+)_(\d+)_(\d+)\.weight", key))
    )
    if len(named) < 4:
        raise InteropError(f"{shapes.where} lacks layers of its synthesis", "import a whole checkpoint")
    last, size, colours, _ = named[-1]
    first = shapes.of("mapping.fc0.weight", 2)
    layers = shapes.last("mapping.fc{}.weight") + 1
    classes = shapes.of("mapping.embed.weight", 2) if "mapping.embed.weight" in shapes else (0, 0)
    kernel = shapes.of(named[0][3], 4)[2]
    radial = len(shapes.get(named[0][3].replace("weight", "down_filter"), ())) == 2
    found: dict[str, Any] = {
        "resolution": size,
        "image_channels": colours,
        "classes": classes[1],
        "kernel": kernel,
        "radial": radial,
        "z_dim": first[1] - classes[0],
        "w_dim": first[0],
        "mapping_layers": layers,
        "layers": last,
    }
    kinds = ["rotation", "translation"] if kernel == 1 and radial else ["translation"]
    widths = {i: channels for i, _, channels, _ in named[:-1]}
    return {**found, **_channels(widths, {**given, **found}, kinds)}


def _channels(widths: dict[int, int], params: dict[str, Any], kinds: list[str]) -> dict[str, Any]:
    """`equivariance`, `channel_base`, `channel_max` that give these channels.

    The numbers are those in force, or the roundest that do.
    """
    in_force = params["channel_base"], params["channel_max"]
    tried = [(kind, *in_force) for kind in kinds]
    tried += [(kind, *_roundest(widths, {**params, "equivariance": kind})) for kind in kinds]
    for kind, base, most in tried:
        found = {"equivariance": kind, "channel_base": base, "channel_max": most}
        trial = LayerSchedule({**params, **found})
        if all(trial.channels(i) == n for i, n in widths.items()):
            return found
    raise InteropError(
        f"the channels {widths} at each layer follow no min(base / 2 / cutoff, max)",
        "write a spec with these channels, and name it with --spec",
    )


def _roundest(widths: dict[int, int], params: dict[str, Any]) -> tuple[int, int]:
    """The base divisible by the largest power of two, and the smallest maximum."""
    schedule, most = LayerSchedule(params), max(widths.values())
    # a width n is round(wide · base / (2 · cutoff)) or the largest, so that the base lies between
    low = max((2 * n - 1) * schedule.cutoff(i) / schedule.wide for i, n in widths.items()) * (1 + EDGE)
    high = min(
        ((2 * n + 1) * schedule.cutoff(i) / schedule.wide for i, n in widths.items() if n < most), default=0.0
    )
    high = (high or 2 * low) * (1 - EDGE)
    step = 2 ** int(math.log2(high))
    while step > 1 and math.floor(high / step) * step < low:
        step //= 2
    return math.floor(high / step) * step, -(-most // schedule.wide)


def discriminator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of D, which is StyleGAN2's."""
    found = stylegan2_ada.discriminator(shapes, given)
    found.pop("conditioning", None)
    return found


LAYOUT = Layout(
    name="stylegan3",
    doc="StyleGAN3 of its authors",
    spec="stylegan3",
    sides={
        "generator": Side(
            GENERATOR,
            bindings,
            generator,
            ("synthesis.input.freqs", "synthesis.input.affine.weight"),
            options=stylegan_options.alias_free,
        ),
        "discriminator": Side(
            stylegan2_ada.DISCRIMINATOR,
            bindings,
            discriminator,
            ("b4.conv.weight", "b4.out.weight"),
            options=lambda part: stylegan_options.discriminator(newer=True),
        ),
    },
    names={"G": "generator", "D": "discriminator", "G_ema": "average"},
    assumed={"discriminator_architecture": "resnet"},
)

LAYOUTS = (LAYOUT,)
