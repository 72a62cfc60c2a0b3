"""The templates of printed source. They lay out lines that are ready; no text of a spec is escaped here."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("gandsl.codegen"),
        undefined=StrictUndefined,
        autoescape=False,  # the output is Python
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def fill(name: str, **values: Any) -> str:
    """A template's text with the values in place."""
    return _environment().get_template(name).render(**values)
