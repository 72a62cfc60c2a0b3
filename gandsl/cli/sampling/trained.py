"""The generator that `gandsl sample` draws with: a run's, or a spec's with the weights of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR
    from gandsl_runtime.facts import Facts
    from gandsl_runtime.network import Network
    from gandsl_runtime.plan import Plan
    from gandsl_runtime.schedule import Stage


@dataclass(frozen=True)
class Trained:
    """A generator with its weights, its spec, and the stage of growth that the weights are of."""

    module: ModuleIR
    generator: Network
    stage: Stage | None

    @property
    def plan(self) -> Plan | None:
        """The spec's; None where it has none."""
        return self.module.plan

    def identity(self) -> dict[str, str | None]:
        """What tells it from every other, in short: digests of the resolved spec and of all weights."""
        from gandsl.codegen.package import spec_hash
        from gandsl_runtime.checkpoint import digest_of

        stage = None if self.stage is None else str(self.stage)
        weights = digest_of(self.generator.state_dict())
        return {"spec": spec_hash(self.module), "weights": weights, "stage": stage}


def trained(source: Path, sets: list[str] | None, weights: Path | None, device: str) -> Trained:
    """Read the spec and load the averaged weights, onto a device. Raises what either can be wrong with."""
    from gandsl.cli.read import module_of

    if source.is_dir() and not (source / "spec.yaml").is_file():
        raise typer.BadParameter(f"{source} is no run's folder: it holds no spec.yaml")
    if not source.exists():
        raise typer.BadParameter(f"there is no such folder or spec: {source}")
    if not source.is_dir() and weights is None:
        raise typer.BadParameter(
            f"a spec has no weights, and {source} is no run's folder: give one, or --weights FILE"
        )
    module = module_of(source / "spec.yaml" if source.is_dir() else source, sets)
    from gandsl.api import Program
    from gandsl.cli.device import device_named
    from gandsl.cli.output import say
    from gandsl.passes.target import Target
    from gandsl_runtime.checkpoint import load_weights
    from gandsl_runtime.facts import RunFacts, digest_of

    place = device_named(device)
    target = Target("cuda" if place.startswith("cuda") else "cpu", mode="inference")
    generator = Program(module, target).generator
    facts = load_weights(weights or source, generator, warn=lambda reason: say(f"warning: {reason}"))
    if source.is_dir() and isinstance(facts, RunFacts):
        path = source / "spec.yaml"
        if facts.spec not in (None, digest_of(path.read_text(encoding="utf-8"))):
            say(f"warning: {path} was changed since the run was trained with it: these may be other networks")
    return Trained(module, generator.to(place), _stage(module.plan, generator, facts))


def _stage(plan: Plan | None, generator: Network, facts: Facts) -> Stage | None:
    """Where in its growth the run was. None where it does not grow, or the file does not say."""
    from gandsl_runtime import schedule
    from gandsl_runtime.facts import RunFacts

    if plan is None or plan.growth is None or not isinstance(facts, RunFacts):
        return None
    now = schedule.Clock(facts.counters.images, facts.counters.steps)
    return schedule.step(plan, generator.levels, now).stage
