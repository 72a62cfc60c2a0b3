"""From the short form to `data` and `game`: who trains what, by which terms, in one tree."""

from __future__ import annotations

from collections.abc import Mapping as Map
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gandsl.diagnostics import Diagnostics, Unheard
from gandsl.frontend.references import names_in, scalars_of
from gandsl.frontend.short_form.data import data_of
from gandsl.frontend.short_form.make import mapping, number, tree
from gandsl.frontend.short_form.nodes import Nodes
from gandsl.frontend.short_form.roles import roles_of
from gandsl.frontend.short_form.terms import terms_of
from gandsl.frontend.short_form.written import Written
from gandsl.ir.graph import NetworkIR
from gandsl.spec.document import BlockDecl, Document
from gandsl.spec.library import Library
from gandsl.spec.parse import parse
from gandsl.spec.tree import Entry, Mapping, Scalar
from gandsl_runtime.plan import Adaptive

if TYPE_CHECKING:
    from gandsl_runtime.plan import Plan

SIDES = {"discriminator": "D", "generator": "G"}  # player → its letter in the log; in their order


def expand(document: Document, networks: Map[str, NetworkIR], plan: Plan) -> Mapping:
    """`data` and `game` of a spec that has a loss, a generator and a discriminator.

    Each token has the place of the words that it stands for; a value that the user wrote is there as written.
    """
    return _Expansion(document, networks, plan).tree()


