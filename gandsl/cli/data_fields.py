"""`gandsl data inspect` and `pack` of sets whose items have fields, as a spec's game wants them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gandsl.cli.data_sets import named_sets
from gandsl.cli.exits import Exit

if TYPE_CHECKING:
    from gandsl_runtime.data.fields.survey import FieldsSurvey
    from gandsl_runtime.data.table import FieldTable


def table_of(where: str, spec: Path, sets: list[str] | None) -> FieldTable | None:
    """The fields that a spec's game wants of a set, `WHERE` or `SET=WHERE`, as the set calls them.

    None where the set is one of plain images. Raises DataError, BadParameter.
    """
    from gandsl.cli.read import reported
    from gandsl_runtime.data.fields.opened import of_set, opened
    from gandsl_runtime.data.fields.plain import is_plain, may_be_plain
    from gandsl_runtime.data.sources import open_source

    module = reported(spec, sets)
    if module.game is None or not module.game.plan.data:
        return None
    streams, names = module.game.plan.streams, module.game.plan.sets
    given = named_sets([where])
    if isinstance(given, dict) and set(given) <= set(names):
        ((name, where),) = given.items()
    elif len(names) == 1:
        (name,) = names
    else:
        raise typer.BadParameter(f"{spec} reads the sets {', '.join(names)}: say which, {names[0]}={where}")
    own = [fields for fields in streams.values() if next(iter(fields.values())).set == name]
    source = open_source(where, images=any(may_be_plain(fields) for fields in own))
    if all(is_plain(source, fields) for fields in own):
        return None
    assert module.plan is not None
    wanted = of_set({field: of for fields in own for field, of in fields.items()})
    return opened(source, wanted, module.plan.data.model_copy(update={"balance": False}))


def text(found: FieldsSurvey) -> str:
    """The items, each field with its values, and every one that can't be read."""
    from gandsl_runtime.data.sources.base import shown

    table = found.table
    lines = [f"{'items':12}{len(table):,} in {table.kind}, {table.name}"]
    for name, of in table.own.items():
        ends = found.ends.get(name)
        said = "none can be read" if ends is None else f"{ends.least:.6g} to {ends.most:.6g}"
        shape = f"[{', '.join(map(str, of.shape))}]" if of.shape else ""
        lines.append(f"{name:12}{of.kind}{shape}, {said}")
    lines += [f"{'broken':12}{shown(item)}: `{name}`: {why}" for item, name, why in found.broken]
    return "\n".join(lines)


def as_json(found: FieldsSurvey) -> dict[str, Any]:
    """The body of form `data-fields/1`."""
    from gandsl_runtime.data.sources.base import shown

    table = found.table
    return {
        "where": table.name,
        "kind": table.kind,
        "items": len(table),
        "fields": {
            name: {
                "kind": of.kind,
                "shape": list(of.shape),
                "least": found.ends[name].least if name in found.ends else None,
                "most": found.ends[name].most if name in found.ends else None,
            }
            for name, of in table.own.items()
        },
        "broken": [{"item": shown(item), "field": name, "reason": why} for item, name, why in found.broken],
    }


def inspect(table: FieldTable, workers: int, as_json_: bool) -> int:
    """Look at every field of every item, and say it."""
    from gandsl.cli.output import print_json
    from gandsl.cli.progress import progress
    from gandsl_runtime.data.fields.survey import survey_fields

    with progress("looking", len(table)) as told:
        found = survey_fields(table, workers, told)
    if as_json_:
        print_json("data-fields/1", as_json(found))
    else:
        print(text(found))
    return Exit.DATA if found.broken else Exit.FINE


def pack(table: FieldTable, output: Path, skip_broken: bool, workers: int) -> int:
    """Write the fields as the networks take them."""
    from gandsl.cli.output import binary, say
    from gandsl.cli.progress import progress
    from gandsl_runtime.data.fields.pack import pack_fields
    from gandsl_runtime.data.sources.base import shown

    with progress("packing", len(table)) as told:
        skipped = pack_fields(table, output, skip_broken, workers, told)
    for _, why in skipped:
        say(f"skipped {shown(why)}")
    of = f", {len(skipped)} skipped" if skipped else ""
    size = binary(sum(file.stat().st_size for file in output.iterdir()))
    print(f"{len(table) - len(skipped)} items{of}, fields {', '.join(table.own)}, {size}: {output}")
    return Exit.FINE
