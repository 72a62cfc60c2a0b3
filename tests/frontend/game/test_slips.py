"""What one gets wrong while one writes a game: each slip once, at its token, with what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.frontend.game.small import NETWORKS, PLAYERS, TRAINING, said, text
from tests.frontend.game.test_messages import term

GENERATOR = PLAYERS.splitlines(keepends=True)[-1]
CURVE = "{shape: linear, start: 1, end: 0, over: 1 kimg}"
# a node → what is said of it
NODES = {
    # ---- curves and stairs
    "a: {value: {form: linear}}": [
        "G0334 ‹{form: linear}› `a` is a curve {shape, start, end, over} or stairs {values, at}, "
        "and this is neither"
    ],
    "a: {value: {}}": [
        "G0334 ‹{}› `a` is a curve {shape, start, end, over} or stairs {values, at}, and this is neither"
    ],
    f"a: {{value: {CURVE.replace('linear', 'liner')}}}": [
        'G0334 ‹liner› `shape` of `a` cannot be the text "liner"'
    ],
    f"a: {{value: {CURVE.replace('start: 1', 'start: mean(z)')}}}": [
        "G0334 ‹mean(z)› `start` of `a` is a number, not a Scalar"
    ],
    f"a: {{value: {CURVE.replace('over: 1 kimg', 'ovre: 1 kimg')}}}": [
        "G0334 ‹ovre› `a` has no field `ovre`"
    ],
    "a: {value: {start: 0, end: 1, over: 1 kimg}}": [
        "G0334 ‹{start: 0, end: 1, over: 1 kimg}› `a` needs `shape`"
    ],
    "a: {value: {values: [1, 2], at: [1]}}": [
        "G0334 ‹1› `at` of `a` is a length of training, not a whole number"
    ],
    "a: {value: {values: 1, at: [1 kimg]}}": ["G0334 ‹1› `values` of `a` is a list, not the number 1"],
    "a: {value: {state: Scalar, next: z}}": [
        "G0334 ‹{state: Scalar, next: z}› `a` is a curve {shape, start, end, over} or stairs {values, at}, "
        "and this is neither"
    ],
    # ---- draws
    "a: {draw: Weights}": ["G0337 ‹Weights› there are no numbers to draw for Weights"],
    "a: {draw: weights(judge)}": ["G0337 ‹weights(judge)› `draw` is given a type, a field of the data"],
    "a: {draw: y, low: 1}": ["G0208 ‹low› `low` bounds uniform draws and integers, and this draws `labels`"],
    "a: {draw: Number, distribution: normal, high: 3}": [
        "G0208 ‹high› `high` bounds uniform draws and integers, and this draws `normal`"
    ],
    "a: {draw: Number, distribution: integers, low: 0.5, high: 4}": [
        "G0208 ‹0.5› `low` of integers is a whole number, not 0.5"
    ],
    "a: {draw: Number, distribution: integers, low: 5, high: 4}": ["G0208 ‹4› `low` is 5 and `high` 4"],
    "a: {draw: Number, high: 1e300}": ["G0109 ‹Number› 1e+300 is more than a tensor holds"],
    "a: {draw: Number, per: [batch]}": ["G0209 ‹[batch]› `per` cannot be a list"],
    "a: {draw: Number, distribution: bernoulli, p: 2}": [
        "G0208 ‹2› of `bernoulli`, `p` is 2, and has to be at most 1"
    ],
    "a: {draw: Number, distribution: beta, alpha: 0, beta: 1}": [
        "G0208 ‹0› of `beta`, `alpha` is 0, and has to be above 0"
    ],
    "a: {draw: Number, distribution: beta, alpha: 1}": ["G0208 ‹1› of `beta`, it takes 2 numbers, not 1"],
    "a: {draw: Number, distribution: beta}": ["G0208 ‹beta› of `beta`, it takes 2 numbers, not 0"],
    "a: {draw: Number, p: 0.5}": ["G0208 ‹p› `p` is a number of `bernoulli`, and this draws `uniform`"],
    "a: {draw: Number, distribution: categorical}": [
        "G0208 ‹categorical› of `categorical`, its classes have no `shares`"
    ],
    "a: {draw: Number, distribution: categorical, shares: 2}": [
        "G0207 ‹2› `shares` is a list of numbers, one for each class, not a whole number"
    ],
    "a: {draw: Number, distribution: categorical, shares: [0, 0]}": [
        "G0208 ‹[0, 0]› of `categorical`, `shares` are not below 0, and one of them is above"
    ],
    "a: {draw: y, distribution: categorical, shares: [1, 2]}": ["G0210 ‹[1, 2]› there are 2 shares and"],
    "a: {draw: Number, distribution: unit}": [
        "G0209 ‹unit› `unit` draws more than one number, and this is a Number"
    ],
    "a: {draw: image, distribution: permutation}": ["G0209 ‹permutation› `permutation` draws a Vector, and"],
    # ---- pools
    "a: {op: replay, x: y, size: 3}": ["G0650 ‹y› `replay` keeps samples of one tensor, not"],
    "a: {op: replay, x: fake}": ["G0206 ‹replay› `replay` needs `size`"],
    "a: {op: replay, x: fake, size: 0}": ["G0336 ‹0› `size` of a pool is a whole number from 1, not 0"],
    "a: {op: replay, x: fake, size: 3, count: 2}": [
        "G0205 ‹count› `replay` has no port or parameter `count`"
    ],
    "a: {op: kept, of: fake}": ["G0346 ‹kept› `kept` is written as `{op: replay, x: …, size: …}`"],
    # ---- states
    "a: {state: Scalar, start: 1e39, next: a}": ["G0109 ‹Scalar› 1e+39 is more than a tensor holds"],
    "a: {state: Scalar, next: a, moved: [b]}": ["G0338 ‹[b]› `moved` is the name that `a` had, not a list"],
    "a: {state: Scalar, next: a, every: 1e300 steps}": ["G0336 ‹1e300 steps› `every` of a state is a whole"],
    # ---- functions and comparisons of numbers
    'a: "sum([mean(z), mean(fake)])"': [
        "G0105 ‹sum([mean(z), mean(fake)])› `sum` is for numbers, not for tensors"
    ],
    'a: "max(mean(z), 0)"': None,
    # ---- numbers, calls
    "a: real.logit * 1e300": ["G0109 ‹real.logit * 1e300› 1e+300 is more than a tensor holds"],
    "a: {network: [judge], image: image}": ["G0010 ‹[judge]› `network` is given a name, not a list"],
}
TERMS = {
    "{value: mean(fake), batch: 9}": ["G0336 ‹9› `batch` of `own` is 9, more than the step's 8"],
    # ---- fields of a term
    "{value: mean(fake), wieght: 2}": ["G0205 ‹wieght› the term `own` has no field `wieght`"],
    "{value: mean(fake), evry: 2 steps}": ["G0205 ‹evry› the term `own` has no field `evry`"],
    "{block: penalty.zero_centred, of: said.logit, by: fake, gama: 2}": [
        "G0205 ‹gama› the term `own` has no field `gama`"
    ],
    # ---- names in the log
    "{value: mean(fake), log: 'a b'}": ["G0357 ‹'a b'› `a b` is no name for a log"],
    "{value: mean(fake), log: {x/: x}}": ["G0357 ‹x/› `x/` is no name for a log"],
    "{value: mean(fake), log: lr/G}": ["G0357 ‹lr/G› the trainer logs `lr/G` of every run"],
    "{value: mean(fake), log: steps}": ["G0357 ‹steps› the trainer logs `steps` of every run"],
    "{value: mean(fake), log: discriminator/gap}": [
        "G0357 ‹discriminator/gap› two values are logged as `discriminator/gap`"
    ],
    "{value: mean(fake), log: {a: x, b: x}}": [],
    "{value: mean(fake), batch: 1e300}": [
        "G0336 ‹1e300› `batch` of `own` is a whole number from 1, not 1e+300"
    ],
    "{value: mean(fake), every: 1e300 steps}": ["G0336 ‹1e300 steps› `every` of `own` is a whole number"],
    "{value: mean(fake), weight: {block: loss.hinge}}": [
        "G0334 ‹{block: loss.hinge}› the weight of `own` is a"
    ],
}


# more of `game:` → what is said of it
MORE = {
    "order: [[discriminator, generator], []]": ["G0013 ‹[]› a turn of `order` is of nobody: name a player"],
    "logs: {a/b: mean(fake), a_b: mean(image), a-b: mean(z)}": [],
    "logs: {'': mean(fake)}": ["G0357 ‹mean(fake)› `` is no name for a log"],
    "watches: {real: real.logit, fake: said.pixels, samples: fake, items: image}": [],
    "watches: {real: weights(judge)}": [
        "G0355 ‹weights(judge)› `real` of `watches` is what a network says of each sample, not a Weights"
    ],
    "watches: {samples: z}": ["G0355 ‹z› `samples` of `watches` is an image, not a Latent[4]"],
}
# a player's fields, beside its terms → what is said of them
PLAYERS_OWN = {
    "trains: [judge], from: 5 kimg, until: 2 kimg": [
        "G0352 ‹2 kimg› `discriminator` ends at 2 kimg, before it begins, at 5 kimg"
    ],
    "trains: [judge], until: 0 kimg": ["G0352 ‹0 kimg› `discriminator` ends at 0 kimg, before it begins, at"],
    "trains: [judge], until: 0.2, from: 0.1": [],
    "trains: [judge, judge]": ["G0354 ‹judge› `discriminator` trains `judge` twice"],
    "trains: [judge, judge.conv]": ["G0354 ‹judge.conv› `discriminator` trains `judge.conv` twice"],
    "trains: [judge.conv, judge.logit]": [],
    "trains: [judge], terms: {}": ["G0013 ‹{}› `discriminator` has no terms"],
}


@pytest.mark.parametrize("more", MORE)
def test_a_slip_in_what_stands_beside(more: str, tmp_path: Path) -> None:
    compare(said(tmp_path, text(more=f"  {more}\n")), MORE[more])


@pytest.mark.parametrize("own", PLAYERS_OWN)
def test_a_slip_in_a_player(own: str, tmp_path: Path) -> None:
    terms = "" if "terms" in own else ", terms: {gap: mean(said.logit) - mean(real.logit)}"
    players = f"  players:\n    discriminator: {{{own}{terms}}}\n{GENERATOR}"
    compare(said(tmp_path, text(players=players)), PLAYERS_OWN[own])


def test_what_is_no_game_is_told_once(tmp_path: Path) -> None:
    compare(said(tmp_path, f"{NETWORKS}game: 3\n{TRAINING}"), ["G0010 ‹3› a game: {body"])


@pytest.mark.parametrize("body", NODES)
def test_a_slip_in_a_node(body: str, tmp_path: Path) -> None:
    compare(said(tmp_path, text(body)), NODES[body])


@pytest.mark.parametrize("written", TERMS)
def test_a_slip_in_a_term(written: str, tmp_path: Path) -> None:
    compare(said(tmp_path, text(players=term(written))), TERMS[written])


def compare(found: list[str], wanted: list[str] | None) -> None:
    assert len(found) == len(wanted or []), found
    assert all(one.startswith(start) for one, start in zip(found, wanted or [], strict=True)), found
