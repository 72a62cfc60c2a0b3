"""What the promises must not overlook: a planted error is found where rounding is forgiven."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, fx

from tests.passes.exact import Truth
from tests.random_specs import hold
from tests.random_specs.grow import spec_text
from tests.random_specs.recipe import Recipe
from tests.random_specs.seeds import FIRST, recipes


@pytest.mark.parametrize("recipe", list(recipes(FIRST))[::9], ids=str)
@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_an_error_of_a_ten_thousandth_is_found(
    recipe: Recipe, network: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every network, however badly its norms are conditioned."""
    forms = hold._forms

    def planted(*args: Any) -> Iterator[tuple[str, fx.GraphModule]]:
        for name, form in forms(*args):
            output = next(node for node in form.graph.nodes if node.op == "output")
            last = output.all_input_nodes[0]
            with form.graph.inserting_before(output):
                output.replace_input_with(last, form.graph.call_function(torch.mul, (last, 1.0001)))
            form.recompile()
            yield name, form

    (tmp_path / "random.yaml").write_text(spec_text(recipe), "utf-8")
    module = hold.checked(tmp_path / "random.yaml")
    assert not isinstance(module, tuple)
    module = replace(module, networks={network: module.networks[network]})
    monkeypatch.setattr(hold, "_forms", planted)
    with pytest.raises(AssertionError, match=f"^{network}"):
        hold.equals_its_passes_off_form(hold.Case(module, tmp_path / "random.yaml", tmp_path))


def truth(output: list[float], second: Tensor | None = None, average: float = 1.0) -> Truth:
    return Truth([torch.tensor(output).double()], [None], [second], {"average": torch.tensor([average])})


@pytest.mark.parametrize(
    ("found", "nearby", "forgiven"),
    [
        (truth([1.0, 2.0]), truth([1.0, 2.0]), True),
        (truth([1.0, 2.1]), truth([1.0, 2.01]), True),  # the inputs' last digits move it as far
        (truth([1.0, 2.1]), truth([1.0, 2.0001]), False),
        (truth([1.0, float("nan")]), truth([1.0, 2.1]), False),
        (truth([1.0, 2.0], average=1.1), truth([1.0, 2.0]), False),
        (truth([1.0, 2.0], torch.ones(2)), truth([1.0, 2.0]), False),
    ],
)
def test_what_counts_as_rounding(found: Truth, nearby: Truth, forgiven: bool) -> None:
    assert hold.is_rounding(truth([1.0, 2.0]), found, nearby) == forgiven


def test_numbers_beyond_float64_hide_no_others() -> None:
    beyond = truth([float("inf"), 2.0])
    assert hold.is_rounding(beyond, truth([float("nan"), 2.0]), beyond)
    assert not hold.is_rounding(beyond, truth([float("inf"), 2.1]), beyond)
