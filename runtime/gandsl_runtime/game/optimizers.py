"""The optimizers of a game: moments belong to a network, or to a player that asks for its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, optim
from torch.optim import Optimizer

from ..network import Network
from ..plan import Curve, Growth, Plan, Stairs, schedule
from ..plan import Optimizer as OptimizerPlan
from ..plan.game import GamePlan, Player, Term, comes_or_goes, short
from ..plan.schedule import Clock, Size, Step, reached


class Owner(NamedTuple):
    """Whose moments they are: of a network by all players that train it, or by one alone."""

    network: str
    player: str = ""

    @property
    def label(self) -> str:
        """What the log calls its rate: G, D, others by name."""
        return f"{self.player}.{self.network}" if self.player else short(self.network)

    def __str__(self) -> str:
        return f"{self.player}.{self.network}" if self.player else self.network


def owners(player: Player) -> tuple[Owner, ...]:
    """The optimizers that a player steps, one for each of its networks."""
    return tuple(Owner(name, player.name if player.optimizer else "") for name in player.networks)


def trained(network: Network, name: str, player: Player) -> list[Tensor]:
    """The weights of a network that a player trains: all, or those at and below the ids that it names."""
    parts = [id_.partition(".")[2] for id_ in player.trains if id_.partition(".")[0] == name]
    return [
        weight
        for key, weight in network.named_parameters()
        if any(not part or key == part or key.startswith(f"{part}.") for part in parts)
    ]


def lazy_ratio(game: GamePlan, owner: Owner, step: Step) -> float:
    """r of lr·r, β^r: the main optimizer steps of a step over all of them (arXiv:1912.04958, appendix B)."""
    players = [p for p in game.players.values() if owner in owners(p) and p.is_there(step.clock)]
    main = sum(player.steps for player in players)
    lazy = sum(1 / every for player in players for every in player.intervals(step.clock))
    return main / (main + lazy) if players else 1.0


class PhaseRoles(NamedTuple):
    """Weights in a phase: what each of its players moves, and all others, of all networks.

    `teams`: its players, those together that move moments of the same networks, and so have one scale.
    """

    variables: Mapping[str, Sequence[Tensor]]
    constants: Sequence[Tensor]
    teams: Sequence[Sequence[str]]


class Optimizers(Mapping[str, Optimizer]):
    """One optimizer for each owner of moments, by its name."""

    def __init__(self, plan: Plan, game: GamePlan, networks: Mapping[str, Network], step: Step) -> None:
        self.plan, self.game = plan, game
        self.sizes, self._order = sizes_of(networks), list(networks)
        self._roles: dict[tuple[Sequence[str], frozenset[int]], PhaseRoles] = {}  # by players, frozen ones
        self._still: dict[tuple[Owner, int | None], dict[str, Any]] = {}  # numbers that stay so at a level
        weights: dict[Owner, dict[int, Tensor]] = {}
        for player in game.players.values():
            for owner in owners(player):
                found = trained(networks[owner.network], owner.network, player)
                weights.setdefault(owner, {}).update((id(w), w) for w in found if w.requires_grad)
        for owner, of in weights.items():  # in the order of the network, whatever the order of players
            ordered = [w for w in networks[owner.network].parameters() if id(w) in of]
            weights[owner] = {id(w): w for w in ordered}
        self.by_owner: dict[Owner, Optimizer] = {
            owner: self._new(owner, list(of.values()), step) for owner, of in weights.items()
        }
        self._by_name = {str(owner): optimizer for owner, optimizer in self.by_owner.items()}
        self.weights = [w for network in networks.values() for w in network.parameters() if w.requires_grad]
        self.variables = {
            name: [
                w
                for owner in owners(player)
                for w in trained(networks[owner.network], owner.network, player)
                if id(w) in weights[owner]
            ]
            for name, player in game.players.items()
        }
        self._by_player = {
            name: [self.by_owner[owner] for owner in owners(player)] for name, player in game.players.items()
        }

    def __getitem__(self, owner: str) -> Optimizer:
        return self._by_name[owner]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def of(self, *players: str) -> list[Optimizer]:
        """Those that players step, each once."""
        return list(dict.fromkeys(optimizer for player in players for optimizer in self._by_player[player]))

    def roles(self, players: tuple[str, ...], frozen: frozenset[int]) -> PhaseRoles:
        """The roles of weights while these players move; `frozen`, by id(), are nobody's variables."""
        known = players, frozen
        if known not in self._roles:
            variables = {one: [w for w in self.variables[one] if id(w) not in frozen] for one in players}
            wanted = {id(weight) for weights in variables.values() for weight in weights}
            constants = [w for w in self.weights if id(w) not in wanted]
            self._roles[known] = PhaseRoles(variables, constants, self._teams(players))
        return self._roles[known]

    def _teams(self, players: Sequence[str]) -> list[list[str]]:
        teams: list[list[str]] = []
        for player in players:
            joined = [team for team in teams if not set(self.of(*team)).isdisjoint(self.of(player))]
            teams = [team for team in teams if team not in joined]
            teams.append([*(one for team in joined for one in team), player])
        return teams

    def clear_gradients(self, player: str) -> None:
        """As `zero_grad` of each that the player steps, whose bookkeeping takes ten times as long."""
        for optimizer in self._by_player[player]:
            for group in optimizer.param_groups:
                for weight in group["params"]:
                    weight.grad = None

    def moments(self, owner: Owner) -> tuple[str, ...]:
        """The names of what an optimizer keeps of each weight."""
        plan = self._plan(owner)
        return tuple(name for name, field in MOMENTS[plan.kind].items() if not field or getattr(plan, field))

    def enter(self, step: Step, rate: float, forget: bool) -> None:
        """Set the numbers of a step; `rate` multiplies all learning rates."""
        for owner, optimizer in self.by_owner.items():
            settings = self._settings(owner, step)
            optimizer.param_groups[0].update(settings | {"lr": settings["lr"] * rate})
            if forget:
                optimizer.state.clear()

    def rates(self, step: Step) -> dict[str, tuple[float, float]]:
        """Learning rates at a step and the lazy correction in them, by label, networks in their order."""
        ordered = sorted(self.by_owner, key=lambda owner: self._order.index(owner.network))
        return {
            owner.label: (self._settings(owner, step)["lr"], lazy_ratio(self.game, owner, step))
            for owner in ordered
        }

    def _new(self, owner: Owner, weights: Sequence[Tensor], step: Step) -> Optimizer:
        plan = self._plan(owner)
        optimizer: Optimizer = TORCH[plan.kind](weights, **self._settings(owner, step))
        optimizer.param_groups[0].update(clip=plan.clip, bound=plan.bound)
        return optimizer

    def _plan(self, owner: Owner) -> OptimizerPlan:
        own = self.game.players[owner.player].optimizer if owner.player else None
        return own or self.plan.optimizer_of(owner.network)

    def _settings(self, owner: Owner, step: Step) -> dict[str, Any]:
        known = owner, step.stage.level
        if known in self._still:
            return self._still[known]
        plan, ratio = self._plan(owner), lazy_ratio(self.game, owner, step)
        found = numbers(plan, self.plan.growth, self.sizes, step, ratio)
        if not self._moves(owner, plan):
            self._still[known] = found
        return found

    def _moves(self, owner: Owner, plan: OptimizerPlan) -> bool:
        """Whether its numbers change within a level."""
        rates = self.plan.growth.lr.values() if self.plan.growth else ()
        values = (plan.lr, *getattr(plan, "betas", ()), *rates)
        players = [player for player in self.game.players.values() if owner in owners(player)]
        terms = (term for player in players for term in player.terms)
        parts: list[Player | Term] = [*players, *terms]
        return any(isinstance(value, Curve | Stairs) for value in values) or any(map(comes_or_goes, parts))


