"""Names for what the classes of a network hold: classes, methods, constructor arguments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gandsl.codegen.analysis.classes import (
    Class,
    Classes,
    ConstructorArgument,
    Method,
    Values,
    family,
    spelled,
)
from gandsl.codegen.analysis.origins import ScopeOrigin, base_name
from gandsl.codegen.analysis.statements import Body, Path
from gandsl.codegen.analysis.structure import Ref
from gandsl.codegen.identifiers import class_name, local_name, unique
from gandsl.frontend.reserved import MODULES, NETWORKS

WIDTHS = {  # by the kind of the first input, or output: what its width is called
    True: ("in_channels", "out_channels", "channels"),
    False: ("in_features", "out_features", "features"),
}


def name_classes(classes: Classes, origins: Mapping[Path, ScopeOrigin], top: str) -> None:
    """Of classes that ask for one name, the commonest gets it; others add their scope's name or a number."""
    siblings = {
        scope: [other[-1] for other in classes.of if other and other[:-1] == scope[:-1]]
        for scope in classes.of
    }
    taken = {top}
    first: dict[str, Class] = {}  # name that is asked for → the class that has it
    classes.of[()].name = top
    wanted = {
        id(class_): base_name(class_.first, origins.get(class_.first, ScopeOrigin()), siblings[class_.first])
        for class_ in classes.all
        if class_.first != ()
    }
    inner = [class_ for class_ in classes.all if class_.first != ()]
    for class_ in sorted(inner, key=lambda c: (-len(c.scopes), classes.appearance(c.first))):
        base = wanted[id(class_)]
        if (common := first.setdefault(base, class_)) is not class_:
            alike = [classes.appearance(o.first) for o in inner if wanted[id(o)] == base]
            told = _told_apart(classes, class_, common, base, classes.appearance(class_.first) == min(alike))
            base = next((name for name in told if name not in taken), base)
        class_.name = unique(base, taken, "")
        taken.add(class_.name)


def _told_apart(classes: Classes, class_: Class, common: Class, base: str, is_first: bool) -> Iterator[str]:
    """Names for a class that asks for a commoner one's, best first."""
    if (told := difference(classes, class_, common, base)) is not None:
        yield told
    own = {scope[-1] for scope in class_.scopes}
    by_scope = f"{base}{class_name(next(iter(own)))}" if len(own) == 1 else ""  # StageS4
    if by_scope and by_scope[-1].isdigit():
        yield by_scope
    if len(class_.scopes) == 1 and is_first:
        yield f"First{base}"
    if by_scope:
        yield by_scope


RESAMPLING = {1: "Upsampling", 0: "", -1: "Downsampling"}


def difference(classes: Classes, class_: Class, common: Class, base: str) -> str | None:
    """What a class is called beside a commoner one of the same block: by size, or a part more or less."""
    own, other = RESAMPLING[_grows(classes, class_)], RESAMPLING[_grows(classes, common)]
    if own and own != other:
        return f"{own}{base}"
    mine, theirs = ({child.name for child in one.children} for one in (class_, common))
    for more, less, word in ((mine, theirs, "With"), (theirs, mine, "Without")):
        if more > less and len(more - less) == 1 and not (name := (more - less).pop())[-1].isdigit():
            return f"{base}{word}{class_name(name)}"
    return None


def _grows(classes: Classes, class_: Class) -> int:
    """1 where a class's forward enlarges the feature that it reads first, -1 where it shrinks it, else 0."""
    for method in class_.methods[:1]:
        body = next(iter(method.bodies.values()))
        ids, graph = value_ids(classes, body), body.flat.graph
        sides = [graph[id_].type.sides for id_ in (*body.params[:1], *(ids[r] for r in method.outputs[:1]))]
        if len(sides) == 2 and all(sides):
            return (sides[1][0] > sides[0][0]) - (sides[1][0] < sides[0][0])
    return 0


