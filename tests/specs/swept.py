"""Small specs of every op, block and kind of field: each is what one sweep of all commands goes over."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml

import gandsl
from gandsl.ir.op import Op
from gandsl.ir.ops import OPS
from gandsl.ir.types import TensorType, is_a
from gandsl.spec.values import Size
from gandsl.spec.write import to_yaml
from gandsl_runtime.port import INDICES
from tests.games.block_twins.table import TWINS
from tests.games.kinds import GAMES
from tests.games.test_block_twins import NETWORKS, case_of, lines
from tests.op_uses import Use, uses
from tests.random_specs.values import default, written
from tests.runtime.fielded import EVERYTHING
from tests.specs.block_cases import CASES, Case
from tests.specs.test_topology_sides import BLOCKS, GROWING, USES, over

Body = dict[str, Any]
Inputs = Mapping[str, str]  # name → type, as a spec has it

GAMES_FOLDER = Path(__file__).parents[1] / "games"
SIDES = (1, 2, 3)


@dataclass(frozen=True)
class Swept:
    """A spec; `parts`: the ops and blocks that it is about; `changes`: one of them is tried by `diff`."""

    name: str
    text: str
    parts: tuple[str, ...] = ()
    changes: tuple[tuple[str, Any], ...] = ()
    refused: str = ""  # the code with which `check` refuses it

    def __str__(self) -> str:
        return self.name

    def written(self, folder: Path) -> Path:
        """The spec's file."""
        path = folder / "swept.yaml"
        path.write_text(self.text, "utf-8")
        return path


# ---- a network of one node, and a game that trains it

UNWEIGHED = (*INDICES, "Number", "Scalar", "Logits")  # kinds that no layer reads
WIDTH: tuple[tuple[str, Any], ...] = (("networks.probe.inputs.noise", "Latent[4]"),)
"""What may change in any of them."""


def trained(inputs: Inputs, body: Body, outputs: Mapping[str, str], more: Body | None = None) -> str:
    """A spec whose network has these inputs, each of which gradients pass on their way to a weight.

    So a node that stops them has something to stop, and one without weights is trained beside some.
    """
    given: dict[str, str] = {}
    before: Body = {}
    for port, type_ in inputs.items():
        if type_.partition("[")[0] in UNWEIGHED:
            given[port] = type_
        else:
            given[f"given_{port}"] = type_
            before[port] = {"op": "gain", "x": f"given_{port}", "init": 0.7}
    given["noise"] = "Latent[3]"
    beside = {"beside": {"op": "linear", "x": "noise", "features": 2}}
    game = {
        port: "mean(noise ** 2)" if type_ == "Scalar" else {"draw": f"probe.{port}"}
        for port, type_ in reversed(given.items())
    }
    term = " + ".join(f"mean(made.{port} ** 2 * number)" for port in (*outputs, "beside"))
    return to_yaml(
        {
            "gandsl": 1,
            "name": "swept",
            **(more or {}),
            "networks": {
                "probe": {
                    "inputs": given,
                    "body": before | body | beside,
                    "outputs": dict(outputs) | {"beside": "beside"},
                }
            },
            "game": {
                "body": game
                | {
                    "number": {"draw": "Number"},
                    "made": {"network": "probe", **{port: port for port in given}},
                },
                "players": {"one": {"trains": ["probe"], "terms": {"squares": term}}},
            },
            "training": {"length": "1 kimg", "batch": 4, "optimizer": {"lr": 1e-3}},
        }
    )


# ---- ops: the uses that their rows make


def of_op(use: Use) -> Swept:
    """A use of an op of networks."""
    op, node = use.op, use.node
    inputs: dict[str, str] = {}
    body: Body = {}
    own: Body = {"op": op.name}
    for port in op.ports:
        names = []
        for id_ in node.inputs.get(port.name, ()):
            type_ = use.graph[id_].type
            name = id_
            if type_.kind == "Styles":  # which no network is given
                inputs[id_] = f"Vector[{type_.shape[1]}]"
                body[name := f"{id_}_of"] = {"op": "broadcast_styles", "x": id_, "count": type_.shape[0]}
            else:
                inputs[id_] = said(type_)
            if port.positive or (op.name == "divide" and port.name == "b"):
                body[f"{id_}_soft"] = {"op": "softplus", "x": name}
                body[name := f"{id_}_above"] = {"op": "plus", "a": f"{id_}_soft", "number": 0.5}
            names.append(name)
        if names:
            own[port.name] = names if port.variadic else names[0]
    for param in op.params:
        value = node.attrs[param.name]
        if value is not None and (param.required or value != default(param)):
            own[param.name] = written(value)
    outputs = {"it": "it"}
    if node.type.kind == "Styles":
        outputs = {f"it{index}": f"it[{index}]" for index in range(node.type.shape[0])}
    text = trained(inputs, body | {"it": own}, outputs)
    changes = tuple((f"networks.probe.body.it.{name}", value) for name, value in others(op, node.attrs))
    return Swept(str(use).replace("Size", ""), text, (op.name,), changes + WIDTH)


