"""Declarations: what a document holds, and what is wrong with one, at its token."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.spec.tree import Scalar
from tests.spec.helpers import MINIMAL, load_text, messages, said


def test_a_document_holds_what_was_declared(tmp_path: Path) -> None:
    text = MINIMAL.replace(
        "blocks:\n",
        "growth: {over: [4, 8]}\n"
        "interfaces:\n"
        "  Paint: {ports: {x: Feature}, namespace: paint, gives: [res, index], doc: how}\n"
        "blocks:\n"
        "  two:\n"
        "    doc: two things\n"
        "    source: a paper\n"
        "    ports: {x: Feature, y: {type: 'Label[n]', optional: true, when: n > 0}}\n"
        "    params: {n: int, wide: {type: bool, default: true}}\n"
        "    slots: {norm: {type: Norm, default: batch}, act: Activation}\n"
        "    body: {c: {op: conv}, d: {op: relu}}\n"
        "    outputs: {x: d, all: [c, d]}\n",
    )
    document, diagnostics = load_text(tmp_path, text)
    assert document is not None and said(diagnostics) == []
    assert (document.name, document.version) == ("tiny", 1)
    assert list(document.params) == ["resolution", "layers", "channel_max", "mode"]
    assert document.let["width"].args == ("res",)
    assert document.growth is not None and document.growth.over.text == "[4, 8]"
    paint = document.interfaces["Paint"]
    assert (paint.namespace, paint.gives, paint.ports["x"].kind) == ("paint", ("res", "index"), "Feature")
    two = document.blocks["two"]
    assert (two.doc, two.source, two.home) == ("two things", "a paper", document)
    assert two.ports["x"].dims is None and not two.ports["x"].optional
    y = two.ports["y"]
    assert y.dims is not None and y.when is not None
    assert (y.kind, len(y.dims), y.optional, y.when.text) == ("Label", 1, True, "n > 0")
    assert two.params["n"].required and not two.params["wide"].required
    assert (two.slots["norm"].type, two.slots["act"].default) == ("Norm", None)
    assert isinstance(two.slots["norm"].default, Scalar)
    assert list(two.body.entries) == ["c", "d"]
    assert {name: scalar.text for name, scalar in two.outputs.items()} == {"x": "d", "all": "[c, d]"}
    assert list(document.networks) == ["generator", "discriminator"]
    assert document.networks["generator"].outputs == {}
    assert document.training is not None and document.training.get("batch") is not None
    assert list(document.sources) == [str(tmp_path / "spec.yaml")]


def test_networks(tmp_path: Path) -> None:
    text = MINIMAL.replace(
        "discriminator:\n",
        "networks:\n  encoder: {inputs: {image: Image}, body: {a: {op: relu}}, outputs: {u: a, v: 'a + 1'}}\n"
        "discriminator:\n",
    ).replace(
        '  inputs: {z: "Latent[128]"}\n',
        '  inputs:\n    z: {type: "Latent[128]", distribution: truncated_normal}\n'
        '    many: {type: "Image[3, res]", each: {res: "doubling(4, resolution)"}}\n'
        "  defaults: {conv: {weight: spectral}}\n  styles: start\n  output: stages\n",
    )
    document, diagnostics = load_text(tmp_path, text)
    assert document is not None and said(diagnostics) == []
    assert list(document.networks) == ["generator", "discriminator", "encoder"]
    generator, encoder = document.networks["generator"], document.networks["encoder"]
    assert generator.inputs["z"].distribution == "truncated_normal"
    each = generator.inputs["many"].each
    assert [(name, over.text) for name, over in each] == [("res", "doubling(4, resolution)")]
    assert generator.styles is not None and generator.styles.text == "start"
    assert generator.defaults is not None and "conv" in generator.defaults
    assert list(generator.outputs) == ["stages"] and list(encoder.outputs) == ["u", "v"]


def spoiled(folder: Path, old: str, new: str) -> list[tuple[str, str]]:
    assert old in MINIMAL
    _, diagnostics = load_text(folder, MINIMAL.replace(old, new, 1))
    return said(diagnostics)


@pytest.mark.parametrize(
    ("old", "new", "reported", "part"),
    [
        ("gandsl: 1", "gandsl: 2", ("G0007", "2"), "reads version 1"),
        ("gandsl: 1", "gandsl: one", ("G0010", "one"), "a whole number"),
        ("gandsl: 1\n", "", ("G0009", "n"), "`gandsl` is missing"),
        ("name: tiny\n", "", ("G0009", "g"), "`name` is missing"),
        ("name: tiny", "name: my-gan", ("G0011", "my-gan"), "`my_gan` would do"),
        ("name: tiny", "name: [a]", ("G0010", "[a]"), "a text, not a list"),
        ("name: tiny", "name: no", None, ""),
        ("name: tiny", "name: class", ("G0011", "class"), "taken in Python"),
        ("name: tiny", "nmae: tiny", ("G0008", "nmae"), "did you mean `name`"),
        ("training: {", "trainig: {", ("G0008", "trainig"), "did you mean `training`"),
        ("training: {batch: 64, ema: {half_life: 10 kimg}}", "training: 3", ("G0010", "3"), "a mapping"),
        ("blocks:\n", "interfaces: [a]\nblocks:\n", ("G0010", "[a]"), "a mapping of names, not a list"),
        ("  up:\n", "  up-1:\n", ("G0011", "up-1"), "`up_1` would do"),
        ("  up:\n", "  not:\n", ("G0011", "not"), "a word of the expression language"),
        ("ports: {x: Feature}", "port: {x: Feature}", ("G0008", "port"), "did you mean `ports`"),
        ("ports: {x: Feature}", "ports: {x: 3}", ("G0216", "3"), "is not a type"),
        ("ports: {x: Feature}", "ports: {x: }", ("G0013", "x"), "a port"),
        ("ports: {x: Feature}", "ports: {x: [Feature]}", ("G0010", "[Feature]"), "a port"),
        ("ports: {x: Feature}", "ports: {x: {tpye: Feature}}", ("G0008", "tpye"), "did you mean `type`"),
        ("ports: {x: Feature}", "ports: {x: {type: 'Feature[1'}}", ("G0101", "["), "not closed"),
        (
            "ports: {x: Feature}",
            "ports: {x: {type: Feature, optional: no}}",
            ("G0010", "no"),
            "write `false`",
        ),
        ("ports: {x: Feature}", "ports: {x: {type: Feature, when: a, unless: b}}", ("G0012", "unless"), ""),
        ("ports: {x: Feature}", "ports: {x: {type: Feature, when: a +}}", ("G0101", "+"), ""),
        ("ports: {x: Feature}", "slots: {x: Norm 3}", ("G0311", "Norm 3"), "no interface"),
        ("ports: {x: Feature}", "params: {x: int}\n    ports: {x: Feature}", ("G0404", "x"), "twice"),
        (
            "    body:\n      conv0: {op: conv, channels: 8}\n      act0: {op: relu}\n",
            "    body: {}\n",
            ("G0013", "{}"),
            "empty",
        ),
        (
            "    body:\n      conv0: {op: conv, channels: 8}\n      act0: {op: relu}\n",
            "    body: [a]\n",
            ("G0010", "[a]"),
            "",
        ),
        (
            "    body:\n      conv0: {op: conv, channels: 8}\n      act0: {op: relu}\n",
            "",
            ("G0009", "up"),
            "`body` is missing",
        ),
        (
            "    ports: {x: Feature}\n",
            "    output: act0\n    outputs: {x: act0}\n",
            ("G0012", "outputs"),
            "exclude",
        ),
        (
            '"Latent[128]"',
            '{type: "Latent[128]", distribution: normla}',
            ("G0209", "normla"),
            "did you mean `normal`",
        ),
        (
            '"Image[3, resolution]"',
            "{type: Image, distribution: normal}",
            ("G0008", "distribution"),
            "kind Latent",
        ),
        ("inputs: {z:", "input: {z:", ("G0008", "input"), "did you mean `inputs`"),
        (
            "width(res): min(channel_max, 4096 // res)",
            "width(res): min(channel_max",
            ("G0101", "("),
            "not closed",
        ),
        ("width(res):", "width(res, res):", ("G0011", "width(res, res)"), "same name"),
        ("width(res):", "width():", ("G0011", "width()"), "without `()`"),
        ("width(res):", "width(1):", ("G0011", "width(1)"), "not a valid name"),
        ("width(res):", "min(res):", ("G0011", "min(res)"), "a function of the language"),
        ("width(res):", "layers:", ("G0404", "layers"), "defined twice"),
        ("width(res):", "width(res:", ("G0011", "width(res"), "no name or function head"),
        ("let:", "growth: {over: }\nlet:", ("G0013", "over"), "needs a value"),
        ("let:", "growth: {sizes: 3}\nlet:", None, ""),
        (
            "let:",
            "networks: {generator: {inputs: {}, body: {a: 1}}}\nlet:",
            ("G0404", "generator"),
            "field of its own",
        ),
        ("let:", "interfaces: {Norm: {gives: [a b]}}\nlet:", ("G0011", "a b"), ""),
        ("let:", "extends: 3\nlet:", ("G0010", "3"), "the path of a file"),
        ("let:", "set: {a: 1}\nlet:", ("G0409", "set"), "there is none"),
        ("let:", "imports: {lib: nowhere.yaml}\nlet:", ("G0402", "nowhere.yaml"), "no file"),
    ],
)
def test_what_is_wrong_and_where(
    tmp_path: Path, old: str, new: str, reported: tuple[str, str] | None, part: str
) -> None:
    assert old in MINIMAL
    _, diagnostics = load_text(tmp_path, MINIMAL.replace(old, new, 1))
    found = said(diagnostics)
    if reported is None:
        assert all(code in ("G0008", "G0009") for code, _ in found)
        return
    assert reported in found
    assert part in messages(diagnostics)
    assert len(found) == 1


def test_both_networks_are_wanted(tmp_path: Path) -> None:
    text = MINIMAL[: MINIMAL.index("discriminator:")]
    _, diagnostics = load_text(tmp_path, text)
    assert [found.message for found in diagnostics] == ["the spec has no discriminator"]
    assert said(diagnostics)[0][0] == "G0612"


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    text = (
        MINIMAL.replace("name: tiny", "name: my gan")
        .replace("default: 8,", "default: 8, mni: 1,")
        .replace("ports: {x: Feature}", "ports: {x: 'Feature['}")
        .replace('"Latent[128]"', "3")
        .replace("training: {", "trainning: {")
        + "name: again\n"
    )
    _, diagnostics = load_text(tmp_path, text)
    assert [code for code, _ in said(diagnostics)] == ["G0011", "G0008", "G0101", "G0216", "G0008", "G0004"]


def test_refused_declarations_are_there_and_broken(tmp_path: Path) -> None:
    text = MINIMAL.replace("ports: {x: Feature}", "ports: {x: 3}").replace(
        "width(res): min(", "width(res): min(("
    )
    document, _ = load_text(tmp_path, text)
    assert document is not None
    assert document.blocks["up"].ports["x"].broken
    assert document.let["width"].expr is None and document.let["width"].args == ("res",)


def test_null_leaves_an_optional_field_out(tmp_path: Path) -> None:
    document, diagnostics = load_text(tmp_path, MINIMAL.replace("let:", "growth: null\ndoc:\nlet:"))
    assert document is not None and said(diagnostics) == []
    assert document.growth is None and document.doc == ""
