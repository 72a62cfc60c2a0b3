"""What null means in a training plan: a value where the field accepts it, the default everywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gandsl.spec.patches import made_by_path
from gandsl.spec.tree import Mapping, Tree
from gandsl_runtime.plan import Plan


def settled(data: Any, tree: Tree | None, kinds: Sequence[Any] = (Plan,)) -> Any:
    """The data of a plan, or of a part of one of these kinds, without the nulls that say "left out".

    A null stays where the field takes one (`guard: null` is no guard, though the default is one) and where
    the field is required or unknown, which is for the plan's check to say. A part that only `set` made, of
    nulls alone, is left out where it would not be there by itself: `growth.batch: null` makes no growth.
    """
    if not isinstance(data, dict) or not isinstance(tree, Mapping):
        return data
    found = {}
    for key, value in data.items():
        fields = _fields(key, kinds)
        inner = [field.annotation for field in fields] or _values(kinds)
        if value is None and inner and not any(map(takes_null, inner)) and not _required(fields):
            continue
        optional = fields and all(field.default is None for field in fields)
        if optional and made_by_path(tree.entries[key]) and _is_empty(value, inner):
            continue
        found[key] = settled(value, tree.get(key), inner)
    return found


def takes_null(kind: Any) -> bool:
    """Whether None is a value of this type."""
    if kind is NoneType or kind is None:
        return True
    if get_origin(kind) is Annotated:
        return takes_null(get_args(kind)[0])
    return (
        not isinstance(kind, type)
        and get_origin(kind) not in (tuple, list, dict)
        and any(map(takes_null, get_args(kind)))
    )


def parts_of(kind: Any) -> list[type[BaseModel]]:
    """The parts of a plan that a value of this type may be, not those inside of lists and mappings."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    inside = () if get_origin(kind) in (tuple, list, dict) else get_args(kind)
    return [part for argument in inside for part in parts_of(argument)]


def _fields(key: str, kinds: Sequence[Any]) -> list[FieldInfo]:
    parts = [part for kind in kinds for part in parts_of(kind)]
    return [part.model_fields[key] for part in parts if key in part.model_fields]


def _values(kinds: Sequence[Any]) -> list[Any]:
    """The types of the values of mappings with keys of their own, such as sizes."""
    found = []
    for kind in kinds:
        if get_origin(kind) is dict:
            found.append(get_args(kind)[1])
        elif not isinstance(kind, type):
            found += _values([one for one in get_args(kind) if not isinstance(one, str)])
    return found


def _required(fields: Sequence[FieldInfo]) -> bool:
    """Whether no default can stand for it, such as the `kind` by which parts are told apart."""
    return bool(fields) and (
        all(field.is_required() for field in fields) or len({repr(field.default) for field in fields}) > 1
    )


def _is_empty(data: Any, kinds: Sequence[Any]) -> bool:
    """Whether a part has fields, and each is known and null."""
    if not isinstance(data, dict) or not data:
        return False
    return all(
        bool(fields := _fields(key, kinds))
        and (value is None or _is_empty(value, [field.annotation for field in fields]))
        for key, value in data.items()
    )
