"""A network of the IR as an nn.Module: one set of layers, and a GraphModule for each program."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Self

import torch
from torch import fx, nn

from gandsl.ir.graph import Graph, NetworkIR, Variant
from gandsl.ir.split import call_order, entry_graph, part_of
from gandsl.lowering.entries import callable_entries
from gandsl.lowering.lower import lower_graph
from gandsl.lowering.tree import grow, layer_targets
from gandsl_runtime.calling import device_of
from gandsl_runtime.network import Network, Port

if TYPE_CHECKING:
    from gandsl.passes.base import PassLog
    from gandsl.passes.target import Target

Device = Literal["cpu", "cuda"]
Asked = tuple[Device, str, int | None, bool, tuple[str, ...]]  # entry, level, fading, outputs of a part


class LoweredNetwork(Network):
    """The network that a NetworkIR describes, optimized for a target (default: training, on its device).

    Its state_dict keys are the node ids; passes never change them. Built inside `torch.device("meta")` it
    costs no memory and no time, and `gandsl_runtime.layers.materialize` gives it both. `thorough` checks the
    shapes of each program around every pass, by running it without numbers (about 2 s more, mostly imports).
    """

    _planned = False  # whether it is as the plan wants it, which may be without any cast

    def __init__(self, ir: NetworkIR, target: Target | None = None, *, thorough: bool = False) -> None:
        super().__init__()
        self._adopt(ir, target, thorough)
        grow(self, layer_targets(ir))
        callable_entries(self)

    def _adopt(self, ir: NetworkIR, target: Target | None, thorough: bool) -> None:
        from gandsl.passes.target import Target

        main = ir.main
        self.ir = ir
        self.target = target or Target()
        self.thorough = thorough
        self.inputs, self.outputs = ports_of(main)
        self.levels, self.moved = ir.levels, ir.moved
        self.has_styles = main.styles is not None
        self._starts_from, self._precision = ir.start, ir.precision
        self._programs: dict[Asked, tuple[fx.GraphModule, PassLog]] = {}
        self._twin: list[nn.Module] = []  # in a list, so that it is no submodule

    def program(
        self, entry: str = "forward", level: int | None = None, fading: bool = False
    ) -> Callable[..., Any]:
        """See `Network.program`. Raises ValueError for an entry or a level that the network does not have."""
        return self.graph_module(entry, level, fading)

    def _part(
        self, outputs: tuple[str, ...], entry: str = "forward", level: int | None = None, fading: bool = False
    ) -> Callable[..., Any]:
        """See `Network._part`."""
        return self._compiled(entry, level, fading, outputs)[0]

    def graph_module(
        self, entry: str = "forward", level: int | None = None, fading: bool = False
    ) -> fx.GraphModule:
        """The program as torch.fx, after the passes for this network's target.

        It shares this network's layers.
        """
        return self._compiled(entry, level, fading)[0]

    def pass_log(self, entry: str = "forward", level: int | None = None, fading: bool = False) -> PassLog:
        """What each pass did to the program, and why it left the rest."""
        return self._compiled(entry, level, fading)[1]

    def lowered(
        self,
        entry: str = "forward",
        level: int | None = None,
        fading: bool = False,
        outputs: tuple[str, ...] = (),
    ) -> fx.GraphModule:
        """The program, or the part of it that makes some outputs, as torch.fx before any pass, newly made.

        One node for each primitive.
        """
        return lower_graph(self.graph(entry, level, fading, outputs), self)

    def graph(
        self,
        entry: str = "forward",
        level: int | None = None,
        fading: bool = False,
        outputs: tuple[str, ...] = (),
    ) -> Graph:
        """The IR of a program, or of the part of it that makes some outputs."""
        whole = entry_graph(self.ir.programs[self._variant(level, fading)], entry)
        return part_of(whole, outputs) if outputs else whole

    def for_target(self, target: Target) -> Self:
        """The same network with the same layers, whose programs are optimized for another target."""
        other = type(self).__new__(type(self))
        nn.Module.__init__(other)
        other._adopt(self.ir, target, self.thorough)
        for name, child in self.named_children():
            other._modules[name] = child
        callable_entries(other)
        other.training, other._starts_from = self.training, self._starts_from
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Copy the layers, each once; the copy makes its own programs over them."""
        other = type(self).__new__(type(self))
        memo[id(self)] = other
        nn.Module.__init__(other)
        other._adopt(self.ir, self.target, self.thorough)
        for name, child in self.named_children():
            other._modules[name] = copy.deepcopy(child, memo)
        other.training, other._starts_from = self.training, self._starts_from
        return other

    def __getstate__(self) -> dict[str, Any]:
        """What `torch.save` and `pickle` keep: all but the programs, which are made again when asked for."""
        return {**super().__getstate__(), "_programs": {}, "_twin": []}

    def _variant(self, level: int | None, fading: bool) -> Variant:
        variants = self.ir.programs
        if level is None:
            level = max(variant.level for variant in variants)
        variant = Variant(level, fading)
        if variant not in variants:
            known = ", ".join(f"{v.level} fading" if v.fading else str(v.level) for v in sorted(variants))
            wanted = f"{level} fading" if fading else level
            raise ValueError(f"{self.ir.name} has no program for level {wanted}, only for {known}")
        return variant

    def _compiled(
        self, entry: str, level: int | None, fading: bool, outputs: tuple[str, ...] = ()
    ) -> tuple[fx.GraphModule, PassLog]:
        asked = self._device, entry, level, fading, outputs
        if asked not in self._programs:  # in a step this is asked for each call of a network
            last = self._variant(level, fading).level
            made = self._made(*asked) if level is not None else self._compiled(entry, last, fading, outputs)
            self._programs[asked] = made
        return self._programs[asked]

    def _made(
        self, device: Device, entry: str, level: int | None, fading: bool, outputs: tuple[str, ...]
    ) -> tuple[fx.GraphModule, PassLog]:
        from gandsl.passes.pipeline import pipeline

        target = replace(self.target, device=device)
        module = self.lowered(entry, level, fading, outputs)
        twin = self._meta_twin() if self.thorough else None
        return module, pipeline(target, self.ir.requires).run(module, target, twin)

    @property
    def _device(self) -> Device:
        """The target's; where that leaves it open, the one that the weights are on."""
        return self.target.device or ("cuda" if device_of(self).type == "cuda" else "cpu")

    def _ports(self, entry: str) -> tuple[Port, ...] | None:
        return ports_of(entry_graph(self.ir.main, entry))[0] if entry == "synthesis" else self.inputs

    def _get_name(self) -> str:
        return self.ir.name

    def _meta_twin(self) -> nn.Module:
        """The same layers without memory, on which shapes are checked."""
        if not self._twin:
            twin = nn.Module()
            with torch.device("meta"):
                grow(twin, layer_targets(self.ir))
            self._twin.append(twin.eval())
        return self._twin[0]


def ports_of(graph: Graph) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """The inputs of a program in call order, and its outputs."""
    inputs = tuple(_input_port(graph, id_) for id_ in call_order(graph))
    kinds = graph.output_kinds
    return inputs, tuple(
        Port(name, kinds[name], graph[id_].type.shape) for name, id_ in graph.outputs.items()
    )


def _input_port(graph: Graph, id_: str) -> Port:
    node = graph[id_]
    return Port(id_, node.type.kind, node.type.shape, node.attrs.get("distribution") or None)
