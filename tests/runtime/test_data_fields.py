"""Items of several fields: each kind from each place, in one order, moved together; faults of each."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from gandsl_runtime.data import Stream
from gandsl_runtime.data.cast import cast
from gandsl_runtime.data.fields.kinds import KINDS
from gandsl_runtime.data.fields.opened import opened
from gandsl_runtime.data.sources import NamedArrays, open_source
from gandsl_runtime.data.table import FieldTable
from gandsl_runtime.errors import DataError, MissingExtra
from gandsl_runtime.plan import Data
from gandsl_runtime.plan.game import DataField
from tests.runtime.fielded import CASES, COUNT, FIELDS, arrays, files, npy
from tests.runtime.helpers import folder_of, pixels, png, tar_of, zip_of

LAYOUTS = [(layout, make) for layout in ("folders", "suffixes") for make in (folder_of, zip_of)]


def holds(table: FieldTable, names: Any = CASES) -> None:
    """Each field of each item is as it was written."""
    assert len(table) == COUNT
    for place in range(COUNT):
        row = table.row(place)
        for name in names:
            expected = CASES[name].rows()[place]
            assert row[name].shape == expected.shape, name
            np.testing.assert_allclose(row[name], expected, rtol=1e-6, atol=1e-6, err_msg=name)
            if not np.issubdtype(row[name].dtype, np.floating):
                np.testing.assert_array_equal(row[name], expected)


# ---- where fields are


@pytest.mark.parametrize(("layout", "make"), LAYOUTS)
def test_every_kind_from_files(layout, make, tmp_path):
    where = make(files(layout) | {".hidden/x.image.png": b"", "notes.md": b"hi"}, tmp_path / "set")
    holds(opened(open_source(where), FIELDS))


def test_every_kind_from_shards(tmp_path):
    """By the ends of names, in one shard, and in two of the same name in other folders."""
    inside = sorted(files("suffixes").items())
    whole = tar_of(dict(inside), tmp_path / "set.tar")
    holds(opened(open_source(whole), FIELDS))
    halves = [dict(one for one in inside if (one[0] < "004") == first) for first in (True, False)]
    for place, half in zip("ab", halves, strict=True):
        (tmp_path / place).mkdir()
        tar_of(half, tmp_path / place / "set.tar")
    table = opened(open_source(f"{tmp_path}/{{a,b}}/set.tar"), FIELDS)
    holds(table)
    assert table.names[:2] == ["set.tar/000", "set.tar/001"]
    same(batches(pickle.loads(pickle.dumps(table))), batches(table))


def test_what_no_name_says_in_shards(tmp_path):
    """The image and the class of a sample; what its JSON says; `field:` may be the end of a name itself."""
    inside: dict[str, bytes] = {}
    for place in range(COUNT):
        said = {"age": place / 4, "pose": CASES["pose"].values()[place].tolist(), "kind": "xyz"[place % 3]}
        inside |= {
            f"{place}.jpg.png": b"",  # another image, behind the first
            f"{place}.png": png(CASES["image"].values()[place]),
            f"{place}.seg.PNG": png(CASES["mask"].values()[place]),
            f"{place}.json": json.dumps(said).encode(),
            f"{place}.cls": str(place % 3).encode(),
        }
    fields = {name: FIELDS[name] for name in ("image", "age", "pose", "y")}
    source = open_source(tar_of(inside, tmp_path / "set.tar"))
    holds(opened(source, fields), fields)
    fields["mask"] = replace(FIELDS["mask"], field="seg")
    fields["y"] = replace(FIELDS["y"], field="kind")
    holds(opened(source, fields), fields)
    fields["y"] = replace(FIELDS["y"], field="cls")
    holds(opened(source, fields), fields)
    with pytest.raises(
        DataError, match=r"set\.tar has no field `text`: what it has is age, cls, jpg\.png, json"
    ):
        opened(source, {"text": FIELDS["text"]})
    inside.pop("3.seg.PNG")
    with pytest.raises(DataError, match=r"no `seg` for less\.tar/3"):
        opened(
            open_source(tar_of(inside, tmp_path / "less.tar")),
            fields | {"mask": replace(FIELDS["mask"], field="seg")},
        )


def test_every_kind_from_arrays(tmp_path):
    fields = {name: of for name, of in FIELDS.items() if name != "text"}
    holds(opened(NamedArrays(arrays()), fields), fields)
    np.savez(tmp_path / "set.npz", **arrays())
    holds(opened(open_source(tmp_path / "set.npz"), fields), fields)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_columns_beside_files(form, tmp_path):
    """Numbers, lists, words and names of further files; images are those that `file_name` names."""
    rows = [
        {
            "file_name": f"pictures/{place}.png",
            "mask_file_name": f"masks/{place}.png",
            "y": ("ant", "bee", "cow")[place % 3],
            "age": place / 4,
            "pose": str(CASES["pose"].values()[place].tolist()),
        }
        for place in range(COUNT)
    ]
    lines = [json.dumps(row) for row in rows]
    if form == "csv":
        lines = [",".join(rows[0]), *(",".join(f'"{value}"' for value in row.values()) for row in rows)]
    inside = {f"metadata.{form}": "\n".join(lines).encode()}
    for place, (image, mask) in enumerate(zip(CASES["image"].values(), CASES["mask"].values(), strict=True)):
        inside |= {f"pictures/{place}.png": png(image), f"masks/{place}.png": png(mask)}
    names = ("image", "mask", "y", "age", "pose")
    holds(
        opened(open_source(folder_of(inside, tmp_path / "set")), {name: FIELDS[name] for name in names}),
        names,
    )


def test_plain_images_and_class_folders_are_the_fields_that_no_name_says(tmp_path):
    """An image without a field in its name, beside its text; classes by folders, as ever."""
    inside = {}
    for place in range(COUNT):
        item = f"set/{'abc'[place % 3]}/{place}"
        inside[f"{item}.png"] = png(CASES["image"].values()[place])
        inside[f"{item}.pose.npy"] = npy(CASES["pose"].values()[place])
    fields = {name: FIELDS[name] for name in ("image", "pose", "y")}
    table = opened(open_source(folder_of(inside, tmp_path / "all")), fields)
    for place, name in enumerate(table.names):
        own = int(name.rpartition("/")[2])
        row = table.row(place)
        np.testing.assert_array_equal(row["image"], CASES["image"].rows()[own])
        np.testing.assert_array_equal(row["pose"], CASES["pose"].rows()[own])
        assert row["y"] == own % 3


@pytest.mark.parametrize("of", [DataField("Signal", (1, 6)), DataField("Volume", (1, 2, 3, 2), range=(0, 1))])
def test_plain_signals_and_volumes_are_the_one_field_that_is_left(of, tmp_path):
    """With the classes of their folders; not where names say that there are others."""
    values = np.random.default_rng(0).random((4, *of.shape), dtype=np.float32)
    given = {f"{'cat' if at % 2 else 'dog'}/{at}.npy": npy(one) for at, one in enumerate(values)}
    fields = {"wave": of, "y": DataField("Label", (2,))}
    table = opened(open_source(folder_of(given, tmp_path / "set"), images=False), fields)
    assert table.names == ["cat/1", "cat/3", "dog/0", "dog/2"]
    rows = [table.row(place) for place in range(4)]
    np.testing.assert_array_equal([row["wave"] for row in rows], values[[1, 3, 0, 2]])
    assert [int(row["y"]) for row in rows] == [0, 0, 1, 1]
    other = open_source(folder_of({"0.left.npy": npy(values[0])}, tmp_path / "other"), images=False)
    with pytest.raises(DataError, match="has no field `wave`: what it has is left"):
        opened(other, {"wave": fields["wave"]})
    with pytest.raises(DataError, match="has no field"):
        opened(open_source(tmp_path / "set", images=False), {"wave": of, "echo": of})


def test_a_set_calls_a_field_as_it_likes(tmp_path):
    source = open_source(folder_of(files("folders", ["image", "gray"]), tmp_path / "set"))
    table = opened(source, {"a": DataField("Image", (3, 4, 6), field="image"), "gray": FIELDS["gray"]})
    np.testing.assert_array_equal(table.row(2)["a"], CASES["image"].rows()[2])


# ---- values


@pytest.mark.parametrize("name", CASES)
def test_what_networks_are_given(name):
    """Images and volumes in the plan's range, masks 0 and 1, classes as int64, all else as it is."""
    of, rows = FIELDS[name], np.stack(CASES[name].rows())
    found = cast({name: of}, {name: torch.from_numpy(rows)}, (-1.0, 1.0), torch.float64, torch.device("cpu"))
    tensor = found[name].numpy()
    if KINDS[of.kind].classes:
        assert found[name].dtype == torch.int64
        np.testing.assert_array_equal(tensor, rows)
    elif of.kind in ("Image", "Volume"):
        shares = rows / 255 if rows.dtype == np.uint8 else rows
        np.testing.assert_allclose(tensor, 2 * shares.astype(np.float64) - 1, atol=1e-12)
    else:
        np.testing.assert_allclose(tensor, rows, atol=1e-12)


