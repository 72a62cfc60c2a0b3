"""`gandsl sample`: every kind of picture in every form, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import Result

from gandsl_runtime import sample
from tests.cli.conftest import Gandsl
from tests.cli.trained import PLAIN, STYLED, Trained, close, tiles

Draw = Callable[..., Result]


def test_rows_and_columns_of_classes(plain: Trained, tmp_path: Path) -> None:
    for index, options in enumerate(([], ["--class-columns"])):
        out = tmp_path / f"{index}.png"
        done = plain("--seeds", "4-6", "--classes", "3,1", "-o", out, *options)
        assert done.exit_code == 0 and done.stdout == f"6 images: {out}\n", done.stderr
    rows, columns = tiles(tmp_path / "0.png", 14), tiles(tmp_path / "1.png", 14)
    assert rows.shape[:2] == (2, 3)
    assert np.array_equal(rows.swapaxes(0, 1), columns)
    close(rows[1], plain.pixels(sample.sample(plain.generator, [4, 5, 6], [1, 1, 1])))


def test_an_uneven_last_row_ends_in_black(plain: Trained, tmp_path: Path) -> None:
    assert plain("--seeds", "0-4", "--columns", 3, "-o", tmp_path / "g.png").exit_code == 0
    found = tiles(tmp_path / "g.png", 14)
    assert found.shape[:2] == (2, 3) and not found[1, 2].any() and found[1, 1].any()


def test_the_same_call_gives_the_same_file(plain: Trained, tmp_path: Path) -> None:
    files = []
    for name, seeds in (("a", "0-3"), ("b", "0-3"), ("c", "1-4")):
        options = ["--standing-statistics", 2, "--batch", 4, "--truncation", 0.8, "--noise", "random"]
        assert plain("--seeds", seeds, *options, "-o", tmp_path / f"{name}.png").exit_code == 0
        files.append((tmp_path / f"{name}.png").read_bytes())
    assert files[0] == files[1] != files[2]


def test_standing_statistics(plain: Trained, tmp_path: Path) -> None:
    out = tmp_path / "g.png"
    done = plain("--standing-statistics", 3, "--batch", 6, "--seeds", "1,2", "--classes", "0", "-o", out)
    assert done.exit_code == 0, done.stderr
    before = plain.pixels(sample.sample(plain.generator, [1, 2], [0, 0]))
    sample.accumulate_statistics(plain.generator, 3, batch=6)
    after = plain.pixels(sample.sample(plain.generator, [1, 2], [0, 0]))
    close(tiles(out, 14)[0], after)
    assert np.abs(before.astype(int) - after).max() > 5


@pytest.mark.parametrize("loop", [False, True])
def test_a_grid_of_ways(plain: Trained, tmp_path: Path, loop: bool) -> None:
    out = tmp_path / "g.png"
    done = plain(
        "--interpolate", "z", "--seeds", "2,7,3", "--classes", "1,0", "--steps", 4, "-o", out,
        *(["--loop"] if loop else []),
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    found = tiles(out, 14)
    legs = 3 if loop else 2
    assert found.shape[:2] == (2 * legs, 5)
    ends = plain.pixels(sample.sample(plain.generator, [2, 7, 3] * 2, [1] * 3 + [0] * 3)).reshape(
        2, 3, 14, 14
    )
    for way in range(2):
        for leg in range(legs):
            row = found[way * legs + leg]
            close(row[[0, 4]], ends[way, [leg, (leg + 1) % 3]])


def test_a_folder_of_frames(plain: Trained, tmp_path: Path) -> None:
    options = ["--interpolate", "class", "--classes", "0,2", "--steps", 2]
    assert plain(*options, "--seeds", "5", "-o", tmp_path / "one").exit_code == 0
    assert plain(*options, "--seeds", "5,8", "-o", tmp_path / "two").exit_code == 0
    assert sorted(p.name for p in (tmp_path / "one").glob("*.png")) == [f"frame{i:05d}.png" for i in range(3)]
    found = sorted(p.name for p in (tmp_path / "two").glob("*.png"))
    assert found == [f"seed{seed}_frame{i:05d}.png" for seed in (5, 8) for i in range(3)]
    last = np.asarray(Image.open(tmp_path / "two" / "seed8_frame00002.png"))
    close(last, plain.pixels(sample.sample(plain.generator, [8], [2]))[0])


def test_a_gif(plain: Trained, tmp_path: Path) -> None:
    out = tmp_path / "g.gif"
    done = plain(
        "--interpolate", "z", "--seeds", "1,2", "--classes", "0-3", "--steps", 5, "--columns", 4, "--fps", 10,
        "-o", out,
    )  # fmt: skip
    assert done.exit_code == 0 and done.stdout == f"6 frames: {out}\n", done.stderr
    way = sample.interpolate(plain.generator, [1, 2], [0, 1, 2, 3], space="z", steps=5)
    with Image.open(out) as found:
        assert (found.n_frames, found.size, found.info["duration"]) == (6, (4 * 14, 14), 100)
        for index, expected in enumerate(way):
            found.seek(index)
            shown = np.asarray(found.convert("L")).reshape(14, 4, 14).swapaxes(0, 1)
            close(shown, plain.pixels(expected))


def test_an_mp4(styled: Trained, tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="MP4 needs the extra `video`")
    out = tmp_path / "g.mp4"
    done = styled("--interpolate", "w", "--seeds", "1,2", "--steps", 5, "--loop", "-o", out)
    assert done.exit_code == 0 and done.stdout == f"10 frames: {out}\n", done.stderr
    with av.open(str(out)) as file:
        assert len([frame.to_image() for frame in file.decode(video=0)]) == 10


def test_an_mp4_without_its_package(plain: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    done = plain("--interpolate", "z", "-o", tmp_path / "g.mp4")
    assert done.exit_code == 6 and "pip install 'gandsl[video]'" in done.stderr


def test_a_grid_of_mixed_styles(styled: Trained, tmp_path: Path) -> None:
    out = tmp_path / "g.png"
    options = ["--seeds", "0-2", "--mix", "1-3", "--mix-seeds", "8,9", "--noise", "none"]
    done = styled(*options, "-o", out)
    assert done.exit_code == 0 and done.stdout == f"3 × 2 mixed images: {out}\n", done.stderr
    found = tiles(out, 8)
    assert found.shape[:2] == (4, 3) and not found[0, 0].any()
    close(found[0, 1:], styled.pixels(sample.sample(styled.generator, [8, 9], noise="none")))
    close(found[1:, 0], styled.pixels(sample.sample(styled.generator, [0, 1, 2], noise="none")))
    mixed = sample.mix(styled.generator, [0, 1, 2], [8, 9], [1, 2, 3], noise="none")
    close(found[1:, 1:], styled.pixels(mixed))
    assert styled(*options, "-o", tmp_path / "each").exit_code == 0
    names = {p.name for p in (tmp_path / "each").glob("*.png")}
    assert names == {f"seed{s}.png" for s in (0, 1, 2, 8, 9)} | {
        f"seed{row}_styles{column}.png" for row in (0, 1, 2) for column in (8, 9)
    }
    one = np.asarray(Image.open(tmp_path / "each" / "seed2_styles9.png"))
    assert np.array_equal(one, found[3, 2])


# options → words of the message; nothing is loaded for these
CLASHES = [
    ("--mix 1", "--mix and --mix-seeds"),
    ("--mix-seeds 1", "--mix and --mix-seeds"),
    ("--mix 1 --mix-seeds 1 --interpolate z", "take one"),
    ("--mix 1 --mix-seeds 1 --classes 1,2", "one number"),
    ("--mix 1 --mix-seeds 1 --columns 2", "its seeds"),
    ("--steps 4", "add --interpolate"),
    ("--loop", "add --interpolate"),
    ("--interpolate z --steps 0", "--steps"),
    ("--interpolate y", "--interpolate"),
    ("--interpolate z --seeds 4", "two or more"),
    ("--interpolate class", "two or more"),
    ("--interpolate class --classes 4", "two or more"),
    ("--interpolate z --columns 4", "its steps"),
    ("--interpolate z --fps 9", "--fps is of a video"),
    ("--interpolate z -o a.gif --fps 60", "50 frames a second"),
    ("--interpolate z -o a.gif --fps 0", "--fps"),
    ("-o a.gif", "add --interpolate"),
    ("-o a.bmp", "no .bmp files"),
    ("-o folder --columns 3", "a folder has none"),
    ("-o a.zip --columns 3", "a zip has none"),
    ("--format jpg", "--format is of the images in a folder"),
    ("-o folder --format gif", "--format"),
    ("-o folder --seeds 1,1", "give each once"),
    ("-o folder --seeds 0-99998 --classes 0-999", "more than 10000000 images"),
    ("--processes 2", "--processes draw one image each into a folder"),
    ("-o folder --processes 2 --interpolate z", "--processes draw one image each"),
    ("-o folder --processes 0", "--processes"),
    ("--latents a.npz --seeds 3", "leave --seeds out"),
    ("--latents a.npz --interpolate w", "drawn as they are"),
    ("--latents a.npz --mix 1 --mix-seeds 1", "drawn as they are"),
    ("--latents a.npy", "no file of latents"),
    ("--latents numpi", "no file of latents"),
    ("--save-latents a.pt", "no file of latents"),
    ("--save-latents a.npz --interpolate z", "those of one image each"),
    ("--noise constant-ish", "--noise"),
    ("--translate 3", "two numbers such as 0.3,-1"),
    ("--translate a,b", "two numbers such as 0.3,-1"),
    ("--rotate left", "--rotate"),
    ("--class-columns", "give --classes"),
    ("-o folder --classes 1 --class-columns", "is of a grid"),
    ("--classes 1 --class-columns --columns 3", "are classes"),
    ("--classes ''", "--classes"),
    ("--standing-statistics 0", "--standing-statistics"),
    ("--batch 0", "--batch"),
]


@pytest.mark.parametrize(("options", "words"), CLASHES)
def test_options_that_do_not_go_together(gandsl: Gandsl, options: str, words: str) -> None:
    done = gandsl("sample", "nowhere", *(word.strip("'") for word in options.split()))
    assert done.exit_code == 2 and words in done.stderr, done.stderr


# which generator, options → words of the message
UNFIT = [
    (PLAIN, "--mix 1 --mix-seeds 3", "style mixing works on a style space, and this generator has none"),
    (PLAIN, "--interpolate w", "interpolation in w works on a style space"),
    (PLAIN, "--classes 4", "classes are 0 to 3"),
    (PLAIN, "--truncation 0", "no room"),
    (PLAIN, "--truncation nan", "no finite number"),
    (PLAIN, "--cutoff 2 --truncation 0.5", "a cutoff limits the truncation of styles"),
    (STYLED, "--classes 0", "takes no classes"),
    (STYLED, "--rotate 3", "the generator has none"),
    (STYLED, "--translate 1,1", "the generator has none"),
    (STYLED, "--cutoff 2", "a cutoff limits"),
    (STYLED, "--cutoff 5 --truncation 0.5", "has 4 layers of style"),
    (STYLED, "--mix 3-4 --mix-seeds 3", "layers are 0 to 3"),
    (STYLED, "--standing-statistics 2", "the generator has none"),
]


@pytest.mark.parametrize(("spec", "options", "words"), UNFIT)
def test_what_the_generator_can_not_do(
    gandsl: Gandsl, tmp_path: Path, spec: tuple[str, dict[str, int]], options: str, words: str
) -> None:
    done = Trained(gandsl, tmp_path, spec)(*options.split(), "-o", tmp_path / "g.png")
    assert done.exit_code == 2 and words in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert not (tmp_path / "g.png").exists()
