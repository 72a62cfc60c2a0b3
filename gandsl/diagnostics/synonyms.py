"""The field's other words for what the language has, and what to do about words that it has nothing for."""

from __future__ import annotations

# our name → what papers, PyTorch, TensorFlow and JAX call the same; compared without case, `-` and `_`
_OURS: dict[str, str] = {
    # ops
    "linear": "dense fc fully_connected lin",
    "conv": "conv1d conv2d conv3d convolution conv2_d convolve spatial_conv",
    "conv_transpose": "deconv deconvolution conv_transpose1d conv_transpose2d conv_transpose3d "
    "transposed_conv up_conv conv2d_transpose",
    "modulated_conv": "mod_conv modulated_conv2d style_conv demodulated_conv",
    "silu": "swish",
    "leaky_relu": "lrelu l_relu",
    "tanh": "tan_h hyperbolic_tangent",
    "sigmoid": "logistic_function sigm",
    "clamp": "hard_tanh",
    "concat": "cat concatenate join",
    "add": "sum residual",
    "multiply": "mul product hadamard",
    "lerp": "mix blend alpha_blend interpolation",
    "dot": "inner_product bmm einsum",
    "embedding": "embed label_embedding lookup",
    "one_hot": "onehot_encoding",
    "constant": "const variable learned_constant",
    "coordinates": "coord_conv coords",
    "fourier_features": "synthesis_input fourier",
    "noise": "add_noise noise_injection gaussian_noise",
    "gain": "layer_scale learned_scale",
    "scale": "multiply_by const_scale",
    "bias": "add_bias bias_add use_bias",
    "upsample": "up_sample upsampling upsampling2d unpool upscale",
    "pool": "avg_pool average_pool avg_pool2d max_pool max_pool2d down_sample downsample pooling",
    "resize": "interpolate adaptive_pool adaptive_avg_pool2d",
    "global_pool": "gap global_avg_pool global_average_pooling spatial_sum sum_pool reduce_mean reduce_sum",
    "fir": "blur upfirdn upfirdn2d blur_pool low_pass_fir",
    "lowpass": "kaiser sinc filtered",
    "pixel_shuffle": "depth_to_space sub_pixel",
    "pixel_unshuffle": "space_to_depth",
    "stop_gradient": "detach no_grad stop_grad stopgrad",
    "scale_gradient": "gradient_reversal reverse_gradient grad_reverse grl gradient_scale",
    "normalize_gradient": "grad_norm gradient_normalization normalize_grad gradient_balancer",
    "nearest_code": "vector_quantize vector_quantizer vq codebook",
    "moving_code": "ema_codebook vector_quantize_ema ema_vq",
    "largest": "argmax hard_max",
    "pad": "padding_layer crop zero_pad reflection_pad",
    "flatten": "squeeze ravel",
    "reshape": "view unflatten",
    "to_tokens": "permute transpose rearrange",
    "roll": "cyclic_shift shift_tokens circular_shift",
    "window_partition": "to_windows partition_windows",
    "window_reverse": "window_merge from_windows unpartition",
    "window_mask": "attn_mask shift_mask",
    "relative_bias": "relative_position_bias rel_pos_bias",
    "sinusoids": "positional_encoding sinusoidal sin_cos_embedding sincos",
    "rotary": "rope rotary_embedding apply_rotary_emb",
    "sequence_mask": "padding_mask length_mask key_padding_mask",
    "attention": "scaled_dot_product_attention mha multi_head_attention multihead_attention",
    "batch_norm": "bn batch_norm2d batch_normalization",
    "instance_norm": "in_norm instance_norm2d instance_normalization",
    "group_norm": "gn group_normalization",
    "layer_norm": "ln layer_normalization",
    "pixel_norm": "pn pixelwise_norm local_response_norm lrn",
    "minibatch_stddev": "mbstd minibatch_std batch_std minibatch_standard_deviation",
    "minibatch_similarity": "minibatch_discrimination",
    "slice_channels": "split_channels",
    "slice": "narrow",
    "minus": "subtract sub",
    "divide": "div",
    "power": "pow square",
    "negate": "neg",
    "sqrt": "rsqrt",
    "sin": "sine",
    "cos": "cosine",
    "where": "masked_fill",
    "reduce": "var std",
    "matmul": "mm batch_matmul",
    "chunks": "chunk split",
    "select": "index_select gather",
    "broadcast_styles": "repeat_styles tile",
    "track_average": "w_avg moving_average",
    "glu": "gated_linear_unit swi_glu ge_glu",
    "quantize": "round_ste vq",
    # blocks
    "attention.spatial": "self_attention non_local",
    "norm.rms": "rms_norm rms",
    "norm.adain": "adain ada_in adaptive_instance_norm",
    "norm.conditional_batch": "conditional_bn conditional_batch_norm cbn ccbn",
    "head.projection": "projection_discriminator projection",
    "style.mapping": "mapping mlp mapping_network",
    "style.layer": "styled_conv style_block synthesis_layer",
    "style.rgb": "to_rgb",
    "residual.up": "res_block resnet_block g_block",
    "residual.down": "d_block",
    "topology.unet": "u_net",
    # parameters
    "channels": "filters out_channels num_filters nf out_planes width_out",
    "features": "units out_features num_features hidden_size",
    "kernel": "kernel_size ksize filter_size k_size",
    "stride": "strides subsample",
    "factor": "scale_factor ratio_of",
    "slope": "negative_slope alpha_slope",
    "eps": "epsilon",
    "p": "rate prob drop_prob drop_rate",
    "heads": "num_heads n_heads",
    "groups": "num_groups n_groups",
    "size": "output_size target_size spatial_size",
    "act": "activation nonlinearity",
    "norm": "normalization norm_layer",
    "terms": "tensors operands summands",
    "y": "label labels class_id",
    "init": "initializer kernel_initializer weight_init",
    "demodulate": "demod demodulation",
    "taps": "resample_filter fir_kernel blur_kernel",
    # fields of the plan, and what they may be
    "batch": "batch_size bs minibatch minibatch_size",
    "micro_batch": "batch_gpu batch_per_gpu micro_batch_size",
    "length": "iterations epochs max_steps num_steps total_kimg kimg total_iterations duration",
    "lr": "learning_rate step_size",
    "optimizer": "optim optimiser",
    "betas": "beta1 beta2",
    "loss": "gan_loss objective criterion adversarial_loss",
    "ema": "exponential_moving_average g_ema average_weights",
    "half_life": "ema_decay ema_beta ema_kimg ema_halflife",
    "discriminator_steps": "n_critic critic_iters n_dis d_steps num_d_steps",
    "gradient_penalty": "gp",
    "path_length": "ppl pl_weight path_length_regularization pl_reg",
    "regularizers": "regularization regularisers penalties penalty reg",
    "augment": "ada augmentation aug diff_augment",
    "flip": "mirror hflip horizontal_flip",
    "precision": "amp mixed_precision autocast",
    "style_mixing": "mixing style_mix mixing_prob",
    "gamma": "r1_gamma lambda_gp",
    "wasserstein": "w_loss earth_mover emd critic_loss",
    "least_squares": "mse l2 ls squared_error",
    "logistic": "non_saturating ns nonsaturating_logistic softplus_loss",
    "bce": "binary_cross_entropy minimax vanilla original",
    "relativistic_logistic": "relativistic rp ra",
    "bf16": "bfloat16",
    "fp16": "float16 half",
    "fp32": "float32 full",
    # kinds of tensors and types of parameters
    "Feature": "feature_map map activation_map",
    "Latent": "z_vector latent_code noise_vector",
    "Tokens": "token sequence",
    "Volume": "video clip voxels image3d",
    "Signal": "audio waveform wave image1d",
    "Classes": "segmentation label_map class_map semantic_map",
    "Logits": "logit score scores",
    "Label": "class classes class_label",
    "int": "integer whole",
    "float": "number double real_number",
    "bool": "boolean flag",
    "str": "string text",
    "len": "length_of count_of",
    "ceil": "ceiling",
    # fields of a spec
    "params": "parameters hyperparameters args config",
    "let": "define definitions constants variables vars",
    "body": "layers nodes modules graph",
    "inputs": "input in_",
    "outputs": "out returns",
    "extends": "inherits base parent",
    "imports": "include includes uses",
    "training": "train trainer",
    "generator": "g netg gen",
    "discriminator": "d netd dis critic disc",
    "fold": "loop for repeat each_stage foreach for_each",
    "when": "if condition_on",
}

