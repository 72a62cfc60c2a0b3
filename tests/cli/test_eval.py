"""`gandsl eval`: of generators, translators and images; what it keeps, tells and refuses."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from gandsl.cli.app import app
from gandsl_runtime.evaluation.figure import Figure
from tests.evaluation import means
from tests.runtime.test_processes import start


@pytest.fixture(autouse=True)
def _extractor(monkeypatch, tmp_path):
    means.install(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def pictures(
    folder: Path, count: int, size: int = 14, seed: int = 0, mode: str = "L", classes: int = 4
) -> Path:
    rng = np.random.default_rng(seed)
    for place in range(count):
        file = folder / str(place % classes) / f"{place:03}.png" if classes else folder / f"{place:03}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        shape = (size, size) if mode == "L" else (size, size, len(mode))
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8), mode).save(file)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run of a conditional spec, on small images of four classes: `run` and `data`."""
    folder = tmp_path_factory.mktemp("trained")
    pictures(folder / "data", 40)
    (folder / "spec.yaml").write_text(
        "gandsl: 1\nextends: quickstart.yaml\nname: small\n"
        "set: {params.resolution.default: 14, params.width.default: 2, params.z_dim.default: 8,\n"
        "  params.classes.default: 4, training.cadence.log: 1 steps,\n"
        "  training.length: 4 steps, training.batch: 8, training.cadence.checkpoint: 2 steps}\n"
    )
    call = ("train", folder / "spec.yaml", "--data", folder / "data", "--run-dir", folder / "run")
    done = CliRunner().invoke(app, [str(one) for one in (*call, "--device", "cpu")])
    assert done.exit_code == 0, done.stderr
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the run, with its data beside it."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    return tmp_path / "run"


def figures(text: str) -> list[dict[str, Figure]]:
    told = json.loads(text)
    assert told["gandsl"] == "eval/1"
    return [
        {one["metric"]: Figure.of_json(one) for one in subject["figures"]} for subject in told["subjects"]
    ]


def test_a_run_and_what_is_kept_of_it(gandsl, run, tmp_path):
    call = ("eval", run, "--data", tmp_path / "data", "--images", 20, "--device", "cpu")
    done = gandsl(*call)
    assert done.exit_code == 0, done.stderr
    assert "KID (patches)" in done.stdout and "floor: 20 real images against as many others" in done.stdout
    assert max(map(len, done.stdout.split("\n\n")[0].splitlines())) <= 80
    again = gandsl(*call, "--format", "json")
    (found,) = figures(again.stdout)
    assert set(found) == {"kid", "precision", "recall", "density", "coverage"}
    kept = [json.loads(line) for line in (run / "evaluation.jsonl").read_text().splitlines()]
    assert [one["images"] for one in kept] == [32, 32]
    assert [Figure.of_json(one) for one in kept[1]["figures"]] == [*found.values()]
    assert kept[0]["figures"] == kept[1]["figures"]  # it draws the same
    page = gandsl("plot", run, "-o", tmp_path / "page.html")
    assert page.exit_code == 0 and "eval/KID (patches)" in (tmp_path / "page.html").read_text()


def test_all_checkpoints_all_metrics_all_forms(gandsl, run, tmp_path):
    held = pictures(tmp_path / "held", 24, seed=3)
    call = ("eval", run, "--data", tmp_path / "data", "--held-out", held, "--metrics", "all")
    sizes = ("--images", 48, "--real-images", "all", "--checkpoints", "all", "--device", "cpu")
    done = gandsl(*call, *sizes, "--format", "csv", "-o", tmp_path / "page.html")
    assert done.exit_code == 0, done.stderr
    rows = [*csv.DictReader(io.StringIO(done.stdout))]
    names = {row["metric"] for row in rows}
    assert names >= {"kid", "fd", "is", "swd", "copies", "agreement", "ppl_z", "kid_by_class"}
    assert not names & {"psnr", "ppl_w"}  # no pairs, no styles
    assert len({row["subject"] for row in rows}) == len(list((run / "checkpoints").iterdir()))
    assert {row["real_images"] for row in rows} == {"40"}
    html = (tmp_path / "page.html").read_text()
    assert "Copies?" in html and "default-src 'none'" in html and html.count("<img") >= 4
    assert gandsl(*call, *sizes, "-o", tmp_path / "t.md").exit_code == 0
    assert (tmp_path / "t.md").read_text().startswith("| metric |")


