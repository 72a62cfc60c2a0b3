"""What constructors can be told in implementations whose files are state_dicts, and so keep none of it.

What shapes tell is held or refused; the rest is a parameter's (`--set`), or taken to be at its default.
"""

from __future__ import annotations

from gandsl.interop.options import Option, applied, held, idle, refused, unseen

Options = tuple[Option, ...]

TRAINED = "of training alone"
SAME = "two ways to the same numbers"


def _biggan(player: str, width: str, attention: str) -> Options:
    """What both of BigGAN-PyTorch's networks have, G or D."""
    return (
        held(f"{player}_ch", width, 64),
        held("resolution", "resolution", 128),
        held(f"{player}_attn", attention, "64"),
        held("n_classes", "classes", 1000),
        idle(f"{player}_kernel_size", 3, "its code reads it nowhere"),
        idle(f"num_{player}_SVs", 1, "the first singular value alone is divided by; the others are carried"),
        idle(f"num_{player}_SV_itrs", 1, TRAINED),
        unseen(f"{player}_activation", "ReLU"),
        applied("SN_eps", "eps", 1e-12),
        idle(f"{player}_init, skip_init", "ortho, False", TRAINED),
        idle(f"{player}_lr, {player}_B1, {player}_B2, adam_eps", "–", TRAINED),
        idle(f"{player}_mixed_precision, {player}_fp16", False, TRAINED),
    )


def _biggan_generator(deep: bool) -> Options:
    return (
        *_biggan("G", "width", "attention_at"),
        *([refused("G_depth", 2, "other depths run at 32² alone, where they are held")] if deep else []),
        held("dim_z", "z_dim" if deep else "z_chunk", 128),
        refused("bottom_width", 4, "the first layer tells it"),
        refused("G_shared", True, "without it this network does not run")
        if deep
        else held("G_shared", "embedding", True),
        held("shared_dim", "embedding", 0),
        idle("hier", False, "the network runs with it alone") if deep else held("hier", "z_chunk", False),
        idle("mybn", False, "its statistics are held where its counter is 0; an export spells them so again"),
        idle(
            "cross_replica",
            False,
            "held as it is trained: in evaluation its code adds the gain it else multiplies by",
        ),
        applied("BN_eps", "norm_eps", 1e-5),
        held("G_param", "generator_weights", "SN"),
        refused("norm_style", "bn", "`in` computes in evaluation what `bn` does; others have no statistics"),
        idle("no_optim", False, TRAINED),
    )


def _biggan_discriminator(deep: bool) -> Options:
    return (
        *_biggan("D", "discriminator_width", "discriminator_attention_at"),
        held("D_depth", "discriminator_depth", 2) if deep else held("D_wide", "discriminator_wide", True),
        *([idle("D_wide", True, "its code reads it nowhere")] if deep else []),
        refused("output_dim", 1, "D gives one number"),
        idle("D_param", "SN", "its code has no other"),
    )


BIGGAN_GENERATOR, BIGGAN_DISCRIMINATOR = _biggan_generator(deep=False), _biggan_discriminator(deep=False)
DEEP_GENERATOR, DEEP_DISCRIMINATOR = _biggan_generator(deep=True), _biggan_discriminator(deep=True)

PRETRAINED: Options = (
    idle("output_dim", 128, "its code reads it nowhere"),
    held("z_dim", "z_dim", 128),
    idle("class_embed_dim", 128, "its code reads it nowhere: the embedding is as long as z"),
    held("channel_width", "width", 128),
    held("num_classes", "classes", 1000),
    refused("layers", "as at 128²", "those of the published 128², 256² and 512² are held"),
    refused("attention_layer_position", 8, "behind any size it is held, not between a size's two layers"),
    applied("eps", "eps", 1e-4),
    held("n_stats", "statistics", 51),
)

