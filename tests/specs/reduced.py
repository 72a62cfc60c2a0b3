"""The library's specs made small enough for a few steps on one core: the same graphs, narrower and lower."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from gandsl.diagnostics import Diagnostics
from gandsl.spec.document import Document
from gandsl.spec.loader import load
from gandsl.spec.reader import to_plain

SPECS = Path(__file__).resolve().parents[2] / "specs"
FILES = sorted(path.relative_to(SPECS).with_suffix("").as_posix() for path in SPECS.rglob("*.yaml"))
ZOO = [name for name in FILES if name.startswith("zoo/") and name.count("/") == 1]
ALL = [name for name in FILES if not name.startswith("zoo/")]

SMALL: dict[str, Any] = {
    "resolution": 32,
    "channel_base": 256,
    "channel_max": 16,
    "width": 4,
    "z_dim": 16,
    "w_dim": 16,
    "style": 16,
    "mapping_layers": 2,
    "embedding": 8,
    "z_chunk": 4,
    "chunk": 8,
    "stddev_group": 4,
    "attention_at": [16],
    "widths": [16, 16, 8, 8],
    "cardinalities": [4, 4, 2, 2],
    "depths": [1, 1, 1, 1],
}
"""By the names of parameters, which mean the same in all specs."""
OWN: dict[str, dict[str, Any]] = {
    "biggan_deep": {"resolution": 128, "width": 4},  # its smallest
    "quickstart": {"resolution": 28},  # not 4 · 2^k
    "quickstart_r1": {"resolution": 28},
    "sagan": {"resolution": 64},  # attention stands at 32
    "hybrids/pggan_attention": {"resolution": 64},
    "examples/wavegan": {"length": 256},
    "examples/volumes_3dgan": {"resolution": 16},
}


def sizes(name: str, **more: Any) -> dict[str, Any]:
    """Those parameters of the spec `name` that make its networks small. `more`: besides, if it has them."""
    document = written(SPECS / f"{name}.yaml")
    found = {
        key: value for key, value in {**SMALL, **OWN.get(name, {}), **more}.items() if key in document.params
    }
    if not defaults(document).get("classes"):
        found.pop("classes", None)
    return found


def reduced(name: str, batch: int = 4, images: int = 4, **more: Any) -> dict[str, Any]:
    """Overrides for the spec `name`: small networks, this batch, `images` for each phase of growth, fp32.

    `more`: parameters besides, for those specs that have them; a number of classes, for conditional ones.
    """
    document = written(SPECS / f"{name}.yaml")
    found = sizes(name, **more)
    found["training.batch"] = batch
    plan = {} if document.training is None else to_plain(document.training)
    if plan.get("precision", {}).get("compute", "fp32") != "fp32":
        found["training.precision"] = {"compute": "fp32"}  # what it falls back to on a CPU
    growth = plan.get("growth")
    if growth:
        found |= {"training.growth.stable": f"{images} img", "training.growth.fade": f"{images} img"}
        found |= {f"training.growth.{key}": None for key in ("batch", "lr") if growth.get(key)}
    return found


@cache
def written(path: Path) -> Document:
    """What a spec says, without its networks: at their whole size they take a second to unfold."""
    document = load(path, diagnostics=(found := Diagnostics()))
    assert document is not None and not found.has_errors, list(found)
    return document


def defaults(document: Document) -> dict[str, Any]:
    """The values of its parameters, as written."""
    return {name: to_plain(param.default) for name, param in document.params.items() if param.default}
