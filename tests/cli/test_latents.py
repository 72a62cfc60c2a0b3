"""`gandsl sample --latents`: files of latents and styles, and the numbers of other implementations."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from gandsl_runtime.layers import set_noise_mode
from gandsl_runtime.media import formats, images
from gandsl_runtime.sample import Draws, Sampler, arrays, given
from tests.cli.conftest import Gandsl
from tests.cli.trained import LABELLED, PLAIN, STYLED, Trained, close, fine, folder, tiles


def by_hand(generator, z: np.ndarray, label: int, psi: float, cutoff: int | None) -> np.ndarray:
    """As the authors' scripts make them: mapping, w_avg + ψ (w − w_avg), synthesis, x · 127.5 + 128."""
    args = [torch.from_numpy(z).float()] + ([torch.full((len(z),), label)] if label >= 0 else [])
    generator.eval()
    with torch.no_grad():
        w = generator.program("mapping")(*args)
        mean = average_of(generator)
        w[:, :cutoff] = (mean + psi * (w - mean))[:, :cutoff]
        set_noise_mode(generator, "constant")
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
        set_noise_mode(styled.generator.eval(), "constant")
        expected = styled.generator.program("synthesis")(torch.from_numpy(w[:, None].repeat(4, 1)))
    close(tiles(tmp_path / "one.png", 8)[0], styled.pixels((expected,)))


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


def test_every_format_of_latents_is_read_and_written() -> None:
    assert tuple(arrays.READERS) == tuple(arrays.WRITERS) == formats.LATENTS
