"""W0770 to W0779: what of a game nobody wants, and what feels how a batch is split."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "W0770",
        "warning",
        "part of a game that nothing wants",
        means="""
        A step computes what terms depend on, what moves the states that they read, and what is logged of
        that. Nothing of it reads this node or field.""",
        example="""
        body: {z: {draw: generator.z}, u: {draw: Number}, …}      # and nothing reads `u`""",
        mend="delete it, or let a term, a log or `shows` read it.",
    ),
    Code(
        "W0771",
        "note",
        "gradient that is stopped where none passes",
        means="""
        In a phase the weights that its players do not train are constants. What is computed of them alone has
        no gradient, so that nothing has to be detached by hand.""",
        example="""
        wanted: stop_gradient(real.features)      # `real` has no gradient in the generator's phase""",
        mend="leave `stop_gradient` out.",
    ),
    Code(
        "W0772",
        "note",
        "term or state that couples the samples of a micro-batch",
        means="""
        The gradient of a batch is the mean over its micro-batches, which is that of the whole batch where a
        term is linear in each mean. This one is not, or holds samples against each other: it is another term
        where the batch is split otherwise. A state moves by the mean of what it hears, too.
        Over processes the mean is of all samples. Nothing is said where `micro_batch` splits no batch.""",
        example="""
        spread: mean((score - mean(score)) ** 2)""",
        mend="nothing has to be: train with the micro-batch that you mean.",
    ),
    Code(
        "W0773",
        "warning",
        "output that depends on no image",
        means="A network is given images, and an output of it that is read is the same for each of them.",
        example="""
        judge: {inputs: {image: …, y: …}, body: …, outputs: {logit: embedding_of_y}}""",
        mend="let it depend on what is computed of the image.",
    ),
    Code(
        "W0774",
        "note",
        "what feels how a batch is split",
        means="""
        A draw `per: micro_batch` is one for what is done at a time, a state `every: micro_batch` moves after
        each, and `shuffle` gives samples partners among these: with other micro-batches they are others.
        Nothing is said where `micro_batch` splits no batch.""",
        example="""
        coin: {draw: Number, per: micro_batch}""",
        mend="nothing has to be; `per: batch` and `every: 1 steps` do not feel it.",
    ),
    Code(
        "W0776",
        "warning",
        "trained, and no term depends on it",
        means="""
        A player trains a network, or a part of one, on which none of its terms depends. Where a phase runs
        its layers, Adam moves them by gradients of 0; where none does, they rest.""",
        example="""
        players: {generator: {trains: [generator, encoder], terms: {a: mean(softplus(-said))}}}""",
        mend="take it out of the player's `trains`, or give it a term that depends on it.",
    ),
)
