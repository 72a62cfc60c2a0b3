"""The library's specs made small enough for a few steps on one core: the same graphs, narrower and lower."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gandsl.analysis import analyze

SPECS = Path(__file__).resolve().parents[2] / "specs"
ALL = sorted(path.relative_to(SPECS).with_suffix("").as_posix() for path in SPECS.rglob("*.yaml"))

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


def reduced(name: str, batch: int = 4, images: int = 4, **more: Any) -> dict[str, Any]:
    """Overrides for the spec `name`: small networks, this batch, `images` for each phase of growth, fp32.

    `more`: parameters besides, for those specs that have them; a number of classes, for conditional ones.
    """
    module, diagnostics = analyze(SPECS / f"{name}.yaml")
    assert module is not None and module.plan is not None, list(diagnostics)
    found = {
        key: value for key, value in {**SMALL, **OWN.get(name, {}), **more}.items() if key in module.params
    }
    if not module.params.get("classes"):
        found.pop("classes", None)
    found["training.batch"] = batch
    if module.plan.precision.compute != "fp32":
        found["training.precision"] = {"compute": "fp32"}  # what it falls back to on a CPU
    growth = module.plan.growth
    if growth:
        found |= {"training.growth.stable": f"{images} img", "training.growth.fade": f"{images} img"}
        found |= {f"training.growth.{key}": None for key in ("batch", "lr") if getattr(growth, key)}
    return found
