"""G02xx: ops, blocks, ports, parameters, types and shapes of single nodes."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "G0201",
        "error",
        "unknown op",
        means="A node names a primitive that is not in the op table, or `defaults:` names one.",
        example="""
        conv: {op: convolution, channels: 64}""",
        mend="""
        `gandsl explain --ops` lists the ops. A combination of ops with a name of its own is a
        `block`.""",
    ),
    Code(
        "G0202",
        "error",
        "unknown block",
        means="""
        A node names a block (or a topology, or a slot is filled with a name) that is neither in this
        file, nor in an import, nor in the standard library.""",
        example="""
        b: {block: resup, channels: 64}""",
        mend="""
        correct the name, define it under `blocks`, or import the file that has it and write `lib.resup`.""",
    ),
    Code(
        "G0203",
        "error",
        "unknown port",
        means="A tensor is handed to a port that the op or block does not have.",
        example="""
        conv: {op: conv, y: z, channels: 64}     # conv has the ports x and no y""",
        mend="""
        correct the name; `gandsl explain OP` lists an op's ports. If a parameter was meant, check that the
        value is a number and no tensor.""",
    ),
    Code(
        "G0204",
        "error",
        "port not connected",
        means="""
        A port that is not optional got nothing. Only the first port reads the node above by itself, and the
        first node of a network has nothing above it.""",
        example="""
        conv: {op: modulated_conv, x: x, channels: 64}     # lacks style""",
        mend="connect the port: `style: ws[0]`.",
    ),
    Code(
        "G0205",
        "error",
        "unknown parameter",
        means="A node gives a parameter that its op, block or slot does not have.",
        example="""
        conv: {op: conv, chanels: 64}""",
        mend="correct the name; `gandsl explain OP` lists an op's parameters.",
    ),
    Code(
        "G0206",
        "error",
        "parameter not given",
        means="A parameter without a default is not given.",
        example="""
        conv: {op: conv, kernel: 3}      # how many channels?""",
        mend="give it, or set it for all such ops with `defaults: {conv: {...}}`.",
    ),
    Code(
        "G0207",
        "error",
        "parameter of the wrong type",
        means="""
        The value has another type than the parameter: text for a number, a fraction for a whole number, one
        number for a list.""",
        example="""
        conv: {op: conv, channels: base / 2}     # `/` gives a fraction: 32.0""",
        mend="""
        give a value of the type that the message names. Whole numbers come from `//`, or from `floor`,
        `ceil` and `round`.""",
    ),
    Code(
        "G0208",
        "error",
        "parameter out of its range",
        means="The value lies outside what the op or block accepts.",
        example="""
        conv: {op: conv, channels: 0}""",
        mend="choose a value in the range that the message names.",
    ),
    Code(
        "G0209",
        "error",
        "not one of the choices",
        means="The parameter takes one of a few names, and this is none of them.",
        example="""
        up: {op: upsample, factor: 2, mode: bicubical}""",
        mend="choose one of the names that the message lists.",
    ),
    Code(
        "G0210",
        "error",
        "shapes do not fit",
        means="""
        A tensor's shape is not the one that the port wants: other dimensions than declared, or other than
        another port of the same node implies. Shapes are written without the batch.""",
        example="""
        ports: {x: "Feature[64, 8, 8]"}
        ...
        b: {block: mine, x: stage}       # stage is Feature[32, 8, 8]""",
        mend="""
        follow the secondary labels to where the two shapes come from, and change the one that is wrong.
        `gandsl show --ir` prints every shape.""",
    ),
    Code(
        "G0211",
        "error",
        "kind of tensor does not fit",
        means="""
        The port wants another kind: Latent, Style, Vector, Styles, Label, Feature, Image, Tokens, Logits or
        Scalar. A Latent or Style is a Vector, an Image is a Feature; other kinds need an op between them.""",
        example="""
        conv: {op: conv, x: z, channels: 64}     # z is a Latent, conv wants a Feature""",
        mend="""
        turn one kind into the other: `reshape` makes a Feature of a Vector, `flatten` or a pooling op a
        Vector of a Feature, `embed` a Vector of a Label.""",
    ),
    Code(
        "G0212",
        "error",
        "terms have different channels",
        means="""
        A sum, product or interpolation works entry by entry, so all its terms need the same channels. A
        residual sum goes wrong here when the branch changes the width and the shortcut does not.""",
        example="""
        conv:  {op: conv, x: x, channels: 256}
        sum:   {op: add, terms: [conv, x]}       # x has 512""",
        mend="""
        give the branches equal channels, with a 1×1 convolution on the shortcut
        (`short: {op: conv, x: x, channels: 256, kernel: 1}`) or with other channels in the branch.""",
    ),
    Code(
        "G0213",
        "error",
        "feature maps have different sizes",
        means="""
        The features that are added, joined or blended have different heights or widths: one branch was
        resampled and the other was not.""",
        example="""
        up:  {op: upsample, x: x, factor: 2}
        sum: {op: add, terms: [up, x]}""",
        mend="resample the other branch as well, or take it from the stage of the same size.",
    ),
    Code(
        "G0214",
        "error",
        "output size is not a positive whole number",
        means="""
        With this kernel, stride, padding or factor the output would have no pixels, or a fraction of one:
        the feature map is smaller than the kernel, or an odd size is halved.""",
        example="""
        down: {op: downsample, x: x, factor: 2}      # x is 5×5""",
        mend="""
        choose a resolution that halves as often as the network does, stop the stages earlier
        (`halving(resolution, 8)`), or pad.""",
    ),
    Code(
        "G0215",
        "error",
        "groups do not divide the channels",
        means="""
        A grouped convolution, group normalization or multi-head attention splits the channels into equal
        groups, so the number of groups must divide them (for a convolution both in and out).""",
        example="""
        norm: {op: group_norm, x: x, groups: 32}     # x has 48 channels""",
        mend="choose a divisor, for instance `groups: min(32, x.channels)` where widths are powers of two.",
    ),
    Code(
        "G0216",
        "error",
        "not a type",
        means="""
        A port's or input's type cannot be read, names no known kind, or gives the kind the wrong number of
        dimensions. The kinds: Latent[n] Style[n] Vector[n] Styles[l, n] Label[k] Feature[c, …] with one to
        three sides, Signal[c, t] Image[c, h, w] Volume[c, d, h, w] Tokens[n, d] Logits[n] or Logits[c, …]
        Scalar. A size stands for its sides.""",
        example="""
        inputs: {z: {type: "Latent[512, 4]"}}""",
        mend="write one of the kinds, with its dimensions or (for a block's port) with none.",
    ),
    Code(
        "G0217",
        "error",
        "node has no such output",
        means="""
        A block or fold is asked for an output that it does not have. A block's outputs are those that its
        `outputs:` lists (default: the last node, as `x`); a fold's are what it carries and collects.""",
        example="""
        rgb: stages.rgb          # the fold carries x and image""",
        mend="""
        name one of the outputs that the message lists, or add it to `outputs:`, `carry:` or
        `collect:`.""",
    ),
    Code(
        "G0218",
        "error",
        "no such axis",
        means="""
        An op works along an axis that what it reads does not have. A Feature or an Image has channels and
        space, Tokens and Styles have tokens and features, a Vector has features, also called channels.""",
        example="""
        mean: {op: reduce, x: tokens, how: mean, over: channels}""",
        mend="name one of the axes that the message lists: `over: features`.",
    ),
    Code(
        "G0219",
        "error",
        "kernel of another size",
        means="""
        The computed kernel of a `dynamic_conv` is a Vector with a number for each output channel, each input
        channel of its group and each place of the kernel, in this order; this one has more or fewer.""",
        example="""
        kernel: {op: linear, x: style, features: 8 * 8}
        conv: {op: dynamic_conv, x: x, weight: kernel, channels: 8, kernel: 3}     # wants 8 * 8 * 9""",
        mend="compute as many numbers as the message says, or give the op another `kernel` or `channels`.",
    ),
    Code(
        "G0223",
        "error",
        "only of two sides",
        means="""
        Most ops take features of one, two or three sides: signals, images, volumes. A few know images alone,
        such as modulated convolutions and designed low-pass filters, and a signal or volume was given.""",
        example="""
        inputs: {x: "Signal[1, 64]"}
        body: {filter: {op: lowpass, x: x, length: 4, cutoff: 1, half_width: 1, rate: 8}}""",
        mend="""
        take an op that knows any number of sides (`conv` with `modulate` before it, `fir`), or `reshape` the
        feature.""",
    ),
    Code(
        "G0224",
        "error",
        "not a number for each side",
        means="""
        A kernel, stride, dilation, padding, factor or size by side has another number of entries than the
        feature has sides.""",
        example="""
        conv: {op: conv, x: x, channels: 8, kernel: [3, 3]}     # x is a Signal[1, 64]""",
        mend="write one number for all sides, or a list of one for each: `[t]`, `[h, w]`, `[d, h, w]`.",
    ),
    Code(
        "G0225",
        "error",
        "an interpolation of two sides",
        means="Bilinear and bicubic interpolation are of two sides, and the feature has one or three.",
        example="""
        up: {op: upsample, x: x, mode: bilinear}     # x is a Signal[1, 64]""",
        mend="`mode: linear` interpolates along each side, however many there are.",
    ),
    Code(
        "G0226",
        "error",
        "no grid over the feature",
        means="""
        `grid_sample` reads a feature at places that a grid names: a channel for each side of the feature, and
        as many sides.""",
        example="""
        moved: {op: grid_sample, x: x, grid: flow}     # x is an Image, flow a Feature[3, 64, 64]""",
        mend="begin with `{op: coordinates, like: x, size: x.size}`, and add to it.",
    ),
    Code(
        "G0230",
        "error",
        "nothing to use again",
        means="""
        `reuse` names no op, block or slot of the same body above, or one that a condition leaves out. A fold
        is none, nor is what stands inside of a block.""",
        example="""
        encoded: {block: encoder, x: image}
        again:   {reuse: encoded.conv0, x: other}""",
        mend="""
        name the node itself, `{reuse: encoded, x: other}`; put what is to be repeated into a block of its
        own.""",
    ),
    Code(
        "G0231",
        "error",
        "layer cannot be used again here",
        means="""
        What is made a second time runs the layers of the first, so they must be built alike: from inputs of
        the same channels, of the same parameters. Noise, which learns its strength and draws, has no second
        use.""",
        example="""
        a: {op: conv, x: rgb, channels: 64}
        b: {reuse: a, x: gray}              # rgb has 3 channels, gray has 1""",
        mend="bring the second input to the first one's channels, or write a node with weights of its own.",
    ),
)
