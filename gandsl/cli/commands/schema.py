"""`gandsl schema`: what editors need to complete and check spec files while one writes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from gandsl.cli.options import output_option


def run(output: Annotated[Path | None, output_option("write it here instead")] = None) -> int:
    """Print the JSON Schema (draft 2020-12) of spec files, with every op, block and field of the plan.

    An editor finds it through a first line such as `# yaml-language-server: $schema=./gandsl.schema.json`.
    """
    text = _lines(_schema()) + "\n"
    if output is None:
        print(text, end="")
    else:
        from gandsl_runtime.system.files import write

        write(output, text)
        print(output)
    return 0


def _lines(schema: dict[str, Any]) -> str:
    """JSON, a line for each field and definition: indenting all of it takes longer than making it."""
    import json

    def mapping(found: dict[str, Any], indent: str) -> str:
        rows = []
        for name, value in found.items():
            text = mapping(value, f"{indent}  ") if name in _OPENED else json.dumps(value, ensure_ascii=False)
            rows.append(f"{indent}{json.dumps(name)}: {text}")
        return "{\n" + ",\n".join(rows) + f"\n{indent[2:]}}}"

    return mapping(schema, "  ")


_OPENED = ("properties", "$defs")


def _schema() -> dict[str, Any]:
    from gandsl.cli.topics import block
    from gandsl.frontend.game.op import WRITTEN
    from gandsl.frontend.nodes.arguments import SPELT
    from gandsl.ir.op import Op
    from gandsl.ir.ops import GAME_OPS, OPS
    from gandsl.spec.schema import json_schema, param_schema
    from gandsl.spec.schema_nodes import OpShape
    from gandsl_runtime.plan import Plan

    def shape(op: Op) -> OpShape:
        ports: dict[str, Any] = {port.name: {"description": port.doc} for port in op.ports}
        spelt = {name: {"description": doc} for name, doc in SPELT.get(op.name, {}).items()}
        return OpShape(op.doc, ports | {param.name: param_schema(param) for param in op.params} | spelt)

    names = list(block.names())
    return json_schema(
        ops={name: shape(op) for name, op in OPS.items() if name != "input"},
        game_ops={name: shape(op) for name, op in GAME_OPS.items() if name not in WRITTEN},
        blocks=names,
        topologies=[name.removeprefix("topology.") for name in names if name.startswith("topology.")],
        training=Plan.model_json_schema(),
    )
