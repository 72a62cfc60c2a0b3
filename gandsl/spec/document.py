"""The typed document: every declaration of a spec with its place; bodies and the plan stay trees."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import field

from gandsl.diagnostics import Span
from gandsl.records import dataclass
from gandsl.spec.expressions import Expr
from gandsl.spec.params import ParamDecl
from gandsl.spec.tree import Entry, Mapping, Scalar, Tree, is_null

__all__ = [
    "BlockDecl",
    "DataDecl",
    "Document",
    "GameDecl",
    "GrowthDecl",
    "InterfaceDecl",
    "LetDecl",
    "NetworkDecl",
    "ParamDecl",
    "PlayerDecl",
    "PortDecl",
    "SlotDecl",
    "TermDecl",
    "WeightsDecl",
]


@dataclass(frozen=True, slots=True)
class PortDecl:
    """A port of a block or interface, or a network's input. `dims` is None where only the kind is given."""

    name: str
    kind: str
    dims: tuple[Expr, ...] | None
    optional: bool
    when: Expr | None
    unless: Expr | None
    each: tuple[tuple[str, Expr], ...]  # a list of inputs: variables, and what they walk in step
    distribution: str | None  # None: normal, for a Latent
    doc: str
    span: Span  # of the name
    kind_span: Span
    broken: bool = False  # its type was refused, and reported


@dataclass(frozen=True, slots=True)
class SlotDecl:
    """A place in a block that its caller fills."""

    name: str
    type: str  # an interface: `Norm`, or `lib.Norm`
    default: Tree | None
    doc: str
    span: Span
    type_span: Span


@dataclass(frozen=True, slots=True)
class InterfaceDecl:
    """What fits a slot."""

    name: str
    ports: dict[str, PortDecl]
    namespace: str | None
    gives: tuple[str, ...]
    doc: str
    span: Span


@dataclass(frozen=True, slots=True)
class LetDecl:
    """A derived value (`args` empty) or function; `expr` is None where it could not be read."""

    name: str
    args: tuple[str, ...]
    expr: Expr | None
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class BlockDecl:
    """A graph with a name. `outputs` empty: the last node, under the name x."""

    name: str
    doc: str
    source: str
    ports: dict[str, PortDecl]
    params: dict[str, ParamDecl]
    slots: dict[str, SlotDecl]
    body: Mapping
    outputs: dict[str, Scalar]
    span: Span
    home: Document = field(repr=False)
    broken: bool = False  # has no body that could be read, which was reported
    weight: str = "weight"  # what the weight of a term that it makes is called


@dataclass(frozen=True, slots=True)
class WeightsDecl:
    """Where a network's weights start: drawn by the seed (`random`), or in a file."""

    span: Span
    random: bool = False
    file: Scalar | None = None
    sha256: Scalar | None = None
    part: str = ""  # whose weights of those in the file; none: the only ones, or those under its own name
    layout: Scalar | None = None  # of another implementation
    keys: tuple[Entry, ...] = ()  # node or stage here → its name in the file
    unused: tuple[str, ...] = ()  # beginnings of names in the file that have no place here


@dataclass(frozen=True, slots=True, eq=False)
class NetworkDecl:
    """A network. `outputs` empty: the last node. The output of `output: image` has the name image."""

    name: str
    doc: str
    source: str
    inputs: dict[str, PortDecl]
    defaults: Mapping | None
    body: Mapping
    outputs: dict[str, Scalar]
    styles: Scalar | None
    span: Span
    home: Document = field(repr=False)
    broken: bool = False
    output_kinds: dict[str, Scalar] = field(default_factory=dict)  # where an output says its kind
    like: Scalar | None = None  # the network whose declaration this is, too
    weights: WeightsDecl | None = None  # where they start; None: as whoever trains them has them
    precision: Scalar | None = None  # what it is computed in; None: as the plan says


