"""The terms that parts of a plan stand for, as `gandsl/std/game/short.yaml` says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gandsl.diagnostics import Span
from gandsl.frontend.short_form import near
from gandsl.frontend.short_form.make import mapping, tree
from gandsl.frontend.short_form.nodes import Nodes
from gandsl.frontend.short_form.table import Template, fields_of, table
from gandsl.spec.tree import Entry, Scalar, Tree
from gandsl_runtime.plan import Curve, Quantity, Stairs

_OWN = {
    "player",
    "term",
    "block",
    "fields",
    "log",
    "pipe",
    "sigma",
    "skip",
    "from_zero",
    "apart",
    "processes",
    "batch_norm",
}


def terms_of(nodes: Nodes) -> Iterator[tuple[str, Entry]]:
    """Player and term, in the order in which they add up."""
    for part, templates in table().items():
        if nodes.written.value(part) is not None:
            for template in templates:
                if (entry := _Term(nodes, part, template).entry()) is not None:
                    yield template["player"], entry


class _Term:
    """One term, filled in from a part of the plan."""

    def __init__(self, nodes: Nodes, part: str, template: Template) -> None:
        self.nodes, self.written, self.part, self.template = nodes, nodes.written, part, template
        self.fields = fields_of(template)
        self.span: Span = self.written.span(part)
        self.id = f"{template['player']}.{template['term']}"

    def entry(self) -> Entry | None:
        """The term; None where it weighs nothing and no interval counts."""
        if self._number(self._weight) == 0 and not self._is_lazy:
            return None
        roles = {name: self._role(value) for name, value in self.template.items() if name not in _OWN}
        fields = {"block": self.template["block"], **roles, **self._given(), "log": self.template["log"]}
        made = mapping(fields, self.span)
        return Entry(self.template["term"], self.span, made)

    @property
    def _weight(self) -> str:
        """The field that weighs it, which stands first."""
        return next(iter(self.fields.values()))

    @property
    def _is_lazy(self) -> bool:
        return int(getattr(self._plan("every"), "number", 1)) > 1

    def _plan(self, field: str) -> Any:
        return self.written.value(f"{self.part}.{field}")

    def _number(self, field: str) -> float | None:
        value = self._plan(field)
        return value if isinstance(value, int | float) else None

    def _tree(self, field: str) -> Tree:
        return self.written.field(f"{self.part}.{field}")

    # ---- what the part's own fields become

    def _given(self) -> dict[str, Tree | str | None]:
        given: dict[str, Tree | str | None] = {}
        for name, field in self.fields.items():
            plain = name == "weight" and self._number(field) == 1
            if (self.written.wrote(f"{self.part}.{field}") or field == self._weight) and not plain:
                given[name] = self._tree(field)
        if self.template.get("apart"):
            given.setdefault("batch", "batch")
        if not self._is_lazy:
            given.pop("every", None)
        if (shared := self.template.get("processes")) and not self.written.value(f"synchronize.{shared}"):
            given["processes"] = tree("own", self.written.span(f"synchronize.{shared}"))
        for start, names in self.template.get("from_zero", {}).items():
            given |= {name: self._begins(name, start) for name in names if self._number(name) != 0}
        return given

    def _begins(self, name: str, start: str) -> Tree | str:
        """A number that is 0 until a moment, and in the first step."""
        moment = self._plan(start)
        assert isinstance(moment, Quantity)
        at = [self._tree(start) if moment.number else "1 img"]
        place = self.written.span(f"{self.part}.{name}")
        if not isinstance(self._plan(name), Curve | Stairs):
            return mapping({"values": [0, self._tree(name)], "at": at}, place)
        stem = f"{self.template['term']}_{name}"
        begun = self.nodes.add("weight", f"{stem}_begun", {"value": {"values": [0, 1], "at": at}}, place)
        then = self.nodes.add("weight", stem, {"value": self._tree(name)}, place)
        return f"{begun} * {then}"

    # ---- what the words of the table stand for

    def _role(self, word: str) -> str | Tree:
        place, _, what = word.partition(".")
        if place.startswith("{"):
            place = self._plan(place.strip("{}"))
        nodes = self.nodes
        if place == "weights":
            skip = self.template["skip"]
            skipped = "".join(f", '{id_}'" for id_ in self._plan(skip))
            text = f"weights({self.template['player']}{skipped})"
            return Scalar(text, text, True, self.written.span(f"{self.part}.{skip}"))
        if place == "styled":
            images, styles = nodes.styled(self.span)
            return images.whole if what == "images" else styles
        if place == "near":
            sigma = self._plan(self.template["sigma"])
            if what == "images":
                return near.near(nodes, self.id, sigma, self._near, self.span).whole
            return near.near_judged(nodes, self.id, sigma, self._near, self.span)
        if what == "images":
            return nodes.images(place).whole
        if what == "labels":
            return nodes.labels(place) or "absent"
        if what == "again":
            pipe = self._tree(self.template["pipe"])
            return near.judged_again(nodes, place, self.id, pipe, self.span)
        return nodes.said_at(place, self.template["player"], not self._is_lazy, what)

    @property
    def _near(self) -> str:
        return f"near_{self.template['player'][0]}"
