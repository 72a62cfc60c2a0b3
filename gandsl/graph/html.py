"""One self-contained page: networks as boxes that fold, laid out by ELK in the browser (page/*.js)."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Sequence
from importlib.resources import files

from gandsl import page
from gandsl.graph.model import FLOWS, model
from gandsl.graph.svg import colours
from gandsl.graph.tree import Picture
from gandsl.graph.words import FAMILIES

_ENGINE = files("gandsl.graph").joinpath("vendor", "elkjs")
SCRIPTS = ("folds.js", "layout.js", "draw.js", "search.js", "map.js", "print.js", "page.js")


def render(title: str, pictures: Sequence[tuple[str, Picture]], depth: int | None = None) -> str:
    """The page. `depth`: levels of groups that are open at first; by default down to the stages.

    It loads nothing, and runs no script but its own.
    """
    keys = [f'<span class="key {name}">{name}</span>' for name in FAMILIES]
    keys += [f'<span class="key"><i class="{name}"></i>{name}</span>' for name in FLOWS]
    return page.render(
        "gandsl.graph",
        SCRIPTS,
        title,
        model(pictures, depth),
        "worker-src blob:",
        colours=colours(),
        drawing=page.part("gandsl.graph", "drawing.css"),
        families=" ".join(f".{name} {{ --own: var(--{name}); }}" for name in FAMILIES),
        legend=" ".join(keys),
        engine=_engine(),
        engine_version=_ENGINE.joinpath("VERSION").read_text(encoding="utf-8").strip(),
    )


def _engine() -> str:
    """The layout engine as the page unpacks it: base64 of gzip, a third of its size."""
    code = _ENGINE.joinpath("elk-worker.min.js").read_bytes()
    return base64.b64encode(gzip.compress(code, mtime=0)).decode()
