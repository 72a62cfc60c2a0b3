"""A game as a spec declares it: fields of the data, players and their terms."""

from __future__ import annotations

from collections.abc import Iterable

from gandsl.diagnostics import Diagnostics, Label, Span
from gandsl.diagnostics.suggest import did_you_mean, nearest
from gandsl.spec import shapes
from gandsl.spec.document import DataDecl, Document, GameDecl, PlayerDecl, TermDecl
from gandsl.spec.fields import as_scalar, entries_in, expression, meant, read_fields, text_in
from gandsl.spec.parse import parse_type
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree, entry_at, is_null

# kinds of fields of the data
KINDS = ("Image", "Mask", "Classes", "Feature", "Signal", "Volume", "Label", "Number", "Vector", "Tokens")
NAMED = (
    "set",
    "field",
    "partner",
    "stream",
    "mask",
    "of",
)  # what a field of the data says of itself by names
# fields of the plan that are said in a game where there is one → what to write there
SHORT = {
    "regularizers": "write them as terms: `{block: penalty.zero_centred, of: …, by: …, gamma: 10}`",
    "auxiliary": "write terms `{block: likelihood.category, logits: …, y: …}`",
    "style_mixing": "write a node `{block: style.crossover, a: …, b: …}` before the synthesis",
    "augment": "write nodes `{op: augment, x: …, pipe: …, p: …}`, and call the discriminator on these",
    "discriminator_steps": "set `steps` of a player",
    "discriminator_passes": "write `{op: join, terms: […]}` before the call, and `{op: split, …}` after it",
    "synchronize.path_length": "set `processes: own` of the term's block",
}


def data(entry: Entry, diagnostics: Diagnostics) -> DataDecl:
    """A field of `data`: `image: "Image[3, resolution]"`, or `{type: …, when: …}`."""
    errors = len(diagnostics)
    given = read_fields(shapes.DATA, entry.value, entry.key_span, diagnostics) or {}
    written = given.get("type")
    type_ = parse_type(written.text, written.span, diagnostics) if isinstance(written, Scalar) else None
    if type_ and type_.kind not in KINDS:
        message = f"a field of the data is of a kind that items have, and {type_.kind} is none of these: "
        message += ", ".join(KINDS)
        diagnostics.add("G0613", message, type_.kind_span, help=did_you_mean(type_.kind, KINDS))
    return DataDecl(
        name=entry.key,
        kind=type_.kind if type_ else "",
        dims=type_.dims if type_ else None,
        when=expression(given.get("when"), diagnostics),
        unless=expression(given.get("unless"), diagnostics),
        doc=text_in(given, "doc"),
        span=entry.key_span,
        kind_span=type_.kind_span if type_ else entry.key_span,
        broken=type_ is None or len(diagnostics) > errors,
        named={key: each for key in NAMED if isinstance(each := given.get(key), Scalar)},
        range=expression(given.get("range"), diagnostics),
        steps=given.get("steps"),
    )


def game(entry: Entry, home: Document, diagnostics: Diagnostics) -> GameDecl | None:
    """A whole game; None where it is no mapping of fields, which is reported.

    `entry` is that of `game`, as a file or the expansion of a short form has it. What its nodes, terms and
    expressions mean is for the elaborator to say.
    """
    given = read_fields(shapes.GAME, entry.value, entry.key_span, diagnostics)
    if given is None or not isinstance(entry.value, Mapping):
        return None
    misspelt = meant(shapes.GAME, entry.value)  # read on as what was meant: all else rests on it
    given = {name: tree for name, tree in misspelt.items() if isinstance(tree, Mapping)} | given
    body = given.get("body")
    players = {each.key: _player(each, diagnostics) for each in entries_in(given, "players")}
    if "players" not in given or not players:
        help = "players: {generator: {trains: [generator], terms: {…}}, …}"
        diagnostics.add("G0009", "the game has no players", entry.key_span, help=help)
    shows = given.get("shows")
    watches = given.get("watches")
    watched = read_fields(shapes.WATCHES, watches, entry.key_span, diagnostics) if watches else {}
    return GameDecl(
        fresh=text_in(given, "fresh") or "phase",
        order=_order(given.get("order"), players, diagnostics),
        body=body if isinstance(body, Mapping) else Mapping({}, entry.key_span),
        players=players,
        logs=_scalars({each.key: each.value for each in entries_in(given, "logs")}),
        shows=tuple(_items(shows)),
        watches=_scalars(watched or {}),
        span=entry.key_span,
        home=home,
    )


def _meant(tree: Tree) -> set[str]:
    """The fields of a player that are not missing: what is written, if wrongly."""
    if not isinstance(tree, Mapping):
        return {"trains", "terms"}
    return {*meant(shapes.PLAYER, tree), *tree.entries}


def _scalars(trees: dict[str, Tree]) -> dict[str, Scalar]:
    return {name: scalar for name, tree in trees.items() if (scalar := as_scalar(tree))}