# kind → torch's; fused where it has a kernel for all weights at once
TORCH: Mapping[str, Callable[..., Optimizer]] = {
    "adam": partial(optim.Adam, fused=True),
    "adamw": partial(optim.AdamW, fused=True),
    "rmsprop": partial(optim.RMSprop, foreach=True),
    "sgd": partial(optim.SGD, fused=True),
}


# kind → what it keeps of a weight, and the field of the plan without which it does not
_ADAM = {"step": "", "exp_avg": "", "exp_avg_sq": ""}
MOMENTS: Mapping[str, Mapping[str, str]] = {
    "adam": _ADAM,
    "adamw": _ADAM,
    "rmsprop": {"step": "", "square_avg": "", "momentum_buffer": "momentum", "grad_avg": "centered"},
    "sgd": {"momentum_buffer": "momentum"},
}


def numbers(
    optimizer: OptimizerPlan, growth: Growth | None, sizes: Sequence[Size], step: Step, ratio: float
) -> dict[str, Any]:
    """An optimizer's numbers for a step, with growth's rate at the level and the lazy correction."""
    found = {name: value for name, value in optimizer if name not in ("kind", "clip", "bound")}
    rate = optimizer.lr
    if growth and step.stage.level is not None:
        rate = growth.lr.get(max(sizes[step.stage.level]), rate)
    found["lr"] = schedule.value(rate, step.clock) * ratio
    if "betas" in found:
        found["betas"] = tuple(schedule.value(beta, step.clock) ** ratio for beta in found["betas"])
    return found | {name: found[name] ** ratio for name in ("alpha", "momentum") if name in found}


def resting(plan: Plan, networks: Mapping[str, Network], clock: Clock) -> frozenset[int]:
    """The weights that are frozen at this moment, by id()."""
    now = [
        part
        for part in plan.freeze
        if reached(part.start, clock) and not (part.until is not None and reached(part.until, clock))
    ]
    return frozenset(
        id(weight)
        for part in now
        for key, weight in networks[part.network].named_parameters()
        if part.holds(key)
    )


def sizes_of(networks: Mapping[str, Network]) -> Sequence[Size]:
    """The levels of a growing family; none where no network grows."""
    return next((network.levels for network in networks.values() if network.levels), ())


def zeros_where_used(weights: Iterable[Tensor]) -> None:
    """Weights of layers that ran have a gradient, if only of 0: their moments move on."""
    for weight in weights:
        if weight.grad is None:
            weight.grad = torch.zeros_like(weight)
