"""What differs between the instances of a class becomes its constructor's arguments; what does not stays a literal."""

from __future__ import annotations

from gandsl.codegen.classes import Argument, Child, Class, Classes, Method, Slot, family, spelled
from gandsl.codegen.compose import Step, path_of
from gandsl.codegen.naming import name_arguments
from gandsl.codegen.primitives import signature


def bind(classes: Classes) -> None:
    """Find every slot of every class, inner classes first, and make arguments of those whose value differs."""
    for class_ in classes.all:
        slots: list[Slot] = []
        for child in class_.children:
            child.slots = _child_slots(class_, child)
            slots += child.slots
        for method in class_.methods:
            example = next(iter(method.written.values()))
            for index, step in enumerate(example.steps):
                if classes.calls_op(example, step):
                    method.slots[index] = _op_slots(classes, method, index, step)
                    slots += method.slots[index]
        for slot in slots:
            if slot.varies:
                _give_argument(class_, slot)
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
    defaults = signature("layers", next(iter(layers.values())).name).defaults
    return [
        Slot(
            child.name,
            name,
            {scope: layers[scope].kwargs.get(name, defaults.get(name)) for scope in class_.scopes},
        )
        for name in dict.fromkeys(name for layer in layers.values() for name in layer.kwargs)
    ]


def _op_slots(classes: Classes, method: Method, index: int, step: Step) -> list[Slot]:
    calls = {scope: classes.primitive(body, body.steps[index]) for scope, body in method.written.items()}
    defaults = signature("ops", next(iter(calls.values())).name).defaults
    return [
        Slot(
            step.place[-1],
            name,
            {scope: call.kwargs.get(name, defaults.get(name)) for scope, call in calls.items()},
            True,
        )
        for name in dict.fromkeys(name for call in calls.values() for name in call.kwargs)
    ]


def _give_argument(class_: Class, slot: Slot) -> None:
    for argument in class_.arguments:
        if family(argument.slots[0].param) == family(slot.param) and all(
            spelled(argument.values.get(scope, value)) == spelled(value)
            for scope, value in slot.values.items()
        ):
            argument.slots.append(slot)
            argument.values = {**slot.values, **argument.values}
            slot.argument = argument
            return
    slot.argument = Argument(dict(slot.values), [slot])
    class_.arguments.append(slot.argument)
