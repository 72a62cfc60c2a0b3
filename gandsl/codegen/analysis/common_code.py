"""Methods of a class that have statements in common call each other, or a helper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gandsl.codegen.analysis.classes import Class, Classes, Method
from gandsl.codegen.analysis.statements import Body, Path, Statement

FEWEST = 3  # statements worth a helper, and methods that must share it
MOST = 3  # values that may cross between a helper and the rest


def share(classes: Classes) -> None:
    """Shorten `written` of every method that can use another. Evaluation order, and so every bit, stays."""
    for class_ in classes.all:
        if len(class_.scopes) == 1 and len(class_.methods) >= FEWEST:
            _factor(classes, class_)
        for method in sorted(class_.methods, key=_length, reverse=True):
            _extend(classes, class_, method)


def _length(method: Method) -> int:
    return len(next(iter(method.bodies.values())).statements)


def _extend(classes: Classes, class_: Class, method: Method) -> None:
    """Where a method has all the statements of another one in a row, let it call that (the longest)."""
    best: tuple[Method, Path, _Match] | None = None
    for place, other in enumerate(class_.methods):
        same = _length(other) == _length(method)
        if same and place >= class_.methods.index(method):  # of two equal ones the second calls the first
            continue
        common = [scope for scope in method.written if scope in other.bodies]
        if other is method or not common or (best and _length(best[0]) >= _length(other)):
            continue
        matches = [_find(classes, method.written[scope], other.bodies[scope], other) for scope in common]
        if (match := matches[0]) is not None and all(one and one.start == match.start for one in matches):
            best = other, common[0], match
    if best is None:
        return
    other, model, match = best
    known = classes.structure(method.bodies[model]).refs
    given = [known[id_] for id_ in match.arguments]
    for scope, body in method.written.items():
        ids = {ref: id_ for id_, ref in classes.structure(method.bodies[scope]).refs.items()}
        statements = body.statements[match.start : match.stop]
        outputs = _crossing(statements, body.statements[match.stop :], body.outputs)
        inner = replace(body, params=tuple(ids[ref] for ref in given), statements=statements, outputs=outputs)
        classes.adopt(inner, other)
        rest = (*body.statements[: match.start], _call(inner), *body.statements[match.stop :])
        method.written[scope] = replace(body, statements=rest)


@dataclass(frozen=True)
class _Match:
    """Statements `start` to `stop` of a body are another's, with these values for its arguments."""

    start: int
    stop: int
    arguments: tuple[str, ...]


def _find(classes: Classes, body: Body, part: Body, method: Method) -> _Match | None:
    """Where `body` has the statements of `part`, needing no more of their values than `method` returns."""
    count = len(part.statements)
    if not 2 <= count <= len(body.statements):
        return None
    refs = classes.structure(part).refs
    for start in range(len(body.statements) - count + 1):
        stop = start + count
        given: dict[str, str] = {}
        pairs = zip(body.statements[start:stop], part.statements, strict=True)
        if not all(_alike(classes, body, x, part, y, given) for x, y in pairs) or {*given} != {*part.params}:
            continue
        crossing = _crossing(body.statements[start:stop], body.statements[stop:], body.outputs)
        if all(id_ in refs and refs[id_] in method.outputs for id_ in crossing):
            return _Match(start, stop, tuple(given[id_] for id_ in part.params))
    return None


def _factor(classes: Classes, class_: Class) -> None:
    """Move what all methods of a class begin with, or end with, into a helper."""
    scope = class_.first
    bodies = [method.written[scope] for method in class_.methods if scope in method.written]
    shortest = min(len(body.statements) for body in bodies)
    lead = _agreeing(classes, bodies, range(shortest))
    crossing = {_crossing(body.statements[:lead], body.statements[lead:], body.outputs) for body in bodies}
    if FEWEST <= lead < shortest and len(crossing) == 1 and len(values := crossing.pop()) <= MOST:
        _move(classes, class_, "_begin", values, lambda statements: slice(0, lead))
    if any(method.name == "_begin" for method in class_.methods):
        return
    tail = _tail(classes, bodies)
    outputs = {body.outputs for body in bodies}
    made = {
        id_
        for statement in bodies[0].statements[len(bodies[0].statements) - tail :]
        for id_ in statement.results
    }
    if FEWEST <= tail < shortest and len(outputs) == 1 and made >= {*bodies[0].outputs}:
        _move(
            classes, class_, "_finish", outputs.pop(), lambda statements: slice(len(statements) - tail, None)
        )


