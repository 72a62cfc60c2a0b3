"""Decoded packs: images and order are those of the files, to the bit; spoiled ones are refused."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from gandsl_runtime.data import Stream, open_dataset, pack_arrays
from gandsl_runtime.data.labels import Labels
from gandsl_runtime.data.pack import Recipe, pack
from gandsl_runtime.data.sources import Pack, open_source
from gandsl_runtime.data.sources.packed import INDEX, MOST_SHARDS
from gandsl_runtime.data.survey import survey
from gandsl_runtime.errors import DataError, Unwritable
from gandsl_runtime.runs.record import MachineOptions
from tests.cli.spoil_files import WAYS, json_file
from tests.runtime import nets
from tests.runtime.helpers import arrays, assert_same, folder_of, pixels, plan, png
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded

COUNT, PER_SHARD, SHAPE = 10, 4, (3, 8, 6)


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack_arrays, "SHARD", PER_SHARD * int(np.prod(SHAPE)))


def packed(path: Path, count: int = COUNT) -> Path:
    """Several shards, the last one not full."""
    source = arrays(count, SHAPE[1:], SHAPE[0], classes=3)
    pack(source, path, Recipe(SHAPE[1:], format="npy"), source.labels())
    return path


SHAPES = ((1, 6, 10), (2, 8, 8), (3, 8, 8), (4, 16, 12))


@pytest.mark.parametrize(
    ("shape", "per_shard", "workers"),
    [(shape, per, 0) for shape in SHAPES for per in (1, 4, 100)] + [((3, 8, 8), 4, 1)],
)
def test_the_same_images_in_the_same_order(shape, per_shard, workers, tmp_path, monkeypatch):
    """Cut, resized and decoded at each reading, or once."""
    monkeypatch.setattr(pack_arrays, "SHARD", per_shard * int(np.prod(shape)))
    files = [png(image) for h, w in ((8, 8), (20, 30), (31, 7)) for image in pixels(3, (h, w), shape[0], h)]
    where = folder_of({f"{i % 2}/{i}.png": file for i, file in enumerate(files)}, tmp_path / "set")
    source = open_source(where)
    pack(source, tmp_path / "out", Recipe(shape[1:], channels=shape[0], format="npy"), source.labels())
    before, after = (open_dataset(path, shape, classes=2) for path in (where, tmp_path / "out"))
    assert after.decoded and not before.decoded and after.source.kind == "a decoded pack"
    a, b = Stream(before, 1, flip=True), Stream(after, 1, flip=True, workers=workers, position=5)
    a.take(5)
    for count in (7, 7, 12):
        truth, found = a.take(count), b.take(count)
        assert torch.equal(truth.images, found.images) and torch.equal(truth.labels, found.labels)
    b.close()


def test_numpy_reads_the_shards(tmp_path, small_shards):
    """The form is NumPy's own: others need no gandsl to read it."""
    where = packed(tmp_path / "pack")
    shards = [np.load(path, mmap_mode="r", allow_pickle=False) for path in sorted(where.glob("*.npy"))]
    assert [shard.shape for shard in shards] == [(4, *SHAPE), (4, *SHAPE), (2, *SHAPE)]
    truth = arrays(COUNT, SHAPE[1:], SHAPE[0])._arrays.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(np.concatenate(shards), truth)


def test_a_run_from_the_pack_is_the_run_from_the_folder(tmp_path):
    files = {f"{i % 3}/{i}.png": png(image) for i, image in enumerate(pixels(21, (11, 9)))}
    source = open_source(folder_of(files, tmp_path / "set"))
    pack(source, tmp_path / "out", Recipe((8, 8), channels=1, format="npy"), source.labels())
    ends = []
    for where in (tmp_path / "set", tmp_path / "out"):
        networks = seeded(ConvGenerator, 3), seeded(ConvDiscriminator, 3)
        trainer = nets.trainer_of(plan(), networks, data=where, machine=MachineOptions(device="cpu"))
        trainer.run()
        ends.append(trainer.state.tensors())
    assert_same(*ends)


def test_other_sizes_are_made_of_it_as_of_any_image(tmp_path, small_shards):
    data = open_dataset(packed(tmp_path / "pack"), (1, 4, 4))
    assert not data.decoded and Stream(data, 0, flip=True).take(20).images.shape == (20, 1, 4, 4)


def test_it_is_surveyed_and_packed_anew(tmp_path, small_shards):
    where = packed(tmp_path / "pack")
    found = survey(open_source(where), workers=2)
    assert found.sizes == {SHAPE[1:]: COUNT} and found.modes == {"RGB": COUNT} and not found.broken
    assert found.labels.numbers.tolist() == [i % 3 for i in range(COUNT)]
    pack(open_source(where), tmp_path / "again", Recipe(SHAPE[1:], format="npy"), found.labels)
    for file in where.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


def test_names_of_classes_and_skipped_images(tmp_path, small_shards):
    files = {f"{i}.png": png(image) for i, image in enumerate(pixels(9, (8, 8), 3))} | {"4.png": b"broken"}
    labels = Labels(np.arange(9), "here", tuple("abcdefghi"))
    source = open_source(folder_of(files, tmp_path / "set"))
    with pytest.raises(DataError, match=r"can't read 4.png of .*: it is no image"):
        pack(source, tmp_path / "out", Recipe((8, 6), format="npy"), labels)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    done = pack(source, tmp_path / "out", Recipe((8, 6), format="npy"), labels, skip_broken=True)
    again = open_source(tmp_path / "out")
    assert done.images == len(again.images) == 8 and again.labels().names == labels.names
    assert again.labels().numbers.tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
    assert again.images[3] == "00000/img00000003"


