"""Values that every option and argument of every command refuses, found by walking the commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from gandsl.cli.app import app
from tests.cli.conftest import Gandsl

Words = tuple[str, ...]


def commands(command: Any, words: Words = ()) -> Iterator[tuple[Words, Any]]:
    """Every command with the words that call it."""
    if not hasattr(command, "list_commands"):
        yield words, command
        return
    for name in command.list_commands(None):
        yield from commands(command.get_command(None, name), (*words, name))


PARAMS = [
    (words, command, param)
    for words, command in commands(typer.main.get_command(app))
    for param in command.params
    if not getattr(param, "is_flag", False) and param.name != "help"
]


def call(command: Any, param: Any, value: str) -> list[str]:
    """A call that gives one parameter this value; arguments that must be there get a word."""
    words = []
    for other in command.params:
        if other is param and param.param_type_name == "option":
            words += [param.opts[0], value]
        elif other is param:
            words.append(value)
        elif other.required:
            words += [other.opts[0], "x"] if other.param_type_name == "option" else ["x"]
    return words


@pytest.mark.parametrize(
    ("words", "command", "param"),
    PARAMS,
    ids=[f"{' '.join(words)} {param.name}" for words, _, param in PARAMS],
)
def test_an_empty_value_is_an_error_of_usage(words: Words, command: Any, param: Any, gandsl: Gandsl) -> None:
    done = gandsl(*words, *call(command, param, ""))
    assert done.exit_code == 2, done.stderr
    assert "is empty: give it a value" in " ".join(done.stderr.split())


def test_every_command_was_walked() -> None:
    assert len({words for words, _, _ in PARAMS}) >= 14 and len(PARAMS) > 70
