"""Methods of a class that have statements in common call each other, or a helper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gandsl.codegen.bodies import Body, Path, Step
from gandsl.codegen.classes import Class, Classes, Method

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
    return len(next(iter(method.bodies.values())).steps)


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
    known = classes.wiring(method.bodies[model]).refs
    given = [known[id_] for id_ in match.arguments]
    for scope, body in method.written.items():
        ids = {ref: id_ for id_, ref in classes.wiring(method.bodies[scope]).refs.items()}
        steps = body.steps[match.start : match.stop]
        outputs = _crossing(steps, body.steps[match.stop :], body.outputs)
        inner = replace(body, params=tuple(ids[ref] for ref in given), steps=steps, outputs=outputs)
        classes.adopt(inner, other)
        rest = (*body.steps[: match.start], _call(inner), *body.steps[match.stop :])
        method.written[scope] = replace(body, steps=rest)


@dataclass(frozen=True)
class _Match:
    """Statements `start` to `stop` of a body are another's, with these values for its arguments."""

    start: int
    stop: int
    arguments: tuple[str, ...]


def _find(classes: Classes, body: Body, part: Body, method: Method) -> _Match | None:
    """Where `body` has the statements of `part`, needing no more of their values than `method` returns."""
    count = len(part.steps)
    if not 2 <= count <= len(body.steps):
        return None
    refs = classes.wiring(part).refs
    for start in range(len(body.steps) - count + 1):
        stop = start + count
        given: dict[str, str] = {}
        pairs = zip(body.steps[start:stop], part.steps, strict=True)
        if not all(_alike(classes, body, x, part, y, given) for x, y in pairs) or {*given} != {*part.params}:
            continue
        crossing = _crossing(body.steps[start:stop], body.steps[stop:], body.outputs)
        if all(id_ in refs and refs[id_] in method.outputs for id_ in crossing):
            return _Match(start, stop, tuple(given[id_] for id_ in part.params))
    return None


def _factor(classes: Classes, class_: Class) -> None:
    """Move what all methods of a class begin with, or end with, into a helper."""
    scope = class_.first
    bodies = [method.written[scope] for method in class_.methods if scope in method.written]
    shortest = min(len(body.steps) for body in bodies)
    lead = _agreeing(classes, bodies, range(shortest))
    crossing = {_crossing(body.steps[:lead], body.steps[lead:], body.outputs) for body in bodies}
    if FEWEST <= lead < shortest and len(crossing) == 1 and len(values := crossing.pop()) <= MOST:
        _move(classes, class_, "_begin", values, lambda steps: slice(0, lead))
    if any(method.name == "_begin" for method in class_.methods):
        return
    tail = _tail(classes, bodies)
    outputs = {body.outputs for body in bodies}
    made = {id_ for step in bodies[0].steps[len(bodies[0].steps) - tail :] for id_ in step.results}
    if FEWEST <= tail < shortest and len(outputs) == 1 and made >= {*bodies[0].outputs}:
        _move(classes, class_, "_finish", outputs.pop(), lambda steps: slice(len(steps) - tail, None))


def _tail(classes: Classes, bodies: Sequence[Body]) -> int:
    """How many statements all bodies end with; the first may read other values in each."""
    shortest = min(len(body.steps) for body in bodies)
    tail = _agreeing(classes, bodies, range(-1, -shortest - 1, -1))
    first, *others = bodies
    if tail < shortest:
        step = first.steps[-tail - 1]
        model = replace(first, params=step.reads)
        tail += all(_alike(classes, body, body.steps[-tail - 1], model, step, {}) for body in others)
    return tail


def _agreeing(classes: Classes, bodies: Sequence[Body], positions: Sequence[int]) -> int:
    """How many of these statements are the same in all bodies, from the first position on."""
    first, *others = bodies
    for count, position in enumerate(positions):
        step = first.steps[position]
        if not all(_alike(classes, first, step, body, body.steps[position]) for body in others):
            return count
    return len(positions)


def _move(
    classes: Classes,
    class_: Class,
    name: str,
    outputs: tuple[str, ...],
    part: Callable[[Sequence[Step]], slice],
) -> None:
    """Replace a part of every method by the call of a new one, if the parts are alike and take few values."""
    scope = class_.first
    inner: dict[int, Body] = {}
    for method in class_.methods:
        body = method.written[scope]
        steps = body.steps[part(body.steps)]
        made = {id_ for step in steps for id_ in step.results}
        params = tuple(dict.fromkeys(id_ for step in steps for id_ in step.reads if id_ not in made))
        inner[id(method)] = replace(body, params=params, steps=steps, outputs=outputs)
    bodies = inner.values()
    if len({classes.structure(body).key for body in bodies}) > 1 or any(len(b.params) > MOST for b in bodies):
        return
    helper = Method(name, {}, [], name=name)
    for method in class_.methods:
        body, own = method.written[scope], inner[id(method)]
        classes.adopt(own, helper)
        rest = list(body.steps)
        rest[part(body.steps)] = [_call(own)]
        method.written[scope] = replace(body, steps=tuple(rest))
    class_.methods.append(helper)


def _call(body: Body) -> Step:
    return Step(body.scope, body.params, body.outputs, body)


def _crossing(before: Sequence[Step], after: Sequence[Step], outputs: Sequence[str]) -> tuple[str, ...]:
    """Values that one part makes and the other part, or whoever called, reads."""
    read = {id_ for step in after for id_ in step.reads} | {*outputs}
    return tuple(id_ for step in before for id_ in step.results if id_ in read)


def _alike(classes: Classes, a: Body, x: Step, b: Body, y: Step, given: dict[str, str] | None = None) -> bool:
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
    elif x.results != y.results or (
        classes.calls_op(a, x)
        and dict(classes.primitive(a, x).kwargs) != dict(classes.primitive(b, y).kwargs)
    ):
        return False
    else:
        pairs += zip(x.results, y.results, strict=True)
    return all(a.piece.graph[mine].type.shape == b.piece.graph[other].type.shape for mine, other in pairs)
