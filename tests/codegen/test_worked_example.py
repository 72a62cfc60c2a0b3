"""The example that docs/architecture.md follows through the source printer is what happens, step by step."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gandsl.analysis import checked
from gandsl.codegen import render
from gandsl.codegen.analysis.classes import Class
from gandsl.codegen.analysis.network import SourceParts, analyzed
from gandsl.codegen.analysis.statements import Body
from gandsl.frontend.module import ModuleIR
from gandsl.ir.text import network_text
from tests.documents import blocks_of

SPEC, IR, STATEMENTS, CLASSES, SOURCE = (
    block.text
    for block in blocks_of("docs/architecture.md")
    if block.note == ("held by", "tests/codegen/test_worked_example.py")
)


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> ModuleIR:
    path = tmp_path_factory.mktemp("spec") / "two.yaml"
    path.write_text(SPEC, "utf-8")
    return checked(path)[0]


@pytest.fixture(scope="module")
def parts(module: ModuleIR) -> SourceParts:
    return analyzed(module.networks["generator"])


def test_the_graph_is_flat(module: ModuleIR) -> None:
    text = network_text(module.networks["generator"], full=False)
    shown = [line.strip() for line in text.splitlines() if line.strip().startswith(("s8.", "s16."))]
    assert IR.splitlines() == shown


def nested(body: Body, indent: str = "") -> Iterator[str]:
    for statement in body.statements:
        yield f"{indent}{'.'.join(statement.place)} reads {', '.join(statement.reads)}"
        if statement.body is not None:
            yield from nested(statement.body, indent + "  ")


def test_statements_are_nested_by_scope(parts: SourceParts) -> None:
    (program,) = parts.programs
    assert STATEMENTS.splitlines() == [*nested(parts.composer.compose(program.parts[0]))]


def told(class_: Class) -> str:
    head = f"{class_.name}({', '.join(argument.name for argument in class_.arguments)})"
    given = [
        f"{'.'.join(scope)} with {', '.join(str(argument.values[scope]) for argument in class_.arguments)}"
        for scope in class_.scopes
        if scope
    ]
    return f"{head}: {', '.join(given) or 'the network'}"


def test_scopes_that_are_alike_are_one_class(parts: SourceParts) -> None:
    assert CLASSES.splitlines() == [told(class_) for class_ in parts.classes.all]


def test_the_source_is_what_is_printed(module: ModuleIR) -> None:
    assert SOURCE in render(module)["generator.py"]