@dataclass(frozen=True, slots=True)
class DataDecl:
    """A field of what an item of the data holds. `dims` is None where only the kind is given."""

    name: str
    kind: str
    dims: tuple[Expr, ...] | None
    when: Expr | None
    unless: Expr | None
    doc: str
    span: Span  # of the name
    kind_span: Span
    broken: bool = False
    named: Map[str, Scalar] = field(default_factory=dict)  # set, field, partner, stream, mask, of, as written
    range: Expr | None = None
    steps: Tree | None = None


@dataclass(frozen=True, slots=True)
class TermDecl:
    """What a player minimizes, one of several. What is None was not written."""

    name: str
    tree: Tree  # the node: an expression, {value: …}, {block: …}, without what is read here
    weight: Tree | None
    every: Scalar | None
    batch: Scalar | None
    start: Scalar | None  # written `from`
    until: Scalar | None
    log: Tree | None  # a name, or a mapping of names to expressions
    span: Span


@dataclass(frozen=True, slots=True)
class PlayerDecl:
    """Who trains which networks, or parts of them, by which terms."""

    name: str
    trains: tuple[Scalar, ...]
    steps: Scalar | None
    start: Scalar | None  # written `from`
    until: Scalar | None
    optimizer: Mapping | None
    terms: dict[str, TermDecl]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class GameDecl:
    """What a step of training does. `order` None: the players as listed, each a turn."""

    fresh: str  # phase, step
    order: tuple[tuple[Scalar, ...], ...] | None
    body: Mapping
    players: dict[str, PlayerDecl]
    logs: dict[str, Scalar]
    shows: tuple[Scalar, ...]
    watches: dict[str, Scalar]  # real, fake, samples, items, boundary
    span: Span
    home: Document = field(repr=False)


@dataclass(frozen=True, slots=True)
class GrowthDecl:
    """A family of programs, one for each size in `over`."""

    over: Expr
    span: Span


@dataclass(slots=True, eq=False)
class Document:
    """A spec, or a file of blocks, after extends, patches and overrides.

    `file` is its name in messages, `path` where it lies. Declarations that were refused are still here,
    marked as broken, so that their uses are not reported as well.
    """

    file: str
    path: str
    version: int
    name: str
    doc: str
    source: str
    tree: Mapping = field(repr=False)
    params: dict[str, ParamDecl] = field(default_factory=dict)
    let: dict[str, LetDecl] = field(default_factory=dict)
    growth: GrowthDecl | None = None
    interfaces: dict[str, InterfaceDecl] = field(default_factory=dict)
    blocks: dict[str, BlockDecl] = field(default_factory=dict)
    networks: dict[str, NetworkDecl] = field(default_factory=dict)  # generator, discriminator, then others
    data: dict[str, DataDecl] = field(default_factory=dict)
    game: GameDecl | None = None  # of a spec without a short form
    training: Mapping | None = None
    moved: dict[str, str] = field(default_factory=dict)
    imports: dict[str, str | Document] = field(default_factory=dict)  # name → path, or what it holds
    requires: dict[str, Scalar] = field(default_factory=dict)  # prefix of ops → the package that has them
    sources: dict[str, str] = field(default_factory=dict, repr=False)  # file → text, of all it was made from
    paths: dict[str, str] = field(default_factory=dict, repr=False)  # file → where it lies

    @property
    def is_short(self) -> bool:
        """Whether a loss stands for the game: the short form. `game:` adds to its expansion."""
        return is_short(self.tree)

    @property
    def tells_game(self) -> bool:
        """Whether something is said in the words of a game: a whole one, or beside what a loss stands for."""
        return self.game is not None or any(key in self.tree for key in ("data", "game", "patch"))


def is_short(spec: Mapping) -> bool:
    """Whether the tree of a spec has a loss, which stands for a game."""
    training = spec.get("training")
    return isinstance(training, Mapping) and not is_null(training.get("loss"))


def moved_in(network: str, moved: Map[str, str]) -> dict[str, str]:
    """The moves within one network, without its name: `discriminator.b4: discriminator.head` is b4: head."""
    start = f"{network}."
    return {
        old.removeprefix(start): new.removeprefix(start)
        for old, new in moved.items()
        if old.startswith(start) and new.startswith(start)
    }
