"""What a spec says of the game of its short form, or of its base's: additions, patches, messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gandsl.diagnostics import Diagnostics
from gandsl.spec.document import Document
from gandsl.spec.game_changes import completed
from gandsl.spec.reader import read_text, to_plain
from gandsl.spec.tree import Mapping, Sequence
from tests.spec.helpers import MINIMAL, load_text, messages, said
from tests.spec.test_game import GAME

# what a short form may stand for
EXPANSION = """\
data: {image: "Image[3, 64]"}
game:
  body:
    z: {draw: generator.z}
    fake: {network: generator, z: z}
    gap: mean(fake)
  players:
    discriminator:
      trains: [discriminator]
      terms:
        adversarial: gap
        r1: {block: penalty.zero_centred, of: fake, gamma: 10, every: 16 steps}
    generator: {trains: [generator], terms: {adversarial: -gap}}
  logs: {gap: gap}
"""
SHORT = MINIMAL.replace("batch: 64,", "batch: 64, loss: hinge,")
ELSEWHERE = {"r2": "training.regularizers.r2"}


def game_of(folder: Path, text: str, *overrides: str) -> tuple[Any, Diagnostics]:
    """The game of a spec with a short form, whose expansion is EXPANSION."""
    document, diagnostics = load_text(folder, text, *overrides)
    assert document is not None and document.is_short, messages(diagnostics)
    expansion = read_text(EXPANSION, "expansion", diagnostics)
    assert isinstance(expansion, Mapping)
    found = completed(expansion, document.tree, diagnostics, ELSEWHERE)
    return to_plain(found)["game"], diagnostics


def extending(folder: Path, text: str, *overrides: str, base: str = SHORT) -> tuple[Any, Diagnostics]:
    (folder / "base.yaml").write_text(base)
    return game_of(folder, f"gandsl: 1\nname: mine\nextends: base.yaml\n{text}", *overrides)


def pick(data: Any, path: str) -> Any:
    for step in path.split("."):
        data = data[step]
    return data


FAKE = {"network": "generator", "z": "z"}
R1 = {"block": "penalty.zero_centred", "of": "fake", "gamma": 10, "every": "16 steps"}
TERMS = "players.discriminator.terms"


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("game: {body: {more: 2 * gap}}", "body.more", "2 * gap"),
        ("game: {fresh: step}", "fresh", "step"),
        ("game: {logs: {more: gap + 1}}", "logs", {"gap": "gap", "more": "gap + 1"}),
        ("game: {watches: {items: image}}", "watches", {"items": "image"}),
        ("game: {players: {generator: {terms: {mine: gap}}}}", "players.generator.terms.mine", "gap"),
        ("game: {players: {generator: {steps: 2}}}", "players.generator.steps", 2),
        ("game: {players: {third: {trains: [a], terms: {b: c}}}}", "players.third.trains", ["a"]),
        ("game: {players: {discriminator: {terms: {r1: {gamma: 5}}}}}", f"{TERMS}.r1", {**R1, "gamma": 5}),
        (
            "game: {players: {discriminator: {terms: {r1: {every: null}}}}}",
            f"{TERMS}.r1",
            {key: value for key, value in R1.items() if key != "every"},
        ),
        ("game: {players: {discriminator: {terms: {r1: null}}}}", TERMS, {"adversarial": "gap"}),
        (
            "game: {players: {generator: {terms: {adversarial: {weight: 2}}}}}",
            "players.generator.terms.adversarial",
            {"value": "-gap", "weight": 2},
        ),
        ("game: {body: {z: {distribution: uniform}}}", "body.z.distribution", "uniform"),
        ("set: {game.players.discriminator.terms.r1.gamma: 5}", f"{TERMS}.r1", {**R1, "gamma": 5}),
        ("set: {game.players.generator.steps: 2}", "players.generator.steps", 2),
        ("set: {game.fake.weights: average}", "body.fake.weights", "average"),
        (
            "set: {game.players.generator.terms.adversarial.weight: 2}",
            "players.generator.terms.adversarial",
            {"value": "-gap", "weight": 2},
        ),
        ("patch: [{delete: game.body.gap}]", "body", {"z": {"draw": "generator.z"}, "fake": FAKE}),
        ("patch: [{replace: {at: game.gap, node: 3}}]", "body.gap", 3),
        (
            "patch: [{set: {training.batch: 8, game.logs.gap: 1}}, {set: {game.logs.gap: 2}}]",
            "logs.gap",
            2,
        ),
    ],
)
def test_changes_of_the_expansion(tmp_path: Path, text: str, path: str, value: Any) -> None:
    for game, diagnostics in (extending(tmp_path, text), extending(tmp_path, "", base=f"{SHORT}{text}\n")):
        if "training.batch" not in text:  # which a file without a base cannot change
            assert said(diagnostics) == [], messages(diagnostics)
            assert pick(game, path) == value


@pytest.mark.parametrize(
    ("kind", "order"),
    [("insert_before", ["z", "n", "fake", "gap"]), ("insert_after", ["z", "fake", "n", "gap"])],
)
def test_insertions_keep_the_order(tmp_path: Path, kind: str, order: list[str]) -> None:
    text = f"patch: [{{{kind}: {{at: game.body.fake, name: n, node: 1}}}}]"
    game, diagnostics = extending(tmp_path, text)
    assert said(diagnostics) == [] and list(game["body"]) == order
    text = text.replace("game.body.fake", f"game.{TERMS}.r1").replace("name: n", "name: own")
    game, _ = extending(tmp_path, text)
    places = ["own", "r1"] if kind == "insert_before" else ["r1", "own"]
    assert list(pick(game, TERMS)) == ["adversarial", *places]


def test_changes_of_all_files_come_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "first.yaml").write_text(SHORT)
    path = "game.players.discriminator.terms.r1.gamma"
    (tmp_path / "base.yaml").write_text(f"gandsl: 1\nname: two\nextends: first.yaml\nset: {{{path}: 2}}\n")
    three = f"gandsl: 1\nname: three\nextends: base.yaml\nset: {{training.batch: 8, {path}: 3}}\n"
    for overrides, gamma in (((), 3), ((f"{path}=4",), 4), ((f"{path}=4", f"{path}=5"), 5)):
        game, diagnostics = game_of(tmp_path, three, *overrides)
        assert said(diagnostics) == [] and pick(game, TERMS)["r1"]["gamma"] == gamma


def test_a_resolved_spec_says_what_is_left_to_do(tmp_path: Path) -> None:
    """So that it means the same: it holds the changes of the game in place of their results."""
    text = "set: {training.batch: 8}\npatch: [{delete: game.body.gap}, {set: {training.batch: 9}}]"
    (tmp_path / "base.yaml").write_text(SHORT)
    document, _ = load_text(
        tmp_path, f"gandsl: 1\nname: mine\nextends: base.yaml\n{text}\n", "game.fresh=step"
    )
    assert document is not None
    steps = document.tree.get("patch")
    assert isinstance(steps, Sequence)
    assert to_plain(steps) == [{"delete": "game.body.gap"}, {"set": {"game.fresh": "step"}}]
    assert pick(to_plain(document.tree), "training.batch") == 9


def own_game(folder: Path, text: str, *overrides: str) -> tuple[Document, Diagnostics]:
    (folder / "base.yaml").write_text(GAME)
    child = f"gandsl: 1\nname: mine\nextends: base.yaml\n{text}"
    document, diagnostics = load_text(folder, child, *overrides)
    assert document is not None
    return document, diagnostics


def test_a_game_of_its_own_is_changed_like_all_else(tmp_path: Path) -> None:
    text = "set: {game.players.first.terms.lazy.gamma: 5}\npatch: [{delete: game.logs.more}]\n"
    more = (
        "game: {body: {more: gap}, players: {second: {steps: 2, terms: {more: more}}}, logs: {all: more}}\n"
    )
    fields = 'data: {mask: "Image[1, resolution]"}\n'
    document, diagnostics = own_game(tmp_path, text + more + fields, "game.body.gap=mean(fake)")
    assert said(diagnostics) == [], messages(diagnostics)
    game = document.game
    assert game is not None and "patch" not in document.tree
    assert list(game.body.entries) == ["z", "fake", "gap", "more"]
    assert list(game.players["second"].terms) == ["gap", "more"] and list(game.logs) == ["gap", "all"]
    tree = to_plain(document.tree)["game"]
    assert tree["body"]["gap"] == "mean(fake)" and tree["players"]["first"]["terms"]["lazy"]["gamma"] == 5
    assert list(document.data) == ["image", "y", "mask"]


@pytest.mark.parametrize(
    ("text", "reported", "part"),
    [
        ("game: {body: {gap: fake}}", ("G0404", "gap"), "`set: {game.body.gap: …}`"),
        ("game: {players: {first: {steps: 3}}}", ("G0404", "steps"), "game.players.first.steps"),
        ("game: {players: {first: {terms: {own: gap}}}}", ("G0404", "own"), "first.terms.own"),
        ("game: {fresh: phase}", ("G0404", "fresh"), "`set: {game.fresh: …}`"),
        ("set: {game.players.first.terms.owm.weight: 2}", ("G0403", "owm"), "did you mean `own`"),
        ("set: {game.players.frist.steps: 2}", ("G0403", "frist"), "did you mean `first`"),
        ("set: {game.players.first.terms.new: gap}", ("G0403", "new"), "no `new`"),
        ("patch: [{delete: game.body.nothing}]", ("G0403", "nothing"), "no `nothing`"),
        ('data: {image: "Image[3, 8]"}', ("G0404", "image"), "data.image"),
    ],
)
def test_what_cannot_be_changed_of_a_base(
    tmp_path: Path, text: str, reported: tuple[str, str], part: str
) -> None:
    _, diagnostics = own_game(tmp_path, text)
    assert said(diagnostics) == [reported] and part in messages(diagnostics)


@pytest.mark.parametrize(
    ("text", "reported", "part"),
    [
        ("game: {body: {gap: fake}}", ("G0404", "gap"), "`gap: null` takes the short form's out"),
        ("game: {body: {gap: {weight: 2}}}", ("G0404", "gap"), "`gap` in `game.body`"),
        ("game: {body: {fake: {network: generator}}}", ("G0404", "fake"), "already"),
        ("game: {logs: {gap: 3}}", ("G0404", "gap"), "`game.logs`"),
        (
            "game: {players: {generator: {terms: {adversarial: gap}}}}",
            ("G0404", "adversarial"),
            "`game.players.generator.terms`",
        ),
        (
            "game: {players: {discriminator: {terms: {r2: null}}}}",
            ("G0403", "r2"),
            "known here: `adversarial`, `r1`",
        ),
        ("set: {game.players.discriminator.terms.r2.gamma: 5}", None, "`training.regularizers.r2.gamma`"),
        ("patch: [{delete: game.players.discriminator.terms.r2}]", None, "`training.regularizers.r2` makes"),
        (
            "set: {game.players.discriminator.terms.r3.gamma: 5}",
            ("G0403", "r3"),
            "known here: `adversarial`, `r1`",
        ),
        ("set: {game.bdoy.gap: 5}", ("G0403", "bdoy"), "did you mean `body`"),
    ],
)
def test_what_cannot_be_changed_of_the_short_form(
    tmp_path: Path, text: str, reported: tuple[str, str] | None, part: str
) -> None:
    for _, diagnostics in (extending(tmp_path, text), extending(tmp_path, "", base=f"{SHORT}{text}\n")):
        (found,) = said(diagnostics)
        assert found == (
            reported or ("G0403", "game.players.discriminator.terms.r2" + ".gamma" * ("gamma" in text))
        )
        assert part in messages(diagnostics)


def test_without_a_base_the_game_alone_can_be_changed(tmp_path: Path) -> None:
    for text in ("set: {training.batch: 8}", "patch: [{set: {training.batch: 8}}]", "set: {}", "patch: []"):
        _, diagnostics = load_text(tmp_path, f"{SHORT}{text}\n")
        assert said(diagnostics) == [("G0409", text.partition(":")[0])]
    _, diagnostics = load_text(tmp_path, SHORT + "set: {game.fresh: step, training.batch: 8}\n")
    assert said(diagnostics) == [("G0409", "set")]
