"""Nodes of a game, each with one thing wrong, and what is said of it; the blocks that some of them use."""

from __future__ import annotations

BLOCKS = """\
interfaces: {Judging: {ports: {x: Tensor}}}
blocks:
  judged: {ports: {x: Tensor}, slots: {judge: Judging}, body: {say: {slot: judge, x: x}, score: mean(say)}}
"""
BODIES = {
    # ---- expressions
    "shapes": (
        "a: real.logit + image",
        "G0211 ‹real.logit + image› Logits[1] and Image[3, 8, 8] are not of one kind",
    ),
    "sizes": (
        "a: mean(real.pixels - real.pixels * fake)",
        "G0213 ‹real.pixels * fake› Logits[1, 4, 4] and Image[3, 8, 8] have not the same shape",
    ),
    "a kind": (
        "a: row_sum(image)",
        "G0211 ‹row_sum(image)› `row_sum` takes Styles or Tokens, not an Image[3, 8, 8]",
    ),
    "a label": ("a: y * 2", "G0211 ‹y * 2› `times` takes"),
    "an operator of numbers": (
        "a: real.logit // 2",
        "G0105 ‹real.logit // 2› `//` is for numbers, not for tensors",
    ),
    "an exponent": ("a: 2 ** real.logit", "G0105 ‹2 ** real.logit› the exponent of a tensor is a number"),
    "a text": ("a: real.logit + 'x'", "G0105 ‹real.logit + 'x'› `+` wants a number, not a text ('x')"),
    "lists": (
        'a: "[real.logit, said.logit] - [said.logit]"',
        "G0330 ‹[real.logit, said.logit] - [said.logit]› lists of 1 and of 2 entries cannot be computed with",
    ),
    "lists given to an op": (
        'a: {op: own_class_entropy, logits: "[real.logit, said.logit]", y: "[y, y, y]"}',
        "G0330 ‹own_class_entropy› lists of 2 and of 3 entries cannot be computed with, entry by entry",
    ),
    "lists to be joined": (
        'a: {op: join, terms: ["[fake, image]", fake]}',
        'G0330 ‹["[fake, image]", fake]› lists are joined with lists of as many entries',
    ),
    "absent": (
        "a: {value: fake, when: classes == 0}\nb: a * 2",
        "G0113 ‹a› `*` needs a value, and this one is absent",
    ),
    "a function of tensors": ("a: mean(2)", "G0105 ‹mean(2)› `mean` wants a tensor, not 2"),
    "a number with no logarithm": ("a: log(0)", "G0112 ‹log(0)› `log` of 0 is no real number"),
    "bounds": (
        "a: clip(real.logit, 1, 0)",
        "G0112 ‹clip(real.logit, 1, 0)› `clip` wants the lower bound first, not 1 and 0",
    ),
    "an unknown function": ("a: maen(real.logit)", "G0103 ‹maen› unknown function `maen`"),
    "a function's name": ("a: mean", "G0105 ‹mean› `mean` is a function"),
    "a network is no tensor": (
        "a: judge * 2",
        "G0105 ‹judge * 2› `*` wants a number, not `judge` of the networks",
    ),
    "an empty list": ('a: "average([])"', "G0112 ‹average([])› `average` of an empty list"),
    "weights of no network": (
        "a: weights(fake)",
        "G0105 ‹weights(fake)› `weights` wants a network, or a part of one",
    ),
    "weights left out": (
        "a: weights(judge, 'cnov')",
        "G0217 ‹weights(judge, 'cnov')› `judge` has no node 'cnov' to leave out",
    ),
    "a weight of all": ("a: weight(judge)", "G0332 ‹weight(judge)› `judge` is a whole network"),
    "a weight of nothing": (
        "a: weight(judge.act)",
        "G0332 ‹weight(judge.act)› `judge.act` is no node that learns",
    ),
    "a part": ("a: weight(judge.cnov)", "G0110 ‹cnov› `judge` of the networks has no `.cnov`"),
    "an output": ("a: real.lgoit", "G0217 ‹lgoit› a node with the outputs `logit`, `pixels` has no `.lgoit`"),
    "an entry": ('a: "real.logit[0]"', "G0105 ‹real.logit[0]› a Logits[1] has no entries to pick from"),
    # ---- numbers that change
    "a curve without a unit": (
        "a: {value: {shape: linear, start: 1, end: 0, over: 100}}",
        "G0334 ‹100› `over` of `a` is a length of training, not a whole number",
    ),
    "a field of a curve": (
        "a: {value: {shape: linear, start: 1, end: 0, ovr: 1 kimg, over: 1 kimg}}",
        "G0334 ‹ovr› `a` has no field `ovr`",
    ),
    "a curve without an end": (
        "a: {value: {shape: linear, start: 1, over: 1 kimg}}",
        "G0334 ‹{shape: linear, start: 1, over: 1 kimg}› `a` needs `end`",
    ),
    "stairs": (
        "a: {value: {values: [1, 2, 3], at: [1 kimg]}}",
        "G0334 ‹{values: [1, 2, 3], at: [1 kimg]}› `a`: 1 places in `at` need 2 values, not 3",
    ),
    "a value with more": ("a: {value: 1, per: batch}", "G0205 ‹per› a value takes no `per`"),
    # ---- draws
    "a draw of a network": (
        "a: {draw: generator}",
        "G0337 ‹generator› `draw` is given a type, a field of the data or an input of a network, not ",
    ),
    "a draw of a layer": ("a: {draw: judge.conv}", "G0337 ‹judge.conv› `draw` is given"),
    "a kind to draw": ('a: {draw: "Vektor[2]"}', "G0216 ‹Vektor› there is no kind `Vektor`"),
    "a size to draw": ('a: {draw: "Vector[0]"}', "G0216 ‹0› a dimension is a whole number from 1, or a size"),
    "a distribution": (
        "a: {draw: Number, distribution: nromal}",
        "G0209 ‹nromal› `distribution` cannot be `nromal`",
    ),
    "labels of numbers": (
        "a: {draw: Number, distribution: labels}",
        "G0209 ‹labels› a Number is not drawn from `labels`",
    ),
    "a scalar for each sample": (
        "a: {draw: Scalar}",
        "G0208 ‹Scalar› a Scalar has no samples: draw it once for all",
    ),
    "bounds of a draw": ("a: {draw: Number, low: 2}", "G0208 ‹Number› `low` is 2 and `high` 1"),
    "a bound of a draw": (
        "a: {draw: Number, low: z}",
        "G0207 ‹z› `low` of a draw wants a number, not a Latent[4]",
    ),
    "a key of a draw": ("a: {draw: Number, form: 3}", "G0205 ‹form› a draw takes no `form`"),
    # ---- states
    "a state's kind": ("a: {state: Number, next: 1}", "G0338 ‹Number› a state is a Scalar"),
    "no next": ("a: {state: Scalar, start: 0}", "G0009 ‹a› the state `a` has no `next`"),
    "a state's start": (
        "a: {state: Scalar, start: z, next: mean(z)}",
        "G0338 ‹z› a state starts from a number, not a Latent[4]",
    ),
    "a next with samples": (
        "a: {state: Scalar, in: generator, next: said.logit}",
        "G0338 ‹said.logit› a state is a Scalar, and its `next` is a Logits[1]",
    ),
    "a next that is a number": (
        "a: {state: Scalar, next: 3}",
        "G0338 ‹3› `next` of a state is a Scalar, not a whole number",
    ),
    "a next that joins": (
        "a: {state: Scalar, in: generator, next: mean(said.logit * mean(said.logit) ** 2)}",
        "G0331 ‹said.logit * mean(said.logit) ** 2› `next` joins a tensor of the pass and what is known",
    ),
    "whom a state hears": (
        "a: {state: Scalar, next: mean(twice.logit)}\ntwice: {network: judge, image: fake}",
        "G0340 ‹a› `a` would hear in no player's phases: say in whose",
    ),
    "two whom a state hears": (
        "a: {state: Scalar, next: gap}\ngap: mean(said.logit)",
        "G0340 ‹a› `a` would hear in the phases of `discriminator` and of `generator`: say in whose",
    ),
    "a player": (
        "a: {state: Scalar, in: critic, next: mean(z)}",
        "G0339 ‹critic› there is no player `critic`",
    ),
    "how often a state moves": (
        "a: {state: Scalar, every: 4, in: generator, next: mean(z)}",
        "G0336 ‹4› `every` of a state is a whole number of steps, not 4",
    ),
    "a key of a state": ("a: {state: Scalar, next: a, from: 3}", "G0205 ‹from› a state takes no `from`"),
    # ---- calls
    "a network": ("a: {network: jugde, image: image}", "G0341 ‹jugde› there is no network `jugde`"),
    "an entry of one": (
        "a: {network: judge.mapping, image: image}",
        "G0341 ‹judge.mapping› `judge` has no entry `mapping`",
    ),
    "an input": ("a: {network: judge, imgae: image}", "G0342 ‹imgae› `judge` has no input `imgae`"),
    "an input too many": (
        "a: {network: judge, image: image, y: c}",
        "G0342 ‹y› `judge` has no input `y`",
    ),
    "what synthesis no longer reads": (
        "m: {network: generator.mapping, z: z, y: c}\na: {network: generator.synthesis, ws: m, y: c}",
        "G0342 ‹y› `generator` has an input `y`, which `synthesis` no longer reads",
    ),
    "inputs left out": (
        "a: {network: generator}",
        "G0343 ‹generator› the call of `generator` lacks its inputs `z` and `y`",
    ),
    "an input's type": (
        "a: {network: judge, image: z}",
        "G0344 ‹z› the input `image` of `judge` takes Image[3, 8, 8], and this is Latent[4]",
    ),
    "an input's number": (
        "a: {network: judge, image: 3}",
        "G0344 ‹3› the input `image` of `judge` takes a tensor, not a whole number",
    ),
    "an input's list": (
        'a: {network: judge, image: "[image, fake]"}',
        'G0344 ‹"[image, fake]"› the input `image` of `judge` takes 1 tensor, not 2 tensors',
    ),
    "an absent input": (
        "o: {value: image, when: classes == 0}\na: {network: judge, image: o}",
        "G0113 ‹o› the input `image` of `judge` is given a value that is absent here",
    ),
    "joined inputs": (
        "j: {op: join, terms: [z, z]}\na: {network: generator, z: j, y: c}",
        "G0213 ‹j› the inputs of `generator` are of 1 and of 2 batches",
    ),
    "weights of a call": (
        "a: {network: judge, image: image, weights: avg}",
        "G0209 ‹avg› `weights` cannot be `avg`",
    ),
    "what is held": (
        "a: {network: judge, image: image, holds: conv}",
        "G0345 ‹conv› `conv` is no op that keeps state",
    ),
    "outputs": (
        "a: {network: judge, image: image, outputs: logit}",
        "G0209 ‹logit› `outputs` of a call is `all`",
    ),
    "whose draws": (
        "a: {network: judge, image: image, draws: rael}",
        "G0356 ‹rael› there is no node `rael` whose draws could be taken",
    ),
    "a slot's network": (
        "a: {block: judged, x: z, judge: judge}",
        "G0344 ‹x› the input `image` of `judge` takes Image[3, 8, 8], and this is Latent[4]",
    ),
    "a slot's network lacks something": (
        "a: {block: judged, x: z, judge: generator}",
        "G0343 ‹generator› the call of `generator` lacks its input `y`",
    ),
    # ---- ops and blocks
    "an op of a network": (
        "a: {op: linear, x: z, features: 3}",
        "G0348 ‹linear› `linear` has layers, and these are of networks",
    ),
    "an op with a form": ("a: {op: call}", "G0346 ‹call› `call` is written as `{network: NAME, …}`"),
    "an unknown op": ("a: {op: gradeint, of: z}", "G0201 ‹gradeint› there is no op `gradeint`"),
    "a gradient of images": (
        "a: {op: gradient, of: image, by: image}",
        "G0211 ‹image› port `of` of `gradient` takes a Number or Scalar, but this is an Image[3, 8, 8]",
    ),
    "a split": (
        "a: {op: split, x: image, as: image}",
        "G0347 ‹image› `split` wants what was joined, and `image` is no `join`",
    ),
    "a pipe": ("a: {op: augment, x: image, pipe: bgd}", "G0334 ‹bgd› `pipe`: unknown pipe `bgd`"),
    "a chance": (
        "a: {op: augment, x: image, pipe: bgc, p: real.logit}",
        "G0333 ‹real.logit› `p` of `augment` is a number, a curve, stairs or a Scalar, not a Logits[1]",
    ),
    "a block's number": (
        "a: {block: penalty.lecam, real: real.logit, fake: said.logit, decay: said.logit}",
        "G0333 ‹said.logit› `decay` of block `lecam` is a number, a curve, stairs or a Scalar, not "
        "a Logits[1]",
    ),
    "a block": ("a: {block: loss.hing, fake: said.logit}", "G0202 ‹loss.hing› there is no block `loss.hing`"),
    "a block's port": (
        "a: {block: loss.hinge, fake: z}",
        "G0211 ‹z› port `fake` of block `hinge` takes a Logits, but this is a Latent[4]",
    ),
    "no form": ("a: {dwar: z}", "G0313 ‹dwar› `a` has no op, block, slot or fold"),
    "read below": ("a: mean(b)\nb: real.logit", "G0306 ‹b› `a` reads `b`, which stands below it"),
    "a name twice": ("image: real.logit * 2", "G0305 ‹real.logit * 2› two nodes are called `image`"),
}
