"""Every field of the short form: what it becomes in a game."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

import pytest

from gandsl.frontend.short_form.table import table
from gandsl.spec.tree import to_plain
from gandsl_runtime.plan import Plan
from gandsl_runtime.plan.loss import LOSS_NAMES, LOSSES
from gandsl_runtime.plan.regularizers import Consistency, LatentConsistency, Regularizers
from tests.frontend.short_form import told
from tests.frontend.short_form.shown import expanded, module_of, read_back, texts
from tests.frontend.short_form.test_every_spec import holds_together
from tests.frontend.short_form.told import block

IDLE = "{weight: 0, every: 4 steps}"
CURVE = "{shape: linear, start: 0.0, end: 1.0, over: 10 kimg}"
PENALTIES: dict[str, tuple[str, ...]] = {
    "regularizers.r1": ("{gamma: 2}", "{gamma: 2, every: 3 steps}", f"{{gamma: {CURVE}}}"),
    "regularizers.r2": ("{gamma: 2}", "{gamma: 0, every: 3 steps}"),
    "regularizers.gradient_penalty": ("{}", "{interpolate: real}", "{interpolate: fake, every: 2 steps}"),
    "regularizers.drift": ("{}", "{weight: 0.5}"),
    "regularizers.lecam": ("{weight: 0.3}", "{weight: 0.3, one_sided: true}", f"{{weight: {CURVE}}}"),
    "regularizers.consistency": ("{}", "{real: 0, fake: 1, pipe: bg}", "{latent: {}}"),
    "regularizers.orthogonal": ("{}", "{skip: [shared], weight: 1e-3}"),
    "regularizers.path_length": ("{}", "{batch: 2}", "{every: 4 steps, decay: 0.1}", IDLE),
    "augment": ("{pipe: bgc, p: 0.3}", f"{{pipe: [xflip], p: {CURVE}}}", "{pipe: {xflip: 1}, p: adaptive}"),
    "style_mixing": ("{}", "{probability: 0.5, per: sample}"),
    "auxiliary": ("{output: label}", "{output: label, fake: 0, generator: 0.1}"),
    "discriminator_steps": ("1", "3"),
    "loss": LOSS_NAMES,
}  # fmt: skip
NEEDS = {
    "regularizers.orthogonal": "biggan",
    "regularizers.path_length": "stylegan2",
    "style_mixing": "stylegan2",
    "auxiliary": "acgan",
}
CASES = [
    (field, value, NEEDS.get(field, "quickstart"), joint)
    for field, values in PENALTIES.items()
    for value, joint in product(values, (False, True))
]
OTHERS = [
    ("regularizers.consistency", "{latent: {}, fake: 1}", "stylegan2", False),
    ("regularizers.r1", "{gamma: 2}", "msg_gan", True),
    ("regularizers.gradient_penalty", "{}", "msg_gan", False),
    ("regularizers.r1", "{gamma: 1, every: 2 steps}", "acgan", True),
    ("augment", "{pipe: bgc, p: 0.3}", "msg_gan", False),
    ("augment", "{pipe: bgc, p: 0.3}", "pggan", False),
    ("loss", "relativistic_hinge", "acgan", True),
]


@pytest.mark.parametrize(("field", "value", "name", "joint"), CASES + OTHERS)
def test_a_field_becomes_nodes_and_terms(field: str, value: str, name: str, joint: bool) -> None:
    changes = {"discriminator_passes": "joint" if joint else "separate", "regularizers": None, field: value}
    part, _, penalty = field.partition(".")
    if penalty:
        del changes[field]
        changes[part] = f"{{{penalty}: {value}}}"
    module = module_of(name, **{f"training.{path}": one for path, one in changes.items()})
    tree = expanded(module)
    assert texts(read_back(tree)) == texts(tree)
    sections = to_plain(tree)
    holds_together(sections)
    game = sections["game"]
    found = {f"{player}.{term}" for player, one in game["players"].items() for term in one["terms"]}
    wanted = {
        f"{template['player']}.{template['term']}"
        for path, templates in table().items()
        if path.startswith(field) or (path == "auxiliary" and name == "acgan")
        for template in templates
    }
    assert found - {"discriminator.adversarial", "generator.adversarial"} <= wanted
    assert ("both" in game["body"]) is joint


def game(name: str, **changes: Any) -> dict[str, Any]:
    module = module_of(name, **{f"training__{path}": one for path, one in changes.items()})
    found: dict[str, Any] = to_plain(expanded(module))["game"]
    return found


def terms(name: str, player: str = "discriminator", **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = game(name, **changes)["players"][player]["terms"]
    return found


def test_every_part_of_the_plan_that_is_a_term_has_its_row() -> None:
    parts = {name for name in Plan.model_fields if name == "auxiliary"}
    parts |= {f"regularizers.{name}" for name in Regularizers.model_fields}
    assert set(table()) == parts | {"regularizers.consistency.latent"}


def test_the_plan_and_its_page_say_what_the_blocks_say() -> None:
    again = "python -m tests.frontend.short_form.told"
    assert told.PLAN.read_text("utf-8") == told.plan_text(), again
    page = told.PAGE.read_text("utf-8")
    assert page == told.page_text(page), again


@pytest.mark.parametrize("loss", LOSS_NAMES)
def test_a_loss_is_a_block(loss: str) -> None:
    of, block = LOSSES[loss], told.block(f"loss.{loss}")
    assert list(of.model_fields) == ["kind", *block.params]
    assert {name: field.default for name, field in of.model_fields.items() if name != "kind"} == {
        name: to_plain(param.default) for name, param in block.params.items() if param.default
    }
    assert list(block.outputs) == ["discriminator", "generator", "boundary"]
    assert block.source in (of.__doc__ or "")


BOUNDARIES = {"bce": 0.0, "logistic": 0.0, "hinge": 0.0, "least_squares": 0.5}


@pytest.mark.parametrize("loss", LOSS_NAMES)
def test_a_game_knows_where_its_loss_draws_the_line(loss: str) -> None:
    module = module_of("quickstart", training__loss=loss)
    assert module.game is not None and module.game.plan.boundary == BOUNDARIES.get(loss)


@pytest.mark.parametrize("part", [part for part in table() if part.startswith("regularizers")])
def test_defaults_of_a_penalty_are_its_blocks(part: str) -> None:
    models = {**dict.fromkeys(("regularizers.consistency",), Consistency)}
    models["regularizers.consistency.latent"] = LatentConsistency
    model = models.get(part) or get_args(Regularizers.model_fields[part.rpartition(".")[2]].annotation)[0]
    for template in table()[part]:
        found, fields = block(template["block"]), template["fields"]
        for name, field in (fields if isinstance(fields, dict) else {one: one for one in fields}).items():
            assert field in model.model_fields
            if name in found.params:
                default = found.params[name].default
                assert default is not None and to_plain(default) == model.model_fields[field].default


def test_words_of_the_user_stay_as_they_are() -> None:
    r1 = terms("quickstart", regularizers="{r1: {gamma: 1 / batch, every: 4 steps}}")["r1"]
    assert (r1["gamma"], r1["every"]) == ("1 / batch", "4 steps")
    own = terms("quickstart", regularizers="{r1: {gamma: micro_batch / 4}}", micro_batch=2)["r1"]
    assert own["gamma"] == 0.5  # the game does not know the plan's other numbers
    grown = terms("pggan", regularizers="{drift: {weight: 1 / batch}}")["drift"]
    assert grown["weight"] == 0.25  # the plan's batch, at whatever level


def test_lecam_begins_by_its_weight() -> None:
    term = terms("quickstart", regularizers="{lecam: {weight: 0.3, start: 2 kimg}}")["lecam"]
    assert term["weight"] == {"values": [0, 0.3], "at": ["2 kimg"]}
    assert term["decay"] == {"values": [0, 0.99], "at": ["2 kimg"]}
    at_once = terms("quickstart", regularizers="{lecam: {weight: 0.3, start: 0 img}}")["lecam"]
    assert at_once["weight"] == {"values": [0, 0.3], "at": ["1 img"]}  # there are no means in the first step


def test_path_length_has_images_of_its_own() -> None:
    term = terms("stylegan2", "generator", regularizers="{path_length: {}}")["path_length"]
    assert (term["batch"], term["weight"]) == ("batch", 2.0)
    unmixed = game("stylegan2", regularizers="{path_length: {}}", style_mixing=None)
    term = unmixed["players"]["generator"]["terms"]["path_length"]
    assert (term["of"], term["by"]) == ("made", "mapped")
    assert unmixed["body"]["made"] == {"network": "generator.synthesis", "ws": "mapped", "draws": "fake"}
    own = terms(
        "stylegan2", "generator", regularizers="{path_length: {}}", synchronize="{path_length: false}"
    )
    assert own["path_length"]["processes"] == "own"


def test_penalties_of_the_main_phase_see_the_joined_pass_and_lazy_ones_do_not() -> None:
    main = terms("quickstart", discriminator_passes="joint", regularizers="{r1: {gamma: 1}}")["r1"]
    lazy = terms("quickstart", discriminator_passes="joint", regularizers="{r1: {gamma: 1, every: 2 steps}}")
    assert main["of"] == "halves[1]" and lazy["r1"]["of"].startswith("real.")


def test_a_relativistic_generator_judges_real_images_after_its_own() -> None:
    body = list(game("quickstart", loss="relativistic_logistic")["body"])
    assert body.index("real") < body.index("said") < body.index("again")
    assert "again" not in game("quickstart", loss="hinge")["body"]


def test_adaptive_augmentation_is_a_state() -> None:
    body = game("quickstart", augment="{pipe: bgc, p: {target: 0.5, over: 2 kimg, max: null}}")["body"]
    assert body["p"]["next"] == "clip(p + sign(sure - 0.5) * (batch * 4 / 2000), 0, absent)"
    assert (body["p"]["in"], body["p"]["every"]) == ("discriminator", "4 steps")
