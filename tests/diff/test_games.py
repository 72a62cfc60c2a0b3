"""What differs between two games: that it is told in few words, and nothing where they are equal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.diff import compare
from gandsl.diff.game.text import game_lines
from gandsl.diff.json import to_json
from gandsl.diff.text import render
from gandsl.frontend.module import ModuleIR
from tests.cli.test_moved import NEW, OLD
from tests.diff.games import content, game_diff, lines, module, named, owners
from tests.frontend.short_form.shown import module_of
from tests.frontend.short_form.test_every_field import CASES
from tests.frontend.short_form.test_round_trip import written_out
from tests.specs.reduced import SPECS, sizes

BEFORE = {  # what a field is changed from, where it can't be left out
    "loss": "",
    "discriminator_steps": "",
    "auxiliary": "training.auxiliary={output: label, real: 0.3}",
}


@pytest.mark.parametrize(("field", "value", "name", "joint"), CASES[::2] + CASES[1::6])
def test_every_field_of_a_short_form(field: str, value: str, name: str, joint: bool) -> None:
    """Of nothing, and of what it is: each is told, with its player, and nothing of it as the plan's."""
    without = BEFORE.get(field, f"training.{field}=null")
    passes = f"training.discriminator_passes={'joint' if joint else 'separate'}"
    small = [] if name == "quickstart" else ["resolution=32"]
    base = [*small, passes, *([without] if without else [])]
    head, _, penalty = field.partition(".")
    set_ = f"training.{head}={{{penalty}: {value}}}" if penalty else f"training.{field}={value}"
    old, new = named(name, *base), named(name, *small, passes, set_)
    told = game_diff(old, new)
    assert bool(told) == (content(old) != content(new))
    assert not compare(old, new).untold
    players = {player for one in told.changes for player in one.players}
    assert not told or players & owners(field), game_lines(told)


SMALL = "resolution=32"
STYLEGAN2 = [
    ("training.loss=hinge", "~ discriminator, generator: adversarial loss logistic → hinge"),
    ("training.regularizers.r1.gamma=5", "~ discriminator: r1 gamma 2 → 5"),
    ("training.regularizers.r1.every=8 steps", "~ discriminator: r1 every 16 steps → 8 steps"),
    ("training.regularizers.r1=null", "- discriminator: r1 (penalty.zero_centred, gamma 2, every 16 steps)"),
    ("training.regularizers.r2={gamma: 10}", "+ discriminator: r2 (penalty.zero_centred, gamma 10)"),
    ("training.regularizers.path_length.weight=5", "~ generator: path_length weight 2 → 5"),
    ("training.synchronize.path_length=false", "~ generator: path_length processes all → own"),
    (
        "training.style_mixing.probability=0.5",
        "~ discriminator, generator: style_mixing probability 0.9 → 0.5",
    ),
    (
        "training.style_mixing=null",
        "- discriminator, generator: style_mixing (probability 0.9, per micro_batch)",
    ),
    (
        "training.augment={pipe: bgc, p: 0.5}",
        "+ discriminator, generator: augment (pipe bgc, p 0.5)",
    ),
    ("training.discriminator_steps=2", "~ discriminator: steps 1 → 2"),
    ("training.discriminator_passes=joint", "~ discriminator: discriminator_passes separate → joint"),
    ("training.optimizer.lr=0.1", "~ discriminator, generator: optimizer lr 0.002 → 0.1"),
    ("training.optimizers={discriminator: {lr: 0.1}}", "~ discriminator: optimizer lr 0.002 → 0.1"),
    ("training.discriminator_optimizer={lr: 0.1}", "~ discriminator: optimizer lr 0.002 → 0.1"),
    ("training.ema=null", "- generator: average of generator (half_life 10 kimg, start 0 img, buffers copy)"),
    ("training.batch=64", "~ generator: path_length batch 16 → 32"),
    ("game.players.discriminator.from=1 kimg", "~ discriminator: from 0 img → 1 kimg"),
    (
        "game.players.generator.trains=[generator.synthesis]",
        "~ generator: trains [generator] → [generator.synthesis]",
    ),
    ("game.fresh=step", "~ fresh phase → step"),
    (
        "game.order=[generator, discriminator]",
        "~ order [discriminator, generator] → [generator, discriminator]",
    ),
    ("game.body.z.distribution=uniform", "~ discriminator, generator: z distribution nothing → uniform"),
    ("game.body.said.mode=evaluation", "~ discriminator, generator: said mode nothing → evaluation"),
    ("game.watches.samples=image", "~ watches samples fake → image"),
    (
        "game.players.discriminator.terms.r1.log=penalty/one",
        "~ discriminator: r1 log penalty/r1 → penalty/one",
    ),
]


