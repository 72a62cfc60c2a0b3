"""One slip, one message: a name that is misspelt is not missing as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.cli.topics import block
from gandsl.ir.ops import OPS
from gandsl.spec.shapes import NETWORK, SPEC
from gandsl_runtime.plan import Plan
from tests.analysis.small import PLAIN, edited, found

LIBRARY = {name: block.find(name, 80) for name in block.names()}
OF_OPS = [
    ("op", op.name, name)
    for op in OPS.values()
    if op.name != "input"
    for name in (
        *(port.name for port in op.ports[1:] if not port.optional),
        *(port.name for port in op.ports[:1] if port.variadic),
        *(param.name for param in op.params if param.required),
    )
]
OF_BLOCKS = [
    ("block", name, wanted)
    for name, topic in LIBRARY.items()
    if topic
    for wanted in (
        *(port for port, facts in list(topic.facts["ports"].items())[1:] if not facts["optional"]),
        *(param for param, facts in topic.facts["params"].items() if facts["default"] is None),
        *(slot for slot, facts in topic.facts["slots"].items() if facts["default"] is None),
    )
]


def misspelt(name: str) -> str:
    """A name with a letter too many: `channelss`, `xx`."""
    return name + name[-1]


def test_names_that_a_callee_needs(tmp_path: Path) -> None:
    rows = [*OF_OPS, *OF_BLOCKS]
    assert len(rows) > 50
    nodes = [
        f"    n{index}: {{{form}: {callee}, {misspelt(name)}: start}}\n"
        for index, (form, callee, name) in enumerate(rows)
    ]
    above, below = PLAIN.split("    up: {op: upsample}\n")
    first = above.count("\n") + 1
    path = tmp_path / "spec.yaml"
    for start in range(0, len(nodes), 40):
        path.write_text(
            above + "".join(nodes[start : start + 40]) + "    up: {op: upsample, x: start}\n" + below
        )
        _, diagnostics = analyze(path)
        said: dict[int, list[str]] = {}
        for one in diagnostics.errors:
            if one.span:
                said.setdefault(one.span.line - first + start, []).append(f"{one.code} {one.message}")
        for index in range(start, min(start + 40, len(nodes))):
            _, _, name = rows[index]
            unknown = [text for text in said[index] if text.startswith(("G0205", "G0203"))]
            missing = [text for text in said[index] if "G0205" not in text and f"needs `{name}`" in text]
            open_ = [text for text in said[index] if f"`{name}` of" in text and "not connected" in text]
            assert len(unknown) == 1, said[index]
            assert not missing and not open_, said[index]


@pytest.mark.parametrize("field", [name for name, info in Plan.model_fields.items() if info.is_required()])
def test_fields_of_the_plan(field: str, tmp_path: Path) -> None:
    assert f"\n  {field}:" in PLAIN
    said = found(tmp_path, edited(PLAIN, (f"\n  {field}:", f"\n  {misspelt(field)}:")))
    assert [line.partition(" ")[0] for line in said] == ["G0008"], said


@pytest.mark.parametrize("field", [field.name for field in SPEC.fields if field.required])
def test_fields_of_a_spec(field: str, tmp_path: Path) -> None:
    said = found(tmp_path, edited("\n" + PLAIN, (f"\n{field}: ", f"\n{misspelt(field)}: ")))
    assert [line.partition(" ")[0] for line in said] == ["G0008"], said


@pytest.mark.parametrize("field", [field.name for field in NETWORK.fields if field.required])
def test_fields_of_a_network(field: str, tmp_path: Path) -> None:
    text = PLAIN.replace(f"  {field}:", f"  {misspelt(field)}:", 1)
    said = found(tmp_path, text)
    assert [line.partition(" ")[0] for line in said] == ["G0008"], said


@pytest.mark.parametrize("key", ["fold", "body"])
def test_fields_of_a_fold(key: str, tmp_path: Path) -> None:
    fold = "    f:\n      fold: {i: range(2)}\n      body: {a: {op: relu}}\n    up: {op: upsample}"
    text = PLAIN.replace("    up: {op: upsample}", fold.replace(f"      {key}:", f"      {misspelt(key)}:"))
    said = found(tmp_path, text)
    assert len(said) == 1, said


def test_what_is_an_option_is_said(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(PLAIN + "  seed: 3\n")
    (one,) = analyze(tmp_path / "spec.yaml")[1].errors
    assert one.help == "it is an option: `gandsl train SPEC --seed …`"
