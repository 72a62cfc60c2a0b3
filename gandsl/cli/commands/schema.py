"""`gandsl schema`: what editors need to complete and check spec files while one writes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from gandsl.cli.options import output_option


def run(output: Annotated[Path | None, output_option("write it here instead")] = None) -> int:
    """Print the JSON Schema (draft 2020-12) of spec files, with every op, block and field of the plan.

    An editor finds it through a first line such as `# yaml-language-server: $schema=./gandsl.schema.json`.
    """
    text = _lines(spec_schema()) + "\n"
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


def spec_schema() -> dict[str, Any]:
    """The schema with all that this installation knows: ops, the library's blocks, the plan."""
    from pydantic import TypeAdapter

    from gandsl.cli.topics import block
    from gandsl.frontend.spelling import SPELT, WRITTEN
    from gandsl.ir.op import Op
    from gandsl.ir.ops import GAME_OPS, OPS
    from gandsl.spec.document import BlockDecl
    from gandsl.spec.schema import json_schema, param_schema
    from gandsl.spec.schema_nodes import NodeShape
    from gandsl_runtime.plan import Plan
    from gandsl_runtime.plan.degrade import Step

    def of_op(op: Op) -> NodeShape:
        ports: dict[str, Any] = {port.name: {"description": port.doc} for port in op.ports}
        spelt = {name: {"description": doc} for name, doc in SPELT.get(op.name, {}).items()}
        return NodeShape(op.doc, ports | {param.name: param_schema(param) for param in op.params} | spelt)

    def of_block(block: BlockDecl) -> NodeShape:
        """Its ports, parameters and slots."""
        ports: dict[str, Any] = {port.name: {"description": port.doc} for port in block.ports.values()}
        slots: dict[str, Any] = {slot.name: {"description": slot.doc} for slot in block.slots.values()}
        return NodeShape(
            block.doc, ports | {name: param_schema(param) for name, param in block.params.items()} | slots
        )

    return json_schema(
        ops={name: of_op(op) for name, op in OPS.items() if name != "input"},
        game_ops={name: of_op(op) for name, op in GAME_OPS.items() if name not in WRITTEN},
        blocks={name: of_block(known) for name, known in block.known().items()},
        training=Plan.model_json_schema(),
        steps=TypeAdapter(tuple[Step, ...]).json_schema(),
    )
