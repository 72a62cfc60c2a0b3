"""`program.sampler`: images by seed, as the runtime's functions and the command line draw them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import gandsl
from gandsl.api import Program
from gandsl.api.weights import Weights
from gandsl_runtime.media import images
from gandsl_runtime.plan import schedule
from gandsl_runtime.sample import sample
from tests.api import places


@pytest.fixture(scope="module")
def program() -> Program:
    return gandsl.load(places.RUN)


HOWS: list[dict[str, Any]] = [
    {},
    {"truncation": 0.5},
    {"truncation": 0.5, "cutoff": 1},
    {"noise": "random", "batch": 1},
    {"noise": "none"},
]


@pytest.mark.parametrize("how", HOWS, ids=str)
def test_it_draws_what_the_runtime_draws(program: Program, how: dict[str, Any]) -> None:
    wanted = sample(program.generator, [3, 5], [1, 0], **{"noise": "constant", **how})[-1]
    assert program.sampler([3, 5], [1, 0], **how).equal(wanted)
    pixels = program.sampler.pixels([3, 5], classes=[1, 0], **how)
    assert pixels.dtype == torch.uint8 and pixels.equal(images.to_pixels(wanted, -1, 1))
    assert not wanted.requires_grad and not program.generator.training


def test_one_number_is_one_seed_and_one_class_is_for_all(program: Program) -> None:
    assert program.sampler(5, 1).equal(program.sampler([5], [1]))
    assert program.sampler(range(3), 1).equal(program.sampler([0, 1, 2], [1, 1, 1]))


def test_options_differ(program: Program) -> None:
    drawn = [program.sampler([3], [1], **how) for how in HOWS]
    assert all(not a.equal(b) for i, a in enumerate(drawn) for b in drawn[:i])


WRONG: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    (([],), {}, "no seeds"),
    ((-1,), {}, "no seed -1"),
    ((2**63,), {}, "no seed 9223372036854775808"),
    ((1, 9), {}, "no class 9"),
    (([1], [1, 0]), {}, "2 classes for 1 seeds"),
    ((1,), {"noise": "loud"}, "no noise `loud`\n  = help: there are random, constant, none"),
    ((1,), {"cutoff": 1}, "a cutoff limits the truncation"),
    ((1,), {"truncation": float("nan")}, "no finite number"),
]


@pytest.mark.parametrize(("arguments", "how", "words"), WRONG)
def test_what_it_can_not_draw(
    program: Program, arguments: tuple[Any, ...], how: dict[str, Any], words: str
) -> None:
    with pytest.raises(gandsl.Error) as caught:
        program.sampler(*arguments, **how)
    assert words in str(caught.value)


@pytest.mark.parametrize(("shown", "size"), [(0, 4), (10**9, 8)])
def test_a_run_that_grows_is_drawn_where_it_is(root: Path, shown: int, size: int) -> None:
    """The layers of later levels are untrained."""
    made = gandsl.compile(
        root / "specs" / "pggan.yaml", {"resolution": 8, "channel_base": 32, "channel_max": 4}
    )
    state = {f"generator/{key}": tensor for key, tensor in made.generator.state_dict().items()}
    weights = Weights("x", state, ("generator",), "generator", schedule.Clock(shown, shown))
    program = Program(made.module, weights=weights)
    assert program.stage is not None and program.sampler(1).shape[-2:] == (size, size)
    assert made.stage is None and made.sampler(1).shape[-2:] == (8, 8)
