"""`gandsl.load`: the weights of whatever path holds some, and the spec that they are of."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from typer.testing import CliRunner, Result

import gandsl
from gandsl.cli.app import app
from gandsl_runtime.errors import CheckpointError
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.header import digest_of
from tests.api import places
from tests.interop.cases import SMALL
from tests.interop.forge import ours


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nobody writes to what lies in it."""
    made = tmp_path_factory.mktemp("held")
    places.run(made / "run")
    places.published(made / "faces.pt")
    places.imported(made / "faces.safetensors", made / "faces.pt")
    return made


@pytest.fixture(autouse=True)
def no_warnings(request: pytest.FixtureRequest):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield


def command(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, [str(argument) for argument in arguments])


def tensors_of(path: Path, part: str) -> dict[str, torch.Tensor]:
    tensors, _ = checkpoint.read(path)
    return {key.removeprefix(f"{part}/"): t for key, t in tensors.items() if key.startswith(f"{part}/")}


PATHS = ["run", "run/checkpoints", "run/checkpoints/000000000024.safetensors", "faces.safetensors"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("part", [None, "average", "generator"])
def test_weights_are_the_file_s(folder: Path, path: str, part: str | None) -> None:
    program = gandsl.load(folder / path, part=part)
    file = folder / (path if path.endswith(".safetensors") else PATHS[2])
    wanted = {
        "generator": tensors_of(file, part or "average"),
        "discriminator": tensors_of(file, "discriminator"),
    }
    for name, state in wanted.items():
        found = program.network(name).state_dict()
        assert found.keys() == state.keys() and all(found[key].equal(t) for key, t in state.items())
        assert not program.network(name).training
    assert not wanted["generator"].keys() ^ tensors_of(file, "generator").keys()


def test_a_published_file_is_loaded_as_it_is_imported(folder: Path) -> None:
    direct, saved = gandsl.load(folder / "faces.pt"), gandsl.load(str(folder / "faces.safetensors"))
    for name in ("generator", "discriminator"):
        pairs = zip(
            direct.network(name).state_dict().values(), saved.network(name).state_dict().values(), strict=True
        )
        assert all(a.equal(b) for a, b in pairs)
    assert direct.spec["params"] == saved.spec["params"] and direct.module.params["w_dim"] == 16


@pytest.mark.parametrize("path", ["run", "faces.pt", "faces.safetensors", PATHS[2]])
def test_the_command_line_draws_the_same(folder: Path, path: str, tmp_path: Path) -> None:
    done = command("sample", folder / path, "--seeds", "3,5", "--device", "cpu", "-o", tmp_path / "images")
    assert done.exit_code == 0, done.stderr
    pixels = gandsl.load(folder / path).sampler.pixels([3, 5])
    for seed, image in zip((3, 5), pixels, strict=True):
        shown = np.asarray(Image.open(tmp_path / "images" / f"seed{seed}.png"))
        np.testing.assert_array_equal(shown, image.permute(1, 2, 0).squeeze(2).numpy())


def test_a_discriminator_alone(folder: Path, tmp_path: Path) -> None:
    found = gandsl.load(folder / "faces.pt")
    state = {f"discriminator/{key}": tensor for key, tensor in found.discriminator.state_dict().items()}
    checkpoint.write(tmp_path / "d.safetensors", state, {})
    program = gandsl.load(tmp_path / "d.safetensors", places.ROOT / "specs" / "stylegan2.yaml", SMALL)
    images = found.sampler([1, 2])
    assert program.discriminator(images).equal(found.discriminator(images))
    with pytest.raises(CheckpointError, match="no weights of the generator"):
        _ = program.generator


def test_no_chance_is_drawn(folder: Path) -> None:
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    program = gandsl.load(folder / "run")
    _ = program.discriminator
    assert torch.rand(1).equal(expected)


def test_the_spec_is_the_one_of_then(folder: Path, tmp_path: Path) -> None:
    """A run that was changed on its way keeps the spec of before beside the new one."""
    run = Path(shutil.copytree(folder / "run", tmp_path / "run"))
    own, file = run / "spec.yaml", run / "checkpoints" / "000000000024.safetensors"
    with safe_open(file, "pt") as opened:
        facts = json.loads(opened.metadata()["facts"])
    checkpoint.write(file, checkpoint.read(file)[0], facts | {"spec": digest_of(own.read_text())})
    before = own.rename(run / "spec-000000000024.yaml").read_text()
    own.write_text(before.replace("name: small", "name: changed"))
    assert [gandsl.load(path).name for path in (run, file)] == ["small", "small"]
    (run / "spec-000000000024.yaml").unlink()
    with pytest.warns(UserWarning, match=r"spec.yaml was changed since the run was trained with it"):
        assert gandsl.load(run).name == "changed"


def test_a_spec_that_was_changed_is_told(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "stylegan2.yaml"
    own.write_text((places.ROOT / "specs" / "stylegan2.yaml").read_text())
    found = gandsl.import_checkpoint(folder / "faces.pt", own)
    found.save(tmp_path / "a.safetensors")
    gandsl.load(tmp_path / "a.safetensors")
    own.write_text(own.read_text().replace("name: stylegan2", "name: mine"))
    with pytest.warns(UserWarning, match=r"stylegan2.yaml is another than when .*a.safetensors was imported"):
        gandsl.load(tmp_path / "a.safetensors")
    own.unlink()  # one of that name is at hand
    assert gandsl.load(tmp_path / "a.safetensors").name == "stylegan2"


def test_only_some_parts(folder: Path, tmp_path: Path) -> None:
    spec = places.ROOT / "specs" / "stylegan2.yaml"
    ours(tmp_path / "g.safetensors", spec, SMALL, ("generator",))
    program = gandsl.load(tmp_path / "g.safetensors", spec, SMALL)
    with pytest.raises(
        CheckpointError, match=r"holds no weights of the discriminator\n  = help: .* generator"
    ):
        _ = program.discriminator
    with pytest.raises(CheckpointError, match="no weights of the average"):
        gandsl.load(tmp_path / "g.safetensors", spec, SMALL, part="average")
    assert next(program.to(torch.float64).generator.parameters()).dtype == torch.float64


def test_a_folder_of_others_says_which_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    shutil.copy(folder / "faces.pt", tmp_path / "pytorch_model.bin")
    with pytest.raises(
        gandsl.Error, match=r"is a Hugging Face folder\n  = help: name the file in it, .*pytorch_model"
    ):
        gandsl.load(tmp_path)
    assert (
        gandsl.load(tmp_path / "pytorch_model.bin")
        .sampler(1)
        .equal(gandsl.load(folder / "faces.pt").sampler(1))
    )


FAULTS = {  # path → exit code, words
    "nowhere": (4, "no such file or folder"),
    ".": (2, "holds no spec.yaml"),
    "spec.yaml": (2, "a spec has no weights"),
    "alone.safetensors": (2, "no spec.yaml is in the folders"),
    "bare.safetensors": (2, "does not say of which spec"),
    "cut.safetensors": (4, "cut short"),
    "text.pkl": (4, "no checkpoint"),
}


@pytest.mark.parametrize("path", FAULTS)
def test_faults_are_of_one_family_and_told_as_on_the_command_line(
    folder: Path, path: str, tmp_path: Path
) -> None:
    shutil.copy(folder / "run" / "spec.yaml", tmp_path / "kept.yaml")
    shutil.copy(folder / PATHS[2], tmp_path / "alone.safetensors")
    checkpoint.write(tmp_path / "bare.safetensors", {"generator/x": torch.zeros(1)}, {})
    (tmp_path / "cut.safetensors").write_bytes((folder / PATHS[2]).read_bytes()[:3000])
    (tmp_path / "text.pkl").write_text("no pickle")
    if path == "spec.yaml":
        (tmp_path / "kept.yaml").rename(tmp_path / path)
    code, words = FAULTS[path]
    if path == ".":
        (tmp_path / "empty").mkdir()
        path = "empty"
    with pytest.raises(gandsl.Error, match=words) as caught:
        gandsl.load(tmp_path / path)
    assert caught.value.exit_code == code
    if path != "nowhere":  # the command line asks for the path itself
        done = command("sample", tmp_path / path, "--device", "cpu", "-o", tmp_path / "x.png")
        assert (done.exit_code, done.stderr) == (code, f"error: {caught.value}\n")


def test_a_spec_s_errors_are_of_the_family(root: Path) -> None:
    with pytest.raises(gandsl.Error, match=r"error.G0"):
        gandsl.compile(root / "specs" / "tiny.yaml", {"training.batch": -1})
    with pytest.raises(gandsl.SpecError, match=r"nowhere\.yaml") as caught:
        gandsl.compile("nowhere.yaml")
    assert isinstance(caught.value, gandsl.Error)
