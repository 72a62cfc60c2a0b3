"""Programs from Python: entries of networks, arguments, copies, targets, and what they say of themselves."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

import gandsl
from gandsl.api import Program
from gandsl.frontend.module import ModuleIR
from gandsl.lowering import network as lowering
from gandsl.lowering.network import LoweredNetwork
from gandsl_runtime.calling import ArgumentError
from gandsl_runtime.layers import set_noise_mode
from tests.api import places
from tests.codegen.small import SPECS, reduced
from tests.copies import COPIES

SMALL = {spec.stem: spec for spec in SPECS}
RUN = places.RUN / "spec.yaml"  # whose nodes are in no folders called mapping or synthesis
STYLED = {"run": RUN} | {name: SMALL[name] for name in ("stylegan", "stylegan2", "stylegan3")}


@cache
def module(path: Path) -> ModuleIR:
    return reduced(path)


def program(name: str) -> Program:
    torch.manual_seed(0)
    return Program(module({**SMALL, **STYLED}[name]))


@cache
def kept(name: str) -> Program:
    """For tests that leave it as it is."""
    return program(name)


def inputs(network: LoweredNetwork, count: int = 3) -> list[torch.Tensor]:
    return [
        torch.randint(port.shape[0], (count,)) if port.kind == "Label" else torch.randn(count, *port.shape)
        for port in network.inputs
    ]


@pytest.mark.parametrize("name", SMALL)
def test_a_program_is_told_in_a_line(name: str) -> None:
    made = kept(name)
    said, of_network = repr(made), repr(made.generator)
    assert "\n" not in said + of_network and len(said) < 400 and len(of_network) < 200
    weights = sum(p.numel() for p in made.generator.parameters())
    assert said.startswith(f"Program({made.name}, generator: ") and f"; {weights:,} float32 " in of_network
    for port in (*made.generator.inputs, *made.generator.outputs, *made.discriminator.inputs):
        assert f"{port.name} [N" in said
    assert len(str(made.generator).splitlines()) > len(made.generator.state_dict()) / 4


# ---- entries


@pytest.mark.parametrize("name", STYLED)
def test_mapping_and_synthesis_are_the_generator_s_halves_and_carry_gradients(name: str) -> None:
    made = program(name)
    network = made.generator.eval()
    set_noise_mode(network, "constant")
    keys = list(network.state_dict())
    given = inputs(network)
    given[0].requires_grad_()
    ws = made.mapping(*given)
    assert ws.equal(network.mapping(*given))
    rest = [x for x in given if x.dtype == torch.int64 and len(network._ports("synthesis")) > 1]
    images = made.synthesis(ws, *rest)
    torch.testing.assert_close(images, network(*given))
    assert images.equal(network.synthesis(ws, *rest))
    (gradient,) = torch.autograd.grad(images.square().sum(), given[0])
    assert gradient.abs().sum() > 0 and list(network.state_dict()) == keys


@pytest.mark.parametrize("way", COPIES)
def test_entries_of_a_copy_are_the_copy_s(way: str) -> None:
    made = program("stylegan2")
    z = inputs(made.generator)
    expected = made.mapping(*z)
    for other in (COPIES[way](made).generator, COPIES[way](made.generator)):
        assert other.mapping(*z).equal(expected)
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.zero_()
        assert not other.mapping(*z).any() and not other.synthesis(expected).any()
    assert made.generator.mapping(*z).equal(expected) and expected.any()
    fast = made.generator.for_target(gandsl.Target(mode="inference"))
    assert fast.mapping._of[0] is fast and fast.get_submodule("mapping.fc0") is made.generator.mapping.fc0


def test_the_halves_need_a_style_space() -> None:
    with pytest.raises(gandsl.Error, match="mapping works on a style space, and this generator has none"):
        program("quickstart").mapping(torch.randn(2, 6))


# ---- arguments

Change = Callable[[dict[str, Any]], dict[str, Any]]
Z, Y = torch.zeros(3, 6), torch.zeros(3, dtype=torch.int64)
WRONG: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "no label": (
        [Z],
        {},
        "takes z [N, 6], y [N] of 3 classes, and `y` is missing\n  = help: a class for each",
    ),
    "nothing": ([], {}, "`z` is missing\n  = help: such as torch.randn(N, 6)"),
    "a None": ([Z, None], {}, "`y` is None, and the network takes tensors"),
    "too many": ([Z, Y, Z], {}, "takes z [N, 6], y [N] of 3 classes, and 3 tensors were given"),
    "strange": ([Z], {"c": Y}, "`c` is none of them\n  = help: give z and y"),
    "twice": ([Z, Y], {"y": Y}, "`y` is given twice"),
    "a list": ([[0.0] * 6, Y], {}, "`z` is of type list"),
    "width": ([torch.zeros(3, 7), Y], {}, "`z` is [3, 7], and the network takes [N, 6]"),
    "no batch": ([torch.zeros(6), Y], {}, "z[None] is a batch of one"),
    "one label": (
        [Z, torch.tensor(1)],
        {},
        "`y` is [], and the network takes [N] of 3 classes\n  = help: y[None]",
    ),
    "one-hot": ([Z, torch.zeros(3, 4)], {}, "`y` is [3, 4], and the network takes [N] of 3 classes"),
    "batches": ([Z, Y[:2]], {}, "the batches differ: 3 of `z` and 2 of `y`"),
    "beyond": ([Z, Y + 3], {}, "`y` holds class 3\n  = help: classes are 0 to 2"),
    "below": ([Z, Y - 1], {}, "`y` holds class -1"),
    "bytes": ([Z, Y.to(torch.uint8)], {}, "`y` holds uint8: classes are int64\n  = help: y.long()"),
    "double": ([Z.double(), Y], {}, "`z` is of float64, and the network's weights of float32"),
    "integers": ([Z.long(), Y], {}, "`z` is of int64"),
    "device": ([Z.to("meta"), Y], {}, '`z` is on meta, and the network on cpu\n  = help: z.to("cpu")'),
}


@pytest.fixture(scope="module")
def labelled() -> Program:
    return program("quickstart")


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments_are_told_in_the_network_s_terms(labelled: Program, case: str) -> None:
    given, named, words = WRONG[case]
    with pytest.raises(ArgumentError) as caught:
        labelled.generator(*given, **named)
    assert words in str(caught.value) and isinstance(caught.value, gandsl.Error)


@pytest.mark.parametrize("name", SMALL)
def test_every_network_refuses_each_input_that_is_too_wide(name: str) -> None:
    """And takes its inputs by name, whatever their kinds."""
    made = kept(name)
    for network in (made.generator.eval(), made.discriminator.eval()):
        set_noise_mode(network, "none")
        given = inputs(network)
        with torch.no_grad():
            named = {port.name: x for port, x in zip(network.inputs, given, strict=True)}
            outputs = network(*given), network(**named)
        for a, b in zip(*(x if isinstance(x, tuple) else (x,) for x in outputs), strict=True):
            torch.testing.assert_close(a, b)
        for index, port in enumerate(network.inputs):
            wide = [*given]
            wide[index] = given[index].repeat(*[1] * (given[index].dim() - 1), 2)
            if port.kind == "Label":
                wide[index] = given[index][:, None]
            with pytest.raises(ArgumentError, match=f"`{port.name}` is "):
                network(*wide)


def test_mixtures_of_classes_and_autocast_pass(labelled: Program) -> None:
    network = labelled.generator.eval()
    mixed = network(Z, torch.nn.functional.one_hot(Y, 3).float())
    torch.testing.assert_close(mixed, network(Z, Y))
    with torch.autocast("cpu", torch.bfloat16):
        assert network(Z.bfloat16(), Y).isfinite().all()


# ---- formats, devices, targets


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_a_program_in_another_format(dtype: torch.dtype) -> None:
    made = program("stylegan2")
    set_noise_mode(made.generator.eval(), "none")
    z = inputs(made.generator)
    expected = made.generator(*z)
    found = copy.deepcopy(made).to(dtype).generator(*(x.to(dtype) for x in z))
    assert found.dtype == dtype
    scale = float(expected.detach().abs().max())
    torch.testing.assert_close(found.float(), expected, rtol=0, atol=0.1 * scale)
    assert made.to("cpu") is made


def test_programs_are_made_for_the_device_that_the_weights_are_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made = program("stylegan2")

    def aim() -> str:
        return str(made.generator.pass_log("synthesis")["choose-modulated-form"])

    assert "(CPU, a batch)" in aim() and "on a GPU" not in aim()
    with monkeypatch.context() as patch:
        patch.setattr(lowering, "device_of", lambda network: torch.device("cuda", 1))
        assert "on a GPU, in training" in aim() and "CPU" not in aim()
        assert made.generator.for_target(gandsl.Target("cpu"))._device == "cpu"
    assert "(CPU, a batch)" in aim()


# ---- the package


def test_the_package_lists_what_it_has() -> None:
    assert dir(gandsl) == sorted(gandsl.__all__)
    for name in gandsl.__all__:
        assert getattr(gandsl, name) is not None
    tree = ast.parse(Path(gandsl.__file__).read_text("utf-8"))
    (seen,) = (node for node in tree.body if isinstance(node, ast.If))
    names = {alias.name for node in seen.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert names - {"Any"} == gandsl._PUBLIC.keys() == {*gandsl.__all__} - {"__version__"}
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = gandsl.nothing


@pytest.mark.thorough
def test_it_type_checks(tmp_path: Path, root: Path) -> None:
    """mypy sees the types of what a user imports."""
    from mypy import api

    (tmp_path / "user.py").write_text(
        "from gandsl import Error, load\n"
        "program = load('x', part='average')\n"
        "reveal_type(program.sampler.pixels([1], truncation=0.7))\n"
        "load(1)\n"
    )
    said, _, _ = api.run(["--config-file", str(root / "pyproject.toml"), str(tmp_path / "user.py")])
    assert (
        'note: Revealed type is "torch._tensor.Tensor"' in said and 'has incompatible type "int"' in said
    ), said
    assert "Found 1 error" in said
