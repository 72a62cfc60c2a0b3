"""The program that `gandsl sample` draws with: what a path holds, or a spec with the weights of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from gandsl.api import Program
    from gandsl_runtime.network import Network


def trained(source: Path, sets: list[str] | None, weights: Path | None, device: str) -> Program:
    """`source` with its weights on a device; `weights` are of the spec that it is, or of that of the run."""
    from gandsl.api import load
    from gandsl.cli.output import say
    from gandsl.cli.read import spec_in
    from gandsl.spec.places import named

    if not source.exists() and not named(str(source)):
        raise typer.BadParameter(f"there is no such folder or file: {source}")
    spec = None if weights is None else spec_in(source)
    return load(weights or source, spec, sets, device=device, warn=lambda reason: say(f"warning: {reason}"))


def identity(program: Program, network: Network) -> dict[str, str | None]:
    """What tells it from every other, in short: digests of the resolved spec and of the network sampled."""
    from gandsl_runtime.runs.checkpoint import digest_of

    spec = of_spec(program)
    return {"spec": spec["spec"], "weights": digest_of(network.state_dict()), "stage": spec["stage"]}


def of_spec(program: Program) -> dict[str, str | None]:
    """The digest of the resolved spec, and where in its growth the run was."""
    from gandsl.codegen.package import spec_hash

    stage = None if program.stage is None else str(program.stage)
    return {"spec": spec_hash(program.module), "stage": stage}
