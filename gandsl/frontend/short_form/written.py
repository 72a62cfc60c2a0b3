"""The words of a plan: what a field of it is, as the user wrote it, and where."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from gandsl.diagnostics import Span, Unheard
from gandsl.frontend.references import names_in, scalars_of
from gandsl.frontend.short_form.make import tree
from gandsl.spec.parse import parse
from gandsl.spec.tree import Entry, Mapping, Tree, is_null

if TYPE_CHECKING:
    from gandsl.spec.document import Document
    from gandsl_runtime.plan import Plan


class Written:
    """The `training:` section of a spec, beside the plan that was made of it."""

    def __init__(self, document: Document, plan: Plan) -> None:
        self.plan = plan
        self._top = document.tree.entries["training"]
        training = self._top.value
        self._numbers = set(training.entries) - {"batch"} if isinstance(training, Mapping) else set()
        if plan.growth and plan.growth.batch:  # the plan has one batch, the game one for each level
            self._numbers.add("batch")
        self._data: dict[str, Any] = plan.model_dump(mode="json")

    def value(self, path: str) -> Any:
        """What the plan has at `regularizers.r1.gamma`; None where a part on the way is missing."""
        part: Any = self.plan
        for name in path.split("."):
            part = getattr(part, name, None)
        return part

    def span(self, path: str) -> Span:
        """Where it stands: its key, or the nearest part around it that stands in the text."""
        return self._way(path)[-1].key_span

    def wrote(self, path: str) -> bool:
        """Whether it stands in the text, and is not null."""
        way = self._way(path)
        return len(way) > path.count(".") + 1 and not is_null(way[-1].value)

    def field(self, path: str) -> Tree:
        """A field as a game can hold it: the user's own words, or what the plan has in their place.

        The words stay where they mean the same in a game: it doesn't know the plan's other numbers.
        """
        way = self._way(path)
        if self.wrote(path) and self._is_free(way[-1].value):
            return way[-1].value
        data = reduce(lambda part, name: part[name], path.split("."), self._data)
        return tree(data, way[-1].value.span if self.wrote(path) else way[-1].key_span)

    def _way(self, path: str) -> list[Entry]:
        """The entries on the way to a path, as far as they stand in the text; `training` is the first."""
        way = [self._top]
        for name in path.split("."):
            inside = way[-1].value
            if not isinstance(inside, Mapping) or name not in inside:
                break
            way.append(inside.entries[name])
        return way

    def _is_free(self, written: Tree) -> bool:
        expressions = [parse(one.text, one.span, Unheard()) for one in scalars_of(written)]
        return not any(names_in(one) & self._numbers for one in expressions if one)
