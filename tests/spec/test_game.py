"""Games as specs declare them: what is read, and what is wrong with one, at its token."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.spec.document import Document, TermDecl
from gandsl.spec.tree import Mapping, Scalar
from tests.spec.helpers import load_text, marked, messages, said

GAME = """\
gandsl: 1
name: pair
params: {resolution: 64, classes: 10}
data:
  image: "Image[3, resolution]"
  y: {type: "Label[classes]", when: classes > 0, doc: the class}
networks:
  judge:
    inputs: {image: "Image[3, resolution]"}
    body: {head: {op: linear, features: 1}}
    outputs: {logit: head, features: {of: head, kind: Vector}}
  other: {like: judge}
  mixer: {like: other, weights: {random: true}, doc: of nobody}
  generator: {inputs: {z: "Latent[8]"}, body: {image: {op: linear, features: 12}}}
game:
  fresh: step
  order: [[first, second], third]
  body:
    z: {draw: generator.z}
    fake: {network: generator, z: z}
    gap: mean(abs(image - fake))
  players:
    first:
      trains: [judge, other.head]
      steps: 2
      from: 3 steps
      until: 4 steps
      terms:
        gap: gap
        own: {value: -gap, weight: {shape: linear, start: 0, end: 1, over: 1 kimg}, every: 4 steps}
        lazy: {block: penalty.one, of: gap, gamma: 1, batch: 4, from: 1 kimg, until: 2 kimg, log: penalty/own}
    second: {trains: [other], optimizer: {lr: 1e-4}, terms: {gap: -gap}}
    third: {trains: [generator], terms: {class: gap}}
  logs: {gap: gap, more: gap + 1}
  shows: [image, fake]
  watches: {samples: fake, items: image}
