"""A game as its rules see it: every pass that there ever is, and what was written where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from gandsl.analysis.facts import RuleInput, in_library, label, place
from gandsl.analysis.game.slices import PassIR, roots, slices_of
from gandsl.analysis.game.tracked import Derivatives, Tracked, tracked_by
from gandsl.analysis.game.whole import Place, Whole
from gandsl.diagnostics import Label, Span
from gandsl.frontend.short_form.table import Template, places, templates
from gandsl.ir.game import GameIR
from gandsl.ir.graph import Graph, NetworkIR, Variant
from gandsl.records import dataclass
from gandsl.spec import tree as trees
from gandsl.spec.tree import Entry, entry_at
from gandsl_runtime.plan.game import GamePlan, Player, Term
from gandsl_runtime.plan.schedule import Clock


@dataclass(frozen=True)
class PlayedPass:
    """A pass, and where derivatives pass in it."""

    one: PassIR
    players: tuple[Player, ...]

    @cached_property
    def flow(self) -> Derivatives:
        return Derivatives(self.one.whole, self.one.places, self.players)

    @cached_property
    def differentiable(self) -> frozenset[Place]:
        """What would be tracked if every gradient were differentiated again."""
        bys = {by for gradient in self.flow.gradients for by in self.flow.by(gradient)}
        return self.flow.dependent(bys, self.flow.variables)[0]

    @cached_property
    def tracked(self) -> Tracked:
        return tracked_by(self.flow, self.one)

    @property
    def twice(self) -> Mapping[str, tuple[Place, ...]]:
        """Gradients that something asks to differentiate, and through which ops."""
        return self.tracked.again if self.flow.gradients else {}

    def player(self, term: Term) -> Player:
        """Whose term it is."""
        return next(player for player in self.players if term in player.terms)


@dataclass(frozen=True)
class Subject:
    """What a message is about: its name and place."""

    name: str
    span: Span


@dataclass(frozen=True)
class Played:
    """A variant of a game, with all terms of all players, whenever they are there."""

    facts: RuleInput
    game: GameIR
    variant: Variant

    @property
    def graph(self) -> Graph:
        return self.game.graphs[self.variant]

    @property
    def networks(self) -> Mapping[str, NetworkIR]:
        return self.facts.module.networks

    @cached_property
    def whole(self) -> Whole:
        return Whole(self.graph, self.networks, self.variant)

    @cached_property
    def plan(self) -> GamePlan:
        return always(self.game.plan_at(self.variant))

    @cached_property
    def passes(self) -> tuple[PlayedPass, ...]:
        """Those of all phases, in order."""
        game = replace(self.game, plans={self.variant: self.plan})
        return tuple(
            PlayedPass(one, tuple(self.plan.players[name] for name in phase.players))
            for phase in self.plan.phases(Clock())
            for one in slices_of(game, self.whole, phase)
        )

    @cached_property
    def wanted(self) -> frozenset[str]:
        """The nodes that terms depend on, what is logged, shown or watched, or that moves such a state."""
        plan = self.plan
        terms = [term for player in plan.players.values() for term in player.terms]  # of weight 0, too
        ends = {id_ for term in terms for id_ in (*roots(term), *term.logs.values())}
        ends.update((*plan.shows, *plan.logs.values(), *plan.watches.values()))
        found: set[str] = set()
        while more := self._upstream(ends) - found:
            found |= more
            ends = {id_ for state in plan.states if state.id in more for id_ in (state.next, *state.heard)}
        return frozenset(found)

    def _upstream(self, ends: set[str]) -> set[str]:
        inside = (("", id_) for id_ in ends if id_ in self.graph.nodes)
        return {id_ for call, id_ in self.whole.upstream(inside) if not call}

    # ---- places in the text

    def written(self, path: str) -> dict[str, Entry]:
        """What a section of the spec's text declares, such as `game.body`: not what a short form makes."""
        section = entry_at(self.facts.document.tree, path.split("."))
        entries = section.value if section and isinstance(section.value, trees.Mapping) else ()
        return {entry.key: entry for entry in entries if not trees.is_null(entry.value)}

    def term(self, term: Term) -> Span:
        """Where a term is named."""
        return self.game.places.get(term.id) or place(self.graph[term.node])

    def field(self, term: Term, name: str) -> Span:
        """Where a field of a term is written: in a part of the plan, if that is what it stands for."""
        player, _, own = term.id.partition(".")
        if written := self.written(f"game.players.{player}.terms.{own}").get(name):
            return written.value.span
        if self._template(term.id):
            return self.facts.value(f"{places()[own].partition('.')[2]}.{name}")
        return self.term(term)

    def subject(self, gradient: str) -> Subject:
        """What takes a gradient, in the user's words: a node of his own, or what he used that has one."""
        node = self.graph[gradient]
        if not in_library(node.provenance.span):
            return Subject(gradient, place(node))
        for term in (term for player in self.plan.players.values() for term in player.terms):
            if gradient.startswith(f"{term.id}."):
                return Subject(short_name(term), place(node))
        return Subject(gradient.partition(".")[0], place(node))

    def _template(self, term: str) -> Template:
        """What the short form says of a term that it made; nothing of others."""
        return templates().get(term, {}) if self.facts.document.is_short else {}

    def node(self, id_: str) -> Span:
        """A node's line in the user's files."""
        return place(self.graph[id_])

    def label(self, id_: str, text: str = "") -> Label:
        return label(self.graph[id_], text or f"`{id_}`")


def always(plan: GamePlan) -> GamePlan:
    """The plan with every player and term there from the beginning to the end."""
    players = {
        name: replace(
            player,
            start=Player.start,
            until=None,
            terms=tuple(replace(term, start=Term.start, until=None) for term in player.terms),
        )
        for name, player in plan.players.items()
    }
    return replace(plan, players=players)


def short_name(term: Term) -> str:
    """A term's name without its player's."""
    return term.id.partition(".")[2]
