"""Extractors of users' files: against the public classes' numbers (by_others.py), and what is refused."""

from __future__ import annotations

import hashlib
import json
import warnings
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from gandsl_runtime.evaluation import extractors
from gandsl_runtime.evaluation.extractors import Extractor, ExtractorError, ExtractorFacts, open_extractor
from gandsl_runtime.evaluation.extractors import inception as inception_module
from gandsl_runtime.evaluation.extractors.base import NetworkExtractor
from tests.evaluation.by_others import PLACE, images, weights

CLOSE = 1e-5  # of the largest: float32, whose sums come in another order; batch norms are folded
OTHERS: dict[str, Any] = json.loads(PLACE.read_text("utf-8"))
NAMES = {
    "inception": "inception",
    "dinov2": "dinov2-128-14",
    "dinov2 with registers": "dinov2-128-14-reg",
    "clip, OpenAI": "clip-128-32",
    "clip, OpenCLIP": "clip-gelu-128-32",
    "clip, Hugging Face": "clip-128-32",
}


def opener(found: str) -> str:
    """The name by which a user opens what is called so when it is open."""
    return next(name for name in ("clip-gelu", "clip", "dinov2", "inception") if found.startswith(name))


def assert_close(made: Tensor, wanted: list[list[float]]) -> None:
    expected = torch.tensor(wanted)
    assert expected.std() > 0.1
    torch.testing.assert_close(
        made[:, : expected.shape[1]], expected, rtol=0, atol=CLOSE * float(expected.abs().max())
    )


@pytest.fixture(scope="module")
def inception_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    counts = {
        f"{name}.bn.num_batches_tracked": torch.tensor(0) for name in ("Conv2d_1a_3x3", "Mixed_5b.branch1x1")
    }
    torch.save(weights(OTHERS["inception"]["shapes"]) | counts, path)
    return path


@pytest.mark.parametrize("name", [name for name in NAMES if name != "inception"])
def test_transformers_are_the_public_ones(name: str, tmp_path: Path) -> None:
    path, tensors = tmp_path / "weights.pth", weights(OTHERS[name]["shapes"])
    torch.save(tensors, path)
    extractor = open_extractor(f"{opener(NAMES[name])}:{path}")
    assert_close(extractor(images()).features, OTHERS[name]["features"])
    facts = extractor.facts
    assert (facts.name, facts.side, facts.filter, facts.classes) == (NAMES[name], 224, "bicubic", None)
    assert facts.features == extractor(images()).features.shape[1]
    assert facts.weights == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not facts.inception


def test_inception_is_the_public_one(inception_file: Path) -> None:
    extractor = open_extractor(f"inception:{inception_file}")
    made = extractor(images())
    assert made.logits is not None
    assert_close(made.features, OTHERS["inception"]["features"])
    assert_close(made.logits, OTHERS["inception"]["logits"])
    assert (extractor.facts.features, extractor.facts.classes) == (2048, 1008)
    assert made.features.shape == (2, 2048) and made.logits.shape == (2, 1008)


def test_pytorch_fids_view_of_the_images(inception_file: Path) -> None:
    """It resizes floats in [0, 1] between pixels that are areas, then brings them to [−1, 1]."""
    extractor = open_extractor(f"pytorch-fid:{inception_file}")
    seen: list[Tensor] = []
    object.__setattr__(extractor, "network", lambda x: (seen.append(x), (x[:, 0, :1, 0], None))[1])
    extractor(images())
    x = F.interpolate(images().float() / 255, (299, 299), mode="bilinear", align_corners=False)
    torch.testing.assert_close(seen[0], 2 * x - 1, rtol=0, atol=1e-6)