def test_what_is_there_stays_however_late_it_came(tmp_path):
    recipe, late = Recipe((8, 8), format="npy"), tmp_path / "late"
    (tmp_path / "early").mkdir()
    with pytest.raises(Unwritable, match=r"early is there already"):
        pack(arrays(3), tmp_path / "early", recipe, told=lambda _: pytest.fail("it began"))
    with pytest.raises(Unwritable, match=r"late is there already"):
        pack(arrays(3), late, recipe, told=lambda _: late.mkdir(exist_ok=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["early", "late"]
    assert not list(late.iterdir())


def test_ctrl_c_leaves_nothing_behind(tmp_path):
    def stop(count: int) -> None:
        if count == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(arrays(20), tmp_path / "out", Recipe((8, 8), format="npy"), told=stop)
    assert not list(tmp_path.iterdir())


def spoiled(where: Path):
    """Each file spoiled in each way; each field of the index replaced; counts and shapes that do not fit."""
    whole = {file.name: file.read_bytes() for file in where.iterdir()}
    index = json.loads(whole[INDEX])

    def restored() -> None:
        for path in where.iterdir():
            path.rmdir() if path.is_dir() else path.unlink()
        for name, content in whole.items():
            (where / name).write_bytes(content)

    for name in whole:
        for way, spoil in WAYS.items():
            spoil(where / name)
            yield f"{name} {way}", name == INDEX and way in ("deleted", "a folder")
            restored()
    for case in json_file(where, INDEX, each=3):
        case.spoil(where)
        yield case.name, False
        restored()
    others = [{"images": n} for n in range(-1, 14)] + [{"per_shard": n} for n in range(-1, 12)]
    others += [
        {"shape": shape} for shape in ([3, 6, 8], [6, 8, 3], [1, 12, 12], [3, 8], [3, 0, 6], [0, 8, 6])
    ]
    others += [{"images": 2**31, "per_shard": 1}, {"images": 10**30}, {"gandsl": "pack/2"}]
    others += [{"labels": [0] * n} for n in (0, 9, 11)] + [{"labels": [2**63] * 10}, {"labels": [True] * 10}]
    for other in others:
        if index | other != index:
            (where / INDEX).write_text(json.dumps(index | other))
            yield str(other)[:40], False
            restored()
    odd = np.zeros((4, *SHAPE), dtype=np.uint8)
    forms = [odd.astype(np.int8), odd.astype(np.uint16), np.asfortranarray(odd), odd[:3], odd.reshape(4, -1)]
    for form in [*forms, odd.astype(object)]:
        np.save(where / "00001.npy", form)
        yield f"a shard of {form.dtype} {form.shape}", False
        restored()


def test_spoiled_packs_are_refused_in_one_sentence(tmp_path, small_shards):
    """Or give images of the promised number and shape: a pixel that flipped can't be told."""
    where = packed(tmp_path / "pack")
    refused, accepted = 0, []
    for name, no_pack in spoiled(where):
        try:
            source = open_source(where)
        except DataError as fault:
            refused += 1
            assert no_pack or str(where) in fault.message, name
            assert "\n" not in fault.message and len(fault.message) < 500 and fault.remedy, name
            continue
        accepted.append(name)
        data = open_dataset(where, SHAPE)
        assert isinstance(source, Pack) and len(data) == COUNT, name
        assert Stream(data, 0).take(COUNT).images.shape == (COUNT, *SHAPE), name
    assert refused > 80
    may_be = (
        "flipped",
        ": packed",
        ": names",
        ": labels",
    )  # no labels, and any numbers: the networks' to judge
    assert all(any(part in name for part in may_be) for name in accepted), accepted


def test_one_that_is_newer_says_so(tmp_path):
    where = packed(tmp_path / "pack")
    (where / INDEX).write_text((where / INDEX).read_text().replace("pack/1", "pack/9"))
    with pytest.raises(DataError, match="it says 'pack/9', and this gandsl reads 'pack/1' and 'pack/2'"):
        open_source(where)


def test_a_shard_that_is_cut_under_a_run_ends_it_with_a_message(tmp_path, small_shards):
    """To touch what is gone would be SIGBUS: no message, and no checkpoint."""
    where = packed(tmp_path / "pack")
    stream = Stream(open_dataset(where, SHAPE), seed=0)
    stream.take(COUNT)
    os.truncate(where / "00001.npy", 200)
    with pytest.raises(DataError, match=r"00001.npy is not as .*cut to 200 of 704 bytes while it was read"):
        stream.take(COUNT)


def test_processes_get_it_by_its_place(tmp_path, small_shards):
    """What is mapped is not sent: each process maps it for itself."""
    source = open_source(packed(tmp_path / "pack"))
    sent = pickle.dumps(source)
    assert len(sent) < 2000
    np.testing.assert_array_equal(np.asarray(pickle.loads(sent).open(9)), np.asarray(source.open(9)))


def test_shards_are_few_however_large_the_set():
    """A map holds its file open, and processes may have 1,024."""
    for size, count in ((8, 10**9), (1024, 10**6), (65535, 300)):
        writer = pack_arrays.ArraysWriter(Path(), (3, size, size), count)
        assert -(-count // writer._per_shard) <= max(pack_arrays.SHARDS, 1) <= MOST_SHARDS // 4