@pytest.mark.parametrize(("change", "line"), STYLEGAN2)
def test_a_change_of_stylegan2(change: str, line: str) -> None:
    assert lines(named("stylegan2", SMALL), named("stylegan2", SMALL, change)) == [line]


def test_cost_and_words_of_sizes() -> None:
    """What follows from the sizes of networks and data is one line."""
    (line,) = lines(named("stylegan2", SMALL), named("stylegan2", "resolution=64"))
    assert (
        line == "~ 23 more nodes follow from other sizes, such as image: Image[3, 32, 32] → Image[3, 64, 64]"
    )


def own(folder: Path, name: str, text: str) -> ModuleIR:
    (folder / f"{name}.yaml").write_text(f"gandsl: 1\nname: {name}\n{text}", "utf-8")
    found, diagnostics = analyze(folder / f"{name}.yaml")
    assert found is not None, [one.message for one in diagnostics]
    return found


ADDED = """
game:
  body:
    bright: mean(relu(fake))
    tilt: {value: {shape: linear, start: 1, end: 0, over: 100 kimg}}
  players:
    generator: {terms: {dark: {value: bright, weight: 0.5, every: 2 steps}}}
    discriminator: {terms: {r1: {gamma: tilt}}}
  logs: {bright: bright}
"""


def test_what_stands_beside_a_short_form(tmp_path: Path) -> None:
    base = named("stylegan2", SMALL)
    new = own(tmp_path, "added", f"extends: {SPECS}/stylegan2.yaml\nset: {{params.resolution: 32}}\n{ADDED}")
    assert lines(base, new) == [
        "+ generator: bright (mean(relu(fake)))",
        "+ discriminator: tilt (value.shape linear, value.start 1, value.end 0, value.over 100 kimg)",
        "~ discriminator: r1 gamma 2 → tilt",
        "~ logs bright nothing → bright",
        "+ generator: dark (bright, weight 0.5, every 2 steps)",
    ]


PLAYERS = """
networks:
  make:
    inputs: {z: "Latent[4]"}
    body: {a: {op: linear, features: 4}, b: {op: reshape, channels: 1, size: 2}}
  judge: {inputs: {image: "Image[1, 2]"}, body: {f: {op: flatten}, d: {op: linear, features: 1}}}
  other: {like: judge, weights: {random: true}}
data: {image: "Image[1, 2]"}
game:
  body:
    z: {draw: make.z}
    fake: {network: make, z: z}
    said: {network: judge, image: fake}
    heard: {network: other, image: fake}
    real: {network: judge, image: image}
    heeded: {network: other, image: image}
    k: {state: Scalar, in: judge, next: "0.9 * k + 0.1 * mean(said)"}
  players:
    judge: {trains: [judge], terms: {loss: mean(said) - mean(real) + k}}
    make: {trains: [make], terms: {loss: -mean(said)}}
  shows: [fake]
training: {length: 1 kimg, batch: 4, optimizer: {lr: 1e-3}}
"""
OTHERS = [
    ("state: Scalar, in", "state: Scalar, start: 0.5, in", "~ judge: k start nothing → 0.5"),
    ("in: judge", "in: make", "~ judge: k in judge → make"),
    (
        "0.1 * mean(said)",
        "0.1 * mean(real)",
        "~ judge: k next 0.9 * k + 0.1 * mean(said) → 0.9 * k + 0.1 * mean(real)",
    ),
    ("loss: -mean(said)", "loss: -mean(heard)", "~ make: loss -mean(said) → -mean(heard)"),
    (
        "{loss: -mean(said)}",
        "{loss: {block: loss.hinge, fake: said}}",
        "~ make: loss -mean(said) → loss.hinge",
    ),
    ("shows: [fake]", "shows: [image]", "~ shows [fake] → [image]"),
]


