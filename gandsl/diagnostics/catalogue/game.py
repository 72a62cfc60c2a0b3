"""G0670 to G0679: terms, gradients, weights and logs of a game."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "G0670",
        "error",
        "term that its player cannot change",
        means="""
        A player minimizes its terms by the weights that it trains. This one depends on none of them, be it
        that it is computed by other networks alone, or that `stop_gradient` or a comparison stands between:
        its gradient is 0.""",
        example="""
        players:
          generator: {trains: [generator], terms: {real: mean(softplus(-real))}}""",
        mend="give the term to a player whose networks it depends on, or let it read what these compute.",
    ),
    Code(
        "G0671",
        "error",
        "network without a source of weights",
        means="""
        A term runs this network, and no player trains it. Its weights would stay as they happened to begin,
        which is seldom meant, so it has to be said.""",
        example="""
        networks: {features: {inputs: …, body: …}}
        game: {body: {found: {network: features, image: image}, …}, …}   # and nobody trains it""",
        mend="name it in a player's `trains`; or say in the network where its weights come from, "
        "`weights: {file: …, sha256: …}` or `{random: true}`.",
    ),
    Code(
        "G0672",
        "error",
        "gradient by what is not read",
        means="`gradient` differentiates `of` by `by`, and `of` does not depend on it: the gradient is 0.",
        example="""
        slope: {op: gradient, of: score, by: image}     # and `score` is of generated images""",
        mend="name a node that `of` is computed from, with no `stop_gradient` in between.",
    ),
    Code(
        "G0674",
        "error",
        "trained part without weights",
        means="A player trains a network, or a part of one, in which no layer has a weight.",
        example="""
        players: {judge: {trains: [discriminator.act], terms: …}}     # a relu""",
        mend="name a part with layers that learn, or the whole network.",
    ),
    Code(
        "G0676",
        "error",
        "log of what no phase computes",
        means="""
        A log or a watch is taken in each phase that computes all it needs for its terms; it brings no work
        about by itself. No phase has all of this one.""",
        example="""
        logs: {gap: mean(real.logit) - mean(said.logit)}   # and no phase judges both""",
        mend="log what a phase has, one name for each, or drop it.",
    ),
    Code(
        "G0677",
        "error",
        "output that is a logit by guess",
        means="""
        A network has several outputs, and this one goes where a block takes logits, though the spec does not
        say that it is one. One output alone is; of several each says its kind where it is not the node's.""",
        example="""
        networks: {judge: {outputs: {score: head, rebuilt: decoder}, …}}
        game: {body: {judged: {block: loss.hinge, real: real.rebuilt, fake: said.rebuilt}, …}, …}""",
        mend="`score: {of: head, kind: Logits}` under `outputs`; and name the output that is meant.",
    ),
    Code(
        "G0678",
        "error",
        "an average of weights that nobody keeps",
        means="""
        A call runs with the average of a network's weights, and the plan averages none of that network.""",
        example="""
        game: {body: {smooth: {network: generator, z: z, weights: average}, …}, …}""",
        mend="`training.averages: {generator: {half_life: 10 kimg}}`, or leave `weights` out.",
    ),
    Code(
        "G0680",
        "error",
        "mask of no tokens",
        means="""
        A field with `mask` says at which of its positions another field, of Tokens, has a token: it is a
        Vector with a number for each, of the same set.""",
        example="""
        data: {text: "Tokens[77, 768]", there: {type: "Vector[70]", mask: text}}""",
        mend='`there: {type: "Vector[77]", mask: text}`.',
    ),
    Code(
        "G0681",
        "error",
        "field of the data that says what it can't",
        means="""
        `range` is of kinds whose values are measured, and tells the two that become black and white, the
        lower one first; `set` and `stream` are names.""",
        example="""
        data: {image: {type: "Image[1, 64]", range: [4095, 0]}}""",
        mend="`range: [0, 4095]`; leave it out of labels, classes and tokens.",
    ),
    Code(
        "G0682",
        "error",
        "wrong step of a computed field",
        means="""
        `steps` is a list of `{op: blur, …}`, `sinc`, `resize`, `noise`, `shot_noise`, `jpeg`, `either`, and
        one of them has a field that it does not know, or a value that it cannot take; or the last size is
        not the field's.""",
        example="""
        data:
          low: {type: "Image[3, 16]", of: image, steps: [{op: resize, factor: [0.2, 0.5]}]}""",
        mend="`steps: [{op: resize, factor: [0.2, 0.5]}, {op: resize}]`: the last is to the field's size.",
    ),
    Code(
        "G0683",
        "error",
        "a field that can't be computed from another",
        means="""
        A field with `of` and `steps` is an Image that is computed from another Image of the same item, of as
        many channels, and by no way from itself.""",
        example="""
        data: {y: "Label[3]", low: {type: "Image[3, 16]", of: y, steps: [{op: resize}]}}""",
        mend='`low: {type: "Image[3, 16]", of: image, steps: [{op: resize}]}`.',
    ),
)
