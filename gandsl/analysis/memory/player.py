"""A network at one level of its growth: its weights and what belongs to them, and its program carried out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from gandsl.analysis.memory.autograd import checkpointed
from gandsl.analysis.memory.ghost import Ghost, Tape
from gandsl.analysis.memory.layers import RULES
from gandsl.analysis.memory.program import Program, Region, program
from gandsl.analysis.memory.step import Step
from gandsl.analysis.memory.work import Work
from gandsl.ir.graph import NetworkIR, Variant

Images = list[Ghost]


@dataclass
class Player:
    """A network at one level: its weights, gradients and program."""

    tape: Tape
    program: Program
    weights: dict[str, Ghost]
    channels_last: bool = False
    held: list[Ghost] = field(default_factory=list)  # moments, average, buffers: there, and never read

    @classmethod
    def of(
        cls,
        tape: Tape,
        network: NetworkIR,
        variant: Variant,
        cut: bool,
        averaged: bool,
        checkpointed: Collection[str],
        channels_last: bool,
    ) -> Player:
        graph = network.programs[variant]
        live = graph.live()
        made = cls(tape, program(graph, cut, checkpointed), {}, channels_last)
        for id_, (owner, node) in network.weighted().items():
            call = owner.call(node)
            for name, shape in node.spec.weights(call).items():
                weight = tape.new(shape, "parameters")
                weight.wants = True
                made.weights[f"{id_}.{name}"] = weight
                if id_ in live:
                    weight.grad = tape.new(shape, "gradients")
                    made.held += [tape.new(shape, "optimizer") for _ in range(2)]
                    made.held.append(tape.new((), "optimizer"))
                if averaged:
                    made.held.append(tape.new(shape, "average"))
            for shape in node.spec.buffers(call).values():
                made.held.append(tape.new(shape, "buffers"))
                if averaged:
                    made.held.append(tape.new(shape, "average"))
        return made

    def forget(self) -> None:
        """`zero_grad(set_to_none=True)`."""
        for weight in self.weights.values():
            weight.grad = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """No weight wants a gradient."""
        for weight in self.weights.values():
            weight.wants = False
        try:
            yield
        finally:
            for weight in self.weights.values():
                weight.wants = True

    def run(self, steps: Sequence[Step | Region], env: dict[str, Ghost], samples: int) -> dict[str, Ghost]:
        """Carry steps out; `env` holds the inputs, then what was not let go."""
        for step in steps:
            if isinstance(step, Region):
                self._run_region(step, env, samples)
                continue
            self.tape.place = f"{self.program.graph.network}.{step.node.id}"
            inputs = {port: [env[id_] for id_ in ids] for port, ids in step.inputs.items()}
            result = RULES[step.node.op](
                Work(self.tape, step, inputs, self.weights, samples, self.channels_last)
            )
            del inputs
            env[step.result] = result
            del result
            for id_ in step.dead:
                env.pop(id_, None)
        return env

    def _run_region(self, region: Region, env: dict[str, Ghost], samples: int) -> None:
        given = {id_: env[id_] for id_ in region.operands}
        weights = [w for name, w in self.weights.items() if name.startswith(f"{region.stage}.")]

        def compute() -> list[Ghost]:
            made = self.run(region.steps, dict(given), samples)
            return [made[id_] for id_ in region.results]

        env.update(zip(region.results, checkpointed(compute, list(given.values()), weights), strict=True))
        for id_ in region.dead:
            env.pop(id_, None)

    def feed(self, samples: int, images: Sequence[Ghost] = ()) -> dict[str, Ghost]:
        """The inputs: these images, and whatever else there is."""
        found, waiting = {}, list(images)
        for node in self.program.graph.inputs:
            if node.type.kind == "Image" and waiting:
                found[node.id] = waiting.pop(0)
            elif node.type.kind == "Label":
                found[node.id] = self.tape.new((samples,), width=8)
            elif node.type.kind == "Scalar":
                found[node.id] = self.tape.new(())
            else:
                found[node.id] = self.tape.new((samples, *node.type.shape))
        return found