def test_along_the_truncation(gandsl, run, tmp_path):
    call = (
        "eval",
        run,
        "--data",
        tmp_path / "data",
        "--images",
        20,
        "--device",
        "cpu",
        "--metrics",
        "kid,fd",
    )
    done = gandsl(*call, "--truncation", "0.5,1,2", "-o", tmp_path / "page.html")
    assert done.exit_code == 0, done.stderr
    assert "ψ = 0.5" in done.stdout and "ψ = 2" in done.stdout
    assert "Along the truncation" in (tmp_path / "page.html").read_text()
    assert not (run / "evaluation.jsonl").exists()  # a curve is no figure of the run


def test_images_against_images(gandsl, tmp_path):
    real, made = pictures(tmp_path / "real", 40), pictures(tmp_path / "made", 30, seed=1)
    np.savez(tmp_path / "made.npz", images=np.zeros((20, 14, 14, 3), np.uint8))
    done = gandsl("eval", made, "--data", real, "--images", 30, "--format", "json", "--device", "cpu")
    assert done.exit_code == 0, done.stderr
    (found,) = figures(done.stdout)
    assert found["kid"].interval.low < 0 < found["kid"].interval.high  # one distribution
    black = gandsl("eval", tmp_path / "made.npz", "--data", real, "--images", 20, "--format", "json")
    (black,) = figures(black.stdout)
    assert black["kid"].value > 10 * abs(found["kid"].value) and black["recall"].value == 0


TRANSLATOR = """\
gandsl: 1
name: paints
data: {edges: "Image[1, 16]", image: "Image[3, 16]"}
networks:
  painter:
    inputs: {edges: "Image[1, 16]"}
    body: {made: {op: conv, channels: 3, kernel: 3}, act: {op: tanh}}
    outputs: {painted: {of: act, kind: Image}}
  judge:
    inputs: {image: "Image[3, 16]"}
    body: {flat: {op: flatten}, logit: {op: linear, features: 1}}
game:
  body:
    painted: {network: painter, edges: edges}
    said: {network: judge, image: painted}
    real: {network: judge, image: image}
  players:
    painter: {trains: [painter], terms: {fool: -mean(said)}}
    judge: {trains: [judge], terms: {own: mean(said) - mean(real)}}
  shows: [edges, painted]
training: {length: 2 steps, batch: 4, optimizer: {kind: adam, lr: 0.01, betas: [0.5, 0.9]}}
"""


def test_a_translator_beside_its_true_partners(gandsl, tmp_path):
    """PSNR and SSIM are those of what `gandsl sample` makes of the same items."""
    (tmp_path / "spec.yaml").write_text(TRANSLATOR)
    data, rng = tmp_path / "data", np.random.default_rng(0)
    data.mkdir()
    for place in range(20):
        for name, shape in (("edges", (16, 16)), ("image", (16, 16, 3))):
            pixels = rng.integers(0, 256, shape, dtype=np.uint8)
            Image.fromarray(pixels).save(data / f"{place:02}.{name}.png")
    run = tmp_path / "run"
    done = gandsl("train", tmp_path / "spec.yaml", "--data", data, "--run-dir", run, "--device", "cpu")
    assert done.exit_code == 0, done.stderr
    done = gandsl(
        *("eval", run, "--data", data, "--metrics", "psnr,ssim,feature_distance,kid"),
        *("--format", "json", "--device", "cpu"),
    )
    assert done.exit_code == 0, done.stderr
    (found,) = figures(done.stdout)
    assert gandsl("sample", run, "--data", data, "-o", tmp_path / "made").exit_code == 0
    errors = []
    for place in range(20):
        (file,) = (tmp_path / "made").glob(f"{place:02}*.png")
        made, true = (
            np.asarray(Image.open(one)).astype(float) for one in (file, data / f"{place:02}.image.png")
        )
        errors.append(10 * np.log10(255**2 / ((made - true) ** 2).mean()))
    assert found["psnr"].value == pytest.approx(np.mean(errors), abs=1e-9)
    assert found["psnr"].conditions.made_images == 20 and found["psnr"].floor is None
    wrong = gandsl("eval", run, "--data", data, "--metrics", "psnr", "--truth", "edges")
    assert wrong.exit_code == 2 and "there are: image" in wrong.stderr


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--metrics", "fidd"), 2, "there is no metric `fidd`, did you mean `fd`"),
        (("--metrics", "psnr"), 2, "no translator of items"),
        (("--metrics", "copies"), 2, "give --held-out"),
        (("--metrics", "ppl_w"), 2, "it has no style space"),
        (("--real-images", "many"), 2, "write a number, or all"),
        (("--real-images", "4000"), 2, "4,000 real images are wanted, and"),
        (("--truncation", "x"), 2, "write numbers such as"),
        (("--truth", "image"), 2, "--truth"),
        (("-o", "page.txt"), 2, "give a name that ends in"),
        (("--checkpoints", "some"), 2, "newest"),
        (("--network", "judge"), 2, "judge"),
    ],
)
def test_refusals(gandsl, run, tmp_path, options, code, said):
    done = gandsl("eval", run, "--data", tmp_path / "data", "--images", 20, *options)
    assert done.exit_code == code and said in " ".join(done.stderr.split()), done.stderr
    assert not (run / "evaluation.jsonl").exists()


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        (lambda data: (data / "0" / "000.png").write_bytes(b"no image"), "000.png"),
        (
            lambda data: [file.unlink() for file in data.rglob("*.png") if int(file.stem) > 11],
            "metrics want at least 16",
        ),
    ],
)
def test_spoiled_data(gandsl, run, tmp_path, spoiled, said):
    spoiled(tmp_path / "data")
    done = gandsl("eval", run, "--data", tmp_path / "data", "--images", 40, "--device", "cpu")
    assert done.exit_code in (2, 3) and said in " ".join(done.stderr.split()), done.stderr