@pytest.mark.parametrize("kind", ["Mask", "Classes"])
def test_maps_are_never_interpolated(kind):
    """Of another size and aspect, each value is one that was there, at the place of the middle box."""
    of = DataField(kind, (1 if kind == "Mask" else 9, 4, 4))
    whole = np.kron(np.arange(16).reshape(4, 4) % (2 if kind == "Mask" else 9), np.ones((5, 5), int))
    wide = np.pad(whole, ((0, 0), (6, 6))).astype(np.uint8)  # cut away again
    found = KINDS[kind].fit(wide, of, 65535)
    np.testing.assert_array_equal(found.reshape(4, 4), whole[2::5, 2::5])


def test_tokens_say_where_they_are():
    tokens = [np.ones((length, 3), np.float32) for length in (0, 2, 5)]
    padded = np.zeros((3, 5, 3), np.float32)
    for place, one in enumerate(tokens):
        padded[place, : len(one)] = one
    fields = {"text": FIELDS["text"], "there": DataField("Vector", (5,), mask="text")}

    class Lists(NamedArrays):
        pass

    source = Lists({"text": np.zeros((3, 1))})
    source.arrays["text"] = tokens
    table = opened(source, fields)
    for place in range(3):
        row = table.row(place)
        np.testing.assert_array_equal(row["text"], padded[place])
        np.testing.assert_array_equal(row["there"], padded[place, :, 0])


