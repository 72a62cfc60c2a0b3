"""What the options that networks were made with say about a spec: its parameters, and fields of its plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from gandsl.frontend.module import ModuleIR
from gandsl.interop.errors import InteropError
from gandsl.interop.options import REQUIRED, UNSAID, Fate, RecordedOption, recorded, untold, written
from gandsl.interop.recognize import SIDE_OF, Recognized
from gandsl.interop.values import same

PLAN = "training."  # before the name of a field of the plan


@dataclass(frozen=True)
class Stated:
    """A value that an option gives a parameter."""

    value: Any
    by: RecordedOption


class Made:
    """All options that the files record. Raises InteropError where one is refused or unknown."""

    def __init__(self, parts: Mapping[str, Recognized]) -> None:
        self._parts = parts
        self._options = {
            role: recorded(
                one.side.options(one.part),
                one.side.arguments(one.part),
                one.part.positional,
                one.shapes.where,
            )
            for role, one in parts.items()
        }

    def stated(self, module: ModuleIR) -> dict[str, Stated]:
        """What they make of each parameter of the spec, and of its plan.

        Where the discriminator says another thing than the generator, that is `discriminator_NAME`, if there
        is such a parameter. Raises InteropError where there is none, or where one says what no spec can be.
        """
        found: dict[str, Stated] = {}
        for role, one in self._each():
            value = one.value() if one.option.parameter else UNSAID
            if value is UNSAID:
                continue
            known = found.setdefault(one.option.parameter, Stated(value, one))
            own = f"{SIDE_OF[role]}_{one.option.parameter}"
            if not same(known.value, value) and own in module.params:
                found[own] = Stated(value, one)
            elif not same(known.value, value):
                raise InteropError(
                    f"{known.by.where} was made with {known.by.said}, {one.where} with {one.said}, and the "
                    f"spec has one {one.option.parameter} for both",
                    "--only generator and --only discriminator import them apart",
                )
        return {name: one for name, one in found.items() if not _passes(name, one, module)}

    def _each(self) -> Iterator[tuple[str, RecordedOption]]:
        """The generator's options first."""
        for role in SIDE_OF:
            yield from ((role, one) for one in self._options.get(role, ()))

    def untold(self, module: ModuleIR) -> dict[str, Any]:
        """The parameters that options would tell, and the files keep none: what the spec has."""
        told = {one.option.parameter for _, one in self._each()}
        names = (
            name for one in self._parts.values() for name in untold(one.side.options(one.part), module.params)
        )
        return {name: module.params[name] for name in dict.fromkeys(names) if name not in told}

    def _unseen(self) -> Iterator[str]:
        for role, one in self._parts.items():
            options = one.side.options(one.part) if one.part.arguments is None else ()
            if names := [f"{x.name} = {written(x.default)}" for x in options if x.fate is Fate.UNSEEN]:
                yield f"{role}: not told by the file, so taken to be as by default: {', '.join(names)}"

    def notes(self) -> Iterator[str]:
        """A sentence for each option that was set, changes no number, and so goes no further."""
        for role, options in self._options.items():
            for one in options:
                if one.option.fate is Fate.IDLE and one.given != one.option.default:
                    yield f"{role}: {one.said} is left behind: {one.option.why}"
        yield from self._unseen()


def _passes(name: str, stated: Stated, module: ModuleIR) -> bool:
    """Whether the spec need not know it: it is of the shapes alone, or of a plan that is not there.

    A spec without the parameter is taken to do what the option's default is. Raises InteropError where the
    option is another.
    """
    if name.startswith(PLAN) or name in module.params:
        return name.startswith(PLAN) and module.plan is None
    option = stated.by.option
    usual = option.default is not REQUIRED and same(stated.value, option.value(option.default))
    if option.fate is Fate.APPLIED and not usual:
        raise InteropError(
            f"{stated.by.where} was made with {stated.by.said}, and {module.name} has no parameter `{name}`",
            "name a spec that has it with --spec",
        )
    return True


def contradiction(stated: Stated, name: str, value: Any) -> InteropError:
    """The error where shapes say another value than an option that they should agree with."""
    return InteropError(
        f"{stated.by.where} was made with {stated.by.said}, and its tensors say {name} = {written(value)}. "
        "Nothing was loaded",
        "import the file as it was saved",
    )


def planned(module: ModuleIR, place: str) -> Any:
    """What the plan has in a field, `training.…`, as plain data; a part's defaults are left out."""
    value: Any = module.plan
    for step in place.removeprefix(PLAN).split("."):
        value = getattr(value, step)
    return value.model_dump(exclude_defaults=True) if isinstance(value, BaseModel) else value
