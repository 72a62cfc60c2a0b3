"""`gandsl new`: what it chooses, that it says why, and that what it writes is a spec."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from gandsl.analysis import analyze, checked
from gandsl.cli.new import choices, machine
from gandsl.cli.new.choices import NEEDED, Circumstances, Shape
from gandsl.cli.new.chosen import chosen
from gandsl.cli.new.written import base, identifier, value, written
from gandsl.frontend.module import ModuleIR
from tests.cli.conftest import Gandsl

GPU = Circumstances(60_000, 0, Counter({(1024, 1024): 60_000}), False, {}, 70 * 2**30, 240.0, 2e14, True)
CPU = Circumstances(
    200, 3, Counter({(28, 28): 150, (30, 40): 50}), True, {0: 120, 1: 80}, 2**31, 2.0, 1e11, False
)
WHEREABOUTS = {
    "GPU": GPU,
    "CPU": CPU,
    "hurry": replace(CPU, hours=0.01),
    "few": replace(CPU, classes={0: 1, 1: 9}),
}


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(given, id=name, marks=pytest.mark.thorough if name in ("GPU", "hurry") else ())
        for name, given in WHEREABOUTS.items()
    ],
)
def test_what_is_written_is_a_spec_with_reasons(given: Circumstances, tmp_path: Path) -> None:
    found = chosen(given)
    path = tmp_path / "mine.yaml"
    path.write_text(written("mine", 'For "these".', found.choices), "utf-8")
    module, diagnostics = analyze(path)
    assert module is not None and not len(diagnostics), [one.message for one in diagnostics]
    assert module.params["resolution"].h == found.shape.size
    lines = path.read_text("utf-8").split("\n")
    fields = [number for number, line in enumerate(lines) if line.startswith(("  params.", "  training."))]
    assert len(fields) == len(found.choices) > 8
    assert all(lines[number - 1].startswith("  # ") for number in fields)
    assert len({choice.path for choice in found.choices}) == len(found.choices)


@pytest.mark.parametrize("size", [256, 512, 1024])
def test_numbers_by_size_are_those_of_the_shipped_configuration(size: int) -> None:
    """A second statement of the same rules: stylegan2/auto, whose formulas are its own."""
    shipped, _ = checked("stylegan2/auto", {"resolution": size})
    made = {c.path: c.value for c in choices.networks(GPU, Shape(size, 1))}
    ours, _ = checked(base(), made)
    assert ours.plan is not None and shipped.plan is not None
    assert ours.plan.batch == shipped.plan.batch
    assert ours.plan.optimizer == shipped.plan.optimizer and ours.plan.ema == shipped.plan.ema
    gamma, theirs = (plan.regularizers.r1.gamma for plan in (ours.plan, shipped.plan))
    assert gamma == pytest.approx(theirs, rel=5e-3)
    for name in ("channel_base", "channel_max", "mapping_layers", "clamp"):
        assert ours.params[name] == shipped.params[name]


@pytest.mark.parametrize(
    ("sizes", "largest"),
    [
        ({(1024, 1024): 1}, 1024),
        ({(3000, 2000): 1}, 1024),
        ({(28, 28): 1}, 32),
        ({(23, 23): 1}, 16),
        ({(4, 4): 1}, 16),
        ({(300, 200): 1}, 256),  # enlarged by less than a third
        ({(300, 190): 1}, 128),
        ({(256, 256): 95, (32, 32): 5}, 256),  # few small ones don't count
        ({(256, 256): 89, (32, 32): 11}, 32),
    ],
)
def test_the_largest_size(sizes: dict[tuple[int, int], int], largest: int) -> None:
    found = list(choices.shapes(replace(GPU, sizes=Counter(sizes))))
    assert found[0] == (largest, 1) and found[-1] == (16, 8)
    assert found == sorted(found, key=lambda shape: (-shape.size, shape.narrow))


def made(**changes: object) -> dict[str, object]:
    return {c.path: c.value for c in choices.networks(replace(GPU, **changes), Shape(64, 1))}  # type: ignore[arg-type]


def test_what_the_images_decide() -> None:
    assert made()["params.image_channels"] == 3 and made(gray=True)["params.image_channels"] == 1
    assert [made(classes=c)["params.classes"] for c in ({}, {0: 99}, {0: 30, 1: 30}, {0: 30, 1: 29})] == [
        0,
        0,
        2,
        0,
    ]
    assert "training.augment" not in made() and "training.augment" in made(images=49_999)
    gammas = [made(images=n)["training.regularizers.r1.gamma"] for n in (5_000, 4_999)]
    assert gammas == pytest.approx([0.0002 * 64**2 / 32, 0.0004 * 64**2 / 32])
    assert made(broken=1)["training.data.broken"] == "skip" and "training.data.broken" not in made()
    assert made(half=False)["training.precision"] == {"compute": "fp32"}


@pytest.mark.thorough
def test_less_time_or_memory_makes_it_smaller_never_larger() -> None:
    small = replace(CPU, sizes=Counter({(64, 64): 200}))
    found = [chosen(replace(small, hours=hours)) for hours in (1000.0, 30.0, 0.05)]
    shapes = [(-one.shape.size, one.shape.narrow) for one in found]
    assert shapes == sorted(shapes) and len(set(shapes)) > 2
    assert [one.enough for one in found] == [True, True, False]
    (long,) = [one for one in choices.length(GPU, Shape(64, 1), 1e6) if one.path == "training.length"]
    assert long.value == "25000 kimg" and "GFLOP" not in long.why  # as the base, whatever was measured
    assert all(one.kimg >= NEEDED[one.shape.size] for one in found if one.enough)
    tight = chosen(replace(small, hours=1000.0, memory=150 * 2**20))
    assert tight.fits and (
        tight.shape != found[0].shape or "training.micro_batch" in dict(c[:2] for c in tight.choices)
    )
    assert not chosen(replace(small, memory=2**20)).fits


def test_the_memory_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a formula in place of measures: 128 MiB for all channels, and 1 MiB an image."""

    def measured(module: ModuleIR, device: str, micro_batch: int) -> object:
        widths = 2**27 * module.params["channel_base"] // 16384
        return SimpleNamespace(worst=SimpleNamespace(penalty=widths + micro_batch * 2**20))

    monkeypatch.setattr("gandsl.cli.memory.measured", measured)
    given = replace(CPU, sizes=Counter({(16, 16): 200}), hours=1000.0)
    for memory, shape, micro_batch in ((200, 0, None), (129, 0, 1), (128, 1, None), (64 + 17, 1, 16)):
        found = chosen(replace(given, memory=memory * 2**20))
        made = {choice.path: choice.value for choice in found.choices}
        assert found.fits and found.shape == list(choices.shapes(given))[shape]
        assert made.get("training.micro_batch") == micro_batch
    assert not chosen(replace(given, memory=2**24)).fits