@pytest.mark.parametrize(("text", "other", "line"), OTHERS)
def test_a_change_of_a_game_of_its_own(text: str, other: str, line: str, tmp_path: Path) -> None:
    assert PLAYERS.count(text) == 1
    old, new = own(tmp_path, "one", PLAYERS), own(tmp_path, "other", PLAYERS.replace(text, other))
    assert lines(old, new) == [line]


READ = 'data: {src: "Image[1, 4]", image: {type: "Image[1, 2]", HOW}}'


@pytest.mark.parametrize(
    ("how", "other", "line"),
    [
        ("set: a", "set: b", "set a → b"),
        ("field: one", "field: two", "field one → two"),
        ("partner: kind", "partner: pose", "partner kind → pose"),
        ("stream: one", "stream: two", "stream one → two"),
        ("range: [0, 1]", "range: [0, 2]", "range [0, 1] → [0, 2]"),
        (
            "of: src, steps: [{op: noise, strength: 1}, {op: resize}]",
            "of: src, steps: [{op: noise, strength: 2}, {op: resize}]",
            "steps[0].strength 1 → 2",
        ),
    ],
)
def test_how_a_field_of_the_data_is_read(how: str, other: str, line: str, tmp_path: Path) -> None:
    """No graph has it: the plan does."""
    texts = [
        PLAYERS.replace('data: {image: "Image[1, 2]"}', READ.replace("HOW", one)) for one in (how, other)
    ]
    old, new = (own(tmp_path, name, text) for name, text in zip(("one", "other"), texts, strict=True))
    assert lines(old, new) == [f"~ judge: image {line}"]


TWO_LOSSES = """
blocks:
  mine:
    ports: {real: Logits, fake: Logits}
    params: {middle: 0}
    body: {d: "mean(fake) - mean(real)"}
    outputs: {discriminator: d, boundary: middle}
"""


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("boundary: 0", "boundary: 0", []),
        ("boundary: 0", "boundary: 1 / 2", ["~ watches boundary 0 → 0.5"]),
        ("boundary: 0.5", "boundary: 1 / 2", []),
        ("boundary: 0", "boundary: absent", ["~ watches boundary 0 → nothing"]),
        (", boundary: 0", "", ["~ watches boundary 0 → nothing"]),
        ("", ", fake: said, boundary: 1", ["~ watches fake nothing → said, boundary nothing → 1"]),
        ("boundary: 0", "boundary: judged.boundary", []),
        ("boundary: judged.boundary", "boundary: 2", ["~ watches boundary 0 → 2"]),
    ],
)
def test_the_boundary_of_what_is_watched(one: str, other: str, expected: list[str], tmp_path: Path) -> None:
    judged = "    judged: {block: mine, real: real, fake: said}\n  players:\n"
    text = TWO_LOSSES + PLAYERS.replace("  players:\n", judged)
    watches = "  shows: [fake]\n  watches: {{real: real{}}}\n"
    made = []
    for name, boundary in (("one", one), ("other", other)):
        more = boundary if not boundary or boundary.startswith(",") else f", {boundary}"
        made.append(own(tmp_path, name, text.replace("  shows: [fake]\n", watches.format(more))))
    told = game_diff(*made)
    assert game_lines(told) == expected
    assert bool(told) == (content(made[0]) != content(made[1]))


def test_a_boundary_that_follows_from_a_loss(tmp_path: Path) -> None:
    """Of a loss that is told itself nothing more is told; of one whose numbers alone differ, the boundary."""
    short = [named("lsgan", f"training.loss={{kind: least_squares, {given}}}") for given in ("b: 1", "b: 3")]
    assert lines(*short) == ["~ discriminator, generator: adversarial b 1 → 3"]
    judged = "    judged: {block: mine, real: real, fake: said}\n  players:\n"
    text = TWO_LOSSES + PLAYERS.replace("  players:\n", judged)
    text = text.replace(
        "  shows: [fake]\n", "  shows: [fake]\n  watches: {real: real, boundary: judged.boundary}\n"
    )
    text = text.replace("terms: {loss: mean(said) - mean(real) + k}", "terms: {loss: judged.discriminator}")
    found = lines(own(tmp_path, "a", text), own(tmp_path, "b", text.replace("middle: 0", "middle: 1")))
    assert found == ["~ watches boundary 0 → 1"]


