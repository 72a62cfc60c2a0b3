"""One of two games: its parts as they are written, with numbers in place of what gives them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gandsl.diagnostics import Diagnostics, Span, Unheard
from gandsl.diff.game.change import form
from gandsl.diff.game.parts import BOUNDARY, LISTS, WATCHES, GamePart, Parts
from gandsl.diff.values import flat
from gandsl.frontend.references import names_of
from gandsl.frontend.short_form.game_tree import game_tree
from gandsl.ir.graph import Variant
from gandsl.spec.document import BlockDecl
from gandsl.spec.evaluate import evaluate
from gandsl.spec.expressions import KEYWORDS
from gandsl.spec.fill import flow
from gandsl.spec.game import SHORT
from gandsl.spec.library import Library
from gandsl.spec.parse import parse
from gandsl.spec.scope import Budget, LetFunction, Scope
from gandsl.spec.shapes import TERM_FIELDS
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree, entry_at, is_null
from gandsl_runtime.plan.game import Term

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR
    from gandsl.ir.game import GameIR

# parts of a short form that are no term of a player: nodes are made of them, and others are given these
WIRING = ("style_mixing", "augment", "discriminator_passes")
assert set(WIRING) < set(SHORT)

_OF_THE_PLAN = tuple(field.name for field in TERM_FIELDS.fields)  # of a term: the plan has their values
_NODE = re.compile(r"([^\W\d]\w*)(\.\w+)*")  # what an expression that is a name says, or an output of one


class GameSide:
    """A module that has a game."""

    def __init__(self, module: ModuleIR, game: GameIR) -> None:
        self.module, self.game = module, game
        assert module.plan is not None
        self.plan = module.plan
        self._document = module.document
        tree = game_tree(module.document, module.networks, module.plan)
        assert tree is not None
        self._tree = tree

    @cached_property
    def _scope(self) -> Scope:
        """What is known of an expression before a step is taken."""
        scope = Scope(None, {**self.module.params, "batch": self.plan.batch})
        for let in self._document.let.values():
            scope.values[let.name] = LetFunction(let.name, let.args, let.expr, scope)
        return scope

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset((*self._scope.names(), *KEYWORDS))

    @cached_property
    def _library(self) -> Library:
        return Library(Diagnostics())

    # ---- what it computes

    def parts(self, variant: Variant) -> Parts:
        """Its parts at a variant."""
        return Parts(self.game.graphs[variant], self.game.plan_at(variant), self.nodes)

    @property
    def last(self) -> Variant:
        """The variant of the whole size, stable."""
        return max(variant for variant in self.game.graphs if not variant.fading)

    @cached_property
    def main(self) -> Parts:
        """Its parts at the last level."""
        return self.parts(self.last)

    # ---- what is written

    @cached_property
    def nodes(self) -> dict[str, Entry]:
        """Fields of the data, and nodes of the body."""
        found: dict[str, Entry] = {}
        for path in (["data"], ["game", "body"]):
            entry = entry_at(self._tree, path)
            if entry and isinstance(entry.value, Mapping):
                found |= entry.value.entries
        return found

    def _entry(self, part: GamePart) -> Entry | None:
        if part.player:
            return entry_at(self._tree, ["game", "players", part.player, "terms", part.name])
        return self.nodes.get(part.name) or (
            entry_at(self._tree, ["game", part.name]) if part in LISTS else None
        )

    @cached_property
    def _absent(self) -> list[str]:
        """Nodes that a condition leaves out: an input that is given one is given nothing."""
        there = {id_.partition(".")[0] for graph in self.game.graphs.values() for id_ in graph.nodes}
        nodes = [name for name, one in self.nodes.items() if form(self._fields(one.value)) != "value"]
        return [name for name in nodes if name not in there]

    # ---- as fields

    def fields(self, part: GamePart, *, defaults: bool = False) -> dict[str, Any]:
        """Its fields by path, each a number or a choice where that is known, else as it is written.

        `defaults`: with the parameters of its block that it leaves as they are.
        """
        entry = self._entry(part)
        if entry is None:
            return {}
        block, own = self._block(entry.value), self._fields(entry.value)
        own = {path: value for path, value in own.items() if value not in self._absent}
        if part == WATCHES and own.pop(BOUNDARY, None) is not None and self.main.plan.boundary is not None:
            own[BOUNDARY] = self.main.plan.boundary
        if block and defaults:
            given = {path.partition(".")[0] for path in own}
            params = {name: one.default for name, one in block.params.items() if name not in given}
            own |= {name: self._value(tree) for name, tree in params.items() if not is_null(tree)}
        term = self.main.terms.get(part)
        return self._fields_of_term(term, entry.value, own, block) if term else own

    def _fields(self, tree: Tree) -> dict[str, Any]:
        if not isinstance(tree, Mapping):
            return {"value": self._value(tree)}
        return {path: value for path, value in self._flat(tree, "") if path != "doc"}

    def _fields_of_term(
        self, term: Term, tree: Tree, own: dict[str, Any], block: BlockDecl | None
    ) -> dict[str, Any]:
        """Those that each term has are there with the values in force."""
        weight = block.weight if block else "weight"
        written, node = {}, {}
        for path, value in own.items():
            field = path.partition(".")[0]
            if field == weight:
                written[path] = value
            elif field not in _OF_THE_PLAN:
                node[path] = value
        logs = tree.get("log") if isinstance(tree, Mapping) else None
        logged = dict(self._flat(logs, "log")) if isinstance(logs, Mapping) else {"log": ", ".join(term.logs)}
        if isinstance(term.weight, int | float) or not written:
            written = {weight: term.weight}
        return {
            **node,
            **written,
            "every": f"{term.every} steps",
            "batch": "the step's" if term.batch is None else term.batch,
            "from": str(term.start),
            "until": "the end" if term.until is None else str(term.until),
            **logged,
        }

    def _value(self, tree: Tree | None) -> Any:
        """A number or a choice where it can be computed, else the text."""
        if isinstance(tree, Sequence):
            return [self._value(item) for item in tree.items]
        if not isinstance(tree, Scalar):
            return flow(tree) if tree else None
        if not isinstance(tree.value, str):
            return tree.value
        if (node := _NODE.fullmatch(tree.text)) and node[1] not in self._names:
            return tree.text  # known without an attempt, which would look for what might have been meant
        expr = parse(tree.text, tree.span, Unheard())
        found = evaluate(expr, self._scope, Unheard(), Budget()) if expr else None
        return found if isinstance(found, bool | int | float) else tree.text

    def _flat(self, tree: Mapping, path: str) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        for entry in tree:
            found += self._inside(entry.value, f"{path}.{entry.key}" if path else entry.key)
        return found

    def _inside(self, tree: Tree, path: str) -> list[tuple[str, Any]]:
        """What stands at a path; of a list of mappings each place has a path of its own."""
        if isinstance(tree, Mapping):
            return self._flat(tree, path)
        if isinstance(tree, Sequence) and _holds_mappings(tree):
            parts = (self._inside(one, f"{path}[{place}]") for place, one in enumerate(tree.items))
            return [one for part in parts for one in part]
        return [] if is_null(tree) else [(path, self._value(tree))]

    def _block(self, tree: Tree) -> BlockDecl | None:
        """The block that a node is of."""
        name = tree.get("block") if isinstance(tree, Mapping) else None
        return self._library.block(name.text, self._document) if isinstance(name, Scalar) else None

    @property
    def boundary_of(self) -> set[str]:
        """The names that the boundary of what is watched is computed of."""
        entry = entry_at(self._tree, ["game", WATCHES.name, BOUNDARY])
        return (
            {name for name, _ in names_of(entry.value)}
            if entry and isinstance(entry.value, Scalar)
            else set()
        )

    # ---- where it is from

    @cached_property
    def _places(self) -> dict[Span, str]:
        """Places of the plan's words → the part of the short form that they are of: `augment`."""
        training = self._document.tree.entries.get("training")
        found: dict[Span, str] = {}
        if training and self._document.is_short:
            found = dict.fromkeys(_spans(training), "")
            for name in WIRING:
                entry = entry_at(self._document.tree, ["training", name])
                found |= dict.fromkeys(_spans(entry) if entry else (), name)
        return found

    def section(self, part: GamePart) -> str | None:
        """The part of the short form that made it, "" for one that is told by terms; None if none did."""
        entry = self._entry(part)
        return self._places.get(entry.key_span) if entry else None

    @property
    def wiring(self) -> dict[str, Any]:
        """The fields of the plan that say how the short form's nodes are wired, by path."""
        return flat(self.plan.model_dump(mode="json", include=set(WIRING))) if self._document.is_short else {}


def _holds_mappings(tree: Tree) -> bool:
    return isinstance(tree, Mapping) or (
        isinstance(tree, Sequence) and any(_holds_mappings(one) for one in tree.items)
    )


def _spans(entry: Entry) -> list[Span]:
    found = [entry.key_span, entry.value.span]
    if isinstance(entry.value, Mapping):
        for inner in entry.value:
            found += _spans(inner)
    return found


def words(value: Any) -> set[str]:
    """The names in a field's text."""
    return set(re.findall(r"[^\W\d]\w*", str(value)))
