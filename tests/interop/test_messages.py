"""What a user is told when a checkpoint does not fit; a wrong one is never loaded by half."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gandsl.diagnostics import SpecError
from gandsl.interop import InteropError, export_weights, import_checkpoint
from tests.interop.cases import CASES
from tests.interop.forge import State, ours

KINDS = ("generator", "discriminator")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """Files of several layouts, of random weights."""
    folder = tmp_path_factory.mktemp("messages")
    for name in ("ada", "pggan", "dcgan", "biggan"):
        case, spec = CASES[name], root / "specs" / f"{CASES[name].spec}.yaml"
        ours(folder / "ours.safetensors", spec, case.overrides, case.parts)
        target = folder / (f"{name}.pt" if name in ("ada", "pggan") else name)
        export_weights(folder / "ours.safetensors", target, case.layout, spec, case.overrides)
    return folder


@pytest.fixture
def state(folder: Path) -> dict[str, State]:
    return torch.load(folder / "ada.pt", weights_only=True)


def told(path: Path | dict[str, Path] | list[Path], *words: str, **options: object) -> InteropError:
    """Import it, and find these words in the error."""
    with pytest.raises(InteropError) as caught:
        import_checkpoint(path, **options)  # type: ignore[arg-type]
    said = str(caught.value)
    assert all(word in said for word in words), said
    assert caught.value.exit_code == 4 and caught.value.remedy
    return caught.value


def test_wrong_resolution(folder: Path) -> None:
    path = folder / "ada.pt"
    told(path, "wrong resolution: the checkpoint has 16, not 32", overrides={"resolution": 32})
    told(path, "wrong resolution", overrides=["params.resolution=32"])
    assert import_checkpoint(path, overrides={"resolution": 16}).module.params["resolution"].h == 16


def test_wrong_parameter(folder: Path) -> None:
    told(folder / "ada.pt", "wrong mapping_layers", "has 2, not 8", overrides={"mapping_layers": 8})
    told(folder / "ada.pt", "wrong z_dim", overrides={"z_dim": 512})


@pytest.mark.parametrize("spec", ["pggan", "dcgan", "biggan", "r3gan"])
def test_wrong_system(folder: Path, root: Path, spec: str) -> None:
    words = ("ada.pt is StyleGAN2", f"{spec}.yaml describes another system", "stylegan2.yaml")
    told(folder / "ada.pt", *words, spec=root / "specs" / f"{spec}.yaml")


def test_wrong_layout(folder: Path) -> None:
    told(
        folder / "ada.pt",
        "is not in the layout rosinality",
        "mapping.fc0.weight",
        layout="rosinality",
    )
    told(folder / "ada.pt", "there is no layout `tensorflow`", "rosinality", layout="tensorflow")


def test_unknown_missing_and_misshapen_keys_are_all_listed(state: dict[str, State], tmp_path: Path) -> None:
    one = state["G_ema"]
    one["synthesis.extra.weight"] = torch.zeros(3)
    del one["synthesis.b8.conv1.bias"], one["synthesis.b16.torgb.affine.bias"]
    one["synthesis.b8.conv0.bias"] = torch.zeros(5)
    torch.save(one, tmp_path / "G.pt")
    told(
        tmp_path / "G.pt",
        "1 unknown (synthesis.extra.weight)",
        "2 missing (synthesis.b16.torgb.affine.bias, synthesis.b8.conv1.bias)",
        "1 of another shape (synthesis.b8.conv0.bias [5], wanted [16])",
        "Nothing was loaded",
    )


def test_constants_are_verified(state: dict[str, State], tmp_path: Path) -> None:
    state["D"]["b8.conv1.resample_filter"][0, 0] += 0.01
    torch.save(state, tmp_path / "net.pt")
    said = told(tmp_path / "net.pt", "b8.conv1.resample_filter", "not what the spec implies")
    assert "--set taps=" in said.remedy and "grows" not in said.remedy


def test_a_network_that_still_grows(folder: Path, tmp_path: Path) -> None:
    state = torch.load(folder / "pggan.pt", weights_only=True)
    state["generator"]["lod"].fill_(1.5)
    torch.save(state, tmp_path / "net.pt")
    said = told(tmp_path / "net.pt", "lod is 1.5", "still grows")
    assert "filters" not in said.remedy


def test_networks_of_different_models(
    folder: Path, state: dict[str, State], tmp_path: Path, root: Path
) -> None:
    case = CASES["ada"]
    spec, other = root / "specs" / "stylegan2.yaml", {**case.overrides, "resolution": 8}
    ours(tmp_path / "ours.safetensors", spec, other, ["discriminator"])
    export_weights(tmp_path / "ours.safetensors", tmp_path / "D.pt", case.layout, spec, other)
    torch.save(state["G"], tmp_path / "G.pt")
    said = told(
        [tmp_path / "G.pt", tmp_path / "D.pt"], "the generator says resolution = 16", "discriminator says 8"
    )
    assert "different models?" in said.remedy and "--only generator" in said.remedy
    torch.save(
        {"D": torch.load(tmp_path / "D.pt", weights_only=True)["D"], **{"G": state["G"]}}, tmp_path / "net.pt"
    )
    told(tmp_path / "net.pt", "the discriminator says 8", "--only")
    for only, size in (("generator", 16), ("discriminator", 8)):
        found = import_checkpoint(tmp_path / "net.pt", only=only)
        assert set(found.states) == {only} and found.module.params["resolution"].h == size
        assert len(found.report.aside) == 1


def test_only_one_network(folder: Path, state: dict[str, State], tmp_path: Path) -> None:
    """With the generator comes its average; the other network may be anything, or nothing."""
    assert set(import_checkpoint(folder / "ada.pt", only="generator").states) == {"generator", "average"}
    torch.save({"G": state["G"], "D": {"odd.weight": torch.zeros(2)}}, tmp_path / "net.pt")
    said = told(
        tmp_path / "net.pt", "net.pt:D is no network of StyleGAN2", "odd.weight", "Nothing was loaded"
    )
    assert said.remedy.startswith("--only generator")
    assert set(import_checkpoint(tmp_path / "net.pt", only="generator").states) == {"generator"}
    told(tmp_path / "net.pt", "holds no discriminator that is known", only="discriminator")


def test_a_file_that_gives_nothing(state: dict[str, State], tmp_path: Path) -> None:
    """Of several files each is of the model; optimizers and losses within a file may lie beside."""
    torch.save(state["G"] | {}, tmp_path / "G.pt")
    torch.save({"odd.weight": torch.zeros(2)}, tmp_path / "E.pt")
    told([tmp_path / "G.pt", tmp_path / "E.pt"], "E.pt is no network of StyleGAN2", "Nothing was loaded")
    torch.save({"G": state["G"], "vgg": {"odd.weight": torch.zeros(2)}}, tmp_path / "net.pt")
    assert import_checkpoint(tmp_path / "net.pt").report.aside == ("vgg",)


def test_two_files_of_one_part(folder: Path, state: dict[str, State], tmp_path: Path) -> None:
    for name in ("a.pt", "b.pt"):
        torch.save(state["G"], tmp_path / name)
    told([tmp_path / "a.pt", tmp_path / "b.pt"], "both hold the generator", "average=G_ema.pth")
    found = import_checkpoint({"generator": tmp_path / "a.pt", "average": tmp_path / "b.pt"})
    assert set(found.states) == {"generator", "average"}
    told({"discriminator": tmp_path / "a.pt"}, "holds a generator, and is named as discriminator")
    told({"encoder": tmp_path / "a.pt"}, "there is no part `encoder`")


def test_file_names_tell_the_average(folder: Path, tmp_path: Path) -> None:
    """BigGAN-PyTorch writes a file for each network; G_ema.pth is known by its name."""
    files = [folder / "biggan" / name for name in ("G.pth", "D.pth", "G_ema.pth")]
    assert set(import_checkpoint(files).states) == {"generator", "discriminator", "average"}
    renamed = tmp_path / "G_ema_best0.pth"
    renamed.write_bytes((folder / "biggan" / "G_ema.pth").read_bytes())
    assert set(import_checkpoint(renamed).states) == {"average"}


def test_what_a_spec_cannot_hold(state: dict[str, State], tmp_path: Path, root: Path) -> None:
    small = tmp_path / "small.yaml"
    base = (root / "specs" / "stylegan2.yaml").read_text("utf-8")
    small.write_text(
        base.replace("  classes: {type: int, default: 0, min: 0, doc: 0 is unconditional}\n", "")
    )
    with pytest.raises(SpecError):
        import_checkpoint(_saved(state, tmp_path), small)
    irregular = dict(state["G"])
    irregular["synthesis.b8.conv1.weight"] = torch.zeros(9, 16, 3, 3)
    torch.save(irregular, tmp_path / "odd.pt")
    told(tmp_path / "odd.pt", "follow no min(base / size, max)")


def _saved(state: dict[str, State], folder: Path) -> Path:
    torch.save(state, folder / "net.pt")
    return folder / "net.pt"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"hello, this is a text", "is no checkpoint"),
        (b"\x00" * 100, "is no checkpoint"),
        (b"\x89HDF\r\n", "is no checkpoint"),
        (b'\x02\x00\x00\x00\x00\x00\x00\x00{"a": 1}', "safetensors"),
    ],
)
def test_other_files(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(content)
    told(tmp_path / "x.pt", words)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InteropError, match="cannot open"):
        import_checkpoint(tmp_path / "nothing.pt")
    with pytest.raises(InteropError, match="is a folder"):
        import_checkpoint(tmp_path)


def test_no_state_dict(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "args": {"lr": 0.1}}, tmp_path / "x.pt")
    told(tmp_path / "x.pt", "it holds no state_dict")
    torch.save({"a.weight": torch.zeros(2), "b.weight": torch.zeros(2)}, tmp_path / "y.pt")
    told(tmp_path / "y.pt", "in no layout that is known", "a.weight, b.weight", "DCGAN of PyTorch's examples")


def test_numbers_of_other_types(state: dict[str, State], tmp_path: Path) -> None:
    """Half and double precision become float32, and the report says so; lost numbers are named."""
    one = {key: tensor.half() if "fc0" in key else tensor.double() for key, tensor in state["G"].items()}
    one["synthesis.b4.const"][0, 0, 0] = float("nan")
    torch.save(one, tmp_path / "G.pt")
    found = import_checkpoint(tmp_path / "G.pt")
    assert {tensor.dtype for tensor in found.states["generator"].values()} == {torch.float32}
    said = found.report.text()
    assert "numbers in float16, float64 became float32" in said
    assert "synthesis.b4.const hold numbers that are not finite" in said


def test_export_refuses_what_does_not_fit(folder: Path, tmp_path: Path, root: Path) -> None:
    spec = root / "specs" / "stylegan2.yaml"
    ours(tmp_path / "a.safetensors", spec, CASES["ada"].overrides, KINDS)
    small = CASES["ada"].overrides
    for layout, given, overrides, words in (
        (None, None, (), "a layout"),
        ("tensorflow", None, (), "there is no layout"),
        ("rosinality", spec, (), "do not fit the spec"),
        ("genforce-pggan", spec, small, "have no name in genforce-pggan"),
    ):
        with pytest.raises(InteropError, match=words):
            export_weights(tmp_path / "a.safetensors", tmp_path / "x.pt", layout, given, overrides)
    ours(tmp_path / "b.safetensors", spec, CASES["ada-conditional"].overrides, ["generator"])
    with pytest.raises(InteropError, match=r"mapping\.embed\.weight") as caught:
        export_weights(
            *(tmp_path / "b.safetensors", tmp_path / "x.pt", "rosinality", spec),
            overrides=CASES["ada-conditional"].overrides,
        )
    assert caught.value.remedy.endswith("--layout stylegan2-ada-pytorch")
    assert not (tmp_path / "x.pt").exists()
    with pytest.raises(InteropError, match="there is no average"):
        export_weights(
            tmp_path / "a.safetensors",
            tmp_path / "x.pt",
            "rosinality",
            spec,
            CASES["ada"].overrides,
            ["average"],
        )
