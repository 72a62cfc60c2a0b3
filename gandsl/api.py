"""gandsl from Python: `program = gandsl.compile("specs/x.yaml", {"resolution": 64})`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gandsl.analysis import analyze
from gandsl.analysis.resolved import resolved
from gandsl.diagnostics import Diagnostic, SpecError
from gandsl.frontend.module import ModuleIR

if TYPE_CHECKING:
    from gandsl.lowering.network import LoweredNetwork
    from gandsl.passes.target import Target
    from gandsl_runtime.plan import Plan


@dataclass(frozen=True)
class Program:
    """A compiled spec. A network is made when it is first asked for; it draws from torch's generator."""

    module: ModuleIR  # the graphs, parameters and places behind it
    target: Target | None = None  # what the networks are optimized for; None: training, on any device
    warnings: tuple[Diagnostic, ...] = ()
    _networks: dict[str, LoweredNetwork] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The spec's name."""
        return self.module.name

    @property
    def generator(self) -> LoweredNetwork:
        """The generator: latents [N, n] (and labels [N]) to images [N, c, h, w]."""
        return self.network("generator")

    @property
    def discriminator(self) -> LoweredNetwork:
        """The discriminator: images [N, c, h, w] (and labels [N]) to logits."""
        return self.network("discriminator")

    @property
    def plan(self) -> Plan | None:
        """The training plan; None where the spec has none."""
        return self.module.plan

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The resolved spec as plain data: `gandsl show` prints it."""
        return resolved(self.module)

    def network(self, name: str) -> LoweredNetwork:
        """Any network of the spec, always the same object. Raises KeyError for a name it does not have."""
        if name not in self._networks:
            from gandsl.lowering.network import LoweredNetwork
            from gandsl.lowering.planned import checkpointed, planned
            from gandsl.passes.target import Target

            ir, plan = self.module.networks[name], self.plan
            target = replace(
                self.target or Target(),
                checkpointed=checkpointed(ir, plan),
                channels_last=plan is not None and plan.memory_format == "channels_last",
            )
            network = self._networks[name] = LoweredNetwork(planned(ir, plan), target)
            network._planned = plan is not None
        return self._networks[name]


def compile(
    path: str | Path,
    overrides: Mapping[str, Any] | Sequence[str] | None = None,
    target: Target | None = None,
) -> Program:
    """Read, check and unfold a spec. Raises SpecError, which holds everything that is wrong with it.

    `overrides` maps paths to values, as `--set` does: `{"resolution": 64, "training.batch": 16}`.
    """
    module, diagnostics = analyze(path, overrides or ())
    if module is None:
        raise SpecError(tuple(diagnostics), diagnostics.sources)
    return Program(module, target, tuple(diagnostics.warnings))
