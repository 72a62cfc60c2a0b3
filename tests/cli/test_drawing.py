"""`gandsl sample`: latents in files, the numbers of other implementations, long drawings into many files."""

from __future__ import annotations

import io
import os
import re
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from gandsl_runtime import files, formats, images
from gandsl_runtime.sample import Draws, Sampler, given, sample
from tests.cli.conftest import Gandsl
from tests.cli.forks import forked
from tests.cli.test_sampling import PLAIN, STYLED, Trained, close, tiles

LABELLED = ("stylegan2.yaml", STYLED[1] | {"classes": 3})


@pytest.fixture
def plain(gandsl: Gandsl, tmp_path: Path) -> Trained:
    return Trained(gandsl, tmp_path, PLAIN)


@pytest.fixture
def styled(gandsl: Gandsl, tmp_path: Path) -> Trained:
    return Trained(gandsl, tmp_path, STYLED)


@pytest.fixture
def labelled(gandsl: Gandsl, tmp_path: Path) -> Trained:
    return Trained(gandsl, tmp_path, LABELLED)


def fine(done, words: str = "") -> None:
    assert done.exit_code == 0 and words in done.stdout, done.stderr


def folder(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


# ---- latents ----------


def by_hand(generator, z: np.ndarray, label: int, psi: float, cutoff: int | None) -> np.ndarray:
    """As the authors' scripts make them: mapping, w_avg + ψ (w − w_avg), synthesis, x · 127.5 + 128."""
    args = [torch.from_numpy(z).float()] + ([torch.full((len(z),), label)] if label >= 0 else [])
    generator.eval()
    with torch.no_grad():
        w = generator.program("mapping")(*args)
        mean = average_of(generator)
        w[:, :cutoff] = (mean + psi * (w - mean))[:, :cutoff]
        for module in generator.modules():
            if hasattr(module, "mode"):
                module.mode = "constant"
        x = generator.program("synthesis")(w)
    return (x * 127.5 + 128).clamp(0, 255).to(torch.uint8).numpy()[:, 0]


def test_numpy_latents_are_those_of_the_official_scripts(labelled: Trained, tmp_path: Path) -> None:
    out = tmp_path / "g.png"
    average_of(labelled.generator).normal_()
    labelled.save()
    options = ["--latents", "numpy", "--truncation", 0.7, "--truncation-cutoff", 2, "--class", 1]
    fine(labelled("--seeds", "0-3", *options, "--noise", "const", "-o", out))
    z = np.concatenate([np.random.RandomState(seed).randn(1, 8) for seed in range(4)])
    close(tiles(out, 8)[0], by_hand(labelled.generator, z, 1, 0.7, 2))


def average_of(generator) -> torch.Tensor:
    return next(buffer for name, buffer in generator.named_buffers() if name.endswith("average"))


def test_known_numbers_of_numpy() -> None:
    """The first two of RandomState(0), as NumPy promises them for ever (NEP 19)."""
    from gandsl_runtime.network import Port
    from gandsl_runtime.sample.latents import numpy_latents

    (z,) = numpy_latents([Port("z", "Latent", (2,), "normal")], 0)
    assert z.tolist() == [[1.764052345967664, 0.4001572083672233]]


def test_all_bytes_are_the_official_ones() -> None:
    """x · 127.5 + 128 cut off, at every half step and its neighbours, where another way to round differs."""
    steps = (torch.arange(-300, 300).float() / 2 - 0.5) / 127.5
    every = torch.cat([torch.nextafter(steps, steps - 1), steps, torch.nextafter(steps, steps + 1)])
    official = (every * 127.5 + 128).clamp(0, 255).to(torch.uint8)
    assert torch.equal(images.to_pixels(every, -1, 1), official)


@pytest.mark.parametrize("ending", formats.LATENTS)
def test_what_is_saved_gives_the_same_images(labelled: Trained, tmp_path: Path, ending: str) -> None:
    saved, first, again = tmp_path / f"l{ending}", tmp_path / "a.png", tmp_path / "b.png"
    options = ["--batch", 2, "--noise", "random"]
    fine(labelled("--seeds", "4-8", "--truncation", 0.5, "--save-latents", saved, "-o", first, *options))
    fine(labelled("--latents", saved, "-o", again, "--noise", "constant", *options[:2]))
    fine(labelled("--seeds", "4-8", "--truncation", 0.5, "-o", first, *options[:2]))
    assert first.read_bytes() == again.read_bytes()
    arrays = dict(np.load(saved)) if ending == ".npz" else load_file(saved)
    assert {name: tuple(array.shape) for name, array in arrays.items()} == {
        "z": (5, 8), "class": (5,), "w": (5, 4, 8)
    }  # fmt: skip


def test_latents_of_a_file_with_its_classes_and_with_others(plain: Trained, tmp_path: Path) -> None:
    z = torch.randn(3, 8, dtype=torch.float64)
    save_file({"z": z, "class": torch.tensor([2, 0, 3])}, tmp_path / "own.safetensors")
    np.savez_compressed(tmp_path / "none.npz", z=np.asfortranarray(z.numpy()))
    sampler = Sampler(plain.generator)
    found = given.read(tmp_path / "own.safetensors", sampler)
    expected = [plain.pixels(Draws(sampler, [0, 1, 2], None, found).drawn(slice(0, 3)))]
    fine(plain("--latents", tmp_path / "own.safetensors", "-o", tmp_path / "own.png"), "3 images")
    close(tiles(tmp_path / "own.png", 14).reshape(-1, 14, 14)[:3], expected[0])
    fine(plain("--latents", tmp_path / "none.npz", "--classes", "2,3", "-o", tmp_path / "rows"), "6 images")
    assert "latent00001_class3.png" in folder(tmp_path / "rows")
    first = np.asarray(Image.open(tmp_path / "rows" / "latent00000_class2.png"))
    assert np.abs(first.astype(int) - expected[0][0]).max() <= 1


def test_styles_for_each_layer_and_for_all(styled: Trained, tmp_path: Path) -> None:
    w = np.random.RandomState(1).randn(2, 8).astype(np.float32)
    np.savez(tmp_path / "one.npz", w=w)
    np.savez(tmp_path / "each.npz", w=w[:, None].repeat(4, 1), z=np.zeros(3))  # w is nearer to the image
    for name in ("one", "each"):
        fine(styled("--latents", tmp_path / f"{name}.npz", "-o", tmp_path / f"{name}.png"))
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "each.png").read_bytes()
    with torch.no_grad():
        expected = styled.generator.program("synthesis")(torch.from_numpy(w[:, None].repeat(4, 1)))
    assert np.ptp(tiles(tmp_path / "one.png", 8)) > 20 and expected.shape[0] == 2