def said(type_: TensorType) -> str:
    """A type as a spec writes it."""
    if is_a(type_.kind, "Feature"):
        return f"{type_.kind}[{type_.shape[0]}, {list(type_.sides)}]"
    return str(type_)


def others(op: Op, attrs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Other values of parameters; `check` says which of them go."""
    for param in op.params:
        for value in other(param.type, attrs[param.name], param.choices):
            yield param.name, value


def other(type_: str, value: Any, choices: Sequence[Any] = ()) -> list[Any]:
    """Values of a parameter's type that are not this one."""
    if type_ == "enum":
        return [one for one in choices if one != value]
    if type_ == "bool":
        return [not value]
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int):
        return [value + 1, value * 2, value - 1]
    if isinstance(value, float):
        return [value + 0.5, value / 2]
    if isinstance(value, Size):
        return [[side + 1 for side in value.sides]]
    if isinstance(value, (list, tuple)) and value and all(isinstance(one, (int, float)) for one in value):
        return [[*value[:-1], value[-1] + 1]]
    return []


IN_NETWORKS = [name for name in OPS if name != "input"]


# ---- blocks of networks: the uses whose formulas are written beside them

MEANT = {  # what a use says of two sides → of one, of three
    "[4, 8]": ("[8]", "[4, 4, 8]"),
    "[2, 4]": ("[4]", "[2, 2, 4]"),
}
TYPE = re.compile(r"(Feature|Image|Logits)\[(\d+), (\d+)(?:, (\d+))?\]")
KIND = {1: "Signal", 3: "Volume"}
NUMBERS = {  # lengths that follow from the number of sides: block → what stands there of two → one, three
    "tokens.unpatchify": {"Tokens[8, 12]": ("Tokens[4, 12]", "Tokens[16, 16]")},
    "dynamic.modulated_conv": {"Vector[108]": ("Vector[36]", "Vector[324]")},
    "space.warp": {"Feature[2, ": ("Feature[1, ", "Feature[3, ")},
}
PLANE_ALONE = {f"style.{name}" for name in ("layer", "stage", "rgb")}  # modulated convolutions


def with_sides(text: str, sides: int, block: str = "") -> str:
    """What is said of two sides, of one or three: the last ones of the two, and 4 before them."""
    if sides == 2:
        return text
    at = 0 if sides == 1 else 1
    for two, meant in NUMBERS.get(block, {}).items():
        text = text.replace(two, meant[at])

    def typed(found: re.Match[str]) -> str:
        kind, channels, *numbers = found.groups()
        last = [int(number) for number in numbers if number]
        longer = [last[-1]] if sides == 1 else [last[0], *(last if len(last) == 2 else last * 2)][:3]
        kind = KIND[sides] if kind == "Image" else kind
        return (
            f"{kind}[{channels}, {longer}]"
            if kind != "Logits"
            else f"{kind}[{channels}, {', '.join(map(str, longer))}]"
        )

    text = TYPE.sub(typed, text)
    for two, meant in MEANT.items():
        text = text.replace(two, meant[at])
    return text


def of_block(case: Case, place: int, sides: int) -> Swept:
    """A use of a block over features of so many sides."""
    inputs = {name: with_sides(type_, sides, case.block) for name, type_ in case.inputs.items()}
    use = f"block: {case.block}" + (f", {with_sides(case.use, sides, case.block)}" if case.use else "")
    body = {"it": yaml.safe_load(f"{{{use}}}")}
    refused = ""
    if sides != 2 and case.block in PLANE_ALONE:
        refused = "G0223"
    text = trained(inputs, body, {"it": "it"})
    named = f"{case.block} {place}" + (f" of {sides} sides" if sides != 2 else "")
    return Swept(named, text, (case.block,), of_parameters(case.block, body["it"]) + WIDTH, refused)


def of_parameters(block: str, use: Body) -> tuple[tuple[str, Any], ...]:
    """Other values of what the use says, then of what the block has beside."""
    space, _, name = block.partition(".")
    declared = LIBRARY[space]["blocks"][name].get("params", {})
    found = []
    for param, how in sorted(declared.items(), key=lambda item: item[0] not in use):
        plain = how if isinstance(how, dict) else {"default": how}
        value = use.get(param, plain.get("default"))
        found += [
            (f"networks.probe.body.it.{param}", one)
            for one in other(str(plain.get("type", "")), value, plain.get("choices", ()))
        ]
    return tuple(found)