def _tail(classes: Classes, bodies: Sequence[Body]) -> int:
    """How many statements all bodies end with; the first may read other values in each."""
    shortest = min(len(body.statements) for body in bodies)
    tail = _agreeing(classes, bodies, range(-1, -shortest - 1, -1))
    first, *others = bodies
    if tail < shortest:
        statement = first.statements[-tail - 1]
        model = replace(first, params=statement.reads)
        tail += all(
            _alike(classes, body, body.statements[-tail - 1], model, statement, {}) for body in others
        )
    return tail


def _agreeing(classes: Classes, bodies: Sequence[Body], positions: Sequence[int]) -> int:
    """How many of these statements are the same in all bodies, from the first position on."""
    first, *others = bodies
    for count, position in enumerate(positions):
        statement = first.statements[position]
        if not all(_alike(classes, first, statement, body, body.statements[position]) for body in others):
            return count
    return len(positions)


def _move(
    classes: Classes,
    class_: Class,
    name: str,
    outputs: tuple[str, ...],
    part: Callable[[Sequence[Statement]], slice],
) -> None:
    """Replace a part of every method by the call of a new one, if the parts are alike and take few values."""
    scope = class_.first
    inner: dict[int, Body] = {}
    for method in class_.methods:
        body = method.written[scope]
        statements = body.statements[part(body.statements)]
        made = {id_ for statement in statements for id_ in statement.results}
        params = tuple(
            dict.fromkeys(id_ for statement in statements for id_ in statement.reads if id_ not in made)
        )
        inner[id(method)] = replace(body, params=params, statements=statements, outputs=outputs)
    bodies = inner.values()
    if len({classes.new_structure(body).key for body in bodies}) > 1 or any(
        len(b.params) > MOST for b in bodies
    ):
        return
    helper = Method(name, {}, [], name=name)
    for method in class_.methods:
        body, own = method.written[scope], inner[id(method)]
        classes.adopt(own, helper)
        rest = list(body.statements)
        rest[part(body.statements)] = [_call(own)]
        method.written[scope] = replace(body, statements=tuple(rest))
    class_.methods.append(helper)


def _call(body: Body) -> Statement:
    return Statement(body.scope, body.params, body.outputs, body)


def _crossing(
    before: Sequence[Statement], after: Sequence[Statement], outputs: Sequence[str]
) -> tuple[str, ...]:
    """Values that one part makes and the other part, or whoever called, reads."""
    read = {id_ for statement in after for id_ in statement.reads} | {*outputs}
    return tuple(id_ for statement in before for id_ in statement.results if id_ in read)


def _alike(
    classes: Classes, a: Body, x: Statement, b: Body, y: Statement, given: dict[str, str] | None = None
) -> bool:
    """Whether two statements of one scope are the same to the letter, and their values of the same shapes.

    With `given`, the second body's arguments may stand for any values of the first: it collects which.
    """
    if x.place != y.place or len(x.reads) != len(y.reads) or (x.body is None) != (y.body is None):
        return False
    for mine, other in zip(x.reads, y.reads, strict=True):
        if given is not None and other in b.params:
            if given.setdefault(other, mine) != mine:
                return False
        elif mine != other:
            return False
    pairs = [*zip(x.reads, y.reads, strict=True)]
    if x.body is not None and y.body is not None:
        if classes.method_of(x.body) is not classes.method_of(y.body):
            return False
    elif (
        x.results != y.results
        or classes.layer(a, x) != classes.layer(b, y)
        or (
            classes.calls_op(a, x)
            and dict(classes.primitive(a, x).kwargs) != dict(classes.primitive(b, y).kwargs)
        )
    ):
        return False
    else:
        pairs += zip(x.results, y.results, strict=True)
    return all(a.flat.graph[mine].type.shape == b.flat.graph[other].type.shape for mine, other in pairs)
