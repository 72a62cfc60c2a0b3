"""Small networks of published systems as hand-built IR: what lowering and passes are tried on.

Node ids follow the official state_dicts as far as the IR allows; `*_key` maps a key of ours to the
official one.
"""

from __future__ import annotations

from collections.abc import Callable

from gandsl.ir.graph import NetworkIR, Variant
from tests.graphs import Builder

ROOT2 = 2**0.5
EQUALIZED = {"weight": "equalized"}


def stylegan2_generator(
    resolution: int = 32,
    z_dim: int = 32,
    w_dim: int = 32,
    width: Callable[[int], int] = lambda res: min(512 // res, 32),
    mapping_layers: int = 2,
    clamp: float = 256.0,
) -> NetworkIR:
    """Skip generator; the ids of StyleGAN2's PyTorch port."""
    b = Builder("generator")
    x = b("mapping.norm", "pixel_norm", {"x": b.input("z", "Latent", z_dim, distribution="normal")})
    for i in range(mapping_layers):
        x = b(f"mapping.fc{i}", "linear", {"x": x}, features=w_dim, lr_multiplier=0.01, **EQUALIZED)
        x = b(f"mapping.act{i}", "leaky_relu", {"x": x}, gain=ROOT2)
    x = b("mapping.w_avg", "track_average", {"x": x}, beta=0.995)
    sizes = [2**k for k in range(2, resolution.bit_length())]
    ws = b("ws", "broadcast_styles", {"x": x}, count=2 * len(sizes))
    x = b("synthesis.b4.const", "constant", {"like": ws}, channels=width(4), size=4)
    image, index = "", 0

    def style(at: str, channels: int, index: int) -> str:
        w = b(f"{at}.w", "select", {"x": ws}, index=index)
        return b(f"{at}.affine", "linear", {"x": w}, features=channels, bias_init=1.0, **EQUALIZED)

    def finish(at: str, x: str) -> str:
        x = b(f"{at}.noise", "noise", {"x": x})
        x = b(f"{at}.bias", "bias", {"x": x})
        x = b(f"{at}.act", "leaky_relu", {"x": x}, gain=ROOT2)
        return b(f"{at}.clamp", "clamp", {"x": x}, limit=clamp)

    for res in sizes:
        at = f"synthesis.b{res}"
        if res > 4:
            s = style(f"{at}.conv0", width(res // 2), index)
            x = b(f"{at}.conv0.conv", "modulated_conv", {"x": x, "style": s}, channels=width(res), up=2)
            x = finish(f"{at}.conv0", b(f"{at}.conv0.blur", "fir", {"x": x}, pad=(1, 1, 1, 1), gain=4.0))
            index += 1
        s = style(f"{at}.conv1", width(res), index)
        x = b(f"{at}.conv1.conv", "modulated_conv", {"x": x, "style": s}, channels=width(res))
        x = finish(f"{at}.conv1", x)
        index += 1
        s = style(f"{at}.torgb", width(res), index)
        rgb = {"channels": 3, "kernel": 1, "demodulate": False, **EQUALIZED}
        y = b(f"{at}.torgb.conv", "modulated_conv", {"x": x, "style": s}, **rgb)
        y = b(f"{at}.torgb.bias", "bias", {"x": y})
        y = b(f"{at}.torgb.clamp", "clamp", {"x": y}, limit=clamp)
        if image:
            image = b(f"{at}.up", "fir", {"x": image}, up=2, pad=(2, 1, 2, 1), gain=4.0)
            image = b(f"{at}.sum", "add", {"terms": [image, y]})
        else:
            image = y
    return b.ir(image, styles=ws)


def stylegan2_discriminator(
    resolution: int = 32, width: Callable[[int], int] = lambda res: min(512 // res, 32), clamp: float = 256.0
) -> NetworkIR:
    """Residual discriminator; the ids of StyleGAN2's PyTorch port."""
    b = Builder("discriminator")
    x = b.input("image", "Image", 3, resolution, resolution)

    def act(at: str, x: str) -> str:
        x = b(f"{at}.act", "leaky_relu", {"x": x}, gain=ROOT2)
        return b(f"{at}.clamp", "clamp", {"x": x}, limit=clamp)

    at = f"b{resolution}.fromrgb"
    x = act(at, b(f"{at}.conv", "conv", {"x": x}, channels=width(resolution), kernel=1, **EQUALIZED))
    res = resolution
    while res > 4:
        half, skip = res // 2, x
        x = act(f"b{res}.conv0", b(f"b{res}.conv0.conv", "conv", {"x": x}, channels=width(res), **EQUALIZED))
        x = b(f"b{res}.conv1.blur", "fir", {"x": x}, pad=(2, 2, 2, 2))
        x = b(
            f"b{res}.conv1.conv",
            "conv",
            {"x": x},
            channels=width(half),
            stride=2,
            padding=0,
            **EQUALIZED,
        )
        x = act(f"b{res}.conv1", x)
        y = b(f"b{res}.skip.blur", "fir", {"x": skip}, down=2, pad=(1, 1, 1, 1))
        y = b(f"b{res}.skip.conv", "conv", {"x": y}, channels=width(half), kernel=1, bias=False, **EQUALIZED)
        x = b(f"b{res}.sum", "add", {"terms": [y, x]}, scale=0.5**0.5)
        res = half
    x = b("b4.stddev", "minibatch_stddev", {"x": x}, group=4)
    x = act("b4.conv", b("b4.conv.conv", "conv", {"x": x}, channels=width(4), **EQUALIZED))
    x = b("b4.flatten", "flatten", {"x": x})
    x = b("b4.fc.fc", "linear", {"x": x}, features=width(4), **EQUALIZED)
    x = b("b4.fc.act", "leaky_relu", {"x": x}, gain=ROOT2)
    return b.ir(b("b4.out", "linear", {"x": x}, features=1, **EQUALIZED))


def stylegan2_key(key: str) -> str:
    """The official name of one of our keys."""
    for ours, theirs in (
        (".noise.strength", ".noise_strength"),
        (".noise.constant", ".noise_const"),
        (".bias.bias", ".bias"),
        ("w_avg.average", "w_avg"),
        ("const.weight", "const"),
        (".conv.weight", ".weight"),
        (".conv.bias", ".bias"),
        (".fc.weight", ".weight"),
        (".fc.bias", ".bias"),
    ):
        if key.endswith(ours):
            return key.removesuffix(ours) + theirs
    return key


def biggan_discriminator(resolution: int = 32, channels: int = 16, classes: int = 10) -> NetworkIR:
    """Projection discriminator of BigGAN at 32², without attention; the ids of its PyTorch port."""
    b = Builder("discriminator")
    x = b.input("image", "Image", 3, resolution, resolution)
    y = b.input("y", "Label", classes)
    spectral = {"weight": "spectral", "spectral_eps": 1e-6}
    for i, down in enumerate((True, True, False, False)):
        at, h = f"blocks.{i}.0", x
        if i:
            h = b(f"{at}.relu0", "relu", {"x": h})
        h = b(f"{at}.conv1", "conv", {"x": h}, channels=channels, **spectral)
        h = b(f"{at}.conv2", "conv", {"x": b(f"{at}.relu1", "relu", {"x": h})}, channels=channels, **spectral)
        h = b(f"{at}.pool", "pool", {"x": h}) if down else h
        short = x
        if i == 0:
            short = b(f"{at}.pool_sc", "pool", {"x": short})
        if i < 2:
            short = b(f"{at}.conv_sc", "conv", {"x": short}, channels=channels, kernel=1, **spectral)
        if i == 1:
            short = b(f"{at}.pool_sc", "pool", {"x": short})
        x = b(f"{at}.sum", "add", {"terms": [h, short]})
    h = b("pooled", "global_pool", {"x": b("relu", "relu", {"x": x})}, mode="sum")
    out = b("linear", "linear", {"x": h}, features=1, **spectral)
    embedded = b("embed", "embedding", {"y": y}, features=channels, **spectral)
    return b.ir(b("logit", "add", {"terms": [out, b("projection", "dot", {"a": h, "b": embedded})]}))


def biggan_generator(
    resolution: int = 16, channels: int = 8, classes: int = 5, z_chunk: int = 4
) -> NetworkIR:
    """Hierarchical latent, shared embedding, conditional batch norm, attention, spectral norm."""
    b = Builder("generator")
    sizes = [2**k for k in range(3, resolution.bit_length())]
    z = b.input("z", "Latent", z_chunk * (len(sizes) + 1), distribution="normal")
    y = b.input("y", "Label", classes)
    shared = b("shared", "embedding", {"y": y}, features=8, init_scale=0.5)
    parts = b("chunks", "chunks", {"x": z}, count=len(sizes) + 1)
    spectral = {"weight": "spectral", "init": "orthogonal"}
    x = b(
        "linear",
        "linear",
        {"x": b("z0", "select", {"x": parts}, index=0)},
        features=16 * channels,
        **spectral,
    )
    x = b("start", "reshape", {"x": x}, channels=channels, size=4)

    def norm(at: str, x: str, cond: str) -> str:
        scale = b(f"{at}.gain", "linear", {"x": cond}, features=channels, bias=False, **spectral)
        shift = b(f"{at}.shift", "linear", {"x": cond}, features=channels, bias=False, **spectral)
        x = b(f"{at}.norm", "batch_norm", {"x": x}, affine=False)
        return b(f"{at}.modulate", "modulate", {"x": x, "scale": scale, "shift": shift})

    for i, _ in enumerate(sizes):
        at = f"blocks.{i}"
        cond = b(
            f"{at}.cond", "concat", {"terms": [shared, b(f"{at}.z", "select", {"x": parts}, index=i + 1)]}
        )
        h = b(f"{at}.act1", "relu", {"x": norm(f"{at}.bn1", x, cond)})
        h = b(
            f"{at}.conv1", "conv", {"x": b(f"{at}.up", "upsample", {"x": h})}, channels=channels, **spectral
        )
        h = b(f"{at}.act2", "relu", {"x": norm(f"{at}.bn2", h, cond)})
        h = b(f"{at}.conv2", "conv", {"x": h}, channels=channels, **spectral)
        short = b(f"{at}.up_sc", "upsample", {"x": x})
        short = b(f"{at}.conv_sc", "conv", {"x": short}, channels=channels, kernel=1, **spectral)
        x = b(f"{at}.sum", "add", {"terms": [h, short]})
    one = {"kernel": 1, "bias": False, **spectral}
    small = b("attn.phi_pool", "pool", {"x": b("attn.phi", "conv", {"x": x}, channels=1, **one)}, mode="max")
    value = b("attn.g_pool", "pool", {"x": b("attn.g", "conv", {"x": x}, channels=4, **one)}, mode="max")
    q = b("attn.q", "to_tokens", {"x": b("attn.theta", "conv", {"x": x}, channels=1, **one)})
    k, v = b("attn.k", "to_tokens", {"x": small}), b("attn.v", "to_tokens", {"x": value})
    o = b("attn.beta", "attention", {"q": q, "k": k, "v": v}, scaled=False)
    o = b("attn.pixels", "from_tokens", {"x": o}, size=resolution)
    o = b("attn.o", "conv", {"x": o}, channels=channels, **one)
    x = b("attn.sum", "add", {"terms": [x, b("attn.gamma", "gain", {"x": o}, init=0.3)]})
    x = b("output.act", "relu", {"x": b("output.norm", "batch_norm", {"x": x})})
    return b.ir(b("image", "tanh", {"x": b("output.conv", "conv", {"x": x}, channels=3, **spectral)}))


def dcgan_generator(resolution: int = 16, channels: int = 8) -> NetworkIR:
    """Transposed convolutions, batch norm, relu, tanh."""
    b = Builder("generator")
    z = b.input("z", "Latent", 6, distribution="normal")
    x = b("start", "reshape", {"x": z}, channels=6, size=1)
    plain = {"bias": False, "init": "normal", "init_scale": 0.1}
    x = b("l0.deconv", "conv_transpose", {"x": x}, channels=channels, stride=1, padding=0, **plain)
    side, i = 4, 0
    while side < resolution:
        x = b(f"l{i}.act", "relu", {"x": b(f"l{i}.norm", "batch_norm", {"x": x}, init_std=0.02)})
        side, i = side * 2, i + 1
        x = b(
            f"l{i}.deconv",
            "conv_transpose",
            {"x": x},
            channels=3 if side == resolution else channels,
            **plain,
        )
    return b.ir(b("image", "tanh", {"x": x}))


def pggan_discriminator() -> NetworkIR:
    """A grown critic at 4² and 8²: levels 0, 1, and 1 fading in, with one set of weights."""
    programs = {}
    for variant in (Variant(0), Variant(1), Variant(1, True)):
        b = Builder("discriminator")
        top = 4 * 2**variant.level
        image = b.input("image", "Image", 3, top, top)
        x = b(f"from_rgb{top}", "conv", {"x": image}, channels=6, kernel=1, **EQUALIZED)
        x = b(f"from_rgb{top}_act", "leaky_relu", {"x": x})
        if variant.level:
            x = b("b8.conv0", "conv", {"x": x}, channels=6, gain=ROOT2, **EQUALIZED)
            x = b("b8.act0", "leaky_relu", {"x": x})
            x = b("b8.pool", "pool", {"x": x})
        if variant.fading:
            old = b("old", "pool", {"x": image})
            old = b("from_rgb4", "conv", {"x": old}, channels=6, kernel=1, **EQUALIZED)
            old = b("from_rgb4_act", "leaky_relu", {"x": old})
            x = b("fade", "lerp", {"a": old, "b": x, "weight": b.input("alpha", "Scalar")})
        x = b("stddev", "minibatch_stddev", {"x": x})
        x = b("b4.conv", "conv", {"x": x}, channels=6, gain=ROOT2, **EQUALIZED)
        x = b("b4.act", "leaky_relu", {"x": x})
        x = b("logit", "linear", {"x": b("flat", "flatten", {"x": x})}, features=1, **EQUALIZED)
        programs[variant] = b.graph(x)
    return NetworkIR("discriminator", programs, ((4, 4), (8, 8)))


def stylegan_generator() -> NetworkIR:
    """First StyleGAN: noise on the constant, noise for each channel, instance norm and style modulation."""
    b = Builder("generator")
    x = b.input("z", "Latent", 8, distribution="normal")
    x = b("map.act", "leaky_relu", {"x": b("map.fc", "linear", {"x": x}, features=8, **EQUALIZED)})
    ws = b("ws", "broadcast_styles", {"x": x}, count=3)
    x = b("const", "constant", {"like": ws}, channels=6, size=4, init="ones")
    for i in range(3):
        if i == 1:
            x = b("up", "upsample", {"x": x})
        if i:
            x = b(f"l{i}.conv", "conv", {"x": x}, channels=6, bias=False, gain=ROOT2, **EQUALIZED)
        if i == 1:
            x = b("blur", "fir", {"x": x}, taps=(1.0, 2.0, 1.0), pad=(1, 1, 1, 1))
        x = b(f"l{i}.noise", "noise", {"x": x}, per_channel=True, init=0.1)
        x = b(f"l{i}.bias", "bias", {"x": x}, lr_multiplier=0.5, init=0.1)
        x = b(f"l{i}.norm", "instance_norm", {"x": b(f"l{i}.act", "leaky_relu", {"x": x})}, eps=1e-8)
        w = b(f"l{i}.w", "select", {"x": ws}, index=i)
        scale = b(f"l{i}.scale", "linear", {"x": w}, features=6, **EQUALIZED)
        shift = b(f"l{i}.shift", "linear", {"x": w}, features=6, **EQUALIZED)
        x = b(f"l{i}.style", "modulate", {"x": x, "scale": scale, "shift": shift})
    return b.ir(b("image", "conv", {"x": x}, channels=3, kernel=1, **EQUALIZED), styles=ws)


NETWORKS: dict[str, Callable[[], NetworkIR]] = {
    "stylegan2_generator": lambda: stylegan2_generator(16, 8, 8, lambda res: 64 // res + 2),
    "stylegan2_discriminator": lambda: stylegan2_discriminator(16, lambda res: 64 // res + 2),
    "biggan_discriminator": lambda: biggan_discriminator(16, 6),
    "biggan_generator": biggan_generator,
    "dcgan_generator": dcgan_generator,
    "pggan_discriminator": pggan_discriminator,
    "stylegan_generator": stylegan_generator,
}
"""Small enough for second derivatives in float64."""
