"""A spec with everything resolved: extends and patches applied, parameters in force, every plan default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gandsl.spec.files import File
from gandsl.spec.tree import to_plain
from gandsl.spec.values import Size
from gandsl.spec.write import to_yaml

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR

# steps of making the document, which are done
_DONE = ("extends", "set", "patch")


def resolved(module: ModuleIR) -> dict[str, Any]:
    """The spec as plain data. It is a spec itself: it unfolds to the same graphs and the same plan."""
    document = module.document
    data = {key: value for key, value in to_plain(document.tree).items() if key not in _DONE}
    if document.params:
        data["params"] = {name: _param(module, name) for name in document.params}
    if document.imports:
        data["imports"] = {name: File.at(path).anywhere for name, path in document.imports.items()}
    if module.plan is not None:
        data["training"] = module.plan.model_dump(mode="json")
    return data


def resolved_text(module: ModuleIR) -> str:
    """`resolved` as YAML."""
    return to_yaml(resolved(module))


def _param(module: ModuleIR, name: str) -> dict[str, Any]:
    """A parameter in its long form, with the value in force as its default."""
    declared = module.document.params[name]
    written = to_plain(module.document.tree)["params"][name]
    rest = written if isinstance(written, dict) else {}
    kept = {key: value for key, value in rest.items() if key not in ("type", "default")}
    return {"type": declared.type, "default": _value(module.params[name]), **kept}


def _value(value: Any) -> Any:
    if isinstance(value, Size):
        return value.h if value.h == value.w else [value.h, value.w]
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    return value