def test_only_the_published_weights_are_inception(
    inception_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is computed with others has another name than FID."""
    assert not open_extractor(f"inception:{inception_file}").facts.inception
    sha256 = hashlib.sha256(inception_file.read_bytes()).hexdigest()
    monkeypatch.setattr(inception_module, "GENUINE", sha256)
    assert open_extractor(f"inception:{inception_file}").facts.inception


# ---- files


@pytest.fixture
def small() -> dict[str, Tensor]:
    """Of DINOv2's network, a small one."""
    return weights(OTHERS["dinov2"]["shapes"])


@pytest.mark.parametrize("form", ["safetensors", "state_dict", "model", "half", "TorchScript"])
def test_files_of_every_form(form: str, small: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "weights"
    if form == "safetensors":
        save_file(small, path)
    elif form == "TorchScript":
        scripted(_tree(small), path)
    elif form == "half":
        torch.save({name: tensor.half() for name, tensor in small.items()}, path)
    else:
        torch.save({form: small, "epoch": 3}, path)
    made = open_extractor(f"dinov2:{path}")(images()).features
    wanted = torch.tensor(OTHERS["dinov2"]["features"])
    atol = (1e-2 if form == "half" else CLOSE) * float(wanted.abs().max())
    torch.testing.assert_close(made[:, : wanted.shape[1]], wanted, rtol=0, atol=atol)


def _tree(tensors: dict[str, Tensor]) -> nn.Module:
    """A module whose state_dict they are, as the file that OpenAI published is one."""
    tree = nn.Module()
    for name, tensor in tensors.items():
        node = tree
        *path, last = name.split(".")
        for part in path:
            if not hasattr(node, part):
                node.add_module(part, nn.Module())
            node = node.get_submodule(part)
        node.register_parameter(last, nn.Parameter(tensor, requires_grad=False))
    return tree


def refusal(name: str, path: Path, content: object = None) -> str:
    if content is not None:
        torch.save(content, path)
    with pytest.raises(ExtractorError) as told:
        open_extractor(f"{name}:{path}")
    assert told.value.remedy
    return told.value.message


def test_tensors_that_are_missing_or_strange_are_named(small: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    lacking = {name: tensor for name, tensor in small.items() if "blocks.1.mlp" not in name}
    assert refusal("dinov2", path, lacking) == (
        f"{path} is no DINOv2: it lacks `blocks.1.fc1.bias`, `blocks.1.fc1.weight` and 2 more"
    )
    said = refusal("dinov2", path, small | {"head.weight": torch.zeros(3)})
    assert said == f"{path} is no DINOv2: it has `head.weight`"
    assert "is no CLIP: it lacks " in refusal("clip", path, small)
    assert "is no Inception of 2015: it lacks " in refusal("inception", path, small)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("pos_embed", (1, 7, 128)), ("blocks.0.attn.proj.weight", (64, 128)), ("norm.bias", (3,))],
)
def test_tensors_that_do_not_go_together(
    name: str, shape: tuple[int, ...], small: dict[str, Tensor], tmp_path: Path
) -> None:
    said = refusal("dinov2", tmp_path / "x.pth", small | {name: torch.zeros(shape)})
    assert "is no DINOv2: its tensors do not go together" in said


class Hostile:
    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("import builtins; builtins.was_run = True",)


def test_pickles_run_no_code(tmp_path: Path) -> None:
    import builtins

    assert "can't read the extractor's file" in refusal("dinov2", tmp_path / "x.pth", {"a": Hostile()})
    assert not hasattr(builtins, "was_run")


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    assert "no such file or directory" in refusal("dinov2", path)
    path.write_bytes(b"nothing of the kind")
    for name in ("dinov2", "clip", "inception", "script", "pytorch-fid"):
        assert f"can't read the extractor's file {path}: " in refusal(name, path)
    torch.save({"a": 3}, path)
    assert refusal("dinov2", path).endswith("it holds other things than tensors by name")
    torch.save({"a": torch.zeros(3)}, path)
    path.write_bytes(path.read_bytes()[:200])
    assert "can't read the extractor's file" in refusal("dinov2", path)
    assert "is a directory" in refusal("dinov2", tmp_path)


@pytest.mark.parametrize("name", ["inception", "pytorch-fid", "dinov2", "clip", "clip-gelu", "script"])
def test_those_without_a_package_ask_for_a_file(name: str) -> None:
    with pytest.raises(ExtractorError, match=rf"is in no package\n  = help: give its file: {name}:FILE"):
        open_extractor(name)


# ---- TorchScript


class Pooled(nn.Module):
    """Features of 8 bits; `classes` of them as logits, if any."""

    def forward(self, images: Tensor) -> Tensor:
        return images.float().mean((2, 3))


class Classified(nn.Module):
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = images.float().mean((2, 3))
        return features, features[:, :2] / 2


class Published(nn.Module):
    """As NVIDIA's file is called."""

    def forward(self, images: Tensor, return_features: bool = False, no_output_bias: bool = False) -> Tensor:
        features = images.float().mean((2, 3)) / 255
        if return_features:
            return features
        logits = features * 2.0
        if not no_output_bias:
            logits = logits + torch.tensor([0.0, 1.0, 2.0])
        return logits.softmax(1)


def scripted(module: nn.Module, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a format that published files have
        torch.jit.script(module).save(str(path))
    return path


def test_any_script_that_makes_features(tmp_path: Path) -> None:
    extractor = open_extractor(f"script:{scripted(Pooled(), tmp_path / 'a.pt')}")
    made = extractor(images())
    torch.testing.assert_close(made.features, images().float().mean((2, 3)))
    assert made.logits is None
    facts = extractor.facts
    assert (facts.name, facts.side, facts.filter) == ("script", None, "inside")
    assert (facts.features, facts.classes) == (3, None)
    assert facts.weights == hashlib.sha256((tmp_path / "a.pt").read_bytes()).hexdigest()
    assert open_extractor(str(tmp_path / "a.pt")).facts == facts, "a file alone is a script"


def test_a_script_may_give_logits_too(tmp_path: Path) -> None:
    extractor = open_extractor(f"script:{scripted(Classified(), tmp_path / 'a.pt')}")
    made = extractor(images())
    assert made.logits is not None
    torch.testing.assert_close(made.logits, images().float().mean((2, 3))[:, :2] / 2)
    assert (extractor.facts.features, extractor.facts.classes) == (3, 2)


def test_the_published_inception_script(tmp_path: Path) -> None:
    """Its logits have the softmax of those without bias."""
    extractor = open_extractor(f"inception:{scripted(Published(), tmp_path / 'a.pt')}")
    made = extractor(images())
    assert made.logits is not None
    features = images().float().mean((2, 3)) / 255
    torch.testing.assert_close(made.features, features)
    torch.testing.assert_close(made.logits.softmax(1), (2 * features).softmax(1))
    facts = extractor.facts
    assert (facts.name, facts.side, facts.filter) == ("inception-script", None, "inside")
    assert not facts.inception, "these are not the published weights"


class Whole(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images.float()


class Summed(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images.float().mean((0, 2))


class Failing(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        if images.shape[1] != 4:
            raise ValueError("four channels are wanted")
        return images.float()


@pytest.mark.parametrize(
    ("module", "says"),
    [
        (Whole(), r"of 2 images it makes of shape (2, 3, 64, 64)"),
        (Summed(), "of 2 images it makes of shape (3, 64)"),
        (Failing(), "four channels are wanted"),
    ],
)
def test_scripts_that_are_no_extractors(module: nn.Module, says: str, tmp_path: Path) -> None:
    path = scripted(module, tmp_path / "a.pt")
    said = refusal("script", path)
    assert said.startswith(f"{path} is no extractor: ") and says in said


def test_a_script_takes_no_filter(tmp_path: Path) -> None:
    path = scripted(Pooled(), tmp_path / "a.pt")
    with pytest.raises(ExtractorError, match="resizes by itself, and takes no filter"):
        open_extractor(f"script:{path}", filter="bicubic")


# ---- in a run's process


def test_a_run_s_precision_is_not_the_extractor_s() -> None:
    """A run may compute in TF32, or under autocast: figures must not depend on that, nor change it."""
    seen = []

    def network(x: Tensor) -> tuple[Tensor, None]:
        seen.append((torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32))
        return x.flatten(1) @ torch.full((3, 1), 1 / 3), None

    facts = ExtractorFacts("x", "0" * 64, 1, "bilinear", 1, None)
    extractor = NetworkExtractor(facts, torch.device("cpu"), network)
    allowed = torch.backends.cuda.matmul.allow_tf32
    try:
        torch.backends.cuda.matmul.allow_tf32 = True
        with torch.autocast("cpu", torch.bfloat16):
            made = extractor(torch.full((1, 3, 1, 1), 201, dtype=torch.uint8))
            assert torch.is_autocast_enabled("cpu")
        assert torch.backends.cuda.matmul.allow_tf32
    finally:
        torch.backends.cuda.matmul.allow_tf32 = allowed
    assert seen == [(False, False)]
    assert made.features.dtype == torch.float32
    torch.testing.assert_close(made.features, torch.tensor([[201.0]]), rtol=1e-6, atol=0)


# ---- of other packages


class Brought:
    """What a package may bring along."""

    facts = extractors.ExtractorFacts("brought", "1" * 64, None, "inside", 3, None)
    device = torch.device("cpu")

    def __call__(self, images: Tensor) -> extractors.Extracted:
        return extractors.Extracted(images.float().mean((2, 3)), None)


def brought(file: Path | None, device: torch.device, filter: str) -> Extractor:
    return Brought()


def none_at_all(file: Path | None, device: torch.device, filter: str) -> object:
    return np.zeros(3)


def offered(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """What installed packages offer, as their metadata say it."""
    entries = [EntryPoint(name, value, extractors.GROUP) for name, value in values.items()]

    def entry_points(group: str, name: str = "") -> list[EntryPoint]:
        assert group == "gandsl.extractors"
        return [entry for entry in entries if name in ("", entry.name)]

    monkeypatch.setattr(extractors, "entry_points", entry_points)


def test_packages_bring_extractors(monkeypatch: pytest.MonkeyPatch) -> None:
    offered(monkeypatch, mine=f"{__name__}:brought", none=f"{__name__}:none_at_all", gone="no.such:thing")
    made = open_extractor("mine")(images())
    torch.testing.assert_close(made.features, images().float().mean((2, 3)))
    assert {"mine", "lite0", "inception"} < set(extractors.named())
    with pytest.raises(ExtractorError, match="`none` is no extractor"):
        open_extractor("none")
    with pytest.raises(ExtractorError, match=r"`gone` cannot be used: no\.such:thing does not load: Module"):
        open_extractor("gone")
