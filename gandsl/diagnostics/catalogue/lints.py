"""W0720 to W0728: lints, what is legal and known to train badly, each with the paper that shows it."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "W0720",
        "warning",
        "gradient of each sample through batch normalization",
        means="""
        R1 penalizes the gradient of each image's logit with respect to that image, and other terms do the
        same with other numbers of a sample. Batch normalization ties those of a batch together, so the
        gradient also holds what the sample does to the others, and the term bounds something else.""",
        example="""
        discriminator: ... norm: batch
        training: {regularizers: {r1: {gamma: 10}}}""",
        mend="use layer, instance or group normalization in this network, or none.",
        source="Gulrajani et al. 2017, section 4 (arXiv:1704.00028); Mescheder et al. 2018 (1801.04406)",
    ),
    Code(
        "W0721",
        "warning",
        "Wasserstein loss without a Lipschitz constraint",
        means="""
        A term sets what the network says of some images against what it says of others, linearly: an
        estimate of a distance, as the Wasserstein loss, only while the critic is Lipschitz. Nothing bounds it
        here: no gradient penalty, no spectral normalization and no `bound` of its optimizer, so its outputs
        can grow without end.""",
        example="""
        training: {loss: wasserstein}""",
        mend="""
        add `regularizers: {gradient_penalty: {weight: 10}}`, or `defaults: {weighted: {weight:
        spectral}}`; the first paper bounds weights: `discriminator_optimizer: {bound: 0.01}`.""",
        source="Arjovsky et al. 2017, section 3 (arXiv:1701.07875); Gulrajani et al. 2017 (arXiv:1704.00028)",
    ),
    Code(
        "W0722",
        "warning",
        "batch normalization with a small batch",
        means="""
        Batch statistics of few samples are noisy, and the error grows fast below a batch of 16. The batch is
        what one normalization sees: the micro-batch of one device.""",
        example="""
        training: {batch: 4}        # with norm: batch""",
        mend="enlarge the batch, or use group, layer or instance normalization.",
        source="Wu and He 2018, Group Normalization, figure 1 (arXiv:1803.08494)",
    ),
    Code(
        "W0723",
        "warning",
        "Adam with a large first beta",
        means="""
        The two networks chase each other, and a long memory of gradients (beta1 of 0.9, the usual default)
        makes that oscillate.""",
        example="""
        optimizer: {kind: adam, lr: 2e-4, betas: [0.9, 0.999]}""",
        mend="use a beta1 of 0 or 0.5.",
        source="Radford et al. 2015, section 4 (arXiv:1511.06434)",
    ),
    Code(
        "W0724",
        "warning",
        "transposed convolution overlaps unevenly",
        means="""
        The kernel is no multiple of the stride, so that some output pixels sum more products than their
        neighbours: a checkerboard that training has to undo.""",
        example="""
        up: {op: conv_transpose, channels: 64, kernel: 3, stride: 2}      # with no blur behind it""",
        mend="use a kernel that the stride divides (4 and 2), blur behind it, or upsample and then convolve.",
        source="Odena et al. 2016, Deconvolution and Checkerboard Artifacts (doi:10.23915/distill.00003)",
    ),
    Code(
        "W0725",
        "warning",
        "bias before a batch normalization",
        means="""
        Batch normalization subtracts the mean, and with it any bias that was just added: the bias is a
        parameter without effect.""",
        example="""
        conv: {op: conv, channels: 64, bias: true}
        norm: {op: batch_norm}""",
        mend="set `bias: false` on the op before the normalization.",
        source="Ioffe and Szegedy 2015, section 3.2 (arXiv:1502.03167)",
    ),
    Code(
        "W0726",
        "warning",
        "batch normalization at the generator's output or the discriminator's input",
        means="""
        Normalizing the image itself takes away its mean and contrast, which the two networks then fight over:
        samples oscillate.""",
        example="""
        discriminator:
          body:
            conv: {op: conv, channels: 64}
            norm: {op: batch_norm}          # right behind the first convolution""",
        mend="leave the normalization out of the generator's last and the discriminator's first layer.",
        source="Radford et al. 2015, section 3 (arXiv:1511.06434)",
    ),
    Code(
        "W0727",
        "warning",
        "discriminator's output is squashed before the loss",
        means="""
        The losses take logits and apply what they need themselves. A sigmoid or tanh before them squashes
        twice: gradients vanish where the discriminator is sure.""",
        example="""
        out: {op: sigmoid}          # the discriminator's last node""",
        mend="delete the last activation of the discriminator.",
        source="Goodfellow et al. 2014, section 3 (arXiv:1406.2661)",
    ),
    Code(
        "W0728",
        "warning",
        "only one network sees the labels",
        means="""
        The generator is given a class and the discriminator does not see it, so that nothing rewards the
        generator for heeding it. (The other way round is error G0604.)""",
        example="""
        generator:     {inputs: {z: "Latent[128]", y: "Label[10]"}, ...}
        discriminator: {inputs: {image: "Image[1, 32]"}, ...}""",
        mend="give both networks the Label input, or neither.",
        source="Mirza and Osindero 2014, section 3.2 (arXiv:1411.1784)",
    ),
)
