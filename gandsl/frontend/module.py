"""What the front half makes of a spec: networks in the IR, the plan, the parameters in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gandsl.diagnostics import Span
from gandsl.ir.graph import NetworkIR
from gandsl.records import dataclass
from gandsl.spec.document import Document

if TYPE_CHECKING:
    from gandsl.ir.game import GameIR
    from gandsl_runtime.plan import Plan


@dataclass(frozen=True)
class ModuleIR:
    """A spec, unfolded and typed."""

    name: str
    document: Document
    params: Mapping[str, Any]  # the spec's parameters, with overrides
    networks: Mapping[str, NetworkIR]  # generator, discriminator, then others
    plan: Plan | None
    sources: Mapping[str, str]  # file → text
    idle_defaults: Mapping[Span, tuple[str, str]] = field(default_factory=dict)  # place → op, parameter
    unfold_game: Callable[[], GameIR | None] = field(default=lambda: None, compare=False, repr=False)

    @cached_property
    def game(self) -> GameIR | None:
        """The training step as graphs, unfolded when first asked for. None without one; after reporting."""
        return self.unfold_game()

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled and copied: the game itself in place of what would unfold it."""
        kept = {name: value for name, value in vars(self).items() if name != "unfold_game"}
        return kept | {"game": self.game}