@cache
def blocks() -> list[Swept]:
    """Every use of the blocks' table, over one, two and three sides where it has any."""
    found, count = [], Counter[str]()
    for case in CASES:
        spatial = any(TYPE.search(text) for text in (*case.inputs.values(), case.use))
        own = spatial or "[4, 8]" in case.use
        for sides in SIDES if own else (2,):
            found.append(of_block(case, count[case.block], sides))
        count[case.block] += 1
    return found


# ---- topologies


@cache
def topologies() -> list[Swept]:
    """All of them, over one, two and three sides."""
    found = []
    for sides in SIDES:
        for name, use in USES.items():
            inputs = {
                key: over(sides, f"KIND[{channels}, ONES{side}]")
                for key, (channels, side) in use.inputs.items()
            }
            body = yaml.safe_load(use.body)
            outputs = {"top": "top"}
            if use.output:
                outputs = {"small": "top.images[0]", "large": "top.images[1]"}
            more = yaml.safe_load(over(sides, BLOCKS))
            text = trained(inputs, body, outputs, more)
            found.append(Swept(f"topology.{name} of {sides}", text, (f"topology.{name}",), WIDTH))
        parts = ("topology.grow", "topology.grow_down")
        text = over(sides, GROWING.replace("BLOCKS", BLOCKS))
        found.append(Swept(f"topology.grow of {sides}", text, parts, (("training.batch", 8),)))
    return found


# ---- blocks and ops of games


def of_game(name: str, place: int, sides: int) -> Swept:
    """A use of a block of the games' library as a term."""
    twin = TWINS[name][place]
    given = {port: with_sides(text, sides) for port, text in twin.given.items()}
    own = replace(twin, given=given, body=tuple(with_sides(text, sides) for text in twin.body))
    case = case_of(name, place)
    body = ["number: {draw: Number}", *lines(case, name, own)]
    terms = "".join(f" + mean({case}_is{at} * number)" for at in range(len(twin.outputs)))
    text = NETWORKS.replace(" TERMS", terms) + "".join(f"    {line}\n" for line in body)
    changes = (("game.players.judge.terms.seen", f"2 * mean(seen){terms}"),)
    return Swept(f"{name} {place} of {sides}", text, (name,), changes)


@cache
def of_games() -> list[Swept]:
    """Every use of the blocks' table; over one and three sides where only what it is given has sides."""
    found = []
    for name, twins in TWINS.items():
        for place, twin in enumerate(twins):
            drawn = [*twin.given.values(), *twin.body]
            free = any(TYPE.search(text) for text in drawn) and not any("network" in text for text in drawn)
            found += [of_game(name, place, sides) for sides in (SIDES if free else (2,))]
    return found


@cache
def whole_games() -> list[Swept]:
    """Fields of every kind; games over networks of every kind; what else the ops of games are for."""
    change = (("training.batch", 8), ("training.batch", 4))
    found = [Swept("fields of every kind", EVERYTHING, (), change)]
    found += [
        Swept(f"game {name}", text, ("level.item",) if "level.item" in text else (), change)
        for name, text in GAMES.items()
    ]
    for path in sorted(GAMES_FOLDER.glob("*.yaml")):
        if path.stem == "nets":  # which others begin with
            continue
        text = re.sub(r"\.\.?/[\w./]*\.yaml", partial(_whole, path.parent), path.read_text("utf-8"))
        parts = tuple(set(re.findall(r"block: (\w+\.\w+)", text)))
        found.append(Swept(f"game {path.stem}", text, parts, change))
    return found


def _whole(folder: Path, found: re.Match[str]) -> str:
    return str((folder / found.group()).resolve())


LIBRARY = {
    path.stem: yaml.safe_load(path.read_text("utf-8"))
    for path in sorted((Path(gandsl.__file__).parent / "std").rglob("*.yaml"))
}
PARTS = (
    *IN_NETWORKS,
    *(f"{space}.{name}" for space, said in LIBRARY.items() for name in said.get("blocks", {})),
)
"""All ops that a network may have, and all blocks of the library."""


def about(part: str) -> list[Swept]:
    """What there is of an op or a block."""
    if part in OPS:
        return [of_op(use) for use in uses(OPS[part])]
    own = [case for case in (*blocks(), *topologies(), *of_games()) if part in case.parts]
    return own or [case for case in whole_games() if part in case.parts]
