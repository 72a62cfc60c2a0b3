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
    Code(
        "G0651",
        "error",
        "a pool of samples that grow",
        means="""
        `replay` shows samples of before in place of new ones, so all of them are of one size. In a family of
        networks that grows, images of before are smaller.""",
        example="""
        training: {growth: {…}, …}
        game: {body: {old: {op: replay, x: fake, size: 50}, …}, …}""",
        mend="leave the pool out, or train without growth.",
    ),
)
