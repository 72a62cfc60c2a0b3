"""`gandsl sample --data` and `--inputs`: what is made of given items, resumable, and what is refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import gandsl as package
from gandsl_runtime.runs import checkpoint
from tests.cli.conftest import Gandsl

SPEC = """\
gandsl: 1
name: pairs
data: {image: "Image[3, 8]"}
networks:
  to_gray:
    inputs: {image: "Image[3, 8]"}
    body: {made: {op: conv, channels: 1, kernel: 3}, act: {op: tanh}}
    outputs: {gray: {of: act, kind: Image}}
  encoder:
    inputs: {image: "Image[3, 8]"}
    body:
      flat: {op: flatten}
      mean: {op: linear, features: 4}
      spread: {op: linear, x: flat, features: 2}
    outputs: {mean: mean, spread: spread}
  painter:
    inputs: {text: "Vector[3]", z: "Latent[4]", y: "Label[5]"}
    body:
      kind: {op: embedding, y: y, features: 2}
      both: {op: concat, terms: [text, z, kind]}
      dense: {op: linear, features: 192}
      image: {op: reshape, channels: 3, size: 8}
    outputs: {image: {of: image, kind: Image}}
  sketcher:
    inputs: {text: "Vector[3]", mood: {type: "Vector[2]", distribution: uniform}}
    body:
      both: {op: concat, terms: [text, mood]}
      dense: {op: linear, features: 192}
      image: {op: reshape, channels: 3, size: 8}
    outputs: {image: {of: image, kind: Image}}
  judge:
    inputs: {image: "Image[1, 8]"}
    body: {flat: {op: flatten}, logit: {op: linear, features: 1}}
game:
  body:
    gray: {network: to_gray, image: image}
    said: {network: judge, image: gray}
  players:
    to_gray: {trains: [to_gray], terms: {fool: -mean(said)}}
    judge: {trains: [judge], terms: {own: mean(said)}}
  shows: [gray, image]
training:
  length: 4 steps
  batch: 4
  optimizer: {kind: adam, lr: 0.01, betas: [0.5, 0.9]}
  averages: {to_gray: {half_life: 10 img}}