# words for ops that the language has nothing for → what to do instead
INSTEAD: dict[str, str] = {
    **dict.fromkeys(
        ("spectral_norm", "sn", "sn_conv", "sn_linear"),
        "spectral norm is how a weight is used: `weight: spectral` on the op, or in `defaults:` for all",
    ),
    **dict.fromkeys(
        ("equalized_conv", "equal_conv", "equal_linear", "equalized_linear", "equalized_lr"),
        "equalized learning rate is how a weight is used: `weight: equalized` on the op, or in `defaults:`",
    ),
    "weight_norm": "weight norm is how a weight is used: `weight: normalized` on the op, with "
    "`block: magnitude.gain` behind it for the learned gain",
    **dict.fromkeys(
        ("depthwise_conv", "separable_conv", "group_conv", "grouped_conv"),
        "`conv` with `groups:`; `groups: x.channels` is depthwise",
    ),
    **dict.fromkeys(("dilated_conv", "atrous_conv"), "`conv` with `dilation:`"),
    **dict.fromkeys(
        ("lstm", "gru", "rnn"),
        "networks have no recurrence: a `fold:` repeats a body a fixed number of times, `attention` reads "
        "sequences",
    ),
    **dict.fromkeys(
        ("elu", "selu", "prelu", "mish", "celu", "relu6", "hard_swish", "snake", "maxout"),
        "the activations are `relu`, `leaky_relu`, `tanh`, `sigmoid`, `silu`, `gelu`, `softplus`, `glu`",
    ),
    **dict.fromkeys(
        ("sequential", "module_list", "chain"),
        "a body is a chain already: each node reads the one above; `fold:` repeats a body",
    ),
    **dict.fromkeys(
        ("identity", "nop", "no_op", "skip_connection"),
        "a name is enough: `y: {value: x}`; a slot is filled with `none`",
    ),
    **dict.fromkeys(("input", "placeholder"), "inputs are declared under `inputs:` of the network"),
}


