"""The elaborator's tools for a game: expressions that compute with tensors, ports that take lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from gandsl.diagnostics import Span
from gandsl.frontend.builder import ROWS, Tally
from gandsl.frontend.context import Context
from gandsl.frontend.game.algebra import GameAlgebra
from gandsl.frontend.game.builder import GameBuilder
from gandsl.frontend.game.functions import functions_of_games
from gandsl.frontend.game.hearing import Hearing
from gandsl.frontend.game.numbers import number_of
from gandsl.frontend.game.values import GameTensor, PartValue
from gandsl.frontend.reporting import Reporter
from gandsl.frontend.unfolder import UnfoldBody, Unfolder
from gandsl.frontend.values import Above, TensorValue, first_output, leaves
from gandsl.ir.types import KINDS, is_a
from gandsl.spec import tree as trees
from gandsl.spec.builtins import Builtin
from gandsl.spec.document import Document, NetworkDecl
from gandsl.spec.library import Library
from gandsl.spec.params import Declared, coerce
from gandsl.spec.scope import Budget
from gandsl.spec.tree import Scalar, Tree
from gandsl.spec.values import ABSENT, POISON, Absent, Poison


class GameUnfolder(Unfolder):
    """What every form of a game's node needs. One for each variant of the game."""

    ops = {name: op for name, op in ROWS.items() if op.in_games}
    reuses = False
    absent_outputs = True  # a loss has one for each player, and not each is asked for
    builder: GameBuilder

    def __init__(
        self,
        document: Document,
        library: Library,
        reporter: Reporter,
        budget: Budget,
        family: Mapping[str, Any],
        tally: Tally,
        unfold_body: UnfoldBody,
        networks: Mapping[str, PartValue | Poison],
        players: Sequence[str],
    ) -> None:
        self._known = dict(family)
        super().__init__(document, library, reporter, budget, self._known, tally, unfold_body)
        self.networks = networks
        self.declared: Mapping[str, NetworkDecl] = document.networks
        self.players = players
        self.player = ""  # whose term is unfolded
        self.logged: dict[str, tuple[str, Span]] = {}  # name in the log → node, and where it is written
        self.waiting: list[Any] = []  # states of all bodies, whose `next` comes last
        self.programs: dict[tuple[str, str], Any] = {}  # network and entry → its program at this variant

    def _made(self, reporter: Reporter) -> tuple[GameBuilder, Mapping[str, Builtin]]:
        builder = GameBuilder(reporter)
        builder.algebra = self.algebra = GameAlgebra(builder)
        return builder, functions_of_games(self.algebra)

    @contextmanager
    def hearing(self) -> Iterator[Hearing]:
        """Around the `next` of a state."""
        self.algebra.hearing = Hearing(self.builder)
        try:
            yield self.algebra.hearing
        finally:
            self.algebra.hearing = None

    # ---- what there is

    def network(self, name: str) -> NetworkDecl | None:
        return self.declared.get(name)

    def fade(self, context: Context, span: Span) -> Any:
        """The weight of the level that fades in, called `alpha`: one node for all who read it."""
        if self._known.get("alpha", ABSENT) is ABSENT:
            self._known["alpha"] = self.builder.source("alpha", "fade", {}, replace(context, path=""), span)
        return self._known["alpha"]

    @property
    def grows(self) -> bool:
        """Whether this is one of several variants, whose images are of several sizes."""
        return "fading" in self._known

    # ---- for a wanted type

    def parameter(self, param: Declared, tree: Tree, context: Context, where: str) -> Any:
        if param.type == "number":
            value = number_of(self, tree, context, f"`{param.name}` of {where}")
            moves = not isinstance(value, TensorValue)
            return self._moving(value, param, tree, context, where) if moves else value
        if param.type == "ids":
            return self._ids(param, tree, context, where)
        return super().parameter(param, tree, context, where)

    def _moving(self, value: Any, param: Declared, tree: Tree, context: Context, where: str) -> Any:
        """A number as it is; a curve or stairs as a Scalar of the clock."""
        if value is POISON or value is None or isinstance(value, int | float):
            return coerce(param, value, tree.span, self.at(context, tree), where)
        with self.builder.reading(context, tree.span):
            return self.builder.make("clock", {}, number=value)

    def _ids(self, param: Declared, tree: Tree, context: Context, where: str) -> Any:
        items = tree.items if isinstance(tree, trees.Sequence) else (tree,)
        if all(isinstance(item, Scalar) and isinstance(item.value, str) for item in items):
            written = [item.text for item in items if isinstance(item, Scalar)]
            if len(written) == 1 and written[0].partition(".")[0] in context.scope:
                return first_output(self.evaluate(tree, context))  # a parameter of the block around
            return written
        message = f"`{param.name}` of {where} wants ids, such as `[shared, b4]`"
        self.at(context, tree).add("G0207", message, tree.span)
        return POISON

    def as_tensor(
        self,
        value: Any,
        kinds: Sequence[str],
        span: Span,
        context: Context,
        *,
        port: str,
        where: str,
        above: Above | None = None,
    ) -> Any:
        """A tensor of one of `kinds`, or a list of such."""
        value = first_output(value)
        if isinstance(value, PartValue) and not value.path and "Weights" in kinds:
            with self.builder.reading(context, span):
                value = self.builder.make("weights", {}, network=value.network)
        if not isinstance(value, list | tuple):
            return self._one(value, kinds, span, context, port=port, where=where, above=above)
        found = [
            self._one(one, kinds, span, context, port=port, where=where, above=above) for one in leaves(value)
        ]
        if POISON in found:
            return POISON
        return ABSENT if ABSENT in found else list(value)

    def _one(
        self, value: Any, kinds: Sequence[str], span: Span, context: Context, **told: Any
    ) -> TensorValue | Absent | Poison:
        value = first_output(value)
        if isinstance(value, GameTensor) and any(
            value.type.kind == KINDS[kind][1] for kind in kinds if kind in KINDS
        ):
            return value  # a blend of images is a Feature, and an image all the same
        return super().as_tensor(value, kinds, span, context, **told)


def may_be(kind: str, wanted: str) -> bool:
    """Whether a tensor of a kind may be given to an input of a network."""
    return is_a(kind, wanted) or KINDS[wanted][1] == kind or (kind == "Logits") != (wanted == "Logits")
