"""W0740 to W0749: sizes that come out otherwise than one expects."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "W0740",
        "warning",
        "halving stops at an odd size",
        means="""
        `doubling(a, b)` halves b as long as it is even and no smaller than a. Here an odd size ends that long
        before a, so that a network starts with a larger feature and has fewer stages than one expects.""",
        example="""
        let: {sizes: "doubling(4, resolution)"}      # --set resolution=100: 25, 50, 100""",
        mend="""
        choose a size that is a times a power of two; or, if the larger start is meant, say so:
        `doubling(25, resolution)`.""",
    ),
    Code(
        "W0745",
        "warning",
        "fold over nothing",
        means="""
        The list that a fold walks is empty for the parameters in force: it has no stages, what it carries
        comes out as it went in, and the lists that it collects are empty.""",
        example="""
        stages: {fold: {res: "doubling(8, resolution)"}, ...}      # --set resolution=4""",
        mend="""
        give the parameter a `min:`; or, where no stages are meant, say so by `when:` on the fold.""",
    ),
)