# words for fields and parameters, of which the language says otherwise what they say
_SAID_OTHERWISE: dict[str, str] = {
    **dict.fromkeys(
        ("pretrained", "checkpoint", "load_from", "ckpt"),
        "`weights: {file: …, sha256: …}` of a network says where it starts from",
    ),
    **dict.fromkeys(
        ("frozen", "trainable", "requires_grad", "fixed", "non_trainable"),
        "what no player trains rests: a network `weights: {random: true}`, or nodes by `training.freeze`",
    ),
    **dict.fromkeys(
        ("share", "shared", "shared_weights", "tied", "tie", "share_weights", "weight_from"),
        "`{reuse: NODE}` is a node above again, with the weights it has",
    ),
}


def _plain(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")


def _inverted() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for ours, words in _OURS.items():
        for word in words.split():
            found[_plain(word)] = (*found.get(_plain(word), ()), ours)
    return found


SYNONYMS = _inverted()
"""A word of the field, without case, `-` and `_` → our names for it."""

_INSTEAD = {_plain(word): sentence for word, sentence in INSTEAD.items()}


_OTHERWISE = {_plain(word): sentence for word, sentence in _SAID_OTHERWISE.items()}


def said_otherwise(word: str) -> str | None:
    """How the language says what other people's field or parameter of that name does."""
    return _OTHERWISE.get(_plain(word))


def ours(word: str) -> tuple[str, ...]:
    """Our names for a word of the field, `nn.Conv2d` as `Conv2d`; none for most words."""
    return SYNONYMS.get(_plain(word.rpartition(".")[2]), ())


def instead(word: str) -> str | None:
    """What to do where an op of that name is wanted, and the language has none."""
    return _INSTEAD.get(_plain(word.rpartition(".")[2]))
