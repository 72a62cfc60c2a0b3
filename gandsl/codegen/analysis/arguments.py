"""What differs between instances of a class becomes its constructor's argument; what does not, a literal."""

from __future__ import annotations

from collections.abc import Sequence

from gandsl.codegen.analysis.classes import (
    Child,
    Class,
    Classes,
    ConstructorArgument,
    Method,
    Slot,
    Values,
    family,
    spelled,
)
from gandsl.codegen.analysis.names import name_arguments, widths_of
from gandsl.codegen.analysis.statements import Statement, path_of


def bind(classes: Classes) -> None:
    """Find every slot of every class, inner ones first; make arguments of those whose value differs."""
    for class_ in classes.all:
        slots: list[Slot] = []
        for child in class_.children:
            child.slots = _child_slots(class_, child)
            slots += child.slots
        for method in class_.methods:
            example = next(iter(method.written.values()))
            for index, statement in enumerate(example.statements):
                if classes.calls_op(example, statement):
                    method.slots[index] = _op_slots(classes, method, index, statement)
                    slots += method.slots[index]
        bases = widths_of(classes, class_)
        ends = [values for values in (bases.out, bases.into) if values]
        for slot in sorted(slots, key=lambda slot: not any(_same(slot.values, end) for end in ends)):
            if slot.varies:
                _give_argument(class_, slot, ends)
        for argument in class_.arguments:
            spare = next(iter(argument.values.values()))
            for scope in class_.scopes:  # an instance whose forward never reads it gets any value
                argument.values.setdefault(scope, spare)
        name_arguments(classes, class_)


def _child_slots(class_: Class, child: Child) -> list[Slot]:
    if child.inner is not None:
        return [
            Slot(
                child.name,
                argument.name,
                {scope: argument.values[(*scope, *path_of(child.name))] for scope in class_.scopes},
            )
            for argument in child.inner.arguments
        ]
    layers = child.layers
    known = next(iter(layers.values())).signature
    given = {name for layer in layers.values() for name in layer.kwargs}
    return [
        Slot(
            child.name,
            name,
            {scope: layers[scope].kwargs.get(name, known.defaults.get(name)) for scope in class_.scopes},
        )
        for name in known.order
        if name in given
    ]


def _op_slots(classes: Classes, method: Method, index: int, statement: Statement) -> list[Slot]:
    calls = {scope: classes.primitive(body, body.statements[index]) for scope, body in method.written.items()}
    defaults = next(iter(calls.values())).signature.defaults
    return [
        Slot(
            statement.place[-1],
            name,
            {scope: call.kwargs.get(name, defaults.get(name)) for scope, call in calls.items()},
            True,
        )
        for name in dict.fromkeys(name for call in calls.values() for name in call.kwargs)
    ]


def _give_argument(class_: Class, slot: Slot, ends: Sequence[Values]) -> None:
    """Use an argument that has the slot's values, a multiple or fraction of a width, or a new argument."""
    for argument in class_.arguments:
        if family(argument.slots[0].param) == family(slot.param) and _same(slot.values, argument.values):
            argument.slots.append(slot)
            argument.values = {**slot.values, **argument.values}
            slot.argument = argument
            return
    for argument in class_.arguments:
        if any(_same(slot.values, end) for end in ends):
            break  # it deserves an argument of its own
        if family(slot.param) == "width" and any(_same(argument.values, end) for end in ends):
            times, over = _ratio(slot.values, argument.values)
            if times * over > 1:
                slot.argument, slot.times, slot.over = argument, times, over
                argument.derived.append(slot)
                return
    slot.argument = ConstructorArgument(dict(slot.values), [slot])
    class_.arguments.append(slot.argument)


def _same(some: Values, all_: Values) -> bool:
    """Whether values agree in every instance; one that is not known anywhere agrees with any."""
    return all(spelled(all_.get(scope, value)) == spelled(value) for scope, value in some.items())


def _ratio(some: Values, base: Values) -> tuple[int, int]:
    """k, 1 where all of `some` are k times `base`; 1, k where they are a k-th; 1, 1 where neither."""
    pairs = [(value, base.get(scope)) for scope, value in some.items()]
    if not all(type(a) is int and type(b) is int and a > 0 and b > 0 for a, b in pairs):
        return 1, 1
    (first, first_base), *_ = pairs
    times, over = max(1, first // first_base), max(1, first_base // first)
    return (times, over) if all(a * over == b * times for a, b in pairs) else (1, 1)
