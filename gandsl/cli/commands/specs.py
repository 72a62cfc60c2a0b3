"""`gandsl specs`: the published systems that gandsl has as specs, to be trained by name or copied."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from gandsl.cli.completion import spec_names
from gandsl.cli.options import Answer, AnswerFormat, refuse_old
from gandsl.spec.places import ENDINGS


def run(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="say what this one is and takes; default: list all",
            autocompletion=spec_names,
        ),
    ] = None,
    path: Annotated[bool, typer.Option("--path", help="instead: where its file lies")] = False,
    copy: Annotated[
        Path | None,
        typer.Option("--copy", metavar="FILE", help="instead: write it to a new file, to be changed"),
    ] = None,
    format: Answer = AnswerFormat.text,
) -> int:
    """List the specs that come with gandsl: any command takes one by its name, from any folder.

    A file of the same name in the working folder, or in a folder of GANDSL_PATH, is taken first.
    """
    from gandsl.cli import shelf
    from gandsl.cli.output import print_json

    if name is None:
        _list(format)
        return 0
    file = _file(name)
    if path:
        print(file)
    elif copy is not None:
        _copy(file, copy)
    else:
        document = shelf.document_of(name)
        module = shelf.module_of(document)
        facts = shelf.facts(name, document, module)
        if format is AnswerFormat.json:
            print_json("specs/1", {"specs": [facts]})
        else:
            print(_text(facts, module.params))
    return 0


def _list(format: AnswerFormat) -> None:
    import sys

    from gandsl.cli import shelf
    from gandsl.cli.output import columns, print_json
    from gandsl.spec.places import SHIPPED, shipped

    documents = {name: shelf.document_of(f"{SHIPPED}/{name}.yaml") for name in shipped()}
    if format is AnswerFormat.json:
        found = [shelf.facts(name, one, shelf.module_of(one)) for name, one in documents.items()]
        print_json("specs/1", {"specs": found})
        return
    names = max(map(len, documents))
    width = columns() if sys.stdout.isatty() else None  # whoever reads a pipe finds its own lines' ends
    for name, one in documents.items():
        line = (
            f"{name:{names}}  {shelf.shown_size(shelf.size_of(one)):>5}  {' '.join(one.doc.split())}".rstrip()
        )
        print(line if width is None or len(line) <= width else f"{line[: width - 1]}…")
    print("\n`gandsl specs NAME` says more of one; `--copy FILE` writes it out, to be changed")


def _file(name: str) -> Path:
    from gandsl.diagnostics.suggest import did_you_mean
    from gandsl.spec.places import named, shipped

    if found := named(name):
        return Path(found[0])
    raise typer.BadParameter(f"there is no spec `{name}`: {did_you_mean(name, shipped())}")


def _copy(file: Path, to: Path) -> None:
    from gandsl.cli import shelf
    from gandsl_runtime.system.files import write
    from gandsl_runtime.system.pasted import pasted

    refuse_old(to, "--copy", ENDINGS)
    try:
        text = shelf.copied(file, to)
    except ValueError as error:
        raise typer.BadParameter(f"{error}: give another name") from error
    write(to, text)
    print(f"written to {to}; `{pasted('check', to)}` reads it")


def _text(facts: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    from gandsl.cli import shelf
    from gandsl.cli.output import columns, si
    from gandsl.cli.topics.topic import definitions, paragraph
    from gandsl.spec.values import show
    from gandsl_runtime.system.pasted import pasted

    counts = ", ".join(f"{role} {si(count)}" for role, count in facts["parameters"].items())
    rows = [
        (f"{name} = {show(value)}", facts["params"][name].get("doc", "")) for name, value in params.items()
    ]
    parts = [
        f"{facts['name']}: {facts['doc']}",
        "\n".join(
            definitions(
                [
                    ("images", shelf.shown_size(tuple(facts["size"]))),
                    ("parameters", counts),
                    ("source", facts["source"]),
                    ("file", facts["file"]),
                ],
                columns(),
            )
        ),
    ]
    if rows:
        parts.append("\n".join(["With --set NAME=VALUE:", *definitions(rows, columns())]))
    parts.append(f"`{pasted('cost', facts['name'])}` says what it costs")
    return "\n\n".join([paragraph(parts[0], columns()), *parts[1:]])
