"""G03xx: the bodies, players and terms of a game."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "G0330",
        "error",
        "lists of different lengths in one expression",
        means="""
        Expressions of tensors, and ops of a game, compute with lists (heads, scales, features) entry by
        entry, so lists in one expression, or given to one op, have as many entries each.""",
        example="""
        gap: mean(abs(of_three_heads - of_two_heads))""",
        mend="""
        compare entries by their places, `a[0] - b[0]`, or join each list first with `average(…)` or
        `total(…)`. One list of what is in both is `entries(a, b)`.""",
    ),
    Code(
        "G0331",
        "error",
        "`next` joins a tensor of the pass and what is known when the step ends",
        means="""
        The next value of a state is computed when a step ends, of what was heard until then: a Scalar
        stands for its mean over all samples heard. A tensor with samples exists in a pass alone, where
        what is heard is not known yet.""",
        example="""
        a: {state: Scalar, start: 0, next: "mean(real.logit * mean(fake.logit))"}""",
        mend="take the mean of the tensor in a node of the body, and name that node in `next`.",
    ),
    Code(
        "G0332",
        "error",
        "no node that learns",
        means="`weight(…)` is what one node of a network learns, and this names none.",
        example="""
        last: weight(decoder.up)                  # an upsampling learns nothing""",
        mend="""
        name a node with a weight, `weight(decoder.rgb)`, or take all of a network: `weights(decoder)`.""",
    ),
    Code(
        "G0333",
        "error",
        "no number, curve, stairs or Scalar",
        means="""
        A term's weight, and a block's parameter of type number, is a number, one that the clock changes,
        or a Scalar of the body: one number for all samples.""",
        example="""
        terms: {gap: {value: gap, weight: real.logit}}""",
        mend="""
        write a number, `{shape: linear, …}`, `{values: […], at: […]}`, or the mean of the tensor.""",
    ),
    Code(
        "G0334",
        "error",
        "wrong field of a curve, of stairs or of an augmentation",
        means="""
        A number that changes during training is a curve `{shape, start, end, over}` or stairs `{values,
        at}`, and one of these fields has a value that it cannot take; or `pipe` of `augment` names no
        transforms.""",
        example="""
        less: {value: {shape: linear, start: 1, end: 0, over: 100}}       # 100 of what?""",
        mend="""
        write lengths with their units, as in `over: 100 kimg`; `gandsl explain training` lists the
        transforms.""",
    ),
    Code(
        "G0335",
        "error",
        "no length of training",
        means="""
        `from` and `until` are lengths of training: images, steps, or a share of the whole length from 0
        to 1.""",
        example="""
        terms: {adversarial: {value: loss, from: 5000}}""",
        mend="write the unit, `from: 5000 steps`, or a share, `from: 0.1`.",
    ),
    Code(
        "G0336",
        "error",
        "no whole number",
        means="`steps` and `batch` are whole numbers from 1, `every` is a whole number of steps.",
        example="""
        terms: {r1: {block: penalty.zero_centred, of: real, by: image, every: 16}}""",
        mend="write `every: 16 steps`, and divide a batch with `//`.",
    ),
    Code(
        "G0337",
        "error",
        "nothing that can be drawn",
        means="""
        `draw` is given a type, a field of the data, an input of a network, or the type of a tensor: it
        says what is drawn.""",
        example="""
        z: {draw: generator}""",
        mend="""
        name an input of the network, `{draw: generator.z}`, or write a type: `{draw: "Vector[8]"}`.""",
    ),
    Code(
        "G0338",
        "error",
        "a state that is no Scalar",
        means="""
        A state is one number that the game keeps. It starts from a number, and `next` is a Scalar.""",
        example="""
        k: {state: Scalar, start: 0, next: real.logit}""",
        mend="take the mean of what `next` names: `next: mean(real.logit)`.",
    ),
    Code(
        "G0339",
        "error",
        "no such player",
        means="`in` of a state names players, in whose phases it hears.",
        example="""
        k: {state: Scalar, in: critic, next: gap}          # and the player is called discriminator""",
        mend="write a name that stands under `players`.",
    ),
    Code(
        "G0340",
        "error",
        "a state that is not told whom it hears",
        means="""
        What a state hears is computed in the phases of several players, or of none. Which are meant has
        to be said.""",
        example="""
        k: {state: Scalar, start: 0, next: gap}            # where two players have a term of `gap`""",
        mend="add `in: PLAYER`, or a list of players.",
    ),
    Code(
        "G0341",
        "error",
        "no such network, entry or part",
        means="""
        A call, or `trains`, names a network that is not declared, an entry that it does not have
        (`mapping` and `synthesis` belong to networks with a style space), or a part that no node of it
        lies in.""",
        example="""
        fake: {network: generatr, z: z}""",
        mend="correct the name; networks stand under `networks`, `generator` and `discriminator`.",
    ),
    Code(
        "G0342",
        "error",
        "no such input",
        means="""
        A call gives a network something that it does not take here. `alpha`, the weight of a level that
        fades in, is given by itself.""",
        example="""
        fake: {network: generator, latent: z}             # and the input is called z""",
        mend="write the names that stand under the network's `inputs`.",
    ),
    Code(
        "G0343",
        "error",
        "inputs left out",
        means="A call of a network gives every input by its name.",
        example="""
        fake: {network: generator, z: z}                  # and the generator has an input y, too""",
        mend="add what is missing: `{network: generator, z: z, y: c}`.",
    ),
    Code(
        "G0344",
        "error",
        "an input given the wrong tensor",
        means="""
        An input of a network takes a tensor of its own kind and shape, a list input as many as it has
        entries.""",
        example="""
        said: {network: discriminator, image: z}""",
        mend="give it a tensor of its type; `{op: resize, …}` changes an image's size.",
    ),
    Code(
        "G0345",
        "error",
        "`holds` names no op that keeps state",
        means="""
        `holds` leaves the state of some layers as it is in this call, such as the running mean of w. Ops
        without state have nothing to hold.""",
        example="""
        other: {network: generator.mapping, z: z2, holds: conv}""",
        mend="name the op that keeps the state, `holds: track_average`, or write `holds: all`.",
    ),
    Code(
        "G0346",
        "error",
        "an op that has a form of its own",
        means="""
        Some ops of a game's graph have forms in which they are written, since they need more than
        tensors.""",
        example="""
        z: {op: draw, kind: Latent}""",
        mend="write the form that the message names: `{draw: …}`, `{network: …}`, `{state: …}`.",
    ),
    Code(
        "G0347",
        "error",
        "`split` of what was not joined",
        means="""
        `split` takes batches apart that a `join` has joined; `as` names that node, whose parts say how
        many samples each had.""",
        example="""
        halves: {op: split, x: both.logit, as: image}""",
        mend="name the node with `op: join`: `as: images`.",
    ),
    Code(
        "G0348",
        "error",
        "a layer in the body of a game",
        means="""
        Ops that learn weights, keep a state or draw for themselves are layers, and these belong to a
        network: then they are saved, trained and averaged with it.""",
        example="""
        game:
          body: {h: {op: linear, x: code, features: 8}}""",
        mend="write a network with this node, and call it.",
    ),
    Code(
        "G0349",
        "error",
        "a term without a value",
        means="""
        A term is an expression, `{value: …}` or `{block: …}`, with `weight`, `every`, `batch`, `from`,
        `until` and `log` beside it.""",
        example="""
        terms: {adversarial: {weight: 2}}""",
        mend="add what it minimizes: `{value: adversarial.generator, weight: 2}`.",
    ),
    Code(
        "G0350",
        "error",
        "a weight by another name",
        means="""
        A block may give the weight of its terms a name of its own, as R1 and R2 call it gamma. There is
        one name for it.""",
        example="""
        r1: {block: penalty.zero_centred, of: real, by: image, weight: 10}""",
        mend="write the block's name for it: `gamma: 10`.",
    ),
    Code(
        "G0351",
        "error",
        "a term that is no Scalar",
        means="""
        What a player minimizes is one number, a Scalar. A Number is one for each sample, and a list has
        several entries.""",
        example="""
        terms: {gap: abs(sample_mean(real) - 1)}""",
        mend="take the mean, `mean(…)`; join a list with `average(…)` or `total(…)`.",
    ),
    Code(
        "G0352",
        "error",
        "ends before it begins",
        means="`until` is not behind `from`, so that the term would never count.",
        example="""
        terms: {warm: {value: gap, from: 20 kimg, until: 10 kimg}}""",
        mend="exchange them, or leave one out.",
    ),
    Code(
        "G0353",
        "error",
        "a log that is no Scalar",
        means="What is logged is one number a step.",
        example="""
        logs: {score: real.logit}""",
        mend="take the mean: `logs: {score: mean(real.logit)}`.",
    ),
    Code(
        "G0354",
        "error",
        "players that cannot move in one turn",
        means="""
        Players of one turn, `[[a, b]]` in `order`, see the same nodes once and move together: they train
        different weights, with one step each.""",
        example="""
        order: [[generator, encoder]]            # where both train the generator""",
        mend="give each a turn of its own: `order: [generator, encoder]`.",
    ),
    Code(
        "G0355",
        "error",
        "nothing to be shown or watched",
        means="`shows` are images, `watches` are tensors of the body.",
        example="""
        shows: [z]""",
        mend="name nodes of the body; `mean(…)` of a tensor can be logged.",
    ),
    Code(
        "G0356",
        "error",
        "draws of no node",
        means="""
        `draws` gives a draw, a call or an augmentation the random numbers of another node, by its id: the
        same image of a moved latent, the same transforms of another image.""",
        example="""
        near: {network: generator, z: moved, draws: fkae}""",
        mend="name the node whose draws are meant: `draws: fake`.",
    ),
    Code(
        "G0357",
        "error",
        "a name in the log that cannot be one, or is taken",
        means="""
        What is logged has a name of its own, in groups by `/`: neither one that the trainer logs of every
        run (`images`, `steps`, `lr/…`, `time/…`), nor one of another value.""",
        example="""
        logs: {lr/G: mean(real.logit)}""",
        mend="choose another name: `score/real`.",
    ),
)