# ---- the order


def batches(table: FieldTable, **given: Any) -> list[dict[str, torch.Tensor]]:
    stream = Stream(table, seed=3, flip=True, **given)
    taken = [dict(stream.take(count)) for count in (3, 5, 4)]
    stream.close()
    return taken


def same(a: list[dict[str, torch.Tensor]], b: list[dict[str, torch.Tensor]]) -> None:
    for one, other in zip(a, b, strict=True):
        assert one.keys() == other.keys()
        for name, tensor in one.items():
            assert torch.equal(tensor, other[name]), name


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> FieldTable:
    """All kinds, a partner of the same class and its own fields among them."""
    where = folder_of(files("folders"), tmp_path_factory.mktemp("fields") / "set")
    more = {"ref": DataField("Image", (3, 4, 6), field="image", partner="y")}
    return opened(open_source(where), FIELDS | more)


@pytest.mark.parametrize("workers", [0, 2])
def test_streams_resume_and_read_ahead(workers, table):
    whole = batches(table)
    stream = Stream(table, seed=3, flip=True, workers=workers, position=3)
    same([dict(stream.take(5)), dict(stream.take(4))], whole[1:])
    assert stream.position == 12
    stream.close()


def test_two_processes_read_what_one_reads(table):
    whole = batches(table)
    shares = [batches(table, deal=lambda n, rank=rank: range(rank, n, 2)) for rank in range(2)]
    for place, batch in enumerate(whole):
        for name, tensor in batch.items():
            for rank in range(2):
                assert torch.equal(shares[rank][place][name], tensor[rank::2]), name


def test_all_fields_of_an_item_are_mirrored_together(table):
    """What lies in a plane moves; sounds, texts and numbers stay."""
    seen = set()
    stream = Stream(table, seed=3, flip=True)
    picks = stream.picks(0, 20)
    batch = stream.take(20)
    for place, (item, flipped) in enumerate(zip(picks.images, picks.flipped, strict=True)):
        row = table.row(int(item))
        for name, of in FIELDS.items():
            turned = flipped and KINDS[of.kind].flips
            expected = row[name][..., ::-1] if turned else row[name]
            np.testing.assert_array_equal(batch[name][place].numpy(), expected, err_msg=name)
        seen.add(bool(flipped))
    assert seen == {True, False}


def test_partners_share_the_value_and_are_others(table):
    stream = Stream(table, seed=1, flip=False)
    picks = stream.picks(0, 3000)
    own, other = picks.images, picks.partners["y"].images
    classes = table.numbers["y"]
    assert (classes[own] == classes[other]).all() and (own != other).all()
    pairs = {(int(a), int(b)) for a, b in zip(own, other, strict=True)}
    counts = np.bincount(classes)
    assert len(pairs) == sum(counts * (counts - 1))  # every pair comes
    again = Stream(table, seed=1, flip=False).picks(1500, 1500).partners["y"].images
    np.testing.assert_array_equal(again, other[1500:])  # a function of the seed and the place


def test_sets_and_streams_are_shuffled_apart(table):
    orders = [Stream(table, seed=1, key=key).picks(0, COUNT).images for key in ("", "a", "b", "a/other")]
    for order in orders:
        assert sorted(order) == list(range(COUNT))
    assert len({tuple(order) for order in orders}) == 4


# ---- faults


