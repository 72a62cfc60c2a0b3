"""What constructors of StyleGAN2 and StyleGAN3 can be told, in stylegan2-ada-pytorch and stylegan3."""

from __future__ import annotations

from typing import Any

from gandsl.interop.options import Option, applied, held, idle, labelled, one_of, refused, under
from gandsl.interop.peel import LocatedState

Options = tuple[Option, ...]

SLOPES = one_of({"lrelu": 0.2, "relu": 0.0})  # both with a gain of √2
MEMORY_FORMAT = applied(
    "fp16_channels_last",
    "training.memory_format",
    False,
    one_of({False: "contiguous", True: "channels_last"}),
)


def bound(given: Any) -> float:
    """Of activations; None is none, which the specs write as 0."""
    if given is None:
        return 0.0
    if not given > 0:
        raise ValueError("activations clamped to 0 are no network")
    return float(given)


def precision(given: Any) -> dict[str, Any]:
    """Of training: so many of the largest resolutions in fp16, gradients that are not finite replaced."""
    if int(given) <= 0:
        return {}
    return {"compute": "fp16", "stages": int(given), "overflow": "replace", "fallback": "fp32"}


def taps(given: Any) -> list[float]:
    """Of a separable filter, of at least one number."""
    if given is None:
        return [1.0]
    if not isinstance(given, list | tuple) or not all(isinstance(tap, int | float) for tap in given):
        raise ValueError("the spec has filters that are a list of numbers, the same for rows and columns")
    return [float(tap) for tap in given]


def group(given: Any) -> int:
    """Of the minibatch statistics; None is the whole batch, which the specs write as 0."""
    return 0 if given is None else int(given)


def depth(given: Any) -> int:
    """Of a mapping network."""
    if given < 1:
        raise ValueError("the spec's mapping has at least one layer")
    return int(given)


def decay(given: Any) -> float:
    """Of the running mean of w."""
    if given is None:
        raise ValueError("the spec keeps the running mean of w, for truncation")
    return float(given)


def network(*first: str) -> Options:
    """Sizes that every network is told first."""
    names = {"c_dim": "classes", "img_resolution": "resolution", "img_channels": "image_channels"}
    return tuple(held(name, names.get(name, name)) for name in (*first, "img_resolution", "img_channels"))


def widths() -> Options:
    """The rule of channels at each size."""
    return (held("channel_base", default=32768), held("channel_max", default=512))


def generator(newer: bool) -> Options:
    """StyleGAN2's; `newer` is as stylegan3 has it."""
    synthesis = (
        *widths(),
        applied("num_fp16_res", "training.precision", 4 if newer else 0, precision),
        held("architecture", "generator_architecture", "skip"),
        applied("resample_filter", "taps", (1, 3, 3, 1), taps),
        applied("conv_clamp", "clamp", 256 if newer else None, bound),
        MEMORY_FORMAT,
        *((idle("fused_modconv_default", True, "two ways to the same numbers"),) if newer else ()),
        held("kernel_size", "kernel", 3),
        held("use_noise", "noise", True),
        applied("activation", "slope", "lrelu", SLOPES),
    )
    return (
        *network("z_dim", "c_dim", "w_dim"),
        *under(
            "mapping_kwargs",
            held("num_layers", "mapping_layers", 8, depth),
            *labelled(held("embed_features", "label_embedding", None)),
            held("layer_features", "mapping_width", None),
            applied("activation", "mapping_slope", "lrelu", SLOPES),
            applied("lr_multiplier", "mapping_lr_multiplier", 0.01, float),
            applied("w_avg_beta", "w_decay", 0.998 if newer else 0.995, decay),
        ),
        *(synthesis if newer else under("synthesis_kwargs", *synthesis)),
    )


def discriminator(newer: bool) -> Options:
    """StyleGAN2's, which StyleGAN3 has too."""
    return (
        *network("c_dim"),
        held("architecture", "discriminator_architecture", "resnet"),
        *widths(),
        applied("num_fp16_res", "training.precision", 4 if newer else 0, precision),
        applied("conv_clamp", "clamp", 256 if newer else None, bound),
        *labelled(held("cmap_dim", "label_dim", None)),
        *under(
            "block_kwargs",
            applied("activation", "discriminator_slope", "lrelu", SLOPES),
            applied("resample_filter", "taps", (1, 3, 3, 1), taps),
            MEMORY_FORMAT,
            idle("freeze_layers", 0, "it says which layers were trained; here `training.freeze` does"),
        ),
        *labelled(
            *under(
                "mapping_kwargs",
                held("num_layers", "label_layers", 8, depth),
                held("embed_features", "label_input", None),
                held("layer_features", "label_width", None),
                applied("activation", "label_slope", "lrelu", SLOPES),
                applied("lr_multiplier", "label_lr_multiplier", 0.01, float),
            )
        ),
        *under(
            "epilogue_kwargs",
            applied("mbstd_group_size", "stddev_group", 4, group),
            held("mbstd_num_channels", "stddev_channels", 1),
            applied("activation", "head_slope", "lrelu", SLOPES),
        ),
    )


def is_rotation(part: LocatedState) -> bool:
    """Whether a generator of StyleGAN3 is configuration R, whose widths are twice the spec's."""
    given = part.arguments or {}
    return given.get("conv_kernel") == 1 and bool(given.get("use_radial_filters"))


def alias_free(part: LocatedState) -> Options:
    """The generator's of StyleGAN3."""

    def width(given: Any) -> int:
        return given // 2 if is_rotation(part) and given % 2 == 0 else int(given)

    return (
        *network("z_dim", "c_dim", "w_dim"),
        *under(
            "mapping_kwargs",
            held("num_layers", "mapping_layers", 2, depth),
            applied("lr_multiplier", "mapping_lr_multiplier", 0.01, float),
            applied("w_avg_beta", "w_decay", 0.998, decay),
        ),
        held("channel_base", default=32768, value=width),
        held("channel_max", default=512, value=width),
        held("num_layers", "layers", 14),
        applied("num_critical", "critical", 2),
        applied("first_cutoff", "first_cutoff", 2, float),
        applied("first_stopband", "first_stopband", 2**2.1, float),
        applied("last_stopband_rel", "last_stopband", 2**0.3, float),
        applied("margin_size", "margin", 10),
        applied("output_scale", "output_scale", 0.25, float),
        applied("num_fp16_res", "training.precision", 4, precision),
        held("conv_kernel", "kernel", 3),
        applied("filter_size", "filter_size", 6),
        refused("lrelu_upsampling", 2, "the spec's nonlinearity runs at twice the sampling rate"),
        held("use_radial_filters", "radial", False),
        applied("conv_clamp", "clamp", 256, bound),
        applied("magnitude_ema_beta", "magnitude_decay", 0.999, float),
    )