ROSINALITY_GENERATOR: Options = (
    held("size", "resolution"),
    held("style_dim", "w_dim"),
    refused("n_mlp", 8, "0 is no mapping; others are held"),
    refused("channel_multiplier", 2, "above 2 channels rise again behind 512; up to 2 it is held"),
    refused("blur_kernel", [1, 3, 3, 1], "the filters in the file tell it; its RGB layers keep the default"),
    applied("lr_mlp", "mapping_lr_multiplier", 0.01),
)

ROSINALITY_DISCRIMINATOR: Options = (
    held("size", "resolution"),
    refused("channel_multiplier", 2, "above 2 channels rise again behind 512; up to 2 it is held"),
    idle("blur_kernel", [1, 3, 3, 1], "its filters are verified against `taps`, which `--set` changes"),
)


def _genforce(base: int, side: str = "") -> Options:
    """What all of genforce's networks have."""
    return (
        held("resolution", "resolution"),
        held("image_channels", "image_channels", 3),
        held("label_size", "classes", 0),
        held("fmaps_base", f"{side}channel_base", base),
        held("fmaps_max", f"{side}channel_max", 512),
        applied("use_wscale", "weights", True),
    )


PGGAN_BASE, BASE = 16384, 32768


def _mapped(base: int) -> Options:
    """Generators with a mapping network."""
    return (
        *_genforce(base),
        held("z_space_dim", "z_dim", 512),
        held("w_space_dim", "w_dim", 512),
        refused("mapping_layers", 8, "0 is no mapping; others are held"),
        held("mapping_fmaps", "mapping_width", 512),
        applied("mapping_lr_mul", "mapping_lr_multiplier", 0.01),
        refused("repeat_w", True, "a style for each layer"),
        applied("final_tanh", "final_tanh", False),
        refused("const_input", True, "a network that begins from w"),
    )


PGGAN_GENERATOR: Options = (
    *_genforce(PGGAN_BASE),
    held("z_space_dim", "z_dim", 512),
    applied("final_tanh", "final_tanh", False),
    idle("fused_scale", False, "a layout for each value; shapes tell it where channels change"),
)
PGGAN_DISCRIMINATOR: Options = (
    *_genforce(PGGAN_BASE, "discriminator_"),
    applied("fused_scale", "fused", False),
    applied("minibatch_std_group_size", "stddev_group", 16),
)
STYLEGAN_GENERATOR: Options = (
    *_mapped(PGGAN_BASE),
    idle("fused_scale", "auto", "a layout for each value: `--layout`"),
    refused("noise_type", "spatial", "noise for each channel"),
)
STYLEGAN_DISCRIMINATOR: Options = (
    *_genforce(PGGAN_BASE, "discriminator_"),
    idle("fused_scale", "auto", SAME),
    applied("minibatch_std_group_size", "stddev_group", 4),
    held("minibatch_std_channels", "stddev_channels", 1),
)
STYLEGAN2_GENERATOR: Options = (
    *_mapped(BASE),
    refused("architecture", "skip", "`resnet` cannot run in its own code; `skip` and `origin` are held"),
    idle("fused_modulate", True, SAME),
    applied("demodulate", "demodulate", True),
    idle("noise_type", "spatial", "its code cannot build another"),
)
STYLEGAN2_DISCRIMINATOR: Options = (
    *_genforce(BASE, "discriminator_"),
    held("architecture", "discriminator_architecture", "resnet"),
    applied("minibatch_std_group_size", "stddev_group", 4),
    held("minibatch_std_channels", "stddev_channels", 1),
)

DCGAN_GENERATOR: Options = (
    held("nz", "z_dim", 100),
    held("ngf", "width", 64),
    held("nc", "image_channels", 3),
    idle("ngpu", 1, SAME),
)
DCGAN_DISCRIMINATOR: Options = (
    held("ndf", "discriminator_width", 64),
    held("nc", "image_channels", 3),
    idle("ngpu", 1, SAME),
)
