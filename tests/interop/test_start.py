"""Files that networks start from: every kind that is read, what fits, and what is said of the rest."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import gandsl
from gandsl_runtime.errors import RuntimeFault
from gandsl_runtime.runs import checkpoint
from tests.games.eyes import SPEC, digest, eyes, written
from tests.games.loop import compare

State = dict[str, Tensor]


def taken(folder: Path, file: Path, more: str = "") -> State:
    """What the network has of a file that its spec names, with more fields of `weights`."""
    named = f"file: {file.name}, sha256: {digest(file)}{more}"
    path = folder / "spec.yaml"
    path.write_text(SPEC.replace("file: eyes.safetensors, sha256: DIGEST", named))
    return dict(gandsl.compile(path).network("eyes").state_dict())


def of_torch(path: Path) -> None:
    torch.save(eyes(), path)


def of_a_module(path: Path) -> None:
    """A state_dict under a name, as training scripts save it, from a wrapped module."""
    torch.save({"model": {f"module.{key}": tensor for key, tensor in eyes().items()}, "epoch": 3}, path)


def of_a_run(path: Path) -> None:
    tensors = {f"eyes/{key}": tensor for key, tensor in eyes().items()}
    checkpoint.write(path, tensors | {"coder/x": torch.ones(2), "game/level": torch.ones(())}, {})


def of_doubles(path: Path) -> None:
    save_file({key: tensor.double() for key, tensor in eyes().items()}, path)


KINDS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "torch": ("a.pt", of_torch),
    "wrapped": ("b.pth", of_a_module),
    "run": ("c.safetensors", of_a_run),
    "doubles": ("d.safetensors", of_doubles),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file(kind: str, tmp_path: Path) -> None:
    name, write = KINDS[kind]
    write(tmp_path / name)
    compare(eyes(), taken(tmp_path, tmp_path / name))


def test_names_of_others(tmp_path: Path) -> None:
    """As torchvision's classifiers have them: numbers in a Sequential, more layers, batch norm's counter."""
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.Conv2d(5, 6, 3), nn.BatchNorm2d(6)
    )
    state = {f"features.{key}": tensor for key, tensor in net.state_dict().items()}
    torch.save({**state, "classifier.weight": torch.ones(3, 3)}, tmp_path / "net.pt")
    keys = ", keys: {one: features.0, two.weight: features.2.weight, two.bias: features.2.bias}"
    unused = ", unused: [classifier, features.3, features.4.weight, features.4.bias, features.4.running_mean,"
    found = taken(tmp_path, tmp_path / "net.pt", f"{keys}{unused} features.4.running_var]")
    compare(
        {"one.weight": net[0].weight, "two.bias": net[2].bias},
        {k: found[k] for k in ("one.weight", "two.bias")},
    )
    with pytest.raises(RuntimeFault, match=r"1 unknown \(classifier\.weight\)"):
        taken(
            tmp_path,
            tmp_path / "net.pt",
            keys + unused.replace("classifier, ", "") + " features.4.running_var]",
        )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state.pop("one.bias"), r"1 missing \(one\.bias\)"),
        (lambda state: state.update(three=torch.ones(1)), r"1 unknown \(three\)"),
        (lambda state: state.update({"one.bias": torch.ones(3)}), r"one\.bias \[3\], wanted \[4\]"),
        (lambda state: state.update({"one.bias": torch.ones(4).long()}), r"one\.bias int64, wanted float32"),
        (lambda state: state["two.bias"].fill_(float("nan")), r"1 not finite \(two\.bias\)"),
    ],
)
def test_what_does_not_fit(change: Callable[[State], object], said: str, tmp_path: Path) -> None:
    state = eyes()
    change(state)
    save_file(state, tmp_path / "eyes.safetensors")
    with pytest.raises(RuntimeFault, match=said) as caught:
        taken(tmp_path, tmp_path / "eyes.safetensors")
    assert caught.value.exit_code == 4
    assert "Nothing was loaded" in caught.value.message and "`keys`" in caught.value.remedy


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.write_text, (Path("ran"), "it")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\x40\0\0\0\0\0\0\0{}", "cut short"),
        (pickle.dumps(Evil()), "nothing of it was run"),
        (b"no weights", "is no checkpoint|are no weights|is none"),
    ],
)
def test_a_spoiled_file(content: bytes, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "eyes.pkl").write_bytes(content)
    with pytest.raises(RuntimeFault) as caught:
        taken(tmp_path, tmp_path / "eyes.pkl")
    assert caught.value.exit_code == 4 and re.search(said, caught.value.message), caught.value.message
    assert not (tmp_path / "ran").exists()


def test_another_file_of_that_name(tmp_path: Path) -> None:
    """Both checksums are said; nothing of the file is read before."""
    path = written(tmp_path)
    wanted = digest(tmp_path / "eyes.safetensors")
    save_file(eyes(6), tmp_path / "eyes.safetensors")
    with pytest.raises(RuntimeFault) as caught:
        gandsl.compile(path).network("eyes")
    assert caught.value.exit_code == 4
    assert wanted in caught.value.message and digest(tmp_path / "eyes.safetensors") in caught.value.message


def test_a_part_of_several(tmp_path: Path) -> None:
    file = tmp_path / "both.safetensors"
    tensors = {
        f"{part}/{key}": tensor for part, seed in (("a", 1), ("b", 2)) for key, tensor in eyes(seed).items()
    }
    checkpoint.write(file, tensors, {})
    compare(eyes(2), taken(tmp_path, file, ", part: b"))
    for more, said in (("", "none called `eyes`"), (", part: c", "has no part `c`")):
        with pytest.raises(RuntimeFault, match=said) as caught:
            taken(tmp_path, file, more)
        assert "a, b" in caught.value.remedy


def test_where_files_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the file that names it, a base's too, then along GANDSL_PATH."""
    (tmp_path / "lib").mkdir()
    written(tmp_path / "lib")
    (tmp_path / "mine.yaml").write_text("gandsl: 1\nname: mine\nextends: lib/perceptual.yaml\n")
    compare(eyes(), gandsl.compile(tmp_path / "mine.yaml").network("eyes").state_dict())
    (tmp_path / "lib" / "eyes.safetensors").rename(tmp_path / "eyes.safetensors")
    with pytest.raises(
        RuntimeFault, match=r"starts from eyes\.safetensors, and there is no such file \(tried"
    ) as caught:
        gandsl.compile(tmp_path / "mine.yaml").network("eyes")
    assert digest(tmp_path / "eyes.safetensors") in caught.value.remedy
    monkeypatch.setenv("GANDSL_PATH", str(tmp_path))
    compare(eyes(), gandsl.compile(tmp_path / "mine.yaml").network("eyes").state_dict())


