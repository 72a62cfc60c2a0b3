"""A step of a game: its turns, their phases, the passes of these, then what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from torch import Tensor

from ..distributed.group import parts, synchronized
from ..plan.game import PassPlan, PhasePlan
from ..plan.schedule import Step
from ..rng import Draws, Key, Part, seeded
from ..training import spectrum
from ..training.statistics import running, together
from .calls import differentiated_by, taking
from .items import StepItems, of_parts
from .optimizers import PhaseRoles, resting, zeros_where_used
from .program import PassProgram
from .run import GameRun
from .sources import Items

Around = Callable[[str], AbstractContextManager[None]]


def step(run: GameRun, around: Around = lambda _: nullcontext()) -> Step:
    """One step: every phase that is due, then what follows from it, then the clock.

    A phase is taken inside `around` what is said of it.
    """
    now = run.now()
    run.enter(now)
    items = StepItems(run, now)
    for phase in run.game.plan_at(now.stage).phases(now.clock):
        if phase.due(now.clock):
            with around(f"phase {phase.label} of a step of {now.batch} images"):
                for repeat in range(phase.repeat):
                    take(run, now, phase, repeat, items)
    run.leave(now)
    return now


def take(
    run: GameRun,
    now: Step,
    phase: PhasePlan,
    repeat: int,
    items: StepItems,
    turns: int | None = None,
) -> None:
    """One optimizer step: the gradients of each player's terms by its weights, then all of them move.

    `turns`: at most so many micro-batches, where what the others do is of no account; None: all.
    """
    passes = [(part, run.game.pass_program(phase, part, now.stage)) for part in phase.passes]
    reads = {field for _, program in passes for field in program.reads}
    given = items.of(phase, reads) if reads else {}
    roles = run.optimizers.roles(phase.players, resting(run.plan, run.game.networks, now.clock))
    for player in phase.players:
        run.optimizers.clear_gradients(player)
    with _constant(roles.constants), synchronized(run.group):
        for part, program in passes:
            _add_gradients(run, now, phase, repeat, part, program, given, roles, turns)
        for variables in roles.variables.values():
            if without := [weight for weight in variables if weight.grad is None]:
                used = set().union(*(run.weights_of(program) for _, program in passes))
                zeros_where_used(weight for weight in without if id(weight) in used)
        for optimizer in run.optimizers.of(*phase.players):
            run.group.sum_gradients(optimizer.param_groups[0]["params"])
        for team in roles.teams:
            run.scaling[team[0]].step(*run.optimizers.of(*team))
        if run.forced:
            trained = {id(weight) for variables in roles.variables.values() for weight in variables}
            for layer in run.forced:
                if id(layer.weight) in trained:
                    layer.force()
        if bound := run.plan.top_singular_value:
            moved = {name for player in phase.players for name in run.game.plan.players[player].networks}
            for name in moved.intersection(bound.networks):
                spectrum.bound(run.game.networks[name], bound)


def _add_gradients(
    run: GameRun,
    now: Step,
    phase: PhasePlan,
    repeat: int,
    of: PassPlan,
    program: PassProgram,
    items: Items,
    roles: PhaseRoles,
    turns: int | None,
) -> None:
    """A pass, micro-batch by micro-batch, each by its share of the mean."""
    count = min(of.batch or now.batch, now.batch) if of.sampled else 1
    fresh = run.game.plan.fresh == "step"  # then all phases of a step see the same draws
    key = Key(
        run.seed,
        now.clock.steps,
        "" if fresh else phase.name,
        0 if fresh else repeat,
        run.rollbacks,
        None if fresh or of.batch is None else count,
    )
    dealt = parts(run.group, count, run.plan.micro_batch)
    given = of_parts(items if program.reads else {}, run.group, now.batch, count, run.plan.micro_batch)
    taken = list(zip(dealt, given, strict=True))[:turns]
    mine = [(part, rows) for part, rows in taken if part.count]
    moving = running(*run.moving) if len(mine) > 1 else ()
    keeping = run.pools.begin((pool for pool, _ in program.kept), key, count)
    for part, rows in together(mine, moving):
        values = _add_part(run, now, phase, part, program, rows, key, roles)
        for pool, node in program.kept:
            if pool in keeping:
                run.pools.show(pool, part, values[node])
        run.follow(now, phase, program)
    for _ in taken[len(mine) :]:  # where others have samples, and this process has none
        run.follow(now, phase, program)


def _add_part(
    run: GameRun,
    now: Step,
    phase: PhasePlan,
    part: Part,
    program: PassProgram,
    items: Items,
    key: Key,
    roles: PhaseRoles,
) -> dict[str, Tensor]:
    """A micro-batch; the values that its pass hands out."""
    draws = Draws(run.device, run.dtype, part, key)
    sources = run.sources(now, items, draws)
    given = [sources.tensor(source) for source in program.sources]
    players, alone = phase.players, len(phase.players) == 1
    scaling = {player: run.scaling[team[0]] for team in roles.teams for player in team}
    first, *others = scaling.values()
    inside = differentiated_by(run.game.networks, program.by)
    with seeded(draws), taking(draws), first.losses(*others), inside:
        found = run.passed(phase, program, draws, given)
        share = phase.every * part.count / part.total
        for player, loss in zip(players, found, strict=False):
            of = None if alone and not program.by else roles.variables[player]
            if loss is not None and loss.requires_grad:
                scaling[player].backward(loss * share, of, keep_graph=player != players[-1])
    values = dict(zip(program.values, (x.detach() for x in found[len(players) :]), strict=True))
    run.states.hear(program.heard, values, part.count)
    run.metrics.add(logged(run, phase, values), part.count)
    return values


def logged(run: GameRun, phase: PhasePlan, values: dict[str, Tensor]) -> dict[str, Tensor]:
    """What of these values the log has: what terms want in it, and what the game says."""
    wanted = {**run.game.plan.logs, **phase.logs}
    return {name: values[node] for name, node in wanted.items() if node in values}


@contextmanager
def _constant(weights: Sequence[Tensor]) -> Iterator[None]:
    """Inside the block these weights are constants."""
    for weight in weights:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in weights:
            weight.requires_grad_(True)
