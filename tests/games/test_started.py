"""Networks that start from files: frozen ones in terms, trained ones, those of a precision of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

import gandsl
from gandsl_runtime.errors import CheckpointError, PlanError
from gandsl_runtime.game.step import step
from gandsl_runtime.layers import Cast
from gandsl_runtime.runs import start
from tests.games.eyes import SPEC, digest, eyes, written
from tests.games.loop import Loop, compare, descend, made_run

IMAGE = (3, 8, 8)


def test_a_perceptual_term_is_a_loop(tmp_path: Path) -> None:
    """mean |f(x) − f(D(x))| at two depths of a frozen f: torch's own convolutions with its weights."""
    loop = Loop(written(tmp_path), {}, IMAGE)
    for name, parameter in loop.run.networks["eyes"].named_parameters():
        parameter.data = eyes()[name].double()  # the run before its first step perturbs all of them
    file = {name: tensor.double() for name, tensor in eyes().items()}
    coder, moving = loop["coder"], loop.adam("coder", 0.01, (0.5, 0.9))
    conv = torch.nn.functional.conv2d

    def seen(x: Tensor) -> tuple[Tensor, Tensor]:
        near = conv(x, file["one.weight"], file["one.bias"], padding=1).relu()
        return near, conv(near, file["two.weight"], file["two.bias"], stride=2, padding=1).relu()

    for _ in loop.steps(2):
        x, _ = loop.real(4)
        (near, far), (near_of, far_of) = seen(x), seen(coder(x))
        descend(moving, (near - near_of).abs().mean() + 2 * (far - far_of).abs().mean())
    compare(coder.state_dict(), loop.run.networks["coder"].state_dict())
    compare(file, loop.run.networks["eyes"].state_dict())
    assert not any(weight.requires_grad and weight.grad is not None for weight in loop["eyes"].parameters())


def test_a_program_has_the_files_weights(tmp_path: Path) -> None:
    program = gandsl.compile(written(tmp_path))
    compare(eyes(), program.network("eyes").state_dict())
    assert program.network("eyes")._starts_from is None
    with torch.device("meta"):  # shapes alone: the file is not read, and what is made of it has no weights
        (tmp_path / "eyes.safetensors").unlink()
        assert gandsl.compile(tmp_path / "perceptual.yaml").network("eyes")._starts_from is not None


def test_a_trained_network_starts_there(tmp_path: Path) -> None:
    spec = SPEC.replace("trains: [coder]", "trains: [coder, eyes]")
    program = gandsl.compile(written(tmp_path, spec=spec))
    compare(eyes(), program.network("eyes").state_dict())
    run = made_run(tmp_path / "perceptual.yaml", {}, IMAGE)
    before = {name: tensor.clone() for name, tensor in run.networks["eyes"].state_dict().items()}
    step(run)
    assert all(not torch.equal(before[k], v) for k, v in run.networks["eyes"].state_dict().items())


def test_a_network_may_have_its_own_precision(tmp_path: Path) -> None:
    """The frozen one in bfloat16: its features are rounded so, all others are those of float32."""
    path = written(tmp_path, spec=SPEC.replace("    weights:", "    precision: bf16\n    weights:"))
    run = made_run(path, {}, IMAGE)
    casts = {name: [m for m in of.modules() if isinstance(m, Cast)] for name, of in run.networks.items()}
    assert casts["eyes"] and all(cast.active for cast in casts["eyes"]) and not casts["coder"]
    run.networks["eyes"].float()
    x = torch.rand(2, *IMAGE) * 2 - 1
    near, _ = run.networks["eyes"](x)
    weight, bias = (run.networks["eyes"].get_parameter(f"one.{name}") for name in ("weight", "bias"))
    half = torch.nn.functional.conv2d(x.bfloat16(), weight.bfloat16(), bias.bfloat16(), padding=1)
    assert torch.equal(near, half.relu().float())
    assert near.dtype == torch.float32
    whole = made_run(path, {"training.precision.compute": "bf16", "networks.eyes.precision": "fp32"}, IMAGE)
    assert not [m for m in whole.networks["eyes"].modules() if isinstance(m, Cast)]
    assert [m for m in whole.networks["coder"].modules() if isinstance(m, Cast)]


def test_like_another_it_has_its_precision_and_not_its_weights(tmp_path: Path) -> None:
    more = "  other: {like: eyes, weights: {random: true}}\ngame:"
    spec = SPEC.replace("    weights:", "    precision: bf16\n    weights:").replace("game:", more, 1)
    networks = gandsl.compile(written(tmp_path, spec=spec)).module.networks
    assert networks["other"].precision == "bf16" and networks["other"].start is None


def test_a_printed_package_says_what_it_wants(tmp_path: Path) -> None:
    """The same tensors by hand: the class names the file and its checksum, and nothing trains before."""
    from gandsl.codegen.package import render

    path = written(tmp_path, spec=SPEC.replace("    weights:", "    precision: bf16\n    weights:"))
    module, _ = gandsl.analysis.checked(path)
    source = render(module)["eyes.py"]
    file = tmp_path / "eyes.safetensors"
    assert '"eyes.safetensors"' in source and digest(file) in source and '_precision = "bf16"' in source
    scope: dict[str, object] = {"__name__": "eyes"}
    exec(compile(source, "eyes.py", "exec"), scope)  # noqa: S102  # what the compiler printed
    network = scope["Eyes"]()  # type: ignore[operator]
    with pytest.raises(PlanError, match=r"starts from eyes\.safetensors \(SHA-256"):
        start.check_started({"eyes": network})
    start.start(network, file)
    start.check_started({"eyes": network})
    compare(eyes(), network.state_dict())
    with pytest.raises(CheckpointError, match="starts from no file, or has its weights"):
        start.start(network, file)