def test_figures_that_do_not_compare_are_refused_by_plot(gandsl, run, tmp_path):
    call = ("eval", run, "--data", tmp_path / "data", "--device", "cpu", "--images")
    assert gandsl(*call, 20, "--checkpoints", "all").exit_code == gandsl(*call, 24).exit_code == 0
    page = gandsl("plot", run, "-o", tmp_path / "page.html")
    assert page.exit_code == 0  # the older one is left out, and the page says so
    assert "compare with newer ones" in (tmp_path / "page.html").read_text()
    other = tmp_path / "other"
    other.mkdir()
    for name in ("log.jsonl", "evaluation.jsonl"):
        (other / name).write_bytes((run / name).read_bytes())
    lines = (other / "evaluation.jsonl").read_text().splitlines()
    (other / "evaluation.jsonl").write_text(lines[0] + "\n")
    done = gandsl("plot", run, other, "-o", tmp_path / "page.html")
    assert done.exit_code == 2 and "two figures of kid can't stand in one table" in done.stderr


def test_runs_of_one_spec_are_told_together(gandsl, run, tmp_path):
    """Student's t of two runs: 12.706 times half their distance."""
    data = tmp_path / "data"
    other = gandsl("train", run / "spec.yaml", "--data", data, "--run-dir", tmp_path / "b", "--seed", 5)
    assert other.exit_code == 0, other.stderr
    call = (
        "eval",
        run,
        tmp_path / "b",
        "--data",
        data,
        "--images",
        20,
        "--metrics",
        "kid",
        "--device",
        "cpu",
    )
    a, b, both = (one["kid"] for one in figures(gandsl(*call, "--format", "json").stdout))
    assert a.value != b.value and both.value == pytest.approx((a.value + b.value) / 2)
    assert both.interval.over == "training seeds" and a.interval.over == "images"
    reach = 12.7062 * abs(a.value - b.value) / 2
    assert (both.interval.low, both.interval.high) == pytest.approx(
        (both.value - reach, both.value + reach), rel=1e-4
    )
    said = gandsl(*call).stdout
    assert "mean of 2 runs" in said and "means over training seeds" in " ".join(said.split())


@pytest.mark.processes
def test_several_processes_come_to_the_same(gandsl, run, tmp_path):
    """torchrun's two processes draw by turns, and the first one tells; without an extractor's weights."""
    call = ["eval", run, "--data", tmp_path / "data", "--metrics", "swd", "--images", "20"]
    alone = gandsl(*call, "--device", "cpu", "--format", "json")
    start("gandsl", *call, "--device", "cpu", "-o", tmp_path / "two.json")
    (one,), (two,) = figures(alone.stdout), figures((tmp_path / "two.json").read_text())
    assert {name: figure.value for name, figure in one.items()} == {n: f.value for n, f in two.items()}
    assert len((run / "evaluation.jsonl").read_text().splitlines()) == 2