def name_methods(classes: Classes) -> None:
    """`forward` is what most instances do in the first program that runs them."""
    for class_ in classes.all:
        if class_.first == ():
            for method in class_.methods:
                method.name = next(iter(method.bodies.values())).flat.name
            continue
        votes = Counter(classes.first_method(scope) for scope in class_.scopes if classes.first_method(scope))
        order = {id(method): index for index, method in enumerate(class_.methods)}
        class_.methods.sort(key=lambda m: (-votes[m.key], order[id(m)]))
        _name_others(class_)


def _name_others(class_: Class) -> None:
    """`forward_faded` if `faded` is the last it does and forward doesn't; else `forward_16`, `fade_16`."""
    if not class_.methods:
        return
    main, *others = class_.methods
    main.name = "forward"
    stems = [_news(method, main) for method in others]
    if len(class_.scopes) == 1 and len({*stems}) < len(stems):
        names = [next(iter(method.bodies.values())).flat.name for method in others]
    else:
        names = [f"forward_{stem}" if stem else "forward_2" for stem in stems]
    taken = {child.name for child in class_.children} | MODULES | NETWORKS
    for method, name in zip(others, names, strict=True):
        method.name = unique(name, taken)
        taken.add(method.name)


def _news(method: Method, main: Method) -> str:
    bodies = next(iter(method.bodies.values())), next(iter(main.bodies.values()))
    mine, known = (
        [statement.place[len(body.scope) :][0].strip("_") for statement in body.statements] for body in bodies
    )
    return next((name for name in reversed(mine) if name not in known), mine[-1] if mine else "")


def value_ids(classes: Classes, body: Body) -> dict[Ref, str]:
    """The ids in one instance of what a method names by reference."""
    return {ref: id_ for id_, ref in classes.structure(body).refs.items()}


# ---- constructor arguments


def name_arguments(classes: Classes, class_: Class) -> None:
    """Widths are named by the input or output that has them; others by parameter, or layer and parameter."""
    taken = {child.name for child in class_.children} | {m.name for m in class_.methods} | MODULES | NETWORKS
    widths = widths_of(classes, class_)
    names = WIDTHS[widths.spatial]
    for argument in class_.arguments:
        wanted = [slot.param for slot in argument.slots]
        if family(wanted[0]) == "width":
            reads, makes = _agree(argument, widths.into), _agree(argument, widths.out)
            both = makes and (reads or not widths.into)
            special = names[2] if both else names[1] if makes else names[0] if reads else ""
            argument.positional = bool(special) and special not in taken
            wanted = [special] * argument.positional + [name for name in wanted if name not in names]
        named = [f"{slot.owner}_{slot.param}" for slot in argument.slots]
        argument.name = next((local_name(n) for n in (*wanted, *named) if local_name(n) not in taken), "")
        argument.name = argument.name or local_name(named[0], taken)
        taken.add(argument.name)
    class_.arguments.sort(
        key=lambda a: (not a.positional, a.name not in ("in_channels", "in_features") and a.positional)
    )


def _agree(argument: ConstructorArgument, widths: Values) -> bool:
    return bool(widths) and all(
        spelled(argument.values.get(scope)) == spelled(width) for scope, width in widths.items()
    )


@dataclass(frozen=True)
class Widths:
    """Channels or features, by instance, of what a class's forward reads first and makes first."""

    spatial: bool  # it makes a feature
    into: Values
    out: Values


def widths_of(classes: Classes, class_: Class) -> Widths:
    """Empty where forward reads, or makes, nothing that has a width."""
    into: Values = {}
    out: Values = {}
    spatial = False
    for method in class_.methods[:1]:
        for scope, body in method.bodies.items():
            ids = value_ids(classes, body)
            graph = body.flat.graph
            read = next((graph[id_].type for id_ in body.params), None)
            made = next((graph[ids[ref]].type for ref in method.outputs if ref in ids), None)
            if read is not None and read.shape and read.kind != "Label":
                into[scope] = read.shape[0]
            if made is not None and made.shape:
                out[scope] = made.shape[0]
                spatial = bool(made.sides)
    return Widths(spatial, into, out)
