"""W0785 and on: what a network starts from, where that is not there."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "W0785",
        "warning",
        "file of weights that is not at hand",
        means="""
        A network starts from a file that lies neither beside the spec nor in a folder of GANDSL_PATH. All can
        be checked, counted and printed without it; training needs it.""",
        example="""
        weights: {file: vgg.safetensors, sha256: …}   # and there is no vgg.safetensors""",
        mend="put the file there, or a link to it.",
    ),
)
