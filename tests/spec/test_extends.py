"""Extends, set, patch, overrides: what the tree becomes, where its parts stand, what cannot be applied."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gandsl.diagnostics import Diagnostics
from gandsl.spec.loader import load
from gandsl.spec.overrides import as_texts
from gandsl.spec.reader import to_plain
from gandsl.spec.tree import Scalar
from gandsl.spec.values import Size
from tests.spec.helpers import MINIMAL, load_text, messages, said

CHILD = "gandsl: 1\nname: mine\nextends: base.yaml\n"


def child(folder: Path, text: str, *overrides: str) -> tuple[Any, Diagnostics]:
    """The resolved tree, as plain data, of a spec that changes MINIMAL."""
    (folder / "base.yaml").write_text(MINIMAL)
    document, diagnostics = load_text(folder, CHILD + text, *overrides)
    return (to_plain(document.tree) if document else None), diagnostics


def pick(data: Any, path: str) -> Any:
    for step in path.split("."):
        data = data[step] if step else data
    return data


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("", "name", "mine"),
        ("doc: new", "doc", "new"),
        ("params: {more: 3}", "params.more", 3),
        ("let: {half: channel_max // 2}", "let.half", "channel_max // 2"),
        ("set: {params.layers: 4}", "params.layers.default", 4),
        ("set: {params.resolution: [96, 160]}", "params.resolution.default", [96, 160]),
        ("set: {params.channel_max: 64}", "params.channel_max", {"type": "int", "default": 64}),
        ("set: {params.layers.max: 99}", "params.layers.max", 99),
        ("set: {params.layers: {type: int, default: 2}}", "params.layers", {"type": "int", "default": 2}),
        ("set: {let.width: '64'}", "let.width(res)", "64"),
        ("set: {let.width(r): r * 2}", "let", {"width(r)": "r * 2"}),
        ("set: {generator.stages.fold.res: '[8]'}", "generator.body.stages.fold.res", "[8]"),
        ("set: {generator.body.stages.label: r}", "generator.body.stages.label", "r"),
        ("set: {training.regularizers.r1.gamma: 2}", "training.regularizers.r1", {"gamma": 2}),
        ("set: {generator.stages.b.block: other}", "generator.body.stages.body.b.block", "other"),
        (
            "set: {training.batch: 16, training.ema.half_life: 20 kimg}",
            "training.ema",
            {"half_life": "20 kimg"},
        ),
        ("set: {training.ema: null}", "training", {"batch": 64, "ema": None}),
        ("set: {training.cadence.best: null}", "training.cadence", {"best": None}),
        ("patch: [{set: {training.batch: null}}]", "training.batch", None),
        ("set: {discriminator.styles: head}", "discriminator.styles", "head"),
        ("patch: [{set: {training.batch: 1}}, {set: {training.batch: 2}}]", "training.batch", 2),
        ("patch: [{delete: blocks.up.act0}]", "blocks.up.body", {"conv0": {"op": "conv", "channels": 8}}),
        ("patch: [{replace: {at: generator.start, node: {op: x}}}]", "generator.body.start", {"op": "x"}),
        ("set: {training.batch: 3}\npatch: [{set: {training.batch: 4}}]", "training.batch", 4),
        ("moved: {a.b: a.c}", "moved", {"a.b": "a.c"}),
    ],
)
def test_changes(tmp_path: Path, text: str, path: str, value: Any) -> None:
    data, diagnostics = child(tmp_path, text)
    assert said(diagnostics) == []
    assert pick(data, path) == value


@pytest.mark.parametrize(
    ("kind", "order"), [("insert_before", ["conv", "n", "head"]), ("insert_after", ["conv", "head", "n"])]
)
def test_insertions_keep_the_order(tmp_path: Path, kind: str, order: list[str]) -> None:
    data, diagnostics = child(
        tmp_path, f"patch:\n  - {kind}: {{at: discriminator.head, name: n, node: {{op: relu}}}}\n"
    )
    assert said(diagnostics) == []
    assert list(data["discriminator"]["body"]) == order


def test_a_replaced_node_keeps_its_place(tmp_path: Path) -> None:
    data, _ = child(tmp_path, "patch: [{replace: {at: generator.start, node: {op: x}}}]")
    assert list(data["generator"]["body"]) == ["start", "stages"]


def test_the_rest_is_the_bases(tmp_path: Path) -> None:
    base, _ = load_text(tmp_path, MINIMAL, name="base.yaml")
    data, _ = child(tmp_path, "")
    assert base is not None
    assert {**data, "name": "tiny"} == to_plain(base.tree)


def test_places_of_what_was_patched_are_in_the_patch(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(MINIMAL)
    document, _ = load_text(tmp_path, CHILD + "set: {params.layers: 4}\n", "training.batch=7")
    assert document is not None and document.training is not None
    default, batch = document.params["layers"].default, document.training.get("batch")
    assert isinstance(default, Scalar) and isinstance(batch, Scalar)
    assert (default.span.file, default.span.line, default.span.column) == (str(tmp_path / "spec.yaml"), 4, 22)
    assert (batch.span.file, batch.span.column, batch.value) == ("--set training.batch=7", 16, 7)
    assert document.sources["--set training.batch=7"] == "training.batch=7"
    assert document.params["layers"].span.file == str(tmp_path / "base.yaml")
    assert set(document.sources) == {
        str(tmp_path / "spec.yaml"),
        str(tmp_path / "base.yaml"),
        "--set training.batch=7",
    }


@pytest.mark.parametrize(
    ("text", "reported", "part"),
    [
        ("set: {generator.boddy.x: 1}", ("G0403", "boddy"), "did you mean `body`"),
        ("set: {trainig.batch: 1}", ("G0403", "trainig"), "did you mean `training`"),
        ("set: {params.resolutoin: 1}", ("G0403", "resolutoin"), "did you mean `resolution`"),
        ("set: {let.widht: '1'}", ("G0403", "widht"), "did you mean"),
        ("set: {generator.stagess.label: r}", ("G0403", "stagess"), "did you mean `stages`"),
        ("set: {blocks.down: {body: {a: 1}}}", ("G0403", "down"), ""),
        ("set: {training.batch.x: 1}", ("G0403", "x"), "is the number 64"),
        ("set: {training..batch: 1}", ("G0403", "."), ""),
        ("set: {generator.stagess: null}", ("G0403", "stagess"), "did you mean `stages`"),
        ("set: {gandsl: 1}", ("G0410", "gandsl"), "change it there"),
        ("set: {extends: other.yaml}", ("G0410", "extends"), "another spec"),
        ("set: {set.training.batch: 3}", ("G0410", "set"), "`training.batch: 16`"),
        ("set: {patch: null}", ("G0410", "patch"), "`patch:`"),
        ("patch: [{delete: gandsl}]", ("G0410", "gandsl"), ""),
        ("patch: [{replace: {at: extends, node: a.yaml}}]", ("G0410", "extends"), ""),
        ("patch: [{insert_after: {at: name, name: set, node: {training.batch: 1}}}]", ("G0410", "set"), ""),
        ("set: {generator.body: null}", ("G0407", "null"), "cannot be removed"),
        ("set: {name: null}", ("G0407", "null"), "cannot be removed"),
        ("set: {params.layers: null}", ("G0407", "null"), "`delete` patch"),
        ("set: 3", ("G0010", "3"), "a mapping of paths"),
        ("set: {trainingg: {}}", ("G0008", "trainingg"), "did you mean `training`"),
        ("patch: {delete: a}", ("G0010", "{delete: a}"), "a list of steps"),
        ("patch: [3]", ("G0406", "3"), "a patch step is wanted"),
        ("patch: [{remove: a.b}]", ("G0406", "remove"), "is no patch step"),
        ("patch: [{delet: a.b}]", ("G0406", "delet"), "did you mean `delete`"),
        ("patch: [{delete: generator.start, set: {training.batch: 3}}]", ("G0406", "set"), "one thing"),
        ("patch: [{delete: {at: generator.start}}]", ("G0406", "{at: generator.start}"), "wants a path"),
        ("patch: [{delete: generator.strat}]", ("G0403", "strat"), "did you mean `start`"),
        ("patch: [{delete: generator.body}]", ("G0407", "generator.body"), ""),
        ("patch: [{replace: {at: generator.start}}]", ("G0406", "replace"), "lacks `node`"),
        ("patch: [{replace: {at: generator.strat, node: {}}}]", ("G0403", "strat"), ""),
        ("patch: [{replace: [a]}]", ("G0406", "[a]"), "{at, node}"),
        (
            "patch: [{insert_after: {at: generator.start, node: {op: x}}}]",
            ("G0406", "insert_after"),
            "lacks `name`",
        ),
        ("patch: [{insert_after: {at: [a], name: n, node: {op: x}}}]", ("G0406", "[a]"), "a path"),
        (
            "patch: [{insert_after: {at: generator.start, name: stages, node: 1}}]",
            ("G0404", "stages"),
            "already",
        ),
        ("patch: [{insert_after: {at: generator.start, name: a-b, node: 1}}]", ("G0011", "a-b"), ""),
        (
            "patch: [{insert_after: {at: generator.start, nam: n, name: m, node: 1}}]",
            ("G0406", "nam"),
            "knows no",
        ),
        ("params: {layers: 3}", ("G0404", "layers"), "set: {params.layers: …}"),
        ("let: {width(res): '3'}", ("G0404", "width(res)"), "exists in the base"),
        ("blocks: {up: {body: {a: 1}}}", ("G0404", "up"), "exists in the base"),
        ("training: {batch: 3}", ("G0404", "training"), "set: {training.…: …}"),
        ("params: [a]", ("G0404", "params"), ""),
    ],
)
def test_what_cannot_be_applied(tmp_path: Path, text: str, reported: tuple[str, str], part: str) -> None:
    data, diagnostics = child(tmp_path, text)
    assert said(diagnostics) == [reported]
    assert part in messages(diagnostics)
    assert data is not None


def test_one_bad_step_does_not_hide_the_next(tmp_path: Path) -> None:
    data, diagnostics = child(
        tmp_path, "set: {a.b: 1, training.batch: 2}\npatch: [{delete: c.d}, {delete: training.ema}]"
    )
    assert [code for code, _ in said(diagnostics)] == ["G0403", "G0403"]
    assert data["training"] == {"batch": 2}


def test_a_chain(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(MINIMAL)
    (tmp_path / "b.yaml").write_text(
        "gandsl: 1\nname: b\nextends: a.yaml\nset: {training.batch: 1}\nparams: {p: 1}"
    )
    text = (
        "gandsl: 1\nname: c\nextends: b.yaml\nset: {params.p: 2}\npatch: [{set: {training.batch: '2 * 3'}}]"
    )
    document, diagnostics = load_text(tmp_path, text, "p=3", name="c.yaml")
    assert document is not None and said(diagnostics) == []
    assert to_plain(document.tree)["training"]["batch"] == "2 * 3"
    assert to_plain(document.tree)["params"]["p"] == {"type": "int", "default": 3}


def test_circles_and_long_chains_end(tmp_path: Path) -> None:
    for name, base in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.yaml").write_text(f"gandsl: 1\nname: {name}\nextends: {base}.yaml\n")
    diagnostics = Diagnostics()
    assert load(tmp_path / "a.yaml", diagnostics=diagnostics) is None
    assert said(diagnostics) == [("G0401", "a.yaml")]
    assert "a.yaml → " in messages(diagnostics)
    for i in range(40):
        (tmp_path / f"x{i}.yaml").write_text(f"gandsl: 1\nname: x\nextends: x{i + 1}.yaml\n")
    diagnostics = Diagnostics()
    assert load(tmp_path / "x0.yaml", diagnostics=diagnostics) is None
    assert said(diagnostics) == [("G0401", "x16.yaml")]


def test_a_base_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "stylish.yaml").write_text(MINIMAL)
    document, diagnostics = load_text(tmp_path, "gandsl: 1\nname: a\nextends: stylis.yaml\n")
    assert document is None and said(diagnostics) == [("G0402", "stylis.yaml")]
    (found,) = diagnostics
    assert found.help == "did you mean `stylish.yaml`?"
    assert any(note.startswith("tried ") for note in found.notes)


def test_faults_of_the_base_are_reported_in_the_base(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(MINIMAL.replace("channels: 8", "channels: 8, channels: 9"))
    _, diagnostics = load_text(tmp_path, CHILD)
    assert [(found.code, found.span and found.span.file) for found in diagnostics] == [
        ("G0004", str(tmp_path / "base.yaml"))
    ]


def test_files_are_found_beside_then_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("one", "two", "three"):
        (tmp_path / folder).mkdir()
    (tmp_path / "two" / "base.yaml").write_text(MINIMAL)
    (tmp_path / "three" / "base.yaml").write_text(MINIMAL.replace("batch: 64", "batch: 3"))
    monkeypatch.setenv("GANDSL_PATH", f"{tmp_path / 'two'}{os.pathsep}{tmp_path / 'three'}")
    document, _ = load_text(tmp_path / "one", CHILD)
    assert document is not None and to_plain(document.tree)["training"]["batch"] == 64
    (tmp_path / "one" / "base.yaml").write_text(MINIMAL.replace("batch: 64", "batch: 5"))
    document, _ = load_text(tmp_path / "one", CHILD)
    assert document is not None and to_plain(document.tree)["training"]["batch"] == 5


def test_an_import_of_the_base_is_looked_up_beside_the_base(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "lib.yaml").write_text("gandsl: 1\nblocks: {a: {body: {b: 1}}}")
    (tmp_path / "deep" / "base.yaml").write_text(MINIMAL + "imports: {lib: lib.yaml}\n")
    document, diagnostics = load_text(tmp_path, "gandsl: 1\nname: a\nextends: deep/base.yaml\n")
    assert document is not None and said(diagnostics) == []
    assert document.imports == {"lib": str(tmp_path / "deep" / "lib.yaml")}


# ---- overrides ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("resolution=32", "params.resolution.default", 32),
        ("resolution=[96, 160]", "params.resolution.default", [96, 160]),
        ("params.layers=layers2", "params.layers.default", "layers2"),
        ("layers.max=3", "params.layers.max", 3),
        ("layers = 3", "params.layers.default", 3),
        ("mode=bilinear", "params.mode.default", "bilinear"),
        ("training.batch=16", "training.batch", 16),
        ("training.ema.half_life=20 kimg", "training.ema.half_life", "20 kimg"),
        ("training.ema=null", "training", {"batch": 64, "ema": None}),
        ("generator.start={op: other, n: 3}", "generator.body.start", {"op": "other", "n": 3}),
        ("name=other", "name", "other"),
        ("source=x=y", "source", "x=y"),
    ],
)
def test_overrides(tmp_path: Path, override: str, path: str, value: Any) -> None:
    document, diagnostics = load_text(tmp_path, MINIMAL, override)
    assert document is not None and said(diagnostics) == []
    assert pick(to_plain(document.tree), path) == value


@pytest.mark.parametrize(
    ("override", "reported", "part"),
    [
        ("resolution", ("G0507", "resolution"), "--set NAME=VALUE"),
        ("=3", ("G0507", "=3"), ""),
        ("", ("G0507", ""), ""),
        ("resolutoin=3", ("G0501", "resolutoin"), "did you mean `resolution`"),
        ("params.resolutoin=3", ("G0501", "resolutoin"), "did you mean `resolution`"),
        ("generator.boddy.x=3", ("G0501", "boddy"), "did you mean `body`"),
        ("layers.maxx.y=3", ("G0501", "layers.maxx.y"), ""),
        ("layers=[1", ("G0003", "["), "not closed"),
        ("layers=*a", ("G0005", "*a"), "aliases"),
        ("layers=", ("G0013", "l"), ""),
        ("layers=null", ("G0407", "null"), ""),
        ("name=a-b", ("G0011", "a-b"), ""),
        ("gandsl=2", ("G0410", "gandsl"), "change it there"),
        ("extends=other.yaml", ("G0410", "extends"), "another spec"),
        ("extends=null", ("G0410", "extends"), ""),
        ("set={training.batch: 3}", ("G0410", "set"), "--set training.batch=16"),
        ("set.training.batch=3", ("G0410", "set"), ""),
        ("patch=[{delete: generator.start}]", ("G0410", "patch"), ""),
        ("generator.stagess=3", ("G0008", "stagess"), ""),
    ],
)
def test_wrong_overrides(tmp_path: Path, override: str, reported: tuple[str, str], part: str) -> None:
    _, diagnostics = load_text(tmp_path, MINIMAL, override)
    assert said(diagnostics)[0] == reported
    assert part in messages(diagnostics)


def test_overrides_from_python() -> None:
    overrides = {
        "a": 3,
        "b": 0.5,
        "c": True,
        "d": None,
        "e": [96, 160],
        "f": (1, "x y"),
        "g": "n * 2",
        "h": Size(96, 160),
        "i": {"op": "conv", "n": [1]},
        "j": 1e-5,
    }
    assert as_texts(overrides) == [
        "a=3",
        "b=0.5",
        "c=true",
        "d=null",
        "e=[96, 160]",
        "f=[1, x y]",
        "g=n * 2",
        "h=[96, 160]",
        "i={op: conv, n: [1]}",
        "j=1e-05",
    ]
    assert as_texts(["a=1"]) == ["a=1"]


def test_several_bases_are_laid_on_each_other(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(MINIMAL)
    (tmp_path / "more.yaml").write_text("gandsl: 1\nlet: {half: layers // 2}\nset: {params.layers: 6}\n")
    (tmp_path / "last.yaml").write_text(
        "gandsl: 1\nset: {params.layers: layers_of_more}\npatch: [{set: {let.half: '7'}}]"
    )
    text = "gandsl: 1\nname: mine\nextends: [base.yaml, more.yaml, last.yaml]\nset: {training.batch: 3}\n"
    document, diagnostics = load_text(tmp_path, text)
    assert document is not None and not list(diagnostics)
    tree = to_plain(document.tree)
    assert pick(tree, "params.layers.default") == "layers_of_more"  # the last one says it
    assert (pick(tree, "let.half"), pick(tree, "training.batch"), pick(tree, "name")) == ("7", 3, "mine")
    one_by_one = "gandsl: 1\nname: {}\nextends: {}\n{}"
    (tmp_path / "a.yaml").write_text(
        one_by_one.format("a", "base.yaml", "let: {half: layers // 2}\nset: {params.layers: 6}")
    )
    (tmp_path / "b.yaml").write_text(
        one_by_one.format(
            "b", "a.yaml", "set: {params.layers: layers_of_more}\npatch: [{set: {let.half: '7'}}]"
        )
    )
    chained, _ = load_text(tmp_path, one_by_one.format("mine", "b.yaml", "set: {training.batch: 3}"))
    assert chained is not None and to_plain(chained.tree) == tree


@pytest.mark.parametrize(
    ("extends", "code"),
    [
        ("[base.yaml, other.yaml]", ("G0413", "other.yaml")),
        ("[base.yaml, spec.yaml]", ("G0401", "spec.yaml")),
        ("[base.yaml, {a: 1}]", ("G0010", "{a: 1}")),
        ("[base.yaml, nowhere.yaml]", ("G0402", "nowhere.yaml")),
    ],
)
def test_what_a_list_of_bases_cannot_be(extends: str, code: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(MINIMAL)
    (tmp_path / "other.yaml").write_text("gandsl: 1\nextends: base.yaml\n")
    _, diagnostics = load_text(tmp_path, f"gandsl: 1\nname: mine\nextends: {extends}\n")
    assert said(diagnostics) == [code]