def test_a_player_that_comes(tmp_path: Path) -> None:
    more = "    more: {trains: [other], optimizer: {lr: 0.1}, terms: {loss: mean(heard) - mean(heeded)}}\n"
    make = "    make: {trains: [make]"
    found = lines(own(tmp_path, "one", PLAYERS), own(tmp_path, "other", PLAYERS.replace(make, more + make)))
    assert found == ["+ more: (trains [other], terms [loss])", "+ more: optimizer (lr 0.1, moments its own)"]


def test_a_network_says_how_its_input_is_drawn(tmp_path: Path) -> None:
    """What is written alike, and is not the same."""
    drawn = PLAYERS.replace('z: "Latent[4]"', 'z: {type: "Latent[4]", distribution: uniform}')
    found = lines(own(tmp_path, "one", PLAYERS), own(tmp_path, "other", drawn))
    assert found == ["~ judge, make: z distribution normal → uniform, low 0 → -1"]


def test_nodes_in_another_order(tmp_path: Path) -> None:
    said, heard = "    said: {network: judge, image: fake}\n", "    heard: {network: other, image: fake}\n"
    other = PLAYERS.replace(said + heard, heard + said)
    found = lines(own(tmp_path, "one", PLAYERS), own(tmp_path, "other", other))
    assert found == ["~ order of nodes [said, heard] → [heard, said]"]


@pytest.mark.parametrize("name", ["lsgan", "quickstart_r1", "stylegan2", "pggan", "biggan", "acgan"])
def test_what_is_written_out_is_no_difference(name: str, tmp_path: Path) -> None:
    """A short form against the text that `show --game` prints of it, also beside another difference."""
    short = module_of(name)
    written = written_out(short, name, tmp_path, sizes(name))
    diff = compare(short, written)
    assert diff.plan and not diff.untold and not diff.game and not diff
    assert render(diff).endswith("no difference")
    slower = written_out(
        module_of(name, training__cadence__log="7 steps"),
        name,
        tmp_path,
        {**sizes(name), "training.cadence.log": "7 steps"},
    )
    assert "  ~ cadence.log: " in (text := render(compare(short, slower)))
    assert "game\n  no difference in the game\n" in text


def test_json_has_players_and_terms() -> None:
    diff = compare(named("stylegan2", SMALL), named("stylegan2", SMALL, "training.regularizers.r1.gamma=5"))
    body = json.loads(json.dumps(to_json(diff)))
    assert body["game"] == {
        "changes": [
            {
                "players": ["discriminator"],
                "of": "r1",
                "terms": ["discriminator.r1"],
                "path": "gamma",
                "change": "changed",
                "old": 2.0,
                "new": 5.0,
            }
        ],
        "follows": [],
        "levels": None,
    }
    assert [one["path"] for one in body["training"]] == ["regularizers.r1.gamma"]


def test_text_stays_within_its_columns() -> None:
    for columns in (60, 80):
        text = render(compare(named("stylegan2", SMALL), named("biggan")), columns=columns)
        assert max(map(len, text.split("\n"))) <= columns
        assert text.count("\ntraining\n") == 1 and "loss.kind" not in text


def test_what_moved_is_no_difference_of_a_game(tmp_path: Path) -> None:
    """Outputs of networks are called by their nodes: a node that moved is in the game's calls, too."""
    found = []
    for name, text in (("old", OLD), ("new", NEW), ("unsaid", NEW.replace("moved:", "doc: none #"))):
        (tmp_path / f"{name}.yaml").write_text(text)
        found.append(module(tmp_path / f"{name}.yaml"))
    old, new, unsaid = found
    assert old is not None and new is not None and unsaid is not None
    assert not game_diff(old, new) and game_diff(old, unsaid)
