"""`gandsl cost`: what a spec costs, by stage and by training step."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gandsl.cli.options import Answer, AnswerFormat, Set, Spec

if TYPE_CHECKING:
    from gandsl.analysis.cost import Cost, ModuleCost, NetworkCost


def run(
    spec: Spec,
    set: Set = None,
    depth: Annotated[
        int | None, typer.Option(min=1, help="names of an id that make a row; default: up to the stage")
    ] = None,
    nodes: Annotated[bool, typer.Option("--nodes", help="a row for each node")] = False,
    memory: Annotated[
        bool, typer.Option("--memory", help="instead: what a training run holds at its fullest")
    ] = False,
    budget: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="with --memory: the micro-batch that fits, such as 16GiB"),
    ] = None,
    terms: Annotated[
        bool, typer.Option("--terms", help="with --memory: also what each term of a loss would hold alone")
    ] = False,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="cpu|cuda", help="with --memory: where it trains; default: a GPU if there is one"
        ),
    ] = None,
    format: Answer = AnswerFormat.text,
) -> int:
    """Parameters, FLOPs and activation memory: by stage, for a forward pass and each kind of training step.

    FLOPs are two for each multiply-add of convolutions and products, as torch's FlopCounterMode counts.
    "step" is one D and one G step for one image, "penalty" all lazy penalties once; "kept" is what the
    forward pass of a training step keeps for backward, in float32. Of a game that the spec writes out a table
    tells what each term would take alone. --memory takes the training step itself, on tensors that have no
    numbers, and tells the most that lives at once.
    """
    from gandsl.analysis.cost import module_cost
    from gandsl.cli.output import print_json
    from gandsl.cli.read import module_of

    if memory:
        from gandsl.cli.memory import bytes_of, report
        from gandsl_runtime.system.device import likely

        room = bytes_of(budget) if budget is not None else None
        if device not in (None, "cpu", "cuda"):
            raise typer.BadParameter(f"--device: a step is measured for cpu or cuda, not for `{device}`")
        where = device or likely()
        return report(module_of(spec, set), spec, where, room, terms, format is AnswerFormat.json)
    module = module_of(spec, set)
    cost = module_cost(module)
    depth = 1_000 if nodes else depth
    if format is AnswerFormat.json:
        print_json("cost/1", {"spec": str(spec), "name": module.name, **_json(cost, depth)})
        return 0
    print(", ".join([module.name, *_headline(module.params)]))
    for network in cost.networks.values():
        print("\n" + _network(network, depth))
    if cost.phases:
        print("\n" + _phases(cost))
    if any(phase.terms for phase in cost.phases):
        print("\n" + _terms(cost))
    print("\nby stage: FLOPs and kept bytes of one image; by phase: of all its images")
    return 0


def _headline(params: Any) -> list[str]:
    return [
        f"{name} {params[name]}" for name in ("resolution", "image_channels", "classes") if name in params
    ]


COLUMNS = ("parameters", "buffers", "forward", "step", "penalty", "kept")


def _cells(cost: Cost) -> list[str]:
    from gandsl.cli.output import binary, si

    return [
        si(cost.parameters),
        si(cost.buffers),
        *(si(flops) for flops in (cost.forward_flops, cost.step_flops, cost.penalty_flops)),
        binary(cost.activation_bytes),
    ]


def _network(network: NetworkCost, depth: int | None) -> str:
    from gandsl.cli.output import table

    rows = [
        [name, *_cells(cost)]
        for name, cost in network.stages(depth).items()
        if cost.parameters or cost.buffers or cost.forward_flops or cost.activation_bytes
    ]
    return table((network.name, *COLUMNS), rows, ["all", *_cells(network.total)])


def _phases(cost: ModuleCost) -> str:
    from gandsl.cli.output import binary, si, table

    rows = []
    names = list(dict.fromkeys(name for phase in cost.phases for name in phase.flops))
    for phase in cost.phases:
        flops = [si(phase.flops.get(name, 0)) for name in names]
        every = "each" if phase.every == 1 else f"every {phase.every}"
        times = f"{phase.repeat} × {phase.images}" if phase.repeat > 1 else str(phase.images)
        kept = binary(sum(phase.activation_bytes.values()))
        rows.append([phase.name, every, times, *flops, si(phase.total_flops), kept])
    head = ("phase", "step", "images", *names, "FLOPs", "kept")
    step, kimg = cost.flops_per_step, cost.flops_per_step * 1000 / cost.batch
    return f"{table(head, rows)}\n\na step on average: {si(step, 'FLOP')}; 1 kimg: {si(kimg, 'FLOP')}"


def _terms(cost: ModuleCost) -> str:
    """A game's terms: what each would take alone, since they share calls of networks."""
    from gandsl.cli.output import si, table

    rows = [
        [f"{phase.name}: {term.partition('.')[2]}", si(flops), f"{flops / (phase.total_flops or 1):.0%}"]
        for phase in cost.phases
        for term, flops in phase.terms.items()
    ]
    return table(("term alone", "FLOPs", "of the phase"), rows)


def _json(cost: ModuleCost, depth: int | None) -> dict[str, Any]:
    return {
        "batch": cost.batch,
        "micro_batch": cost.micro_batch,
        "networks": {
            name: {
                "total": asdict(network.total),
                "rows": {row: asdict(sums) for row, sums in network.stages(depth).items()},
            }
            for name, network in cost.networks.items()
        },
        "phases": [{**asdict(phase), "total_flops": phase.total_flops} for phase in cost.phases],
        "flops_per_step": cost.flops_per_step,
    }
