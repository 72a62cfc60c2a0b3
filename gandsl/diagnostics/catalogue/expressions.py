"""G01xx: expressions, their names, functions, values and bounds."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "G0101",
        "error",
        "expression cannot be read",
        means="""
        The text is not an expression of the language. There are literals, names, `a.b`, `a[i]`, `a[i:j]`,
        `f(x)`, arithmetic, comparisons, `and or not`, `x if c else y`, lists and quantities with a unit
        (`10 kimg`): nothing else, so no lambdas, loops, assignments or strings that are built.""",
        example="""
        channels: "width(res"
        layers: "2 +* 3" """,
        mend="correct the expression at the marked character.",
    ),
    Code(
        "G0102",
        "error",
        "unknown name",
        means="""
        An expression uses a name that is not known there. It sees the file's `params` and `let`, the
        block's own ports, params and slot values, the variables of the folds around it (with `res`-like
        names, `index`, `first`, `last`, `count`), carried values, and the nodes above it.""",
        example="""
        params: {resolution: 64}
        let: {half: resolutoin // 2}""",
        mend="""
        correct the name (the message proposes the nearest one known), or hand the value to the block as a
        parameter: a block does not see its caller's names.""",
    ),
    Code(
        "G0103",
        "error",
        "unknown function",
        means="""
        The functions are min max abs sqrt log2 floor ceil round len sum range reverse first last
        zip_with_index doubling halving present first_present, and those that the file's `let` defines.""",
        example="""
        channels: maximum(512, base // res)""",
        mend="use one of these, or define the function under `let`: `width(res): min(base // res, 512)`.",
    ),
    Code(
        "G0104",
        "error",
        "wrong number of arguments",
        means="A function is called with more or fewer arguments than it takes.",
        example="""
        let: {width(res): min(512, 4096 // res)}
        ...
        channels: width(res, 2)""",
        mend="give the arguments that the message lists.",
    ),
    Code(
        "G0105",
        "error",
        "value of the wrong type in an expression",
        means="""
        An operator, function or place got a value it cannot work with: a text where a number is wanted, a
        list added to a number, a tensor where a value known at compile time is wanted, a condition that is
        not true or false.""",
        example="""
        channels: '"wide" * 2'
        when: channels              # a number is no condition: write channels > 0""",
        mend="give a value of the type that the message names.",
    ),
    Code(
        "G0106",
        "error",
        "division by zero",
        means="The right side of `/`, `//` or `%` is zero for the parameters in force.",
        example="""
        params: {heads: 0}
        ...
        channels: 512 // heads""",
        mend="""
        bound the parameter (`{type: int, default: 8, min: 1}`), or guard: `512 // heads if heads
        else 512`.""",
    ),
    Code(
        "G0107",
        "error",
        "index out of range",
        means="""
        A list or a style tensor has no entry at this index. Indexes count from 0; a negative one
        counts from the end. A table has the entries that are written, and no others.""",
        example="""
        widths: [512, 256]
        channels: widths[2]""",
        mend="""
        check how many entries there are for the parameters in force (the message says). A slice (`a[1:9]`)
        is never out of range.""",
    ),
    Code(
        "G0108",
        "error",
        "expression does too much work",
        means="""
        Expressions run under a budget of steps and of list lengths, so that checking a spec always ends
        soon. Sizes and stage lists of real networks need a tiny part of it.""",
        example="""
        let: {big: sum(range(10 ** 9))}""",
        mend="compute the value in closed form, or give it as a parameter.",
    ),
    Code(
        "G0109",
        "error",
        "number too large",
        means="""
        A result lies beyond what any size, count or rate of a network can be (or is infinite or not a
        number), so it is surely a slip.""",
        example="""
        channels: 2 ** 2 ** 20""",
        mend="check the formula: often `**` or a unit stands where `*` was meant.",
    ),
    Code(
        "G0110",
        "error",
        "unknown attribute",
        means="""
        Sizes have `.h` and `.w`; tensors have `.channels .height .width .size .dim .count` (of one side
        `.length`, of three `.depth` too); a node that is a block or a fold has its outputs as attributes.
        There is nothing else behind a dot.""",
        example="""
        channels: x.depth""",
        mend="use an attribute that the message lists for this value.",
    ),
    Code(
        "G0111",
        "error",
        "definition refers to itself",
        means="""
        A `let` value or function, or a parameter's default, needs its own value to be computed, directly or
        through others.""",
        example="""
        let: {a: b + 1, b: a - 1}""",
        mend="break the circle that the message shows.",
    ),
    Code(
        "G0112",
        "error",
        "argument outside a function's domain",
        means="""
        The function has no result for this value: the root or logarithm of a negative number, the first of
        an empty list, a `doubling(a, b)` between two sizes of which the one is not the other times a power
        of two.""",
        example="""
        let: {stages: "doubling([4, 4], 90)"}     # 90 halves once, to 45, which is odd""",
        mend="give a value the function is defined for; the message names the nearest that would do.",
    ),
    Code(
        "G0113",
        "error",
        "value is absent",
        means="""
        The expression uses a node or an optional port that a condition left out here, so that it has no
        value.""",
        example="""
        style: {type: Vector, optional: true}
        ...
        gain: {op: linear, x: style, channels: 64}      # the caller gave no style""",
        mend="""
        guard the use with `when: present(style)`, or name a stand-in: `first_present(style, z)`.""",
    ),
)
