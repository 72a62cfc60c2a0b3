"""Which label an image has: names in other forms, entries that disagree, and which folder is the class."""

from __future__ import annotations

import json
from pathlib import Path
from unicodedata import normalize

import pytest

from gandsl_runtime.data.names import spelled
from gandsl_runtime.data.sources import open_source
from gandsl_runtime.errors import DataError
from tests.runtime.helpers import folder_of, labels_json, pixels, png, zip_of

IMAGES = [png(image) for image in pixels(4)]
BOTH = pytest.mark.parametrize("make", [folder_of, zip_of])
E = "caf\u00e9"  # é as one character


def of(make, names: list[str], path: Path, content: bytes | None = None, above: str = "") -> dict[str, int]:
    """The label of each image of a set of these images, with a labels file or without."""
    files = {name: IMAGES[i % 4] for i, name in enumerate(names)}
    source = open_source(make(files | ({} if content is None else {f"{above}labels.json": content}), path))
    labels = source.labels()
    assert labels is not None
    return dict(zip(source.images, labels.numbers.tolist(), strict=True))


# ---- names ----------


@BOTH
@pytest.mark.parametrize("there", ["NFC", "NFD"])
@pytest.mark.parametrize("said", ["NFC", "NFD"])
def test_accents_in_either_form(make, there, said, tmp_path):
    names = [f"{E}/{i}{E}.png" for i in range(3)]
    entries = labels_json([[normalize(said, name), i] for i, name in enumerate(names)])
    found = of(make, [normalize(there, name) for name in names], tmp_path / "set", entries)
    assert sorted(found.values()) == [0, 1, 2]
    assert {normalize("NFC", name): label for name, label in found.items()} == dict(
        zip(names, range(3), strict=True)
    )


@BOTH
@pytest.mark.parametrize(
    "written", ["sub\\a\\{}.png", "./sub/a/{}.png", ".\\sub\\\\a\\{}.png", "sub//a/{}.png"]
)
def test_the_paths_of_other_systems(make, written, tmp_path):
    entries = [[written.format(i), i] for i in range(3)]
    for number, content in enumerate((labels_json(entries), labels_json(dict(entries)))):
        found = of(make, [f"sub/a/{i}.png" for i in range(3)], tmp_path / str(number), content)
        assert found == {f"sub/a/{i}.png": i for i in range(3)}


def test_names_that_one_form_would_confuse_stand_for_themselves(tmp_path):
    """A folder of Linux may hold both spellings, and a name with a backslash."""
    names = [f"{E}.png", normalize("NFD", f"{E}.png"), "a\\b.png", "a/b.png"]
    assert of(folder_of, names, tmp_path / "set", labels_json([[n, i] for i, n in enumerate(names)])) == {
        name: i for i, name in enumerate(names)
    }
    with pytest.raises(DataError, match="has no label for") as caught:
        of(folder_of, names, tmp_path / "set", labels_json([[n, 0] for n in (names[0], *names[2:])]))
    assert "e\\u0301" in caught.value.message


def test_what_looks_equal_is_spelled():
    assert spelled("a b.png") == "a b.png" and spelled(f"{E}.png") == f"{E}.png"
    assert spelled(normalize("NFD", E)) == f"{E} (as 'cafe\\u0301')"
    assert spelled("a\u200b.png") == "'a\\u200b.png'"
    assert spelled("\x1b[31m") == "'\\x1b[31m'"


@pytest.mark.parametrize("said", ["1.PNG", "1.png ", "other/1.png", "\uff11.png"])
def test_a_name_nearly_right_is_offered(said, tmp_path):
    with pytest.raises(DataError, match=r"no label for 1\.png") as caught:
        of(folder_of, ["0.png", "1.png"], tmp_path / "set", labels_json([["0.png", 0], [said, 1]]))
    assert caught.value.remedy == f"does it mean that by {said}? Correct the name"


# ---- entries that disagree ----------


TWICE = {
    "pairs": '{"labels": [["0.png", 0], ["1.png", 1], ["0.png", 2]]}',
    "mapping": '{"labels": {"0.png": 0, "1.png": 1, "0.png": 2}}',
    "other form": '{"labels": [["0.png", 0], ["1.png", 1], [".\\\\0.png", 2]]}',
}


@BOTH
@pytest.mark.parametrize("how", TWICE)
def test_one_image_with_two_labels(make, how, tmp_path):
    with pytest.raises(DataError, match=r"labels 0\.png twice: as 0 in entry 1 of 3, as 2 in entry 3"):
        of(make, ["0.png", "1.png"], tmp_path / "set", TWICE[how].encode())
    agreed = TWICE[how].replace("2", "0").encode()
    assert of(make, ["0.png", "1.png"], tmp_path / "fine", agreed) == {"0.png": 0, "1.png": 1}


# ---- folders ----------


