"""The plan: units, forms, refusals, JSON there and back, and a description for every field."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from gandsl_runtime.plan import PIPES, UNITS, Growth, Plan, PlanPart, Quantity
from tests.runtime.helpers import plan

RICH = {
    "length": "25 Mimg",
    "loss": {"kind": "least_squares", "a": -1},
    "optimizer": {
        "lr": {"shape": "cosine", "start": 2e-4, "end": 5e-5, "over": "20 Mimg"},
        "betas": [0, 0.99],
    },
    "generator_optimizer": {"lr": {"values": [1e-3, 1e-4], "at": ["10 kimg"]}},
    "regularizers": {"r1": {"gamma": 1, "every": "16 steps"}, "path_length": {"every": "4 steps"}},
    "style_mixing": {"per": "sample"},
    "ema": {"half_life": "20 kimg", "ramp_up": 0.05},
    "growth": {"start": 8, "stable": "600 kimg", "fade": "600 kimg", "batch": {8: 64, "16": 32}},
}


@given(st.floats(0, 1e9) | st.integers(0, 10**9), st.sampled_from(UNITS))
def test_quantities_print_as_they_are_read(number, unit):
    quantity = Quantity(number, unit)
    assert Quantity.parse(str(quantity)) == quantity


@pytest.mark.parametrize(
    ("text", "amount"),
    [("25000 kimg", 25_000_000), ("0.5Mimg", 500_000), ("16 steps", 16), ("1 step", 1), ("1e3 img", 1000)],
)
def test_amounts(text, amount):
    assert Quantity.parse(text).amount == amount


@pytest.mark.parametrize(
    "text", ["10", "kimg", "10 epochs", "-1 kimg", "1 kimg 2", "nan img", 10, True, None]
)
def test_no_quantities(text):
    with pytest.raises(ValueError, match="write a number with its unit"):
        Quantity.parse(text)


def test_json_there_and_back():
    rich = plan(**RICH)
    assert Plan.model_validate_json(rich.model_dump_json()) == rich
    dumped = rich.model_dump(mode="json")
    assert dumped["length"] == "25 Mimg"
    assert dumped["growth"]["batch"] == {"8": 64, "16": 32}


@pytest.mark.parametrize("pipe", PIPES)
def test_every_pipe_has_its_name_and_no_other(pipe):
    assert plan(augment={"pipe": pipe, "p": 0.5}).augment.pipe == pipe
    with pytest.raises(ValidationError, match="unknown pipe"):
        plan(augment={"pipe": f"{pipe}x", "p": 0.5})


def test_losses_by_name_or_with_parameters():
    assert plan(loss="hinge").loss == plan(loss={"kind": "hinge"}).loss
    assert plan(**RICH).loss.model_dump() == {"kind": "least_squares", "a": -1.0, "b": 1.0, "c": 1.0}


def test_changes_of_one_network():
    rich = plan(**RICH)
    assert rich.optimizer_of("generator").lr == rich.generator_optimizer.lr
    assert rich.optimizer_of("generator").betas == (0.0, 0.99)
    assert rich.optimizer_of("discriminator") == rich.optimizer


def test_networks_by_their_names():
    """A field of a network's own says what the section of all says."""
    named = plan(
        optimizers={"generator": {"lr": 1e-3}, "judge": {"eps": 1e-3}},
        averages={"judge": {"decay": 0.5}, "generator": {"power": 6.94}},
        ema=None,
    )
    short = plan(generator_optimizer={"lr": 1e-3}, ema={"power": 6.94})
    for network in ("generator", "discriminator", "judge"):
        assert named.optimizer_of(network).lr == (1e-3 if network == "generator" else short.optimizer.lr)
    assert named.optimizer_of("judge").eps == 1e-3 and named.optimizer_of("judge").lr == named.optimizer.lr
    assert short.optimizer_of("generator") == named.optimizer_of("generator")
    assert named.average_of("generator") == short.ema == short.average_of("generator")
    assert named.average_of("discriminator") is None and list(named.averaged) == ["generator", "judge"]
    assert short.averaged == {"generator": short.ema} and plan(ema=None).averaged == {}
    assert Plan.model_validate_json(named.model_dump_json()) == named


def test_plans_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        plan().batch = 5