def spoiled(name: str) -> list[tuple[str, bytes, str]]:
    """Contents of a field's file that are wrong, and a word of what is said of each."""
    case = CASES[name]
    good = case.file(case.values()[3])
    found = [("cut", good[: len(good) // 3], ""), ("empty", b"", "")]
    if case.end == ".npy":
        wrong = np.zeros((2, 3, 1, 1, 2))
        found += [("shape", npy(wrong), "its shape is 2 × 3 × 1 × 1 × 2"), ("words", npy(["a", "b"]), "")]
        if np.issubdtype(case.values()[0].dtype, np.floating):
            lost = case.values()[3].copy()
            lost.flat[0] = np.nan
            found.append(("nan", npy(lost), "not finite"))
    if name == "map":
        found += [
            ("class", png(np.full((4, 6), 12, np.uint8)), "class 12, and the networks know classes 0 to 8"),
            ("colour", png(pixels(1, (4, 6), 3)[0]), "its mode is RGB"),
        ]
    if name == "mask":
        found.append(("dark", png(np.eye(4, 6, dtype=np.uint8)), "`range: [0, 1]`"))
    if name == "text":
        found.append(("long", npy(np.zeros((9, 3))), "it has 9 tokens, and the networks take 5"))
    if name == "y":
        found += [("beyond", b"7", "class 7"), ("half", b"0.5", "no class number"), ("word", b"cat", "")]
    if name == "age":
        found.append(("two", b"1 2", "and one number is wanted"))
    return [one for one in found if not (one[0] == "cut" and name in ("y", "age"))]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [pytest.param(name, *rest, id=f"{name}-{what}") for name in CASES for what, *rest in spoiled(name)],
)
def test_a_spoiled_file_of_each_kind_is_one_message(name, content, said, tmp_path):
    """With the file, the set and a remedy; where it is to, the next item takes its place."""
    names = [name] if name == "image" else ["image", name]
    inside = files("folders", names) | {f"{name}/003{CASES[name].end}": content}
    source = open_source(folder_of(inside, tmp_path / "set"))
    fields = {one: FIELDS[one] for one in names}
    with pytest.raises(DataError) as fault:
        opened(source, fields).row(3)
    text = str(fault.value)
    assert "set" in text and "003" in text and said in text and fault.value.remedy, text
    assert fault.value.exit_code == 3 and len(fault.value.message.splitlines()) == 1
    if FIELDS[name].kind == "Label":  # known before the first step
        return
    skipping = opened(source, fields, Data(broken="skip"))
    told: dict[str, str] = {}
    assert skipping.readable(3, told)[0] == 4 and list(told) == ["003"]


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ({"image/0.png": b""}, "no field `gray`: what it has is image"),
        ({"image/0.png": b"", "image/1.png": b"", "gray/0.png": b""}, "has no `gray` for 1"),
        ({"image/0.png": b"", "metadata.csv": b"name,gray\n0,1"}, "row 1 has no `file_name`"),
        ({"image/0.png": b"", "metadata.jsonl": b"{"}, "line 1"),
        (
            {"metadata.csv": b"file_name,gray\n0.png,g.png\n", "0.png": b""},
            "metadata.csv names g.png, which is not there",
        ),
        (
            {"metadata.csv": b"file_name,gray\n0.png,../../secret.png\n", "0.png": b""},
            "names ../../secret.png, which is not there",
        ),
        ({"metadata.csv": b"file_name,gray\n0.png,\n", "0.png": b""}, "has no `gray` for 0.png"),
    ],
)
def test_a_set_that_lacks_something_is_told(inside, said, tmp_path):
    source = open_source(folder_of(inside, tmp_path / "set"))
    with pytest.raises(DataError) as fault:
        opened(source, {name: FIELDS[name] for name in ("image", "gray")})
    assert said in str(fault.value) and fault.value.remedy


def test_arrays_of_other_lengths():
    with pytest.raises(DataError, match="3 of `a`, 2 of `b`"):
        NamedArrays({"a": np.zeros(3), "b": np.zeros(2)})


@pytest.mark.parametrize(("end", "extra"), [(".wav", "audio"), (".nii", "volumes")])
def test_readers_that_are_not_installed(end, extra, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    monkeypatch.setitem(__import__("sys").modules, "nibabel", None)
    kind = "sound" if extra == "audio" else "volume"
    source = open_source(folder_of({"image/0.png": b"", f"{kind}/0{end}": b"RIFF"}, tmp_path / "set"))
    with pytest.raises(MissingExtra) as fault:
        opened(source, {kind: FIELDS[kind]}).row(0)
    assert fault.value.exit_code == 6 and f"gandsl[{extra}]" in fault.value.remedy


def test_a_table_goes_to_another_process(table):
    again = pickle.loads(pickle.dumps(table))
    same(batches(again), batches(table))
