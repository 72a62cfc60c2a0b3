"""What the draws of a short form's step are called: each has an id of its own, so that none changes another.

docs/training.md has the same table. Runs depend on them: whoever changes an id, or how numbers are drawn from
it, raises `gandsl_runtime.runs.header.DRAWS`.
"""

from __future__ import annotations

from collections.abc import Sequence

from gandsl_runtime.port import Port

LABELS = "c"  # classes of generated images
SPLIT, COIN = "ws.split", "ws.coin"  # of style mixing: the layer from which on, and whether at all
MIX = "mix"  # where between a real and a generated image a gradient is taken

# calls of networks: what their layers draw is CALL/LAYER
MAPPED, OTHER, FAKE = "mapped", "other", "fake"  # styles, those of the second latent, images
REAL, SAID, MIDDLE, BOTH = "real", "said", "middle", "both"  # D on real images, fakes, between, joined

SEEN = {"real": "seen", "fake": "shown", "between": "middle_seen"}  # augmentation: images → what D sees
JUDGED = {"real": REAL, "fake": SAID, "between": MIDDLE}  # images → D's call

PATH_LENGTH = "generator.path_length.y"


def latent(port: Port, ports: Sequence[Port], second: bool = False) -> str:
    """z, or z2 for the second latent of style mixing; where there are several latents, z_NAME."""
    alone = sum(other.kind == port.kind for other in ports) == 1
    return ("z2" if second else "z") + ("" if alone else f"_{port.name}")


def layer(call: str, path: str) -> str:
    """What a layer draws: noise, dropout."""
    return f"{call}/{path}"


def path_length(image: int) -> str:
    """y of path-length regularization; of several images the first has no number."""
    return PATH_LENGTH + (str(image) if image else "")


def consistency(side: str, what: str, node: str) -> str:
    """Id of a term of consistency regularization (`real`, `fake`, `latent`)."""
    return f"{side}.consistency_{what}.{node}"
