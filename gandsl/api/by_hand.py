"""The game of a plan's loss over networks that somebody wrote in Python, of which no spec tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from gandsl.analysis.game.rules import GIVE_A_NUMBER, NO_BOUNDARY
from gandsl.api.fitting import check
from gandsl.api.surface import PLAN, Surface, document_of, network_ir, surface_of
from gandsl.api.trial import reached
from gandsl.diagnostics import Diagnostics
from gandsl.frontend.elaborate import elaborate_game
from gandsl.lowering.game import LoweredGame
from gandsl_runtime.errors import PlanError
from gandsl_runtime.plan import Plan

if TYPE_CHECKING:
    from gandsl.analysis.game.slices import PassIR
    from gandsl.ir.game import GameIR
    from gandsl.ir.graph import NetworkIR, Variant
    from gandsl_runtime.network import Network

REMEMBERED = 64  # games, each by a plan and networks


@dataclass
class GameByHand(LoweredGame):
    """A game over networks whose layers are not in the IR: there a call stands for all of them."""

    surfaces: Mapping[str, NetworkIR] = field(default_factory=dict)
    _reached: dict[tuple[str, str, Variant], tuple[str, ...]] = field(default_factory=dict)

    @property
    def irs(self) -> Mapping[str, NetworkIR]:
        """The networks in the IR, by name."""
        return self.surfaces

    def used(self, of: PassIR) -> Mapping[str, tuple[str, ...]]:
        """By network, the layers with weights that a pass runs: found out by running each program once."""
        found: dict[str, dict[str, None]] = {}
        for call in of.calls.values():
            if not call.average:
                layers = self._layers(call.network, call.entry, of.whole.variant)
                found.setdefault(call.network, {}).update(dict.fromkeys(layers))
        return {network: tuple(layers) for network, layers in found.items()}

    def _layers(self, name: str, entry: str, variant: Variant) -> tuple[str, ...]:
        key = name, entry, variant
        if key not in self._reached:
            self._reached[key] = reached(self.networks[name], self.surfaces[name], entry, variant)
        return self._reached[key]


def game_of(plan: Plan, networks: Mapping[str, Network]) -> GameByHand:
    """What `plan.loss` and the fields beside it stand for, over a `generator` and a `discriminator`.

    The networks are as they are: their inputs, outputs, levels and entries say what they can be asked for,
    and a call runs a whole `network.program(…)`. Latents are drawn as their ports say, real images are
    those of the discriminator's inputs.
    Raises PlanError where plan and networks don't fit each other.
    """
    check(plan, networks)
    grows = plan.growth is not None
    surfaces = {name: surface_of(network, grows) for name, network in networks.items()}
    game, irs = _made(plan.model_dump_json(), tuple(surfaces.items()))
    return GameByHand(game, networks, plan.data.range, surfaces=irs)


@lru_cache(REMEMBERED)
def _made(plan: str, surfaces: tuple[tuple[str, Surface], ...]) -> tuple[GameIR, Mapping[str, NetworkIR]]:
    """The game's graphs: they depend on nothing else than the plan and what networks say of themselves."""
    said, known = Diagnostics(), Plan.model_validate_json(plan)
    document = document_of(known, dict(surfaces), said)
    irs = {name: network_ir(name, surface) for name, surface in surfaces}
    game = None if said.has_errors else elaborate_game(document, irs, known, said)
    if game is None or said.has_errors:
        wrong = said.errors[0]
        raise PlanError(f"{PLAN}: {wrong.message}", wrong.help or "")
    if known.adapts and game.plan.boundary is None:
        raise PlanError(f"{PLAN}: {NO_BOUNDARY}", GIVE_A_NUMBER)
    return game, irs