# what is written wrongly → the place pydantic names, and words of the message
WRONG = [
    ({"lenght": "1 kimg"}, ("lenght",), "Extra inputs"),
    ({"length": "0 kimg"}, ("length",), "more than 0"),
    ({"length": 5}, ("length",), "number with its unit"),
    ({"batch": 0}, ("batch",), "greater than or equal to 1"),
    ({"batch": True}, ("batch",), "not true or false"),
    ({"loss": "hinge2"}, ("loss",), "unknown loss `hinge2`: one of bce, logistic"),
    ({"loss": {"kind": "hinge", "a": 1}}, ("loss", "a"), "Extra inputs"),
    ({"optimizer": {}}, ("optimizer", "lr"), "required"),
    ({"optimizer": {"lr": -1}}, ("optimizer", "lr"), r"must lie in \[0, 10\], not -1"),
    ({"optimizer": {"lr": "fast"}}, ("optimizer", "lr"), "valid number"),
    ({"optimizer": {"lr": 1, "betas": [0, 1]}}, ("optimizer", "betas", 1), r"must lie in \[0, 1\)"),
    (
        {"optimizer": {"lr": {"shape": "cosine", "start": 1, "end": 0}}},
        ("optimizer", "lr", "over"),
        "required",
    ),
    (
        {"optimizer": {"lr": {"shape": "exponential", "start": 1, "end": 0, "over": "1 kimg"}}},
        ("optimizer", "lr"),
        "above 0",
    ),
    ({"optimizer": {"lr": {"values": [1, 2], "at": []}}}, ("optimizer", "lr", "at"), "at least 1"),
    (
        {"optimizer": {"lr": {"values": [1, 2, 3], "at": ["2 img", "1 img"]}}},
        ("optimizer", "lr"),
        "must rise",
    ),
    (
        {"regularizers": {"r1": {"gamma": 1, "every": "2 kimg"}}},
        ("regularizers", "r1", "every"),
        "whole number of steps",
    ),
    (
        {"regularizers": {"r1": {"gamma": 1, "every": "1.5 steps"}}},
        ("regularizers", "r1", "every"),
        "whole number",
    ),
    ({"regularizers": {"path_length": {"batch": 5}}}, (), "more than the batch of 4"),
    ({"ema": {}}, ("ema",), "`half_life`, `decay` or `power`"),
    ({"averages": {"a": {"power": 1, "decay": 0}}}, ("averages", "a"), "one of the three"),
    ({"averages": {"a": {"power": -1}}}, ("averages", "a", "power"), "greater than or equal to 0"),
    ({"ema": {"decay": 0}, "averages": {"generator": {"decay": 0}}}, (), "averages.generator is given twice"),
    (
        {"generator_optimizer": {"lr": 1}, "optimizers": {"generator": {"eps": 1}}},
        (),
        "optimizers.generator is given twice",
    ),
    ({"optimizers": {"a": {"rate": 1}}}, ("optimizers", "a", "rate"), "Extra inputs"),
    (
        {"growth": {"stable": "1 img", "fade": "0 img", "lr": {4: 1}}, "optimizers": {"a": {"lr": 1}}},
        (),
        "leave optimizers.a.lr out",
    ),
    ({"ema": {"decay": 0.9, "ramp_up": 0.1}}, ("ema",), "`ramp_up` limits"),
    ({"growth": {"stable": "5 steps", "fade": "1 kimg"}}, ("growth", "stable"), "counts images"),
    ({"growth": {"stable": "0 img", "fade": "0 img"}}, ("growth",), "can't both be 0"),
    (
        {"growth": {"stable": "1 img", "fade": "0 img", "lr": {4: 1}}, "generator_optimizer": {"lr": 1}},
        (),
        "leave generator_optimizer.lr out",
    ),
    ({"data": {"range": [1, -1]}}, ("data",), "must rise"),
]


@pytest.mark.parametrize(("changes", "place", "words"), WRONG)
def test_refusals_name_the_place(changes, place, words):
    with pytest.raises(ValidationError, match=words) as caught:
        plan(**changes)
    assert [error["loc"] for error in caught.value.errors()] == [place]


def models(of: type[BaseModel] = PlanPart) -> list[type[BaseModel]]:
    """All parts of a plan; a part of several kinds of value counts where its kind is said."""
    found = [model for child in of.__subclasses__() for model in (child, *models(child))]
    return [model for model in found if not model.__pydantic_generic_metadata__["args"]]


def test_every_field_says_what_it_is():
    assert len(models()) > 15
    silent = [
        f"{model.__name__}.{name}"
        for model in models()
        for name, field in model.model_fields.items()
        if not field.description and name not in ("kind", "op")
    ]
    assert not silent
    assert not [model.__name__ for model in models() if not model.__doc__]


def test_default_parts_are_what_validation_makes_of_nothing():
    """They are made without a validator."""
    parts = [one.default for one in Plan.model_fields.values() if isinstance(one.default, PlanPart)]
    assert len(parts) > 4
    for part in parts:
        validated = type(part).model_validate({})
        assert part == validated and part.model_fields_set == validated.model_fields_set
        assert part.model_dump_json() == validated.model_dump_json()


def test_the_schema_serves_editors():
    schema = Plan.model_json_schema()
    assert "hinge" in schema["properties"]["loss"]["anyOf"][0]["enum"]
    assert schema["properties"]["length"]["pattern"]
    assert schema["additionalProperties"] is False


def test_levels():
    growth = Growth(start=8, stable="600 kimg", fade="400 kimg")
    sizes = [(4, 6), (8, 12), (16, 24)]
    with pytest.raises(ValueError, match=r"growth.start is 8, and the levels are 6, 12, 24"):
        growth.first_level(sizes)
    assert growth.model_copy(update={"start": 12}).first_level(sizes) == 1
    assert growth.model_copy(update={"start": None}).full_size_at(sizes) == 2_000_000


def test_a_schedule_may_name_sizes_beyond_the_last_level():
    """Cut to a smaller final size a spec keeps its table; a size that is never a level is a slip."""
    growth = Growth(stable="1 kimg", fade="0 img", batch={4: 8, 16: 4, 64: 2, 12: 1}, lr={2: 0.1})
    assert growth.strangers([(4, 4), (8, 8), (16, 16)]) == [("batch", 12), ("lr", 2)]


def test_imports_no_torch():
    code = (
        "import sys, gandsl_runtime, gandsl_runtime.plan, gandsl_runtime.plan.schedule;"
        "sys.exit(bool({'torch', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_public_names_load_on_use():
    """Each is the object itself, not a module of the same name."""
    import gandsl_runtime

    for name in gandsl_runtime.__all__:
        assert not hasattr(getattr(gandsl_runtime, name), "__path__") and name in dir(gandsl_runtime)
        assert getattr(gandsl_runtime, name).__class__.__name__ != "module"
    with pytest.raises(AttributeError, match="nonsense"):
        _ = gandsl_runtime.nonsense
