"""Published systems: which of their keys are which of ours, and how a tensor changes on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from tests.specs.compare import renamed

Change = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Published:
    """One network: our spec, overrides of it, and our keys (of modules or tensors) → the published ones."""

    spec: str
    overrides: Mapping[str, Any]
    keys: Mapping[str, str]
    changes: Mapping[str, Change] = field(default_factory=dict)  # our key → published tensor to ours
    idle: tuple[str, ...] = ()  # ends of published keys that hold no weights
    own: tuple[str, ...] = ()  # names of ours that are records, and not published


def fit(network: torch.nn.Module, state: Mapping[str, Tensor], published: Published) -> dict[str, str]:
    """Load published weights. Every key of both sides is used. Returns our keys → the published ones."""
    ours = network.state_dict()
    names = renamed(list(ours), published.keys, own=published.own, aliases={})
    rest = {key for key in state if not key.endswith(published.idle)} - set(names.values())
    assert not rest, f"published keys that nothing took: {sorted(rest)}"
    new = {key: published.changes.get(key, lambda x: x)(state[other]) for key, other in names.items()}
    network.load_state_dict(ours | new)
    return names


# --- DCGAN ----------------------------------------------------------------------------------------


def dcgan(meta: Mapping[str, Any], which: str) -> Published:
    """The layers of one nn.Sequential; activations take numbers, too."""
    if which == "generator":
        keys = {"project": "main.0", "norm": "main.1", "rgb": "main.12"}
        keys |= {f"s{res}.conv": f"main.{3 + 3 * i}" for i, res in enumerate((8, 16, 32))}
        keys |= {f"s{res}.norm": f"main.{4 + 3 * i}" for i, res in enumerate((8, 16, 32))}
    else:
        keys = {"s32.conv": "main.0", "logit": "main.11"}
        keys |= {f"s{res}.conv": f"main.{2 + 3 * i}" for i, res in enumerate((16, 8, 4))}
        keys |= {f"s{res}.norm": f"main.{3 + 3 * i}" for i, res in enumerate((16, 8, 4))}
    return Published(
        "dcgan", {"z_dim": meta["nz"], "width": meta["ngf"]}, keys, idle=("num_batches_tracked",)
    )


# --- StyleGAN2 ------------------------------------------------------------------------------------


def sizes(meta: Mapping[str, Any], key: str) -> list[int]:
    """4, 8, … up to the full resolution."""
    return [4 << i for i in range((meta[key] // 4).bit_length())]


def stylegan2(meta: Mapping[str, Any], which: str) -> Published:
    overrides = {
        "resolution": meta["img_resolution"],
        "z_dim": meta["z_dim"],
        "w_dim": meta["w_dim"],
        "classes": meta.get("c_dim", 0),
        "mapping_layers": meta["mapping_layers"],
        "channel_base": meta["channel_base"],
        "channel_max": meta["channel_max"],
        "clamp": float(meta["conv_clamp"]),
        "stddev_group": meta["mbstd_group"],
    }
    layers = meta["mapping_layers"] if which == "generator" else 8
    keys = {f"mapping.fc{i}.linear": f"mapping.fc{i}" for i in range(layers)} | {
        "mapping.embed": "mapping.embed"
    }
    if not meta.get("c_dim"):
        keys = {} if which == "discriminator" else {k: v for k, v in keys.items() if k != "mapping.embed"}
    all_sizes = sizes(meta, "img_resolution")
    if which == "generator":
        keys |= {"mapping.centre.average": "mapping.w_avg", "start.weight": "synthesis.b4.const"}
        for res in all_sizes:
            for conv in ("conv0", "conv1") if res > 4 else ("conv1",):
                keys |= layer(f"synthesis.s{res}.{conv}", f"synthesis.b{res}.{conv}", noise=True)
            keys |= layer(f"synthesis.s{res}.rgb", f"synthesis.b{res}.torgb", noise=False)
    else:
        keys |= {"from_rgb.conv": f"b{all_sizes[-1]}.fromrgb"}
        keys |= {"head.conv": "b4.conv", "head.hidden": "b4.fc", "head.out": "b4.out"}
        for res in all_sizes[1:]:
            pairs = {"conv0.conv": "conv0", "conv1.conv": "conv1", "short.conv": "skip"}
            keys |= {f"stages.s{res}.{a}": f"b{res}.{b}" for a, b in pairs.items()}
    return Published("stylegan2", overrides, keys, idle=("resample_filter",))


def layer(ours: str, theirs: str, *, noise: bool) -> dict[str, str]:
    """A modulated convolution: three or four of our primitives, one of their modules."""
    keys = {f"{ours}.affine": f"{theirs}.affine", f"{ours}.conv.weight": f"{theirs}.weight"}
    keys |= {f"{ours}.bias.bias": f"{theirs}.bias"}
    if noise:
        keys |= {
            f"{ours}.noise.strength": f"{theirs}.noise_strength",
            f"{ours}.noise.constant": f"{theirs}.noise_const",
        }
    return keys


# --- BigGAN ---------------------------------------------------------------------------------------

STAGES = {32: (8, 16, 32), 64: (8, 16, 32, 64)}


def biggan(meta: Mapping[str, Any], which: str) -> Published:
    resolution = meta["resolution"]
    stages = STAGES[resolution]
    overrides = {
        "resolution": resolution,
        "width": meta["ch"],
        "classes": meta["n_classes"],
        "attention_at": int(meta["attention"]),
        "eps": meta["SN_eps"],
    }
    if meta["hier"]:
        overrides |= {"z_chunk": meta["dim_z"] // (len(stages) + 1), "embedding": meta["shared_dim"]}
        spec = "biggan"
    else:
        overrides |= {"z_dim": meta["dim_z"]}
        spec = "biggan_plain"
    if which == "discriminator":
        keys = {"head.logit": "linear", "head.embed": "embed"}
        for i in range(5 if resolution == 64 else 4):
            keys |= block(f"b{i}.block", f"blocks.{i}.0")
            if resolution == 32 and i >= 2:  # the same size and width: the shortcut is the input
                del keys[f"b{i}.block.short"]
        attended = {(32, "16"): range(4), (64, "32"): range(1)}.get((resolution, meta["attention"]), ())
        for i in attended:
            keys |= attention(f"b{i}.attention", f"blocks.{i}.1")
    else:
        keys = {"project": "linear", "rgb": "output_layer.2"} | batch_norm("norm.norm", "output_layer.0")
        keys |= {"norm.norm.weight": "output_layer.0.gain", "norm.norm.bias": "output_layer.0.bias"}
        if meta["shared"]:
            keys |= {"shared": "shared"}
        for i, res in enumerate(stages):
            ours, theirs = f"s{res}.block", f"blocks.{i}.0"
            keys |= block(ours, theirs)
            for n in (0, 1):
                keys |= batch_norm(f"{ours}.norm{n}.norm", f"{theirs}.bn{n + 1}")
                keys |= {
                    f"{ours}.norm{n}.{a}": f"{theirs}.bn{n + 1}.{b}"
                    for a, b in (("gain", "gain"), ("shift", "bias"))
                }
            if res == int(meta["attention"]):
                keys |= attention(f"s{res}.attention", f"blocks.{i}.1")
    return Published(spec, overrides, keys)


def block(ours: str, theirs: str) -> dict[str, str]:
    return {
        f"{ours}.{a}": f"{theirs}.{b}"
        for a, b in (("conv0", "conv1"), ("conv1", "conv2"), ("short", "conv_sc"))
    }


def batch_norm(ours: str, theirs: str) -> dict[str, str]:
    return {f"{ours}.running_mean": f"{theirs}.stored_mean", f"{ours}.running_var": f"{theirs}.stored_var"}


def attention(ours: str, theirs: str) -> dict[str, str]:
    return {f"{ours}.{name}": f"{theirs}.{name}" for name in ("theta", "phi", "g", "o")} | {
        f"{ours}.gamma.weight": f"{theirs}.gamma"
    }



def pggan(meta: Mapping[str, Any], which: str) -> Published:
    all_sizes = sizes(meta, "resolution")
    overrides = {
        "resolution": meta["resolution"],
        "z_dim": meta["fmaps_max"],
        "channel_base": meta["fmaps_base"],
        "channel_max": meta["fmaps_max"],
    }
    if which == "generator":
        keys = {"dense.weight": "layer0.weight", "bias.bias": "layer0.bias", "synthesis.s4.conv1": "layer1"}
        for i, res in enumerate(all_sizes):
            keys |= {f"synthesis.s{res}.rgb": f"output{i}"}
            if i:
                keys |= {
                    f"synthesis.s{res}.conv0": f"layer{2 * i}",
                    f"synthesis.s{res}.conv1": f"layer{2 * i + 1}",
                }
        # published: a 4×4 convolution of one pixel with padding 3, which turns the kernel round
        changes = {"dense.weight": lambda w: w.flip(2, 3).permute(0, 2, 3, 1).flatten(0, 2)}
    else:
        count = len(all_sizes) - 1
        keys = {"stages.rgb.conv": f"input{count}", "conv": f"layer{2 * count}"}
        keys |= {"hidden": f"layer{2 * count + 1}", "logit": f"layer{2 * count + 2}"}
        changes = {}
        for i, res in enumerate(reversed(all_sizes[1:])):
            keys |= {f"stages.s{res}.rgb.conv": f"input{i}"}
            keys |= {f"stages.s{res}.conv{n}": f"layer{2 * i + n}" for n in (0, 1)}
    return Published("pggan", overrides, keys, changes, idle=("lod",))


# --- StyleGAN -------------------------------------------------------------------------------------


def stylegan(meta: Mapping[str, Any], which: str) -> Published:
    all_sizes = sizes(meta, "resolution")
    overrides = {
        "resolution": meta["resolution"],
        "z_dim": meta["fmaps_max"],
        "w_dim": meta["fmaps_max"],
        "mapping_layers": meta["mapping_layers"],
        "channel_base": meta["fmaps_base"],
        "channel_max": meta["fmaps_max"],
    }
    changes: dict[str, Change] = {}
    if which == "generator":
        keys = {f"mapping.fc{i}.linear": f"mapping.dense{i}" for i in range(meta["mapping_layers"])}
        keys |= {"mapping.centre.average": "truncation.w_avg", "start.weight": "synthesis.layer0.const"}
        changes["start.weight"] = lambda w: w[0]
        for i, res in enumerate(all_sizes):
            keys |= {f"synthesis.s{res}.rgb": f"synthesis.output{i}"}
            for n in (0, 1):
                ours, theirs = f"synthesis.s{res}", f"synthesis.layer{2 * i + n}"
                if i or n:
                    keys |= {f"{ours}.conv{n}.weight": f"{theirs}.weight"}
                keys |= {
                    f"{ours}.epilogue{n}.noise.strength": f"{theirs}.apply_noise.weight",
                    f"{ours}.epilogue{n}.noise.constant": f"{theirs}.apply_noise.noise",
                    f"{ours}.epilogue{n}.bias.bias": f"{theirs}.bias",
                    f"{ours}.epilogue{n}.adain.affine": f"{theirs}.style",
                }
                changes[f"{ours}.epilogue{n}.noise.constant"] = lambda plane: plane[0, 0]
    else:
        count = len(all_sizes) - 1
        keys = {"stages.rgb.conv": f"input{count}", "head.conv": f"layer{2 * count}"}
        keys |= {"head.hidden": f"layer{2 * count + 1}", "head.out": f"layer{2 * count + 2}"}
        for i, res in enumerate(reversed(all_sizes[1:])):
            keys |= {
                f"stages.s{res}.rgb.conv": f"input{i}",
                f"stages.s{res}.conv0": f"layer{2 * i}",
                f"stages.s{res}.conv1.weight": f"layer{2 * i + 1}.weight",
                f"stages.s{res}.bias.bias": f"layer{2 * i + 1}.bias",
            }
    return Published("stylegan", overrides, keys, changes, idle=("lod", "blur.kernel"))


# --- R3GAN ----------------------------------------------------------------------------------------


def r3gan(meta: Mapping[str, Any], which: str) -> Published:
    overrides = {
        "widths": meta["widths"],
        "cardinalities": meta["cardinality"],
        "depths": meta["blocks"],
        "z_dim": meta["noise_dim"],
    }
    up = which == "generator"
    depths = meta["blocks"] if up else meta["blocks"][::-1]
    last = len(depths) - 1
    if up:
        keys = {"basis.weight": "MainLayers.0.Layers.0.Basis", "weights": "MainLayers.0.Layers.0.LinearLayer"}
        keys |= {"rgb": "AggregationLayer.Layer"}
    else:
        end = f"MainLayers.{last}.Layers.{depths[last]}"
        keys = {"from_rgb": "ExtractionLayer.Layer", "basis": f"{end}.Basis", "logit": f"{end}.LinearLayer"}
    for i, depth in enumerate(depths):
        stage = f"s{4 << i if up else 4 << (last - i)}"
        if (
            i
        ):  # published: a transition opens a stage on the way up, and closes the one before on the way down
            change = f"MainLayers.{i}.Layers.0" if up else f"MainLayers.{i - 1}.Layers.{depths[i - 1]}"
            keys |= {f"{stage}.project": f"{change}.LinearLayer.Layer"}
        for n in range(depth):
            ours, theirs = f"{stage}.block{n}", f"MainLayers.{i}.Layers.{n + up}"
            keys |= {f"{ours}.conv{k}": f"{theirs}.LinearLayer{k + 1}.Layer" for k in (0, 1, 2)}
            keys |= {f"{ours}.bias{k}.bias": f"{theirs}.NonLinearity{k + 1}.Bias" for k in (0, 1)}
    return Published("r3gan", overrides, keys, idle=("Resampler.Kernel",))
