"""W0700 to W0719: what is written and has no effect, or hides something."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "W0701",
        "warning",
        "parameter never used",
        means="""
        A parameter of the spec or of a block is declared, and no expression reads it: setting it would
        change nothing.""",
        example="""
        params: {w_dim: 512}            # and nobody says w_dim""",
        mend="delete it, or use it where a number is repeated.",
    ),
    Code(
        "W0702",
        "warning",
        "definition never used",
        means="A `let` value or function is defined, and no expression reads it.",
        example="""
        let: {half: channels // 2}      # and nobody says half""",
        mend="delete it.",
    ),
    Code(
        "W0703",
        "warning",
        "node has no effect",
        means="""
        No output of the network depends on this node. It is left out of the compiled network, with its
        weights.""",
        example="""
        a: {op: conv, x: x, channels: 64}
        b: {op: conv, x: x, channels: 64}     # and the rest reads b""",
        mend="delete the node, or connect what should read it.",
    ),
    Code(
        "W0704",
        "warning",
        "block never used",
        means="A block of this file is used by no network and no other block.",
        example="""
        blocks: {old_block: {...}}""",
        mend="delete it, or move it to a file of blocks that specs import.",
    ),
    Code(
        "W0705",
        "warning",
        "slot never used",
        means="""
        A block declares a slot, and no node of its body is that slot: filling it would change
        nothing.""",
        example="""
        slots: {norm: {type: Norm, default: batch}}
        body:  {conv: {op: conv, channels: 64}}""",
        mend="use it (`{slot: norm}`) or delete it.",
    ),
    Code(
        "W0706",
        "warning",
        "port or input never read",
        means="A block's port, or a network's input, is read by no node.",
        example="""
        inputs: {z: "Latent[128]", y: "Label[10]"}      # and no node reads y""",
        mend="delete it, or read it.",
    ),
    Code(
        "W0707",
        "warning",
        "import never used",
        means="A file is imported, and none of its blocks is used.",
        example="""
        imports: {lib: ./lib.yaml}
        # and no lib.NAME follows""",
        mend="delete the import.",
    ),
    Code(
        "W0708",
        "warning",
        "name hides another",
        means="""
        A node, port, field, loop variable or carried value has the name of something known already, which
        expressions below it can no longer reach.""",
        example="""
        params: {width: 64}
        ...
        body: {width: {op: conv, channels: width}}""",
        mend="rename one of the two.",
    ),
    Code(
        "W0709",
        "warning",
        "default matches nothing",
        means="""
        `defaults:` sets a parameter for ops that do not occur inside this network or block, or that all set
        it themselves.""",
        example="""
        defaults: {modulated_conv: {kernel: 3}}       # in a network without one""",
        mend="delete the entry, or correct the op's name.",
    ),
)
