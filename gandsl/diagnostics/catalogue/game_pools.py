"""G0650 to G0669: what a game keeps, draws and codes."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "G0650",
        "error",
        "nothing whose samples a pool could keep",
        means="""
        `replay` keeps samples of one tensor: of numbers, and of one batch. Entries of a list have a pool
        each, and batches that were joined are taken apart first.""",
        example="""
        old: {op: replay, x: y, size: 50}          # a Label""",
        mend="name one tensor: `{op: replay, x: fake, size: 50}`.",
    ),
)