class _Expansion:
    def __init__(self, document: Document, networks: Map[str, NetworkIR], plan: Plan) -> None:
        self.document, self.plan = document, plan
        self.written = Written(document, plan)
        classifier = plan.auxiliary.output if plan.auxiliary else None
        self.roles = roles_of(document.networks, networks, classifier)
        self.nodes = Nodes(document, self.roles, self.written)
        self.span = self.written.span("loss")

    def tree(self) -> Mapping:
        terms: dict[str, dict[str, Entry]] = {player: {} for player in SIDES}
        real, fake = (self.nodes.said_at(place, "discriminator", True) for place in ("real", "fake"))
        for player, value in self._losses(real, fake).items():
            terms[player]["adversarial"] = self._adversarial(player, value, real, fake)
        for player, term in terms_of(self.nodes):
            terms[player][term.key] = term
        self._adapt(real)
        players = {player: self._player(player, terms[player]) for player in SIDES}
        made, items = self.nodes.fake().whole, self.nodes.item().whole
        p = self.nodes.p() if self.plan.augment else None
        p = p if isinstance(p, str) else None  # a number alone is no news
        game = {
            "body": Mapping(self.nodes.body(), self.span),
            "players": players,
            "logs": self._logs(p),
            "shows": made.strip("[]").split(", ")[-1:],  # of its sizes the largest
            "watches": {"real": real, "fake": fake, "samples": made, "items": items, **self._boundary()},
        }
        data = data_of(self.document, self.roles)
        return Mapping(
            {
                "data": Entry("data", data.span, data),
                "game": Entry("game", self.span, mapping(game, self.span)),
            },
            self.span,
        )

    # ---- the loss

    def _losses(self, real: str, fake: str) -> dict[str, str]:
        """The loss of each player, as an expression."""
        said = self.nodes.said(self.nodes.judged("fake"))
        reads_real = "real" in _reads(self._block, "generator")
        self._loss("adversarial", real, fake)
        if not reads_real and fake == said:
            return {player: f"adversarial.{player}" for player in SIDES}
        again = None
        if reads_real:  # in G's phase fakes come first, and a D that keeps a state notices
            images, labels = self.nodes.seen("real"), self.nodes.labels("real")
            again = self.nodes.said(self.nodes.judge("again", "again", images, labels, draws="real"))
        self._loss("wanted", again, said)
        return {"discriminator": "adversarial.discriminator", "generator": "wanted.generator"}

    @property
    def _block_name(self) -> str:
        """The block that the loss names: of one's own, or of the library."""
        return self.plan.own_loss or f"loss.{self.plan.loss.kind}"

    @cached_property
    def _block(self) -> BlockDecl:
        block = Library(Diagnostics()).block(self._block_name, self.document)
        assert block is not None, f"no block {self._block_name}"
        return block

    def _loss(self, name: str, real: str | None, fake: str) -> None:
        written = self.document.training.get("loss") if self.document.training else None
        named = ("kind", "block")
        own = [entry for entry in written if entry.key not in named] if isinstance(written, Mapping) else []
        fields = {
            entry.key: Entry(entry.key, entry.key_span, self.written.field(f"loss.{entry.key}"))
            for entry in own
            if self.written.wrote(f"loss.{entry.key}")
        }
        self.nodes.add(
            "loss", name, {"block": self._named(self._block_name), "real": real, "fake": fake, **fields}
        )

    def _named(self, block: str) -> Scalar:
        """The block, at the word that names it."""
        path = next((at for at in ("loss.kind", "loss.block") if self.written.wrote(at)), "loss")
        span = self.written.field(path).span if self.written.wrote(path) else self.span
        return Scalar(block, block, True, span)

    def _adversarial(self, player: str, value: str, real: str, fake: str) -> Entry:
        log: Any = f"loss/{SIDES[player]}"
        if player == "discriminator":
            scores = {place: self._score(said) for place, said in (("real", real), ("fake", fake))}
            log = {log: value, **{f"score/{place}": score for place, score in scores.items()}}
        return Entry("adversarial", self.span, mapping({"value": value, "log": log}, self.span))

    def _score(self, said: str) -> str:
        ports = self.roles.logits
        return f"mean({said})" if len(ports) == 1 and not ports[0].is_list else f"average(mean({said}))"

    def _boundary(self) -> dict[str, str]:
        """Where the loss draws the line between real and generated, if it says so."""
        return {"boundary": "adversarial.boundary"} if "boundary" in self._block.outputs else {}

    # ---- what adapts

    def _adapt(self, real: str) -> None:
        """The chance of augmentation, which follows how sure D is of real images (arXiv:2006.06676)."""
        augment = self.plan.augment
        if augment is None or not isinstance(augment.p, Adaptive):
            return
        p, at = augment.p, "augment.p"
        every, span = int(p.every.number), self.written.span(at)
        step = f"batch * {every} / {number(p.over.amount)}"
        top = "absent" if p.max is None else number(p.max)
        next_ = f"clip(p + sign(sure - {number(p.target)}) * ({step}), 0, {top})"
        state = {
            "state": "Scalar",
            "start": tree(p.start, span),
            "every": f"{every} steps",
            "in": "discriminator",
            "next": next_,
            "moved": "augment/p",
        }
        self.nodes.add("p", "p", state, span)
        below = [f" - first_present({name}, 0)" for name in self._boundary().values()]  # absent: G0628
        sign = f"sign({real}{''.join(below)})"
        ports = self.roles.logits
        single = len(ports) == 1 and not ports[0].is_list
        self.nodes.add("sure", "sure", f"mean({sign})" if single else f"average(mean({sign}))", span)

    def _logs(self, p: str | None) -> dict[str, str] | None:
        """What changes of augmentation; what it adapts to."""
        if p is None:
            return None
        return {"augment/p": p} | ({"sign/real": "sure"} if self.plan.adapts else {})

    # ---- players

    def _player(self, player: str, terms: dict[str, Entry]) -> dict[str, Any]:
        steps = None
        if player == "discriminator" and self.plan.discriminator_steps != 1:
            steps = self.written.field("discriminator_steps")
        return {"trains": [player], "steps": steps, "terms": Mapping(terms, self.span)}


def _reads(block: BlockDecl, output: str) -> set[str]:
    """The ports that an output of a block depends on."""
    found: set[str] = set()
    waiting = [output]
    texts = {name: [scalar] for name, scalar in block.outputs.items()}
    texts |= {entry.key: scalars_of(entry.value) for entry in block.body}
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for scalar in texts.get(name, ()):
            expression = parse(scalar.text, scalar.span, Unheard())
            waiting += names_in(expression) if expression else ()
    return found & set(block.ports)
