"""G0690 and on: where a network's weights start, and what it is computed in."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "G0690",
        "error",
        "file of weights without a checksum",
        means="""
        A network starts from a file of weights. Files of one name are not one file, and a run that is to be
        repeated has to start from the same one, so the spec says its SHA-256.""",
        example="""
        networks: {vgg: {weights: {file: vgg.safetensors}, inputs: …, body: …}}""",
        mend="write what the message gives: `weights: {file: vgg.safetensors, sha256: 5a7d…}`.",
    ),
    Code(
        "G0691",
        "error",
        "checksum that is none",
        means="The SHA-256 of a file is 64 hexadecimal digits.",
        example="""
        weights: {file: vgg.safetensors, sha256: 397923af}""",
        mend="`sha256sum vgg.safetensors` prints all of it.",
    ),
    Code(
        "G0692",
        "error",
        "fp16 without scaled losses",
        means="""
        Gradients that pass through a network in fp16 are soon too small for it, unless losses are scaled; and
        they are where the whole plan is in fp16.""",
        example="""
        networks: {vgg: {precision: fp16, …}}
        training: {precision: {compute: fp32}, …}""",
        mend="`precision: bf16`, which has the range of fp32.",
    ),
    Code(
        "G0693",
        "error",
        "name in a file for no node",
        means="""
        `keys` says what a file of weights calls the network's nodes, or stages of them. Here it speaks of one
        that the network does not have.""",
        example="""
        weights: {file: vgg.pth, sha256: …, keys: {conv9: features.0}}   # and no conv9""",
        mend="name a node of the network's body that has weights, by its id (`gandsl show --ir`).",
    ),
)