training: {length: 10 kimg, batch: 8, optimizer: {lr: 1e-3}}
"""


def document_of(folder: Path, text: str) -> Document:
    document, diagnostics = load_text(folder, text)
    assert document is not None and said(diagnostics) == [], messages(diagnostics)
    return document


def test_a_game_holds_what_was_declared(tmp_path: Path) -> None:
    document = document_of(tmp_path, GAME)
    game = document.game
    assert game is not None and not document.is_short and game.home is document
    assert game.fresh == "step" and game.order is not None
    assert [[name.text for name in turn] for turn in game.order] == [["first", "second"], ["third"]]
    assert list(game.body.entries) == ["z", "fake", "gap"]
    assert {name: tree.text for name, tree in game.logs.items()} == {"gap": "gap", "more": "gap + 1"}
    assert [tree.text for tree in game.shows] == ["image", "fake"]
    assert {name: tree.text for name, tree in game.watches.items()} == {"samples": "fake", "items": "image"}
    first, second = game.players["first"], game.players["second"]
    assert [name.text for name in first.trains] == ["judge", "other.head"]
    assert [tree and tree.text for tree in (first.steps, first.start, first.until)] == [
        "2",
        "3 steps",
        "4 steps",
    ]
    assert first.optimizer is None and second.optimizer is not None and "lr" in second.optimizer
    assert (second.steps, second.start, second.until) == (None, None, None)


def test_a_term_is_its_node_and_what_stands_beside_it(tmp_path: Path) -> None:
    game = document_of(tmp_path, GAME).game
    assert game is not None
    gap, own, lazy = game.players["first"].terms.values()
    assert isinstance(gap.tree, Scalar) and gap.tree.text == "gap"
    assert isinstance(own.tree, Mapping) and list(own.tree.entries) == ["value"]
    assert isinstance(own.weight, Mapping) and own.every is not None and own.every.text == "4 steps"
    assert isinstance(lazy.tree, Mapping) and list(lazy.tree.entries) == ["block", "of", "gamma"]

    def beside(term: TermDecl) -> list[str | None]:
        return [tree and tree.text for tree in (term.every, term.batch, term.start, term.until)]

    assert beside(lazy) == [None, "4", "1 kimg", "2 kimg"]
    assert beside(gap) == [None] * 4 and gap.weight is None
    assert isinstance(lazy.log, Scalar) and lazy.log.text == "penalty/own"


def test_fields_of_the_data(tmp_path: Path) -> None:
    image, y = document_of(tmp_path, GAME).data.values()
    assert (image.kind, image.dims and len(image.dims), image.when, image.doc) == ("Image", 2, None, "")
    assert (y.name, y.kind, y.when and y.when.text, y.doc) == ("y", "Label", "classes > 0", "the class")


def test_networks_of_a_game(tmp_path: Path) -> None:
    networks = document_of(tmp_path, GAME).networks
    assert list(networks) == ["generator", "judge", "other", "mixer"]
    judge, other, mixer = (networks[name] for name in ("judge", "other", "mixer"))
    assert {name: kind.text for name, kind in judge.output_kinds.items()} == {"features": "Vector"}
    assert {name: tree.text for name, tree in judge.outputs.items()} == {"logit": "head", "features": "head"}
    for network, like in ((other, "judge"), (mixer, "other")):
        assert network.body is judge.body and network.inputs is judge.inputs and not network.broken
        assert network.like is not None and network.like.text == like
    assert judge.weights is None and other.weights is None
    assert mixer.weights is not None and mixer.weights.random and mixer.weights.file is None
    assert (other.doc, mixer.doc, mixer.name) == ("", "of nobody", "mixer")


def test_beside_a_loss_a_game_adds_to_its_expansion(tmp_path: Path) -> None:
    text = GAME.replace("batch: 8,", "batch: 8, loss: hinge,")
    document, diagnostics = load_text(tmp_path, text)
    assert document is not None and document.is_short and document.game is None
    assert said(diagnostics) == [("G0612", "g")]  # the short form plays a discriminator


PLAYERS = "third: {trains: [generator], terms: {class: gap}}"


@pytest.mark.parametrize(
    ("old", "new", "reported", "part"),
    [
        ("fresh: step", "fresh: steps", ("G0209", "steps"), "did you mean `step`"),
        ("fresh: step", "frehs: step", ("G0008", "frehs"), "did you mean `fresh`"),
        ("third]", "thrid]", ("G0102", "thrid"), "did you mean `third`"),
        (", third]", "]", ("G0009", "[[first, second]]"), "`third` has no turn"),
        ("third]", "third, first]", ("G0404", "first"), "`steps` says how often"),
        ("[[first, second], third]", "first", ("G0010", "first"), "a list of players"),
        ("shows: [image, fake]", "shows: fake", ("G0010", "fake"), "a list of expressions"),
        ("logs: {gap: gap,", "logs: {gap: {value: gap},", ("G0010", "{value: gap}"), "an expression"),
        ("{samples: fake,", "{sample: fake,", ("G0008", "sample"), "did you mean `samples`"),
        ("  body:\n    z:", "  body: [z]\n  _:\n    z:", ("G0010", "[z]"), "a mapping of names to nodes"),
        (PLAYERS, "third: {terms: {gap: gap}}", ("G0009", "third"), "`trains` is missing"),
        (PLAYERS, "third: {trains: [generator]}", ("G0009", "third"), "`terms` is missing"),
        (PLAYERS, "third: {trains: [], terms: {gap: gap}}", ("G0013", "[]"), "trains nothing"),
        (PLAYERS, "third: {trains: generator, terms: {gap: gap}}", ("G0010", "generator"), "a list of names"),
        (PLAYERS, "third: {train: [generator], terms: {gap: gap}}", ("G0008", "train"), "mean `trains`"),
        (PLAYERS, "third: {trains: [generator], terms: {a b: gap}}", ("G0011", "a b"), "`a_b` would do"),
        (PLAYERS, "third: {trains: [generator], terms: {gap: [{}]}}", ("G0010", "[{}]"), "{block: …}"),
        (PLAYERS, "third: [generator]", ("G0010", "[generator]"), "a player"),
        ("optimizer: {lr: 1e-4}", "optimizer: adam", ("G0010", "adam"), "a mapping"),
        (
            "weight: {shape: linear, start: 0, end: 1, over: 1 kimg}",
            "weight: [1]",
            ("G0010", "[1]"),
            "stairs",
        ),
        ("every: 4 steps}", "every: {steps: 4}}", ("G0010", "{steps: 4}"), "an expression"),
        ('"Image[3, resolution]"\n  y', '"Imgae[3, resolution]"\n  y', ("G0613", "Imgae"), "mean `Image`"),
        ('"Image[3, resolution]"\n  y', '"Styles[7, 8]"\n  y', ("G0613", "Styles"), "Image, Mask, Classes"),
        ('"Image[3, resolution]"\n  y', "3\n  y", ("G0216", "3"), "not a type"),
        ("doc: the class", "folder: b", ("G0008", "folder"), "unknown field"),
        ("doc: the class", "unless: classes > 0", ("G0012", "unless"), "exclude each other"),
        ("  y: {", "  y-1: {", ("G0011", "y-1"), "`y_1` would do"),
        ("{like: judge}", "{like: jugde}", ("G0102", "jugde"), "did you mean `judge`"),
        ("{like: judge}", "{like: other}", ("G0401", "other"), "other → other"),
        ("{like: judge}", "{like: mixer}", None, "mixer → other → mixer"),
        ("{like: judge}", "{like: judge, styles: a}", ("G0012", "styles"), "exclude each other"),
        ("{random: true}", "{fiel: a.safetensors}", ("G0008", "fiel"), "did you mean `file`"),
        ("{random: true}", "{file: a, random: true}", ("G0012", "random"), "exclude each other"),
        ("{random: true}", "{sha256: a}", ("G0009", "{sha256: a}"), "add `file: …`"),
        ("{random: true}", "{}", ("G0013", "{}"), "{random: true}"),
        ("{random: true}", "random", ("G0010", "random"), "{random: true}"),
        ("{of: head, kind: Vector}", "{kind: Vector}", ("G0009", "features"), "`of` is missing"),
        ("{of: head, kind: Vector}", "{of: head, knid: Vector}", ("G0008", "knid"), "did you mean `kind`"),
    ],
)
def test_what_is_wrong_and_where(
    tmp_path: Path, old: str, new: str, reported: tuple[str, str] | None, part: str
) -> None:
    assert GAME.count(old) == 1
    _, diagnostics = load_text(tmp_path, GAME.replace(old, new))
    assert part in messages(diagnostics)
    if reported is None:  # each network of a circle says so
        assert said(diagnostics) == [("G0401", "mixer"), ("G0401", "other")]
    elif old == "  body:\n    z:":
        assert reported in said(diagnostics)
    else:
        assert said(diagnostics) == [reported]


def test_a_game_has_players(tmp_path: Path) -> None:
    start, end = GAME.index("  players:"), GAME.index("  logs:")
    text = GAME.replace("  order: [[first, second], third]\n", "")
    for players in ("", "  players: {}\n"):
        _, diagnostics = load_text(tmp_path, text.replace(GAME[start:end], players))
        assert said(diagnostics) == [("G0009", "game")], messages(diagnostics)


def test_what_is_there_already_is_shown(tmp_path: Path) -> None:
    text = GAME + 'generator: {inputs: {z: "Latent[8]"}, body: {image: {op: linear, features: 12}}}\n'
    _, diagnostics = load_text(tmp_path, text)
    (found,) = diagnostics
    assert (found.code, found.message.split(" is ")[1]) == (
        "G0404",
        "declared twice, in `networks` and as a field of its own",
    )
    assert found.span is not None and found.span.line == GAME[: GAME.index("  generator")].count("\n") + 1
    assert [marked(diagnostics, label.span) for label in found.secondary] == ["generator"]


@pytest.mark.parametrize(
    ("plan", "word", "part"),
    [
        ("regularizers: {own: {gamma: 5}}", "own", "set `game.players.first.terms.own.gamma`"),
        ("regularizers: {own: {gamma: 5, every: 4 steps}}", "own", "set `game.players.first.terms.own`)"),
        ("regularizers: {r1: {gamma: 5}}", "r1", "as terms"),
        ("auxiliary: {output: kind}", "auxiliary", "likelihood.category"),
        ("style_mixing: {probability: 0.9}", "style_mixing", "style.crossover"),
        ("augment: {pipe: bgc, p: 0.5}", "augment", "op: augment"),
        ("discriminator_steps: 2", "discriminator_steps", "`steps` of a player"),
        ("discriminator_passes: joint", "discriminator_passes", "op: join"),
        ("synchronize: {path_length: false}", "path_length", "processes: own"),
    ],
)
def test_a_game_of_its_own_says_what_the_short_form_said(
    tmp_path: Path, plan: str, word: str, part: str
) -> None:
    _, diagnostics = load_text(tmp_path, GAME.replace("batch: 8,", f"batch: 8, {plan},"))
    assert said(diagnostics) == [("G0641", word)] and part in messages(diagnostics)
    name = plan.partition(":")[0]
    _, diagnostics = load_text(tmp_path, GAME.replace("batch: 8,", f"batch: 8, {name}: null,"))
    assert said(diagnostics) == []


def test_a_path_of_the_short_form_is_answered_by_the_games(tmp_path: Path) -> None:
    _, diagnostics = load_text(tmp_path, GAME, "training.regularizers.own.gamma=5")
    assert said(diagnostics) == [("G0641", "own")]
    assert "set `game.players.first.terms.own.gamma`" in messages(diagnostics)
