"""G06xx: the networks together, the training plan, and the plan against the networks."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "G0601",
        "error",
        "discriminator's inputs do not match generator's outputs",
        means="""
        The generator's outputs are the discriminator's first inputs, by position, so their number, kinds
        and shapes must be equal. A Label input must have the same number of classes in both.""",
        example="""
        generator:     ... output: image                       # Image[3, 64, 64]
        discriminator: {inputs: {image: "Image[1, 64]"}, ...}""",
        mend="derive both from the same parameters, for instance `Image[channels, resolution]`.",
    ),
    Code(
        "G0602",
        "error",
        "wrong value in the training plan",
        means="""
        A field of `training:` has a value that it cannot take: a negative rate, no such loss, an
        empty list.""",
        example="""
        training: {loss: hnge}""",
        mend="`gandsl explain training` lists every field with its range, unit and default.",
    ),
    Code(
        "G0603",
        "error",
        "wrong unit in the training plan",
        means="""
        Durations and intervals carry their unit, and this field wants another: lengths are counted in images
        (`25000 kimg`), intervals of lazy regularization in `steps`. A bare number would be a guess.""",
        example="""
        training: {length: 25000}""",
        mend="write the quantity with a unit that the message names: `25000 kimg`.",
    ),
    Code(
        "G0604",
        "error",
        "conditional loss without labels",
        means="""
        The discriminator judges an image together with its class (a projection, an embedding of the label),
        which makes the loss conditional, but the generator has no input of kind Label: generated images have
        no class to be judged by.""",
        example="""
        discriminator: {inputs: {image: "Image[1, 32]", y: "Label[10]"}, ...}
        generator: {inputs: {z: "Latent[128]"}, ...}""",
        mend="""
        add `y: "Label[10]"` to the generator's inputs and let a node read it, or take the label away from the
        discriminator.""",
    ),
    Code(
        "G0605",
        "error",
        "batch normalization in a critic under a gradient penalty",
        means="""
        The gradient penalty bounds the critic's gradient for each image on its own. Batch normalization makes
        each output depend on the whole batch, so the penalized problem is another one and the penalty no
        longer valid.""",
        example="""
        discriminator: ... norm: batch
        training: {loss: wasserstein, regularizers: {gradient_penalty: {weight: 10}}}""",
        mend="use layer, instance or group normalization in the critic, or none.",
        source="Gulrajani et al. 2017, section 4 (arXiv:1704.00028)",
    ),
    Code(
        "G0606",
        "error",
        "path length regularization without a style space",
        means="""
        Path length is the size of the image's gradient with respect to the styles w. This generator declares
        no `styles:`.""",
        example="""
        training: {regularizers: {path_length: {weight: 2}}}      # and no `styles:`""",
        mend="name the node of kind Styles in the generator (`styles: ws`), or drop the regularizer.",
        source="Karras et al. 2020, section 3.2 (arXiv:1912.04958)",
    ),
    Code(
        "G0607",
        "error",
        "style mixing without a style space",
        means="""
        Style mixing takes the first layers' styles from one latent and the rest from another, which needs a
        generator with `styles:` of at least two layers.""",
        example="""
        training: {style_mixing: {probability: 0.9}}      # and no `styles:`""",
        mend="name the node of kind Styles in the generator (`styles: ws`), or drop `style_mixing`.",
        source="Karras et al. 2019, section 3.1 (arXiv:1812.04948)",
    ),
    Code(
        "G0608",
        "error",
        "penalty across an op that is not twice differentiable",
        means="""
        A term that depends on a gradient (R1, gradient penalty, path length) differentiates it again, through
        every op between what it is of and what it is by. One there has no second derivative, or its first is
        only an estimate, so that training would fail or go on with a wrong gradient.""",
        example="""
        discriminator: an op without the trait `twice_differentiable` between image and logits
        training: {regularizers: {r1: {gamma: 10}}}""",
        mend="replace the op (`gandsl explain --ops` shows the traits), or drop the penalty.",
    ),
    Code(
        "G0609",
        "error",
        "growth plan without growth",
        means="`training.growth` schedules the levels of a growing family, but the spec has no `growth:`.",
        example="""
        training: {growth: {stable: 600 kimg, fade: 600 kimg}}      # and no growth: {over: ...}""",
        mend="""
        add `growth: {over: "doubling(4, resolution)"}` and a topology that grows, or remove
        `training.growth`.""",
    ),
    Code(
        "G0610",
        "error",
        "growth never reaches full size",
        means="""
        With this many levels and these phases, the training ends before the last level is reached and faded
        in: the full-size network would never be trained.""",
        example="""
        training: {length: 1000 kimg, growth: {stable: 600 kimg, fade: 600 kimg}}      # nine levels""",
        mend="lengthen the training, shorten the phases, or start at a larger size; the message has the sum.",
    ),
    Code(
        "G0611",
        "error",
        "batch is not a multiple of the minibatch statistics' group",
        means="""
        Minibatch statistics compare the samples within groups of equal size, so the batch that the
        discriminator sees must be a multiple of the group.""",
        example="""
        stddev: {op: minibatch_stddev, group: 4}
        training: {batch: 30}""",
        mend="choose a batch (at each level of growth) that the group divides, or another group.",
    ),
    Code(
        "G0612",
        "error",
        "network missing",
        means="""
        A spec describes at least a `generator` and a `discriminator`, unless a `game:` of its own says who
        plays; a file of blocks to import has neither.""",
        example="""
        gandsl: 1
        name: mine
        generator: {...}""",
        mend="add the network; to check a file of blocks alone, import it from a spec.",
    ),
    Code(
        "G0613",
        "error",
        "network's inputs are of an unsuitable kind",
        means="""
        Beside `training.loss` a generator takes a Latent first, and may take a Label and, while growing, a
        Scalar `alpha`; a discriminator takes images first. Of other inputs the short form does not know where
        they come from.""",
        example="""
        generator: {inputs: {x: "Tokens[8, 64]"}, ...}""",
        mend="declare the inputs with the kinds above; or write a game, which gives each input by name.",
    ),
    Code(
        "G0614",
        "error",
        "network's outputs are of an unsuitable kind",
        means="""
        Beside `training.loss` a generator's outputs are Images, or Features with the channels of one; a
        discriminator's are Logits, made of a Vector or a Feature. Where `game:` adds terms, they may read
        further outputs of the discriminator, of any kind.""",
        example="""
        discriminator: ... output: label_embedding      # of kind Styles""",
        mend="name the right node under `output:` or `outputs:`.",
    ),
    Code(
        "G0615",
        "error",
        "style space is not a node of kind Styles",
        means="""
        `styles:` of a generator names the node that holds a style for each layer. It has to be of kind
        Styles, and everything between latent and image has to pass through it.""",
        example="""
        generator: {styles: image, ...}""",
        mend="name the node that broadcasts w to the layers (in the standard mapping: `ws`).",
    ),
    Code(
        "G0616",
        "error",
        "growth without a plan, or without a fade",
        means="""
        A family with `growth:` needs to know when each level starts (`training.growth`), and each of its
        networks an input `alpha` of kind Scalar that fades the new level in. At each level the generator's
        images have that level's size; in a game that is written out, the largest of them.""",
        example="""
        growth: {over: "doubling(4, resolution)"}
        training: {length: 12000 kimg}""",
        mend="add `training.growth`, and `alpha: {type: Scalar, when: fading}` to the inputs.",
    ),
    Code(
        "G0617",
        "error",
        "growth levels are not each twice the last",
        means="""
        A new level doubles the height and width of the one before, since fading blends the two by a factor
        of 2.""",
        example="""
        growth: {over: [4, 16, 64]}""",
        mend="use `doubling(4, resolution)`, or list every size in between.",
    ),
    Code(
        "G0618",
        "error",
        "batch cannot be split",
        means="""
        The batch is not a multiple of the micro-batches, processes or accumulation steps that it is divided
        among, or a regularizer asks for a part of it that is empty.""",
        example="""
        training: {batch: 10, micro_batch: 4}""",
        mend="choose numbers that divide.",
    ),
    Code(
        "G0619",
        "error",
        "layer differs between levels",
        means="""
        A growing family is one set of weights with a program for each level, so a node that holds weights or
        a filter must be the same layer wherever it appears. Here its shape or a parameter depends on
        `level`.""",
        example="""
        growth: {over: "doubling(4, 64)"}
        rgb: {op: conv, channels: 3, kernel: 1 + 2 * level}""",
        mend="let it depend on the stage's own size, or keep it in a stage, whose id names its size.",
    ),
    Code(
        "G0620",
        "error",
        "auxiliary classifier without its output",
        means="""
        `training.auxiliary` names an output of the discriminator that holds a logit for each class, beside
        the one that tells real images from generated ones. Here there is no such output, no other one, or
        its size is not the number of classes.""",
        example="""
        discriminator: ... outputs: {source: logit}
        training: {auxiliary: {output: label}}""",
        mend="name a node with `classes` features under the discriminator's `outputs:`.",
        source="Odena et al. 2017, section 3 (arXiv:1610.09585)",
    ),
    Code(
        "G0621",
        "error",
        "discriminator does not look at its image",
        means="""
        Nothing that tells real from generated images depends on an image, so no gradient would reach the
        generator, nor the weights in front. A node that takes only the size of the batch from another
        (`like`) does not depend on it.""",
        example="""
        discriminator:
          inputs: {image: "Image[3, 4]"}
          body:
            grid: {op: coordinates, like: image, size: 4}
            flat: {op: flatten}
            logit: {op: linear, features: 1}""",
        mend="let the output depend on what is computed from the image; `gandsl graph` draws the paths.",
    ),
    Code(
        "G0622",
        "error",
        "network without weights",
        means="""
        The spec has a training plan, but no output of this network depends on anything learned. In a growing
        family, each level needs a weight.""",
        example="""
        discriminator: {inputs: {image: "Image[3, 4]"}, body: {logit: {op: global_pool}}}""",
        mend="put a layer with a weight on the way to the output, such as `conv`, `linear` or `bias`.",
    ),
    Code(
        "G0623",
        "error",
        "generator couples the samples of a batch",
        means="""
        Statistics over a minibatch make each generated image depend on those generated beside it. A grid, a
        sample of some seeds and the guard's probe have other batches than training, and then show other
        images: one latent is no longer one image. Batch normalization is no such op: in
        evaluation it uses running statistics.""",
        example="""
        generator: ... stddev: {op: minibatch_stddev}""",
        mend="take the op out; statistics of a minibatch are for the discriminator.",
        source="Karras et al. 2017, section 3 (arXiv:1710.10196)",
    ),
    Code(
        "G0624",
        "error",
        "images that are not one image at several sizes",
        means="""
        The data holds one image for each item. A discriminator that takes several gets it at several
        sizes, each averaged down from the largest: with other channels, or twice the same size, real images
        could not be what the generator makes.""",
        example="""
        discriminator: {inputs: {image: "Image[3, 64]", depth: "Image[1, 64]"}, ...}""",
        mend="""
        let both networks have one image, or one at several sizes
        (`{type: "Image[3, res]", each: {res: "doubling(4, 64)"}}`).""",
    ),
    Code(
        "G0625",
        "error",
        "network that is not trained",
        means="""
        `training:` trains the generator and the discriminator. A further network under `networks:` would be
        neither trained nor saved.""",
        example="""
        networks: {encoder: {...}}
        training: {...}""",
        mend="take the network out, or `training:`: a spec without a plan is compiled and printed.",
    ),
    Code(
        "G0626",
        "error",
        "output that may be a logit",
        means="""
        A loss takes what the discriminator says for a verdict on real against generated images. One output
        alone is that; of several, each has to say so, but for the one that `training.auxiliary` names. In the
        folder of a run that was begun when nothing had to be said, they go on as logits.""",
        example="""
        discriminator: ... outputs: {whole: whole, pixels: pixels}
        training: {loss: hinge}""",
        mend="say its kind, `pixels: {of: pixels, kind: Logits}`, or name the classifier's in `auxiliary`.",
    ),
    Code(
        "G0627",
        "error",
        "regularizer of weights that do not exist",
        means="""
        Orthogonal regularization and the bound on the top singular value act on weights as matrices: those of
        two dimensions or more, less those at and below the nodes that `skip` names. Either `skip` names a
        node that does not exist, or no weight is left.""",
        example="""
        training: {regularizers: {orthogonal: {skip: [embeding]}}}      # there is no such node""",
        mend="name nodes by their ids, as `gandsl show` and the weights' keys do, or drop the regularizer.",
    ),
    Code(
        "G0628",
        "error",
        "adaptive augmentation of a loss without a boundary",
        means="""
        The chance of augmentation follows how often the discriminator says of real images that they are real
        (Karras et al. 2020, arXiv:2006.06676). With a Wasserstein or relativistic loss a logit alone says
        nothing of that: it is compared with others. Such a loss has no number at its output `boundary`.""",
        example="""
        training: {loss: wasserstein, augment: {pipe: bgc, p: {target: 0.6}}}""",
        mend="give `augment.p` a number or a curve, or take a loss with a boundary; a block of one's own says"
        " it among its outputs: `boundary: 0`.",
    ),
    Code(
        "G0629",
        "error",
        "a value of the log that nothing writes",
        means="""
        `cadence.best` keeps checkpoints, and `cadence.stop` ends a run, by a value of the log. No run of this
        spec has one of this name: a loss or score has another, or the metric is not among
        `training.metrics`.""",
        example="""
        training: {cadence: {best: {metric: metric/kid}}}""",
        mend="write a name that the log has, or have the metric measured: `metrics: {kid: {}}`.",
    ),
    Code(
        "G0640",
        "error",
        "batch normalization of a single number",
        means="""
        A channel is normalized by its mean and variance over the batch and all pixels. Here a step sees one
        image at a time (`batch`, `micro_batch`, `path_length.batch`, or the share of a process), and the
        channel has one pixel: there is no variance.""",
        example="""
        hidden: {op: linear, features: 64}
        norm: {op: batch_norm}
        training: {batch: 8, micro_batch: 1}""",
        mend="train on two images or more at a time, or use a norm that looks at one sample.",
    ),
    Code(
        "G0641",
        "error",
        "short form beside a game of its own",
        means="""
        Regularizers, an auxiliary classifier, style mixing, augmentation and D's steps are said in
        `training:` where `loss` stands for the game. This spec has a `game:` and no loss: its terms, nodes
        and players say all that.""",
        example="""
        game: {...}
        training: {regularizers: {r1: {gamma: 10}}}      # and no loss""",
        mend="write it in the game, as the message shows; or give `training.loss`, to which `game:` adds.",
    ),
)
