"""G03xx: bodies, blocks, slots and folds, as they unfold into one graph."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "G0301",
        "error",
        "unknown slot",
        means="A slot is used that the block does not declare, or filled that the callee does not have.",
        example="""
        blocks:
          mine:
            slots: {act: {type: Activation, default: relu}}
            body: {a: {slot: activation}}""",
        mend="correct the name, or declare it under the block's `slots:`.",
    ),
    Code(
        "G0302",
        "error",
        "slot not filled",
        means="A slot without a default is used, and the caller put nothing into it.",
        example="""
        slots: {stage: {type: Stage}}
        ...
        s: {block: mine}            # and nothing for stage""",
        mend="""
        fill it (`stage: my_block`), give the slot a default, or fill it with `none` to pass x
        through.""",
    ),
    Code(
        "G0303",
        "error",
        "what fills the slot does not fit",
        means="""
        A slot's type is an interface: a set of ports and outputs. The block or op that fills it lacks a port
        that the slot's user connects, wants one that nobody gives, or returns something else.""",
        example="""
        norm: conditional_batch       # wants a label, and none is given""",
        mend="""
        give what it wants where the slot is filled: `norm: {use: conditional_batch, label: embedding}`, or
        choose another filling.""",
    ),
    Code(
        "G0304",
        "error",
        "block contains itself",
        means="""
        A block uses itself, directly, through other blocks or through a slot it was filled with, so that
        unfolding it would never end. Repetition is a fold.""",
        example="""
        blocks:
          a: {body: {b: {block: b}}}
          b: {body: {a: {block: a}}}""",
        mend="break the circle that the message shows; repeat a block with `fold: {i: range(4)}`.",
    ),
    Code(
        "G0305",
        "error",
        "two nodes have the same id",
        means="""
        A node's id is its path, and keys of checkpoints, patches and diffs rely on it. Two nodes came out
        with the same one: an `inline` block has a node that its surroundings have too, or two stages of a
        fold have the same label.""",
        example="""
        stages: {fold: {res: [8, 8]}, ...}      # both are s8""",
        mend="""
        rename one, drop `inline: true`, or tell stages apart by `label:` and by the fold's first
        variable.""",
    ),
    Code(
        "G0306",
        "error",
        "reference to a node below, or to itself",
        means="""
        Nodes run from top to bottom, and refer only to what stands above them. This one needs a node that
        comes later, or itself.""",
        example="""
        a: {op: add, terms: [x, b]}
        b: {op: conv, x: a, channels: 64}""",
        mend="reorder the nodes; for a value handed from one stage to the next use a fold's `carry:`.",
    ),
    Code(
        "G0308",
        "error",
        "lists of different length",
        means="Several variables of a fold run in step, so their lists need the same length.",
        example="""
        fold: {res: [8, 16, 32], channels: [256, 128]}""",
        mend="""
        make the lists equally long, or compute one from the other: `channels: width(res)` in the
        body.""",
    ),
    Code(
        "G0309",
        "error",
        "network too large to unfold",
        means="""
        The number of nodes, of stages or the nesting of blocks passes the compiler's bound. Real networks
        have some hundreds of nodes.""",
        example="""
        fold: {i: range(1000000)}""",
        mend="check the list the fold walks for the parameters in force.",
    ),
    Code(
        "G0310",
        "error",
        "output is absent",
        means="""
        The output of a network or block is a node that a condition leaves out for the parameters in force,
        or that is computed from absent values alone.""",
        example="""
        rgb: {op: conv, channels: 3, when: color}
        output: rgb                       # --set color=false""",
        mend="name a node that is always there, or cover both cases: `first_present(rgb, gray)`.",
    ),
    Code(
        "G0311",
        "error",
        "unknown interface",
        means="A slot's type is an interface that neither this file nor the standard library declares.",
        example="""
        slots: {norm: {type: Normalization}}""",
        mend="correct the name (Norm, Activation, ...), or declare it under `interfaces:`.",
    ),
    Code(
        "G0312",
        "error",
        "carry and next do not fit together",
        means="""
        `carry:` gives each carried value its start, `next:` what the following stage gets. A name in `next`
        is not carried, or a value is carried on with another kind than it started with.""",
        example="""
        carry: {x: start}
        next:  {x: block, image: rgb}        # image is not carried""",
        mend="add the name to `carry:` (its start may be `absent`), or drop it from `next:`.",
    ),
    Code(
        "G0313",
        "error",
        "node is none of the forms of a node",
        means="""
        A body's entry is `{op: ...}`, `{block: ...}`, `{topology: ...}`, `{slot: ...}`, `{fold: ...}`,
        `{value: ...}`, in a network `{reuse: ...}`, or an expression. This mapping has none of these keys, or
        more than one; or a list of nodes stands here, which have no names.""",
        example="""
        conv: {kernel: 3, channels: 64}""",
        mend="say what the node is: `conv: {op: conv, kernel: 3, channels: 64}`.",
    ),
)
