"""Options that cancel each other, or do nothing without another: refused, by one table."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple


class Pair(NamedTuple):
    """Two options (or arguments) of a command, and why they do not stand together, or not apart."""

    option: str
    other: str
    why: str
    unless: str = ""  # an option beside which they do go together


# command → options of which the second makes the first do nothing
APART: dict[str, tuple[Pair, ...]] = {
    "compile": (Pair("--dump-passes", "--check", "--check compares files, and runs no pass"),),
    "cost": (
        Pair("--depth", "--memory", "--memory tells of phases, and has no rows of nodes"),
        Pair("--nodes", "--memory", "--memory tells of phases, and has no rows of nodes"),
        Pair("--depth", "--nodes", "--nodes is the greatest depth"),
    ),
    "train": (
        Pair("--resume", "--continue", "--continue starts where there is nothing to resume, --resume fails"),
    ),
    "plot": (
        Pair(
            "--grids",
            "--write-reference",
            "a recorded curve has no images; with -o there is a page",
            "--output",
        ),
    ),
    "specs": (
        Pair("--path", "--copy", "one answer at a time"),
        Pair("--format", "--path", "--path prints a path alone"),
        Pair("--format", "--copy", "--copy prints no facts"),
    ),
    "show": (
        *(Pair("--game", name, "the game is text alone") for name in ("--ir", "--network")),
        *(Pair("--explain", name, "one answer at a time") for name in ("--game", "--ir", "--network")),
    ),
    "sample": (
        *(
            Pair("--data", name, "what is made of items is drawn of no seeds")
            for name in (
                *("--seeds", "--latents", "--classes", "--class-columns", "--truncation"),
                *("--truncation-cutoff",),
                *("--translate", "--rotate", "--standing-statistics", "--interpolate", "--steps", "--loop"),
                *("--mix", "--mix-seeds", "--columns", "--fps", "--save-latents"),
            )
        ),
        Pair("--data", "--inputs", "inputs come from a set, or from a file"),
        *(
            Pair("--inputs", name, "the file's rows say what is drawn, one image each")
            for name in (
                *("--seeds", "--latents", "--classes", "--class-columns", "--standing-statistics"),
                *("--interpolate", "--steps", "--loop", "--mix", "--mix-seeds", "--fps", "--save-latents"),
            )
        ),
    ),
    "data pack": tuple(
        Pair(name, "--spec", "the spec says how its fields are")
        for name in ("--size", "--filter", "--crop", "--channels", "--format", "--white", "--labels")
    ),
    "graph": (Pair("--game", "--network", "one picture at a time"),),
    "explain": (
        *(Pair("TOPIC", name, "one answer at a time") for name in ("--codes", "--ops", "--blocks")),
        Pair("--codes", "--ops", "one list at a time"),
        Pair("--codes", "--blocks", "one list at a time"),
        Pair("--ops", "--blocks", "one list at a time"),
    ),
}

# command → options of which the first does nothing without the second
NEEDS: dict[str, tuple[Pair, ...]] = {
    "show": (
        Pair("--full", "--ir", "it is of the graphs"),
        Pair("--network", "--ir", "it is of the graphs"),
    ),
    "cost": tuple(
        Pair(name, "--memory", "it is of the memory") for name in ("--budget", "--device", "--terms")
    ),
    "specs": (Pair("--path", "NAME", "it is of one"), Pair("--copy", "NAME", "it is of one")),
    "data inspect": (Pair("--set", "--spec", "it changes the spec"),),
    "data pack": (Pair("--set", "--spec", "it changes the spec"),),
}


def refusals(command: str, given: Collection[str]) -> Iterator[str]:
    """What is wrong with options that are given together, each a sentence."""
    for pair in APART.get(command, ()):
        if pair.option in given and pair.other in given and pair.unless not in given:
            yield f"{pair.option} and {pair.other} cancel each other: {pair.why}; take one"
    for pair in NEEDS.get(command, ()):
        if pair.option in given and pair.other not in given:
            yield f"{pair.option} goes with {pair.other}: {pair.why}"


def name_of(param: Any) -> str:
    """What a command line calls a parameter: its longest option, or an argument's name in the help."""
    if param.param_type_name == "option":
        return str(max(param.opts, key=len))
    return str(getattr(param, "metavar", None) or param.name)


def repeated(order: Sequence[Any]) -> str | None:
    """The first option that takes one value and is given two: its name. `order`: as they were given."""
    seen: set[Any] = set()
    for param in order:
        single = param.param_type_name == "option" and not param.multiple
        if single and param in seen and (not param.is_flag or param.secondary_opts):
            return name_of(param)
        seen.add(param)
    return None