def _items(tree: Tree | None) -> list[Scalar]:
    items = tree.items if isinstance(tree, Sequence) else ()
    return [scalar for item in items if (scalar := as_scalar(item))]


def _player(entry: Entry, diagnostics: Diagnostics) -> PlayerDecl:
    given = read_fields(shapes.PLAYER, entry.value, entry.key_span, diagnostics) or {}
    for missing in (field for field in shapes.PLAYER.fields if field.name in ("trains", "terms")):
        if missing.name not in given and missing.name not in _meant(entry.value):
            help = f"{missing.name}: {missing.doc}"
            diagnostics.add("G0009", f"`{missing.name}` is missing", entry.key_span, help=help)
    optimizer, trains = given.get("optimizer"), given.get("trains")
    if isinstance(trains, Sequence) and not trains.items:
        diagnostics.add("G0013", f"`{entry.key}` trains nothing: name a network", trains.span)
    terms = given.get("terms")
    if isinstance(terms, Mapping) and not terms.entries:
        help = "terms: {adversarial: …}, whatever it minimizes"
        diagnostics.add("G0013", f"`{entry.key}` has no terms", terms.span, help=help)
    return PlayerDecl(
        name=entry.key,
        trains=tuple(_items(trains)),
        steps=as_scalar(given.get("steps")),
        start=as_scalar(given.get("from")),
        until=as_scalar(given.get("until")),
        optimizer=optimizer if isinstance(optimizer, Mapping) else None,
        terms={each.key: term(each, diagnostics) for each in entries_in(given, "terms")},
        span=entry.key_span,
    )


def term(entry: Entry, diagnostics: Diagnostics) -> TermDecl:
    """A term: its node, and beside it when it counts and how much."""
    if not isinstance(entry.value, Mapping):
        return TermDecl(entry.key, entry.value, None, None, None, None, None, None, entry.key_span)
    own = {key: each for key, each in entry.value.entries.items() if shapes.TERM_FIELDS.field(key)}
    node = {key: each for key, each in entry.value.entries.items() if key not in own}
    given = read_fields(shapes.TERM_FIELDS, Mapping(own, entry.value.span), entry.key_span, diagnostics) or {}
    return TermDecl(
        name=entry.key,
        tree=Mapping(node, entry.value.span),
        weight=given.get("weight"),
        every=as_scalar(given.get("every")),
        batch=as_scalar(given.get("batch")),
        start=as_scalar(given.get("from")),
        until=as_scalar(given.get("until")),
        log=given.get("log"),
        span=entry.key_span,
    )


def _order(
    tree: Tree | None, players: dict[str, PlayerDecl], diagnostics: Diagnostics
) -> tuple[tuple[Scalar, ...], ...] | None:
    """The turns of a step; each player has one, which is checked."""
    if not isinstance(tree, Sequence) or not players:
        return None
    for turn in tree.items:
        if isinstance(turn, Sequence) and not turn.items:
            diagnostics.add("G0013", "a turn of `order` is of nobody: name a player", turn.span)
    turns = tuple(tuple(_items(one)) if isinstance(one, Sequence) else (one,) for one in tree.items)
    found: dict[str, Span] = {}
    for name in (name for turn in turns for name in turn if isinstance(name, Scalar)):
        if name.text not in players:
            help = did_you_mean(name.text, list(players), "players are")
            diagnostics.add("G0102", f"there is no player `{name.text}`", name.span, help=help)
            found.setdefault(nearest(name.text, players) or "", name.span)  # a slip is one fault, not two
        elif name.text in found:
            label = (Label(found[name.text], "its turn"),)
            message = f"`{name.text}` has a turn already: `steps` says how often it moves"
            diagnostics.add("G0404", message, name.span, secondary=label)
        found.setdefault(name.text, name.span)
    for idle in (name for name in players if name not in found):
        diagnostics.add("G0009", f"`{idle}` has no turn in `order`", tree.span)
    return tuple(tuple(name for name in turn if isinstance(name, Scalar)) for turn in turns)


def refuse_short_form(training: Mapping, players: Iterable[PlayerDecl], diagnostics: Diagnostics) -> None:
    """G0641: what the plan says and a game of its own has to."""
    for path, help in SHORT.items():
        entry = entry_at(training, path.split("."))
        if entry is None or is_null(entry.value):
            continue
        parts = [(path, entry)]
        if path == "regularizers" and isinstance(entry.value, Mapping):
            parts = [(each.key, each) for each in entry.value if not is_null(each.value)]
        for name, part in parts:
            terms = [f"game.players.{player.name}.terms.{name}" for player in players if name in player.terms]
            fields = list(part.value) if isinstance(part.value, Mapping) else []
            rest = f".{fields[0].key}" if len(fields) == 1 else ""
            message = f"`{path}` belongs to the short form, and this spec has a game of its own"
            told = f"set `{terms[0]}{rest}`" if terms else help
            diagnostics.add("G0641", message, part.key_span, help=told)
