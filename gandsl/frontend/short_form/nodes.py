"""The body of a game of two networks: a node is made when something asks for it, and stands in its order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gandsl.diagnostics import Span
from gandsl.frontend.short_form.data import scales
from gandsl.frontend.short_form.make import mapping, tree
from gandsl.frontend.short_form.roles import Port, Roles, listed
from gandsl.frontend.short_form.written import Written
from gandsl.records import dataclass
from gandsl.spec.document import Document
from gandsl.spec.tree import Entry, Tree
from gandsl_runtime.plan import Adaptive, Curve, Stairs

# Nodes of a pass are computed in this order, which calls of a network that keeps a state notice. Generated
# images that G sees come before real ones (`again`): so they are judged in its phase.
ORDER = (
    *("p", "weight", "z", "z2", "c", "mapped", "other", "ws", "fake", "made", "item", "seen", "shown"),
    *("joined", "labels", "both", "halves", "real", "said", "moved", "moved_said", "near", "near_said"),
    *("mix", "between", "middle_seen", "middle", "again", "loss", "sure"),
)
CALLS = {"real": "real", "fake": "said", "between": "middle"}  # place → D's call there
VIEWS = {"real": "seen", "fake": "shown", "between": "middle_seen"}  # place → what D sees of it


@dataclass(frozen=True)
class Images:
    """Images as one value, and one by one as D's inputs take them."""

    whole: str
    parts: tuple[str, ...]


