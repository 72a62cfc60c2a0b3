"""`gandsl explain`: the manual, by the word one has at hand."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from gandsl.cli.completion import topics
from gandsl.cli.options import Answer, AnswerFormat
from gandsl.cli.topics import KINDS, NAMED

if TYPE_CHECKING:
    from gandsl.cli.topics.topic import Topic


def run(
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="TOPIC",
            help="a code (G0212), an op (conv), a block (norm.batch), training.ema, or any word of docs",
            autocompletion=topics,
        ),
    ] = None,
    codes: Annotated[bool, typer.Option("--codes", help="list all diagnostic codes")] = False,
    ops: Annotated[bool, typer.Option("--ops", help="list all primitives")] = False,
    blocks: Annotated[bool, typer.Option("--blocks", help="list the standard library")] = False,
    format: Answer = AnswerFormat.text,
) -> int:
    """Explain a diagnostic's code, an op, a standard block, a field, or any word of the documentation."""
    lists = [kind for kind, wanted in (("code", codes), ("op", ops), ("block", blocks)) if wanted]
    if topic is None and not lists:
        raise typer.BadParameter(
            "name a topic, such as G0212, conv, norm.batch or training; or --codes, --ops, --blocks"
        )
    if topic is not None:
        _print_topic(_found(topic), format)
    for kind in lists:
        _print_list(kind, format)
    return 0


def _found(name: str) -> Topic:
    from gandsl.cli.output import columns
    from gandsl.diagnostics.synonyms import ours

    width = min(columns(), 90)
    for word in (name, *ours(name)):  # `dense` is not in the language: `linear` is explained
        for kind in KINDS:
            found: Topic | None = import_module(f"gandsl.cli.topics.{kind}").find(word, width)
            if found is not None:
                return found
    from gandsl.diagnostics.suggest import did_you_mean
    from gandsl.diagnostics.synonyms import instead

    if sentence := instead(name):
        raise typer.BadParameter(f"there is nothing called `{name}`: {sentence}")
    known = [known for kind in NAMED for known in import_module(f"gandsl.cli.topics.{kind}").names()]
    hint = did_you_mean(name, [*known, *(full.rpartition(".")[2] for full in known)]) or ""
    near = (
        hint
        if hint.startswith("did you mean")
        else "see --codes, --ops, --blocks, or `gandsl explain training`"
    )
    raise typer.BadParameter(f"there is nothing called `{name}`: {near}")


def _print_topic(topic: Topic, format: AnswerFormat) -> None:
    from gandsl.cli.output import print_json

    if format is AnswerFormat.json:
        print_json("explain/1", {"kind": topic.kind, "name": topic.name, **topic.facts})
    else:
        print(topic.text)


def _print_list(kind: str, format: AnswerFormat) -> None:
    from gandsl.cli.output import columns, print_json

    names: dict[str, str] = import_module(f"gandsl.cli.topics.{kind}").names()
    if format is AnswerFormat.json:
        print_json("explain-list/1", {"kind": kind, "names": names})
        return
    from gandsl.cli.topics.topic import definitions

    print("\n".join(definitions(names.items(), columns(), indent="")))