@BOTH
@pytest.mark.parametrize("above", ["", "my data/", "a/b/c/"])
@pytest.mark.parametrize("label_file_at", ["top", "beside", None])
def test_folders_that_hold_everything_are_read_through(make, above, label_file_at, tmp_path):
    names = [f"{above}{name}" for name in ("cat/0.png", "cat/1.png", "dog/2.png")]
    if label_file_at is None:
        assert of(make, names, tmp_path / "set") == dict(zip(names, [0, 0, 1], strict=True))
        return
    inside = "" if label_file_at == "top" else above
    entries = labels_json([[name.removeprefix(inside), 5 + i] for i, name in enumerate(names)])
    assert of(make, names, tmp_path / "set", entries, inside) == dict(zip(names, [5, 6, 7], strict=True))


@BOTH
def test_one_class_is_a_class(make, tmp_path):
    assert of(make, ["a/cat/0.png", "a/cat/1.png"], tmp_path / "set") == {"a/cat/0.png": 0, "a/cat/1.png": 0}


def test_paths_that_climb_out_of_a_zip_are_only_names(tmp_path):
    names = ["../a/0.png", "../b/1.png"]
    assert of(zip_of, names, tmp_path / "up") == {"../a/0.png": 0, "../b/1.png": 1}
    assert of(zip_of, ["/a/0.png", "b/1.png"], tmp_path / "root") == {"/a/0.png": 0, "b/1.png": 1}


@BOTH
@pytest.mark.parametrize("names", [("train", "test"), ("Train", "VAL", "test"), ("training", "validation")])
@pytest.mark.parametrize("above", ["", "set/"])
def test_splits_are_no_classes(make, names, above, tmp_path):
    """Each on its own holds the classes; a vehicle called train among others is one."""
    files = [f"{above}{split}/{name}/{i}.png" for split in names for i, name in enumerate(("cat", "dog"))]
    with pytest.raises(DataError, match=r"holds splits of a set, no classes: ") as caught:
        of(make, files, tmp_path / "set")
    where = caught.value.remedy.rpartition("--data ")[2]
    assert open_source(where).labels().names == ("cat", "dog")
    vehicles = [f"{above}{name}/{i}.png" for i, name in enumerate((*names, "car"))]
    assert len({*of(make, vehicles, tmp_path / "vehicles").values()}) == len(names) + 1


DEEP = ["cat/house/0.png", "cat/lion/1.png", "dog/poodle/2.png"]


@BOTH
def test_classes_two_folders_deep_are_asked_about(make, tmp_path):
    with pytest.raises(DataError) as caught:
        of(make, DEEP, tmp_path / "set")
    assert caught.value.message.endswith("is cat a class (one of 2), or cat/house (one of 3)?")
    assert '{"folders": 1}, or 2' in caught.value.remedy
    for count, labels in ((1, [0, 0, 1]), (2, [0, 1, 2])):
        answer = json.dumps({"folders": count}).encode()
        assert list(of(make, DEEP, tmp_path / str(count), answer).values()) == labels
        deeper = [f"top/{name}" for name in DEEP]
        assert list(of(make, deeper, tmp_path / f"d{count}", answer, "top/").values()) == labels


@BOTH
def test_deeper_folders_that_agree_leave_no_doubt(make, tmp_path):
    """As in tiny-imagenet: n01/images/0.JPEG. Whichever folder is meant, the classes are the same."""
    assert list(of(make, ["n1/images/0.png", "n2/images/1.png"], tmp_path / "set").values()) == [0, 1]


TERMINAL = "\x1b[31m"
AT_THE_TERMINAL = {
    "loose": ([f"{TERMINAL}.png", "a/0.png"], None),
    "deep": ([f"{TERMINAL}/a/0.png", f"{TERMINAL}/b/0.png", "c/a/0.png"], None),
    "shallow": ([f"{TERMINAL}.png", "a/0.png"], b'{"folders": 1}'),
    "no label": ([f"{TERMINAL}.png"], labels_json([["0.png", 0]])),
    "absent": (["0.png"], labels_json([["0.png", 0], [TERMINAL, 0]])),
    "vector": ([f"{TERMINAL}.png"], labels_json([[f"{TERMINAL}.png", [0]]])),
    "text": ([f"{TERMINAL}.png"], labels_json([[f"{TERMINAL}.png", "a"]])),
}


@pytest.mark.parametrize("case", AT_THE_TERMINAL)
def test_no_name_writes_to_the_terminal(case, tmp_path):
    names, content = AT_THE_TERMINAL[case]
    with pytest.raises(DataError) as caught:
        of(folder_of, names, tmp_path / "set", content)
    assert str(caught.value).isprintable() or "\x1b" not in str(caught.value)
    assert "\\x1b[31m" in str(caught.value)


@pytest.mark.parametrize("count", [0, 9, True, "1", None, 3])
def test_folders_that_can_not_be_classes(count, tmp_path):
    with pytest.raises(DataError, match="folders"):
        of(folder_of, DEEP, tmp_path / "set", json.dumps({"folders": count}).encode())