class Nodes:
    """Makes nodes, once each, and knows what to call what they give."""

    def __init__(self, document: Document, roles: Roles, written: Written) -> None:
        self.document, self.roles, self.written = document, roles, written
        self._made: list[tuple[int, str, Tree, Span]] = []
        self._known: set[str] = set()
        plan = written.plan
        self.mixing, self.augment = plan.style_mixing, plan.augment
        self.span = written.span("loss")
        self.joint = plan.discriminator_passes == "joint"
        label = document.networks["generator"].inputs.get(roles.label or "")
        self.maybe_label = label is not None and bool(label.when or label.unless)

    def body(self) -> dict[str, Entry]:
        """All that was made, in order."""
        ordered = sorted(self._made, key=lambda made: made[0])
        return {name: Entry(name, span, node) for _, name, node, span in ordered}

    def add(self, stem: str, name: str, node: dict[str, Any] | str | Tree, span: Span | None = None) -> str:
        """A node, unless it is there; its name. `stem` is its place in the order."""
        if name not in self._known:
            self._known.add(name)
            place = span or self.span
            made = mapping(node, place) if isinstance(node, dict) else tree(node, place)
            self._made.append((ORDER.index(stem), name, made, place))
        return name

    # ---- what is drawn and generated

    def latent(self, port: Port, stem: str = "z", span: Span | None = None) -> str:
        """z, or z_NAME where there are several; of a list of latents, the list of their draws."""
        alone = len(self.roles.latents) == 1 and len(port.nodes) == 1
        names = [
            self.add(stem, stem if alone else f"{stem}_{node}", {"draw": f"generator.{node}"}, span)
            for node in port.nodes
        ]
        return f"[{', '.join(names)}]" if port.is_list else names[0]

    def label(self) -> str | None:
        """The classes of generated images."""
        return self.add("c", "c", {"draw": "y"}) if self.roles.label else None

    def inputs(self, latents: dict[str, str]) -> dict[str, Any]:
        """The generator's inputs: these latents, and labels."""
        label = {self.roles.label: self.label()} if self.roles.label else {}
        return {**latents, **label}

    def latents(self, stem: str = "z", span: Span | None = None) -> dict[str, str]:
        return {port.name: self.latent(port, stem, span) for port in self.roles.latents}

    def fake(self) -> Images:
        """Generated images, of mixed styles where the plan mixes."""
        if self.mixing:
            self.styles()
            self._synthesis("fake", "ws", {})
        else:
            self.add("fake", "fake", self._call("generator", self.inputs(self.latents())))
        return self._generated("fake")

    def styled(self, span: Span) -> tuple[Images, str]:
        """Images as a function of their styles, and these."""
        if self.mixing:
            return self.fake(), self.styles()
        styles = self.styles(span)
        self._synthesis("made", styles, {"draws": "fake"}, span)
        return self._generated("made"), styles

    def styles(self, span: Span | None = None) -> str:
        """Styles, mixed where the plan mixes."""
        mapped = {"network": "generator.mapping", **self.inputs(self.latents())}
        self.add("mapped", "mapped", mapped, span)
        if not self.mixing:
            return "mapped"
        span = self.written.span("style_mixing")
        self.add("other", "other", self.other(self.latents("z2", span)), span)
        fields = {
            name: self.written.field(f"style_mixing.{name}")
            for name in ("probability", "per")
            if self.written.wrote(f"style_mixing.{name}")
        }
        return self.add("ws", "ws", {"block": "style.crossover", "a": "mapped", "b": "other", **fields}, span)

    def other(self, latents: dict[str, str], **more: Any) -> dict[str, Any]:
        """A second call of the mapping: the running mean of w sees each image once."""
        return {"network": "generator.mapping", **self.inputs(latents), **self.held(), **more}

    def held(self) -> dict[str, str]:
        return {"holds": listed(self.roles.averages)} if self.roles.averages else {}

    def _synthesis(self, name: str, styles: str, more: dict[str, Any], span: Span | None = None) -> None:
        self.add(name, name, self._call("generator.synthesis", {"ws": styles, **more}), span)

    def _generated(self, call: str) -> Images:
        made = self.roles.made
        names = [call] if len(made) == 1 else [f"{call}.{port.name}" for port in made]
        return self.split(listed(names), names if not (len(made) == 1 and made[0].is_list) else None)

    def generated_by(self, call: str) -> Images:
        """The images of a further call of the generator."""
        return self._generated(call)

    def split(self, whole: str, parts: list[str] | None = None) -> Images:
        """Images one by one as D's inputs take them."""
        seen = self.roles.images
        if len(seen) == 1:
            return Images(whole, (whole,))
        each = parts if parts and len(parts) == len(seen) else [f"{whole}[{at}]" for at in range(len(seen))]
        return Images(whole, tuple(each))

    def _call(self, network: str, fields: dict[str, Any]) -> dict[str, Any]:
        several = self.roles.outputs[network.partition(".")[0]] > 1
        return {"network": network, **fields, "outputs": "all" if several else None}

    # ---- what the discriminator sees and says

    def images(self, place: str) -> Images:
        """Real or generated images, or those between, before augmentation."""
        return {"real": self.item, "fake": self.fake, "between": self.between}[place]()

    def item(self) -> Images:
        """Real images at D's scales."""
        names = [
            self.add("item", name, node) if node else name
            for name, node in scales(self.document, self.roles, self.written.plan).items()
        ]
        return self.split(listed(names), names)

    def between(self) -> Images:
        """Somewhere between a real and a generated image."""
        self.add("mix", "mix", {"draw": "Number", "distribution": "uniform"})
        self.add("between", "between", f"lerp({self.item().whole}, {self.fake().whole}, mix)")
        return self.split("between")

    def seen(self, place: str) -> Images:
        """Images as D sees them."""
        return self.viewed(VIEWS[place], VIEWS[place], self.images(place))

    def viewed(self, stem: str, name: str, images: Images, **more: Any) -> Images:
        """Images augmented as the plan says."""
        if not self.augment:
            return images
        span = self.written.span("augment")
        node = {"op": "augment", "x": images.whole, "pipe": self.written.field("augment.pipe"), "p": self.p()}
        self.add(stem, name, {**node, **more}, span)
        return self.split(name)

    def p(self) -> str | Tree:
        """The chance of augmentation: a number, a curve, or what adapts (`adaptive`)."""
        assert self.augment
        if isinstance(self.augment.p, Adaptive):
            return "p"
        field = self.written.field("augment.p")
        if isinstance(self.augment.p, Curve | Stairs):
            return self.add("p", "p", {"value": field}, self.written.span("augment.p"))
        return field

    def labels(self, place: str) -> str | None:
        """The classes of images at a place."""
        return self.label() if place == "fake" else "y" if self.roles.classes_are_seen else None

    def judged(self, place: str) -> str:
        """D's call at a place."""
        name = CALLS[place]
        return self.judge(name, name, self.seen(place), self.labels(place))

    def judge(
        self, stem: str, name: str, images: Images, labels: str | None, span: Span | None = None, **more: Any
    ) -> str:
        """A call of D."""
        return self.add(
            stem, name, self._call("discriminator", {**self._given(images, labels), **more}), span
        )

    def _given(self, images: Images, labels: str | None) -> dict[str, str]:
        given = {port.name: part for port, part in zip(self.roles.images, images.parts, strict=True)}
        label = self.roles.judges_label
        return {**given, label: labels} if label and labels else given

    def said(self, call: str, what: str = "logits") -> str:
        """Logits of D's call, or a classifier's."""
        if what == "classes":
            return f"{call}.{self.roles.classes}"
        return listed([f"{call}.{port.name}" for port in self.roles.logits])

    def said_at(self, place: str, player: str, every_step: bool, what: str = "logits") -> str:
        """What D says at a place, in a phase of a player: in D's own main phase, maybe of all at once."""
        if self.joint and player == "discriminator" and every_step and place != "between":
            return self._half(("fake", "real").index(place), what)
        return self.said(self.judged(place), what)

    def _half(self, at: int, what: str) -> str:
        """What D says of generated (0) and real (1) images, joined in one batch."""
        span = self.written.span("discriminator_passes")
        pairs = zip(self.seen("fake").parts, self.seen("real").parts, strict=True)
        names = [
            self.add("joined", name, {"op": "join", "terms": list(pair)}, span)
            for name, pair in zip(self._each("joined", self.roles.images), pairs, strict=True)
        ]
        labels = None
        if self.roles.judges_label and self.roles.label:
            terms = [self.labels("fake"), self.labels("real")]
            joined = {"op": "join", "terms": terms, "when": "present(c)" if self.maybe_label else None}
            labels = self.add("labels", "labels", joined, span)
        self.judge("both", "both", Images(listed(names), tuple(names)), labels, span)
        if what == "classes":
            said = {"halves_of_classes": self.roles.classes}
        else:
            ports = self.roles.logits
            names_of = self._each("halves", ports)
            said = {name: port.name for name, port in zip(names_of, ports, strict=True)}
        return listed(
            [
                f"{self.add('halves', name, {'op': 'split', 'x': f'both.{one}', 'as': names[0]}, span)}[{at}]"
                for name, one in said.items()
            ]
        )

    @staticmethod
    def _each(stem: str, ports: Sequence[Port]) -> list[str]:
        """A name for each of several ports; of one alone the stem."""
        return [stem] if len(ports) == 1 else [f"{stem}_{port.name}" for port in ports]