"""


class Made:
    """The spec with weights in a file, a set of images in folders, and `gandsl sample` of them."""

    def __init__(self, gandsl: Gandsl, folder: Path) -> None:
        self.gandsl, self.folder = gandsl, folder
        (folder / "pairs.yaml").write_text(SPEC)
        torch.manual_seed(1)
        self.program = package.compile(folder / "pairs.yaml")
        tensors = {}
        for name in self.program.module.networks:
            network = self.program.network(name).eval()
            for tensor in network.parameters():
                torch.nn.init.normal_(tensor, std=0.3)
            tensors |= {f"{name}/{key}": tensor for key, tensor in network.state_dict().items()}
        tensors |= {f"average.to_gray/{k[8:]}": t / 2 for k, t in tensors.items() if k.startswith("to_gray/")}
        checkpoint.write(folder / "weights.safetensors", tensors, {})
        rng = np.random.default_rng(0)
        self.items = {}
        for name in ("a/one.png", "a/two.jpeg.png", "b/one.png", "three.png", "three.bmp"):
            pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            (folder / "set" / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / "set" / name)
            self.items[name] = torch.from_numpy(pixels).permute(2, 0, 1).float() / 127.5 - 1

    def __call__(self, *more: object) -> tuple[int, str]:
        line = ("sample", self.folder / "pairs.yaml", "--weights", self.folder / "weights.safetensors")
        done = self.gandsl(*line, "--device", "cpu", *more)
        return done.exit_code, " ".join(done.output.split())

    @torch.no_grad()
    def gray(self, name: str) -> Tensor:
        """uint8 [8, 8] of an item, by the averaged weights, which are half of the others."""
        network = self.program.network("to_gray")
        conv = torch.nn.functional.conv2d
        weight, bias = (network.get_parameter(f"made.{key}") / 2 for key in ("weight", "bias"))
        made = conv(self.items[name][None], weight, bias, padding=1).tanh()[0, 0]
        return (made * 127.5 + 128).clamp(0, 255).to(torch.uint8)


@pytest.fixture
def made(gandsl: Gandsl, tmp_path: Path) -> Made:
    return Made(gandsl, tmp_path)


NAMES = {
    "a/one.png": "a/one.png",
    "a/two.jpeg.png": "a/two.jpeg.png",
    "b/one.png": "b/one.png",
    "three.bmp": "three.bmp.png",
    "three.png": "three.png.png",
}


def read(path: Path) -> Tensor:
    return torch.from_numpy(np.asarray(Image.open(path)).copy())


def same(path: Path, wanted: Tensor) -> None:
    """Up to rounding of a batch of another size."""
    assert int((read(path).int() - wanted.int()).abs().max()) <= 1


def files(folder: Path) -> set[str]:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return found - {"samples.json"}


def test_a_translator_keeps_the_names(made: Made) -> None:
    """The network whose call is shown, by the average of its weights, in the folders of the items."""
    out = made.folder / "out"
    code, said = made("--data", made.folder / "set", "-o", out, "--batch", 2)
    assert code == 0 and "5 images" in said, said
    assert files(out) == {*NAMES.values()}
    for item, file in NAMES.items():
        same(out / file, made.gray(item))


def test_what_is_whole_is_not_made_again(made: Made) -> None:
    out = made.folder / "out"
    line = ("--data", made.folder / "set", "-o", out, "--batch", 2)
    assert made(*line)[0] == 0
    before = (out / "a/one.png").stat().st_mtime_ns
    gone = (out / "three.bmp.png").read_bytes()
    (out / "three.bmp.png").unlink()
    code, said = made(*line)
    assert code == 0 and "5 images, 4 of them there already" in said
    assert (out / "a/one.png").stat().st_mtime_ns == before
    assert (out / "three.bmp.png").read_bytes() == gone
    pixels = np.zeros((8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(made.folder / "set" / "a" / "one.png")
    code, said = made(*line)
    assert code == 1 and "were drawn otherwise" in said


def test_a_zip_has_the_same(made: Made) -> None:
    out = made.folder / "out.zip"
    code, said = made("--data", made.folder / "set", "-o", out)
    assert code == 0, said
    with zipfile.ZipFile(out) as archive:
        assert set(archive.namelist()) == {*NAMES.values(), "samples.json"}
    assert not (made.folder / "out.zip.parts").exists()
    assert "all there already" in made("--data", made.folder / "set", "-o", out)[1]


def test_processes_share_the_items(made: Made) -> None:
    line = ("--data", made.folder / "set", "--batch", 2)
    assert made(*line, "-o", made.folder / "one")[0] == 0
    for rank in range(2):
        gandsl = made.gandsl
        env = {"RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank)}
        with pytest.MonkeyPatch.context() as patch:
            for name, text in env.items():
                patch.setenv(name, text)
            assert made(*line, "-o", made.folder / "two")[0] == 0, gandsl
    assert files(made.folder / "two") == files(made.folder / "one")
    for name in NAMES.values():
        assert (made.folder / "one" / name).read_bytes() == (made.folder / "two" / name).read_bytes()


def test_codes_are_numbers(made: Made) -> None:
    """Of a network by name, and of one of its outputs, what is no image is an array each."""
    out = made.folder / "codes"
    code, said = made("--data", made.folder / "set", "--network", "encoder.mean", "-o", out)
    assert code == 0, said
    with torch.no_grad():
        mean, spread = made.program.network("encoder")(made.items["a/one.png"][None])
    found = np.load(out / "a" / "one.npy", allow_pickle=False)
    assert np.allclose(found, mean[0], atol=1e-5) and found.shape == (4,)
    code, said = made("--data", made.folder / "set", "--network", "encoder", "-o", made.folder / "last")
    assert np.allclose(np.load(made.folder / "last" / "a" / "one.npy"), spread[0], atol=1e-5)


ROWS: list[dict[str, object]] = [
    {"name": "red", "text": [1.0, 0.0, 0.0], "y": 3},
    {"name": "green", "text": [0.0, 1.0, 0.0], "y": 0},
    {"name": "both", "text": [0.5, 0.5, 0.25], "y": 4},
]


def jsonl(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def csv(path: Path) -> Path:
    lines = ["name,text.0,text.1,text.2,y"]
    lines += [f"{row['name']},{','.join(map(str, row['text']))},{row['y']}" for row in ROWS]  # type: ignore[call-overload]
    path.write_text("\n".join(lines) + "\n")
    return path


def npz(path: Path) -> Path:
    np.savez(path, text=np.array([row["text"] for row in ROWS], "f4"), y=np.array([row["y"] for row in ROWS]))
    return path


def test_inputs_of_a_file(made: Made) -> None:
    """An image a row: the vector and the class that are there, and the latent of the row's number as seed."""
    from gandsl_runtime.sample import sample

    network = made.program.network("painter")
    rows = {
        "text": torch.tensor([row["text"] for row in ROWS]),
        "y": torch.tensor([row["y"] for row in ROWS]),
    }
    wanted = sample(network, range(3), inputs=rows, noise="constant")[-1]
    latent = torch.randn(1, 4, generator=_first(torch.Generator().manual_seed(1)))
    with torch.no_grad():
        alone = network(rows["text"][1:2], latent, rows["y"][1:2])
    assert torch.allclose(alone, wanted[1:2], atol=1e-5)
    sources = (
        jsonl(made.folder / "rows.jsonl", ROWS),
        csv(made.folder / "rows.csv"),
        npz(made.folder / "rows.npz"),
    )
    for place, source in enumerate(sources):
        out = made.folder / f"out{place}"
        code, said = made("--network", "painter", "--inputs", source, "-o", out)
        assert code == 0, said
        names = [f"{row['name']}.png" for row in ROWS] if place < 2 else [f"row{i:05d}.png" for i in range(3)]
        assert files(out) == {*names}
        pixels = (wanted * 127.5 + 128).clamp(0, 255).to(torch.uint8)
        for name, image in zip(names, pixels, strict=True):
            same(out / name, image.permute(1, 2, 0))
    grid = made.folder / "grid.png"
    assert made("--network", "painter", "--inputs", sources[0], "-o", grid)[0] == 0 and grid.is_file()


