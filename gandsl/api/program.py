"""A program: a checked spec and its networks, made when they are asked for, with weights or fresh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gandsl.analysis import checked
from gandsl.analysis.resolved import resolved
from gandsl.diagnostics import Diagnostic
from gandsl.frontend.module import ModuleIR

if TYPE_CHECKING:
    from torch import Tensor

    from gandsl.api.drawing import Drawing
    from gandsl.api.weights import Weights
    from gandsl.lowering.game import LoweredGame
    from gandsl.lowering.network import LoweredNetwork
    from gandsl.passes.target import Target
    from gandsl_runtime.plan import Plan
    from gandsl_runtime.plan.schedule import Clock, Stage
    from gandsl_runtime.sample import NoiseMode
    from gandsl_runtime.sample.feed import Fed
    from gandsl_runtime.training.training_set import Where


@dataclass(frozen=True, repr=False)
class Program:
    """A spec and its networks. One is made when it is first asked for.

    A compiled program's weights are fresh, drawn from torch's generator; those of a loaded one are a file's.
    """

    module: ModuleIR  # the graphs, parameters and places behind it
    target: Target | None = None  # what the networks are optimized for; None: training
    warnings: tuple[Diagnostic, ...] = ()
    weights: Weights | None = None  # of a file; None: fresh ones
    begun: bool = False  # a run goes on, whose checkpoint has the weights: files to start from are not read
    _networks: dict[str, LoweredNetwork] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        """The spec's name."""
        return self.module.name

    @property
    def generator(self) -> LoweredNetwork:
        """The generator: latents [N, n] (and labels [N]) to images [N, c, h, w].

        Raises SamplingError where no network has this name.
        """
        return self.sampled("generator")

    def sampled(self, name: str) -> LoweredNetwork:
        """A network that is to be sampled. Raises SamplingError where there is none of this name."""
        if name not in self.module.networks:
            from gandsl_runtime.errors import SamplingError

            names = ", ".join(f"`{one}`" for one in self.module.networks)
            raise SamplingError(
                f"the network that is sampled is called `{name}`, and {self.name} has {names}",
                "name another: --network NAME (`program.network(NAME)`)",
            )
        return self.network(name)

    @property
    def discriminator(self) -> LoweredNetwork:
        """The discriminator: images [N, c, h, w] (and labels [N]) to logits."""
        return self.network("discriminator")

    def mapping(self, *inputs: Tensor, **named: Tensor) -> Tensor:
        """The styles ws [N, L, n] of latents [N, n] (and labels [N]). Raises ArgumentError."""
        return self.generator.call("mapping", inputs, named)

    def synthesis(self, *inputs: Tensor, **named: Tensor) -> Any:
        """The images [N, c, h, w] of styles ws [N, L, n]. Raises ArgumentError."""
        return self.generator.call("synthesis", inputs, named)

    @cached_property
    def sampler(self) -> Drawing:
        """Draws images by seed: `program.sampler([0, 1], truncation=0.7)`; `.pixels(…)` gives uint8."""
        from gandsl.api.drawing import Drawing

        return Drawing(self)

    def feed(
        self,
        where: Where,
        network: str | None = None,
        *,
        batch: int = 32,
        noise: NoiseMode = "constant",
    ) -> Fed:
        """What is made of each item of a set: iterate it for (names, outputs [N, …]) of a batch at a time.

        By default the last that the game shows of items; else all outputs of a network, whose inputs that no
        seed draws are fields of an item. Raises SamplingError, DataError, MissingExtra.
        """
        from gandsl.api.feeding import fed

        return fed(self, where, network, batch=batch, noise=noise)

    @property
    def plan(self) -> Plan | None:
        """The training plan; None where the spec has none."""
        return self.module.plan

    @cached_property
    def game(self) -> LoweredGame | None:
        """A training step over its networks, for `Trainer(plan, program.game, …)`; None without a plan."""
        from gandsl.lowering.game import LoweredGame

        ir, plan = self.module.game, self.plan
        if ir is None or plan is None:
            return None
        networks = {name: self.network(name) for name in self.module.networks}
        return LoweredGame(ir, networks, plan.data.range)

    @property
    def clock(self) -> Clock | None:
        """Where the run was whose weights these are; None for other weights."""
        return self.weights.clock if self.weights else None

    @property
    def stage(self) -> Stage | None:
        """Where in its growth the run was whose weights these are; None where nothing grows."""
        levels = next((ir.levels for ir in self.module.networks.values() if ir.levels), ())
        return self.weights.stage(levels, self.plan) if self.weights else None

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The resolved spec as plain data: `gandsl show` prints it."""
        return resolved(self.module)

    def network(self, name: str) -> LoweredNetwork:
        """Any network of the spec, always the same object.

        One that starts from a file of weights has them. Raises KeyError for a name the spec does not have,
        CheckpointError or InteropError where its weights were not in the file, or don't fit, and where the
        file that it starts from is not there, or is another.
        """
        _ = self.module.networks[name]
        if name not in self._networks:
            self._networks[name] = self._weighted(name)
        return self._networks[name]

    def _weighted(self, name: str) -> LoweredNetwork:
        """A network with the weights of a checkpoint, of the file that it starts from, or of the seed."""
        starts = self.module.networks[name].start is not None
        if self.weights and (self.weights.has(name) or not starts):
            return self.weights.into(name, self._made)
        from gandsl_runtime.calling import device_of

        network = self._made(name)
        if starts and not self.begun and device_of(network).type != "meta":  # without numbers there are none
            from gandsl.interop.start import started

            started(network, self.module)
        return network

    def _made(self, name: str) -> LoweredNetwork:
        from gandsl.lowering.network import LoweredNetwork
        from gandsl.lowering.planned import planned, recomputed
        from gandsl.passes.target import Target

        ir, plan = self.module.networks[name], self.plan
        target = replace(
            self.target or Target(),
            recomputed=recomputed(ir, plan),
            channels_last=plan is not None and plan.memory_format == "channels_last",
            falls_back=plan is not None and plan.precision.fallback is not None,
        )
        network = LoweredNetwork(planned(ir, plan), target)
        network._planned = plan is not None
        return network

    def to(self, *where: Any, **how: Any) -> Program:
        """Move or cast all its networks, as `torch.nn.Module.to` does; gives the program itself."""
        for name in self.module.networks:
            if self.weights is None or self.weights.has(name):
                self.network(name).to(*where, **how)
        return self

    def __repr__(self) -> str:
        """One line: the spec's name, what goes in and out, and whose weights these are."""
        from gandsl.lowering.network import ports_of
        from gandsl_runtime.calling import signature

        networks = [f"{name}: {signature(*ports_of(ir.main))}" for name, ir in self.module.networks.items()]
        of = [f"weights: {self.weights}"] if self.weights else []
        return f"Program({', '.join([self.name, *networks, *of])})"


def compile(
    path: str | Path,
    overrides: Mapping[str, Any] | Sequence[str] | None = None,
    target: Target | None = None,
) -> Program:
    """Read, check and unfold a spec, by path or name. Raises SpecError, with all that is wrong with it.

    `overrides` maps paths to values, as `--set` does: `{"resolution": 64, "training.batch": 16}`. `target`
    is what the networks are optimized for: by default for training, on the device that their weights are on
    when they are called.
    """
    module, diagnostics = checked(path, overrides or ())
    return Program(module, target, tuple(diagnostics.warnings))