def _spoiled(tmp_path: Path) -> Iterator[tuple[str, Path, tuple, str]]:
    """Name, file, generator, words of the one message."""

    def npz(name: str, **arrays: np.ndarray) -> Path:
        np.savez(tmp_path / f"{name}.npz", **arrays)
        return tmp_path / f"{name}.npz"

    def raw(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    good = npz("good", w=np.zeros((1, 4, 8), np.float32)).read_bytes()
    huge = io.BytesIO()
    with zipfile.ZipFile(huge, "w") as archive:
        header = "{'descr': '<f4', 'fortran_order': False, 'shape': (900000000000, 8), }".ljust(117) + "\n"
        archive.writestr("z.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
    yield "wide z", npz("wz", z=np.zeros((2, 9))), STYLED, "`z` of", "(2, 9), and this generator wants (N, 8)"
    yield "few layers", npz("fl", w=np.zeros((1, 3, 8))), STYLED, "(N, 4, 8) or (N, 8)", "(1, 3, 8)"
    yield "no number", npz("nn", w=np.full((1, 8), np.nan)), STYLED, "not finite", "`w`"
    yield "a scalar", npz("sc", z=np.float32(1)), STYLED, "shape ()", "`z`"
    yield "no rows", npz("nr", z=np.zeros((0, 8))), STYLED, "is empty", "`z`"
    yield "whole numbers", npz("wn", z=np.zeros((1, 8), int)), STYLED, "holds int64", "floating"
    yield "objects", npz("ob", z=np.array([None, 1])), STYLED, "not numbers", "object"
    yield "another name", npz("an", q=np.zeros((1, 8))), STYLED, "holds no array `z`, nor `w`", "name"
    yield "styles", npz("st", w=np.zeros((1, 8))), PLAIN, "the generator takes none", "z"
    yield "no classes", npz("nc", z=np.zeros((1, 8))), PLAIN, "no classes here", "give a class"
    yield "far class", npz("fc", z=np.zeros((1, 8)), **{"class": [4]}), PLAIN, "no class 4", "0 to 3"
    yield "odd class", npz("oc", z=np.zeros((1, 8)), **{"class": [0.5]}), PLAIN, "no list of whole", "each"
    yield "counts", npz("co", z=np.zeros((2, 8)), **{"class": [1]}), PLAIN, "2 of `z`, 1 of `class`", "one"
    yield "classless", npz("cl", z=np.zeros((1, 8)), **{"class": [0]}), STYLED, "takes none", "class"
    yield "empty npz", raw("e.npz", b""), STYLED, "it is empty", "e.npz"
    yield "empty safetensors", raw("e.safetensors", b""), STYLED, "it is empty", "e.safetensors"
    yield "no zip", raw("n.npz", b"hello" * 99), STYLED, "can't be read as .npz", "n.npz"
    yield "cut", raw("c.npz", good[:-40]), STYLED, "can't be read as .npz", "c.npz"
    yield "changed", raw("ch.npz", good.replace(b"\0" * 32, b"\1" * 32)), STYLED, "can't be read", "ch.npz"
    yield "bomb", raw("h.npz", huge.getvalue()), STYLED, "are not what is there", "h.npz"
    yield "other", raw("o.safetensors", b"\x93NUMPY" * 9), STYLED, "can't be read", "o.safetensors"
    yield "nothing", tmp_path / "absent.npz", STYLED, "no such file", "absent.npz"
    (tmp_path / "folder.npz").mkdir()
    yield "folder", tmp_path / "folder.npz", STYLED, "is a folder", "folder.npz"


def test_files_that_hold_no_latents_of_this_generator(gandsl: Gandsl, tmp_path: Path) -> None:
    called = {}
    out = tmp_path / "out" / "g.png"
    for what, path, spec, *words in _spoiled(tmp_path):
        key = spec[0]
        if key not in called:
            called[key] = Trained(gandsl, tmp_path / key, spec)
        done = called[key]("--latents", path, "-o", out)
        assert done.exit_code in (1, 2) and all(word in done.stderr for word in words), (what, done.stderr)
        assert done.stderr.count("error: ") == 1 and "Traceback" not in done.stderr, what
    assert not out.exists()


# options → words of the message, with a file of styles, or of latents with classes
def test_options_that_a_file_or_numpy_leaves_no_room_for(gandsl: Gandsl, tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", w=np.zeros((1, 8)))
    np.savez(tmp_path / "z.npz", z=np.zeros((1, 8)), **{"class": [1]})
    labelled, plain = (Trained(gandsl, tmp_path / s[0], s) for s in (LABELLED, PLAIN))
    for draw, options, words in (
        (labelled, ["--latents", tmp_path / "w.npz", "--classes", 1], "have their classes in them"),
        (labelled, ["--latents", tmp_path / "w.npz", "--truncation", 0.5], "taken as they are"),
        (plain, ["--latents", tmp_path / "z.npz", "--classes", 1], "has classes of its own"),
        (plain, ["--latents", "numpy", "--truncation", 0.5], "cuts them off"),
        (plain, ["--latents", "numpy", "--seeds", 2**32], "NumPy's go up to 4294967295"),
        (plain, ["--columns", 2000, "--seeds", "0-1999"], "more than WEBP holds"),
    ):
        done = draw("-o", tmp_path / "g.webp", *options)
        assert done.exit_code == 2 and words in done.stderr, done.stderr


# ---- files ----------


@pytest.mark.parametrize("ending", [".jpg", ".jpeg", ".webp", ".PNG"])
def test_grids_in_other_formats(plain: Trained, tmp_path: Path, ending: str) -> None:
    fine(plain("--seeds", "0-3", "--columns", 2, "-o", tmp_path / "g.png"))
    fine(plain("--seeds", "0-3", "--columns", 2, "-o", tmp_path / f"h{ending}"))
    with Image.open(tmp_path / f"h{ending}") as image:
        assert image.format == formats.FORMATS[ending.lower()].name
        found = np.asarray(image.convert("L")).astype(int)
    expected = np.asarray(Image.open(tmp_path / "g.png")).astype(int)
    assert np.abs(found - expected).max() <= (12 if "j" in ending else 0) and np.ptp(expected) > 100


@pytest.mark.parametrize("form", ["png", "jpg", "webp"])
def test_a_zip_is_the_folder(plain: Trained, tmp_path: Path, form: str) -> None:
    options = ["--seeds", "2,7", "--classes", "0,3", "--format", form]
    fine(plain(*options, "-o", tmp_path / "each"), f"4 images: {tmp_path / 'each'}\n")
    fine(plain(*options, "-o", tmp_path / "all.zip"), f"4 images: {tmp_path / 'all.zip'}\n")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == folder(tmp_path / "each")
    names = {f"seed{seed}_class{label}.{form}" for seed in (2, 7) for label in (0, 3)} | {"samples.json"}
    assert set(folder(tmp_path / "each")) == names and not (tmp_path / "all.zip.parts").exists()
    fine(plain(*options, "-o", tmp_path / "all.zip"), "all there already")
    with Image.open(tmp_path / "each" / f"seed7_class3.{form}") as image:
        expected = plain.pixels(sample(plain.generator, [7], [3]))[0].astype(int)
        worst = np.abs(np.asarray(image.convert("L")) - expected).max()
    assert worst <= (12 if form == "jpg" else 1)


def test_a_drawing_goes_on(plain: Trained, tmp_path: Path) -> None:
    """Whatever is missing is drawn again, bit by bit the same, random noise too; the rest is left alone."""
    options = ["--seeds", "0-10", "--batch", 4, "--noise", "random"]
    fine(plain(*options, "-o", tmp_path / "whole"), "11 images: ")
    fine(plain(*options, "-o", tmp_path / "part"))
    for name in ("seed1", "seed2", "seed10"):
        (tmp_path / "part" / f"{name}.png").unlink()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "part").iterdir()}
    fine(plain(*options, "-o", tmp_path / "part"), "11 images, 8 of them there already")
    assert folder(tmp_path / "part") == folder(tmp_path / "whole")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    fine(plain(*options, "-o", tmp_path / "part"), "11 images, 11 of them there already")


def test_a_long_drawing_is_not_silent(plain: Trained, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("gandsl.cli.progress.EVERY", 0.0)
    done = plain("--seeds", "0-4", "--batch", 2, "-o", tmp_path / "each")
    assert done.stderr.splitlines() == [f"drawing: {count} of 5" for count in (0, 2, 4, 5)]
    done = plain("--seeds", "0-4", "--batch", 2, "-o", tmp_path / "g.png")
    assert done.stderr.splitlines() == [f"drawing: {count} of 5" for count in (2, 4, 5)]
    monkeypatch.undo()
    assert not plain("--seeds", "0-4", "-o", tmp_path / "g.png").stderr


OTHERWISE = [
    ("--seeds 0-4", "--seeds 0-3, now 0-4"),
    ("--seeds 0-3 --classes 1", "--classes not given, now 1"),
    ("--seeds 0-3 --batch 2", "--batch 32, now 2"),
    ("--seeds 0-3 --noise none", "--noise constant, now none"),
    ("--seeds 0-3 --truncation 0.9", "--truncation not given, now 0.9"),
    ("--seeds 0-3 --latents numpy", "--latents not given, now numpy"),
    ("--seeds 0-3 --format jpg", "--format png, now jpg"),
    ("--seeds 0-3 --standing-statistics 2", "--standing-statistics not given, now 2"),
    ("--seeds 0-3 --interpolate z", "--interpolate not given, now z"),
]


def test_a_folder_of_another_drawing_is_refused(plain: Trained, gandsl: Gandsl, tmp_path: Path) -> None:
    out = tmp_path / "each"
    fine(plain("--seeds", "0-3", "-o", out))
    before = folder(out)
    for options, words in OTHERWISE:
        done = plain(*options.split(), "-o", out)
        assert done.exit_code == 1 and words in done.stderr and "give another folder" in done.stderr, done
    with torch.no_grad():
        next(plain.generator.parameters()).add_(1)
    plain.save()
    done = plain("--seeds", "0-3", "-o", out)
    assert done.exit_code == 1 and "weights " in done.stderr, done.stderr
    assert folder(out) == before
    for content in (b"", b"[1]", b'{"gandsl": "sam', b"\xff"):
        (out / "samples.json").write_bytes(content)
        done = plain("--seeds", "0-3", "-o", out)
        assert done.exit_code == 1 and "can't be read" in done.stderr and "Traceback" not in done.stderr
    (out / "samples.json").unlink()
    done = plain("--seeds", "0-3", "-o", out)
    assert done.exit_code == 1 and "holds seed0.png already, and no samples.json" in done.stderr


def _killed_at(number: int) -> Callable[[], None]:
    """The process dies when it has written its file of that number, and not yet named it."""

    def before() -> None:
        count, usual = iter(range(number)), files._name

        def name(*arguments: object) -> None:
            if next(count, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            usual(*arguments)

        files._name = name

    return before


@pytest.mark.processes
def test_a_killed_drawing_goes_on_in_several_processes(plain: Trained, tmp_path: Path) -> None:
    """SIGKILL in the middle; two processes do the rest; the zip is that of one process, byte by byte."""
    options = ["--seeds", "0-59", "--batch", 8, "--noise", "random"]
    command = [*plain.command, *options, "-o", tmp_path / "a.zip"]
    assert forked(command, _killed_at(20)).code == -signal.SIGKILL
    parts = tmp_path / "a.zip.parts"
    there = len(list(parts.glob("*.png")))
    assert 8 <= there <= 19 and list(parts.glob(f".*{files.ASIDE}"))  # some of a batch had not come so far
    assert not (tmp_path / "a.zip").exists()
    fine(
        plain(*options, "-o", tmp_path / "a.zip", "--processes", 2),
        f"60 images, {there} of them there already",
    )
    assert not parts.exists()
    fine(plain(*options, "-o", tmp_path / "b.zip"))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_folder_of_a_zip_that_was_finished_before_it_went(plain: Trained, tmp_path: Path) -> None:
    command = [*plain.command, "--seeds", "0-4", "-o", tmp_path / "a.zip"]
    assert forked(command, _killed_at(6)).code == -signal.SIGKILL  # the zip itself, before it has its name
    assert not (tmp_path / "a.zip").exists()
    fine(plain(*command[len(plain.command) :]), "5 images, 5 of them there already")
    (tmp_path / "a.zip.parts").mkdir()
    (tmp_path / "a.zip.parts" / "seed3.png").touch()
    fine(plain(*command[len(plain.command) :]), "5 images, all there already")
    assert not (tmp_path / "a.zip.parts").exists()


@pytest.mark.thorough
@pytest.mark.parametrize("whom", ["a worker", "the parent", "Ctrl-C"])
def test_a_process_of_several_dies(plain: Trained, process: Callable, tmp_path: Path, whom: str) -> None:
    """A worker's death is told once and loses nothing; the parent's end is its workers'."""
    out = tmp_path / "many"
    running = process(*plain.command, "--seeds", "0-19999", "--batch", 4, "--processes", 2, "-o", out)
    parent = psutil.Process(running.pid)
    until = time.monotonic() + 120
    while len(list(out.glob("*.png")) if out.exists() else ()) < 20 and time.monotonic() < until:
        time.sleep(0.05)
    workers = [child for child in parent.children() if "spawn_main" in " ".join(child.cmdline())]
    assert len(workers) == 2
    if whom == "Ctrl-C":
        parent.send_signal(signal.SIGINT)
    else:
        (workers[0] if whom == "a worker" else parent).kill()
    _, said = running.communicate(timeout=60)
    if whom == "a worker":
        assert running.returncode == 1 and said.count("error: ") == 1 and "the same call goes on" in said
    elif whom == "Ctrl-C":
        assert running.returncode == 130, said
        assert re.fullmatch(rf"stopped; \d+ of 20000 images are in {out}: the same call goes on\n", said), (
            said
        )
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive
    assert all(Image.open(path).size == (14, 14) for path in out.glob("*.png"))


def test_torchruns_processes_draw_a_share_each(
    plain: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["--seeds", "0-9", "--batch", 3]
    fine(plain(*options, "-o", tmp_path / "one"))
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank, count in (("0", 6), ("1", 4)):
        monkeypatch.setenv("RANK", rank)
        fine(
            plain(*options, "-o", tmp_path / "two", "--save-latents", tmp_path / f"{rank}.npz"), f"{count} im"
        )
    assert folder(tmp_path / "one") == folder(tmp_path / "two")
    assert (tmp_path / "0.npz").exists() and not (tmp_path / "1.npz").exists()
    for more in (["-o", tmp_path / "x.png"], ["-o", tmp_path / "x.zip"], ["-o", tmp_path, "--processes", 2]):
        done = plain(*options, *more)
        assert done.exit_code == 2 and "torchrun's processes draw one image each into a folder" in done.stderr
    monkeypatch.setenv("RANK", "2")
    assert plain(*options, "-o", tmp_path / "three").exit_code == 6


def test_every_format_of_latents_is_read_and_written() -> None:
    assert tuple(given._READERS) == tuple(given._WRITERS) == formats.LATENTS