def test_a_vector_that_is_drawn_may_be_given(made: Made) -> None:
    """Its numbers are those of the row, else of the row's number as seed; of one array the other is meant."""
    network = made.program.network("sketcher")
    texts = torch.tensor([row["text"] for row in ROWS])
    drawn = [2 * torch.rand(1, 2, generator=torch.Generator().manual_seed(seed)) - 1 for seed in range(3)]
    given = torch.linspace(-1, 1, 6).reshape(3, 2)
    np.save(made.folder / "rows.npy", texts.numpy())
    np.savez(made.folder / "rows.npz", text=texts.numpy(), mood=given.numpy())
    for name, moods in (("rows.npy", torch.cat(drawn)), ("rows.npz", given)):
        out = made.folder / name.replace(".", "_")
        code, said = made("--network", "sketcher", "--inputs", made.folder / name, "-o", out)
        assert code == 0, said
        with torch.no_grad():
            pixels = (network(texts, moods) * 127.5 + 128).clamp(0, 255).to(torch.uint8)
        for place, image in enumerate(pixels):
            same(out / f"row{place:05d}.png", image.permute(1, 2, 0))


def _first(rng: torch.Generator) -> torch.Generator:
    """A seed draws a class first."""
    torch.randint(5, (), generator=rng)
    return rng


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"text": [1, 0, 0], "y": 5}], "there is no class 5"),
        ([{"text": [1, 0], "y": 1}], "`text` of"),
        ([{"y": 1}], "holds no `text`"),
        ([{"text": [1, 0, 0], "mood": 1}], "holds `mood`, and the network takes no such input"),
        ([{"text": [1, 0, 0], "y": 0.5}], "no list of whole numbers"),
        ([{"text": [1, 0, "x"]}], "is no number"),
        ([{"text": [1, 0, 0], "name": "a"}, {"text": [1, 0, 0], "name": "a"}], "two rows are called 'a'"),
        ([{"text": [1, 0, 0], "name": "../a"}], "names no file"),
        ([{"text": [1, 0, 0]}, {"y": 0}], "is of other fields"),
        ([{"text": [1, 0, float("nan")]}], "not finite"),
        ([], "holds no"),
    ],
)
def test_rows_that_do_not_fit(rows: list[dict[str, object]], said: str, made: Made) -> None:
    source = jsonl(made.folder / "rows.jsonl", rows)
    code, text = made("--network", "painter", "--inputs", source, "-o", made.folder / "out")
    assert code == 1 and said in text, text
    assert not (made.folder / "out").exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"text.0,text.2\n1,2\n", "no column 'text.1'"),
        ("a.csv", b"text.0,text.1,text.2\n1,2\n", "a.csv:2: 2 values for 3 columns"),
        ("a.csv", b"text.0,text.1,text.2\n1,2,x\n", "a.csv:2: 'x' is no number"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\xff\xfe", "no UTF-8"),
        ("a.jsonl", b"{", "a.jsonl:1 is no JSON"),
        ("a.jsonl", b"[" * 100_000, "a.jsonl:1 is no JSON"),
        ("a.npz", b"PK", "can't be read as .npz"),
        ("a.npy", b"\x93NUMPY\x01\x00", "can't be read as .npy"),
        ("a.txt", b"", "is no file of inputs"),
    ],
)
def test_spoiled_files_of_inputs(name: str, content: bytes, said: str, made: Made) -> None:
    (made.folder / name).write_bytes(content)
    code, text = made("--network", "painter", "--inputs", made.folder / name, "-o", made.folder / "out")
    assert code == 1 and said in text, text


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--data", "set"), 2, "-o FOLDER or -o FILE.zip"),
        (("--data", "set", "-o", "out", "--seeds", "1"), 2, "--data and --seeds cancel each other"),
        (("--data", "set", "-o", "out", "--network", "to_grey"), 2, "called `to_grey`"),
        (("--data", "set", "-o", "out", "--network", "encoder.men"), 2, "no output `men`"),
        (("--data", "set", "-o", "out", "--network", "encoder", "--format", "png"), 2, "is no image"),
        (("--data", "nothing", "-o", "out"), 3, "does not exist"),
        (("-o", "out.png"), 2, "--network NAME"),
        (("--network", "painter", "-o", "out.png"), 2, "--inputs FILE"),
        (("--network", "encoder", "-o", "out"), 2, "--data FOLDER"),
    ],
)
def test_what_is_refused(
    options: tuple[str, ...], code: int, said: str, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made.folder)
    found, text = made(*options)
    assert (found, said in text) == (code, True), text
    assert not (made.folder / "out").exists()


def test_an_item_that_cannot_be_read(made: Made) -> None:
    """It is named; what was made before stays, and the same call goes on when it is mended."""
    bad = made.folder / "set" / "three.png"
    whole = bad.read_bytes()
    bad.write_bytes(whole[:50])
    line = ("--data", made.folder / "set", "-o", made.folder / "out", "--batch", 1)
    code, said = made(*line)
    assert code == 3 and "three.png" in said and "the same call goes on" in said, said
    assert "a/one.png" in files(made.folder / "out")


def test_from_python(made: Made) -> None:
    program = package.load(made.folder / "weights.safetensors", made.folder / "pairs.yaml")
    found = {}
    for names, (gray,) in program.feed(made.folder / "set", batch=2):
        found |= dict(zip(names, gray, strict=True))
    assert found.keys() == made.items.keys()
    assert found["a/one.png"].shape == (1, 8, 8)