DCGAN = """\
gandsl: 1
name: scored
extends: dcgan.yaml
set: {params.resolution: 16, params.width: 4, params.z_dim: 8}
"""


def test_a_file_of_another_implementation(tmp_path: Path) -> None:
    """The layout's names and changes of PyTorch's example, in a spec with the parameters of its own."""
    path = tmp_path / "scored.yaml"
    path.write_text(DCGAN)
    torch.manual_seed(0)
    program = gandsl.compile(path)
    source = program.discriminator
    weights = {f"discriminator/{key}": tensor for key, tensor in source.state_dict().items()}
    checkpoint.write(tmp_path / "ours.safetensors", weights, {})
    file = tmp_path / "netD.pth"
    gandsl.export_weights(tmp_path / "ours.safetensors", file, layout="dcgan-example", spec=path)
    start = f"{{file: netD.pth, sha256: {digest(file)}, layout: dcgan-example}}"
    path.write_text(f"{DCGAN.replace('}', f', discriminator.weights: {start}}}')}")
    compare(source.state_dict(), gandsl.compile(path).discriminator.state_dict())
    path.write_text(path.read_text().replace("dcgan-example", "dcgan-exmaple"))
    with pytest.raises(RuntimeFault, match="there is no layout `dcgan-exmaple`"):
        _ = gandsl.compile(path).discriminator