@pytest.mark.thorough
def test_the_memory_is_kept(tmp_path: Path) -> None:
    from gandsl.memory import memory_of

    tight = replace(CPU, sizes=Counter({(16, 16): 200}), hours=1000.0, memory=200 * 2**20)
    found = chosen(tight)
    made = {choice.path: choice.value for choice in found.choices}
    module, _ = checked(base(), made)
    assert found.fits and memory_of(module).worst.penalty <= 200 * 2**20
    assert found.shape == list(choices.shapes(tight))[1] and "training.micro_batch" in made


@pytest.mark.parametrize(
    ("text", "name"),
    [("my photos", "my_photos"), ("2024-07", "images_2024_07"), ("Größe", "gr_e"), ("…", "images")],
)
def test_a_name_for_the_spec(text: str, name: str) -> None:
    assert identifier(text) == name


def test_values_as_yaml() -> None:
    import yaml

    for one in ({"a": {"b": None, "c": "4 steps"}, "d": True}, 0.0032, "5 kimg", 3):
        assert yaml.safe_load(value(one)) == one


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(machine, "speed", lambda device: 1e10)
    Path("photos").mkdir()
    for number in range(8):
        Image.new("RGB", (28, 20), (number, 0, 0)).save(f"photos/{number}.png")
    return tmp_path


def test_the_command(photos: Path, gandsl: Gandsl) -> None:
    Path("photos/broken.png").write_bytes(b"no image")
    result = gandsl("new", "--data", "photos", "--hours", "0.02", "--device", "cpu", "--workers", "0")
    assert result.exit_code == 0, result.stderr
    assert "gandsl train photos.yaml --data photos --dry-run" in result.stdout
    assert "warning: 0.02 h show few images" in result.stderr
    module, diagnostics = analyze("photos.yaml")
    assert module is not None and not len(diagnostics)
    assert module.plan is not None and module.plan.data.broken == "skip"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("-o", "there.yaml"), 2, "there.yaml is there already"),
        (("-o", "x.txt"), 2, "must end in .yaml"),
        (("--hours", "nan"), 2, "greater than or equal to 0.01"),
        (("--hours", "inf"), 2, "--hours inf is no time"),
        (("--memory", "much"), 2, "--memory: write a memory"),
        (("--device", "tpu"), 6, "there is no device"),
        (("--data", "nowhere"), 3, "nowhere"),
        (("--data", "torn"), 3, "can be read"),
    ],
)
def test_what_a_user_gets_wrong(
    words: tuple[str, ...], code: int, told: str, photos: Path, gandsl: Gandsl
) -> None:
    Path("there.yaml").write_text("mine")
    Path("torn").mkdir()
    Path("torn/a.png").write_bytes(b"no image")
    data = () if "--data" in words else ("--data", "photos")
    result = gandsl("new", *data, *words, "--workers", "0")
    assert result.exit_code == code and told in " ".join(result.stderr.split()), result.stderr
    assert Path("there.yaml").read_text() == "mine" and sorted(Path().glob("*.yaml")) == [Path("there.yaml")]


def test_the_speed_is_measured() -> None:
    import torch

    assert 1e8 < machine.speed(torch.device("cpu")) < 1e14
    assert not machine.halves(torch.device("cpu")) and machine.memory(torch.device("cpu")) > 2**20
