"""Games as texts to be spoiled: those of tests/games, and what short forms stand for; their parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from gandsl.diagnostics import Diagnostics, Span
from gandsl.spec.fill import filled
from gandsl.spec.reader import read_text
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree
from tests.frontend.short_form.shown import BLOCKS, expanded, module_of
from tests.specs.reduced import OWN, SPECS

GAMES = Path(__file__).parents[2] / "games"
WRITTEN = ("acgan", "biggan", "dcgan", "lsgan", "msg_gan", "pggan", "stylegan2", "wgan_gp")
FIELDS = (
    "loss",
    "regularizers",
    "style_mixing",
    "augment",
    "auxiliary",
    "discriminator_steps",
    "discriminator_passes",
)
BASES = (
    *(f"games/{path.stem}" for path in sorted(GAMES.glob("*.yaml"))),
    *(f"written/{name}" for name in WRITTEN),
)
NO_GAMES = ("games/nets", "games/bright")  # networks alone; a short form


@dataclass(frozen=True)
class Base:
    """A game that is fine. Nodes are entries of its body."""

    name: str
    text: str
    overrides: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def tree(self) -> Mapping:
        found = read_text(self.text, self.name, Diagnostics())
        assert isinstance(found, Mapping)
        return found

    def mapping(self, *keys: str) -> Mapping:
        """What stands at a path; empty where nothing does."""
        here: Tree | None = self.tree
        for key in keys:
            here = here.get(key) if isinstance(here, Mapping) else None
        return here if isinstance(here, Mapping) else Mapping({}, self.tree.span)

    @property
    def nodes(self) -> list[Entry]:
        return list(self.mapping("game", "body"))

    def nodes_with(self, key: str) -> Iterator[tuple[Entry, Mapping]]:
        """Nodes of a form: that have such a key."""
        for entry in self.nodes:
            if isinstance(entry.value, Mapping) and key in entry.value:
                yield entry, entry.value

    @property
    def players(self) -> list[tuple[Entry, Mapping]]:
        return [(one, one.value) for one in self.mapping("game", "players") if isinstance(one.value, Mapping)]

    @property
    def terms(self) -> Iterator[Entry]:
        for _, player in self.players:
            terms = player.get("terms")
            yield from terms if isinstance(terms, Mapping) else ()

    def names_in(self, tree: Tree | None) -> Iterator[tuple[Span, str]]:
        """Where an expression, or each of a list of them, names a node of the body."""
        if isinstance(tree, Sequence):
            for item in tree.items:
                yield from self.names_in(item)
        if isinstance(tree, Scalar) and tree.span.line == tree.span.end_line:
            names = {entry.key for entry in self.nodes}
            begin = 0 if tree.plain else 1
            for found in re.finditer(r"(?<![\w.])[A-Za-z_]\w*(?!\w*\()", tree.text):
                if found[0] in names:
                    yield tree.span.part(begin + found.start(), begin + found.end()), found[0]


def base(name: str) -> Base:
    """One of BASES."""
    folder, _, what = name.partition("/")
    if folder == "games":
        text = (GAMES / f"{what}.yaml").read_text("utf-8")
        return Base(
            name, text.replace("../../specs", str(SPECS)).replace("./nets.yaml", str(GAMES / "nets.yaml"))
        )
    module = module_of(what)
    nulls = ", ".join(f"training.{field}: null" for field in FIELDS)
    head = f"gandsl: 1\nname: written\nextends: {SPECS / what}.yaml\nset: {{{nulls}}}\n"
    size = {"resolution": OWN.get(what, {}).get("resolution", 32)} if "resolution" in module.params else {}
    return Base(name, head + filled(expanded(module), BLOCKS), size)
