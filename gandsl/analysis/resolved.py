"""A spec with everything resolved: extends and patches applied, parameters in force, every plan default."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from gandsl.diagnostics import Diagnostics
from gandsl.spec.document import Document
from gandsl.spec.files import SpecFile
from gandsl.spec.game import SHORT
from gandsl.spec.loader import load_blocks
from gandsl.spec.tree import to_plain
from gandsl.spec.values import Size, is_quantity
from gandsl.spec.write import to_yaml

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR

# files that a resolved spec holds, and how deep in each other: those that import each other have no end
MOST_HELD, DEEPEST = 200, 8


def resolved(module: ModuleIR) -> dict[str, Any]:
    """The spec as plain data. It is a spec itself: it unfolds to the same graphs and the same plan.

    It holds what it imports, so that it means the same on any day and any machine.
    """
    document = module.document
    data = _made(document, [], 0)
    if document.params:
        data["params"] = {name: _param(module, name) for name in document.params}
    if module.plan is not None:
        data["training"] = module.plan.model_dump(mode="json")
        if document.game is not None:
            _without_short_form(data["training"])
    return data


def _without_short_form(training: dict[str, Any]) -> None:
    """Take out what a game of its own says itself, and the plan has by default."""
    for path in ("loss", *SHORT):
        *above, last = path.split(".")
        holder = training
        for key in above:
            holder = holder[key]
        del holder[last]


def resolved_text(module: ModuleIR) -> str:
    """`resolved` as YAML."""
    return to_yaml(resolved(module))


def _made(document: Document, held: list[str], depth: int) -> dict[str, Any]:
    """A document as it is when it has been made, with what it imports; `held` are the files held so far."""
    data: dict[str, Any] = to_plain(document.tree)
    if document.imports:
        data["imports"] = {name: _import(place, held, depth) for name, place in document.imports.items()}
    return data


def _import(place: str | Document, held: list[str], depth: int) -> Any:
    """An import as its content; as its name where the standard library has it, beyond the bounds its path."""
    if isinstance(place, Document):
        return _made(place, held, depth + 1)
    file = SpecFile.at(place)
    if file.standard is not None:
        return file.standard
    bounded = len(held) < MOST_HELD and depth < DEEPEST
    document = load_blocks(place, Diagnostics()) if bounded else None
    if document is None:
        return os.path.abspath(place)
    held.append(place)
    return _made(document, held, depth + 1)


def _param(module: ModuleIR, name: str) -> dict[str, Any]:
    """A parameter in its long form, with the value in force as its default.

    One of any value stands as it is written: what a text or a list of sizes is could not be read back.
    """
    declared = module.document.params[name]
    written = to_plain(module.document.tree)["params"][name]
    rest = written if isinstance(written, dict) else {}
    kept = {key: value for key, value in rest.items() if key not in ("type", "default")}
    value = rest["default"] if declared.type == "any" and "default" in rest else _value(module.params[name])
    return {"type": declared.type, "default": value, **kept}


def _value(value: Any) -> Any:
    if isinstance(value, Size):
        return value.plain
    if is_quantity(value):
        return str(value)
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    return value
