"""IR as text, one line a node, made to be read in a diff; `gandsl.ir.parser` gives back the same graph.

    gandsl-ir 1
    network generator levels 4x4 8x8
    file 0 "specs/mine.yaml"

    program level 1 fading
      output image: Image = rgb
      styles ws
      z = input() kind="Latent" shape=[512] distribution="normal" : Latent[512] @0:12:3-15
      s8.conv = conv(x=up) channels=512 kernel=3x3 … : Feature[512, 8, 8] @0:41:17-30 < "stage s8" @0:38:5-9

A node's line is: id, op, inputs by port, `of` and the node whose layer it runs, parameters, type, then its
place (`@file:line:column-column`) and the way that led there, innermost first. `full=False` leaves out
places, and parameters at their defaults; the reader takes the text's own lines and the op table's
defaults instead: both forms give back an equal graph.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gandsl.diagnostics import Span
from gandsl.ir.graph import Graph, NetworkIR, Node, Variant
from gandsl.ir.op import Param
from gandsl.spec.values import Size

HEADER = "gandsl-ir 1"  # first line: the version of the text's own format


def network_text(network: NetworkIR, *, full: bool = True) -> str:
    """All programs of a network. `parse_network` gives back an equal one."""
    files = _files(network) if full else {}
    sizes = " ".join(value_text(Size(*sides)) for sides in network.levels)
    levels = f" levels {sizes}" if sizes else ""
    lines = [HEADER, f"network {network.name}{levels}"]
    lines += [f"file {index} {json.dumps(file, ensure_ascii=False)}" for file, index in files.items()]
    for variant, graph in network.programs.items():
        lines += ["", *_program(variant, graph, files)]
    return "\n".join(lines) + "\n"


def graph_text(graph: Graph, variant: Variant = Variant(), *, full: bool = True) -> str:  # noqa: B008 - frozen
    """One program as the only one of its network."""
    return network_text(NetworkIR(graph.network, {variant: graph}), full=full)


def _files(network: NetworkIR) -> dict[str, int]:
    """Every file that a place names, numbered in order of appearance."""
    spans = (
        span
        for graph in network.programs.values()
        for node in graph
        for span in (node.provenance.span, *(frame.span for frame in node.provenance.frames))
    )
    return {file: index for index, file in enumerate(dict.fromkeys(span.file for span in spans))}


def _program(variant: Variant, graph: Graph, files: Mapping[str, int]) -> Iterator[str]:
    yield f"program level {variant.level}" + " fading" * variant.fading
    for name, id_ in graph.outputs.items():
        yield f"  output {name}: {graph.output_kinds[name]} = {id_}"
    if graph.styles is not None:
        yield f"  styles {graph.styles}"
    for node in graph:
        yield "  " + node_text(node, files)


def node_text(node: Node, files: Mapping[str, int] | None = None) -> str:
    """A node's line; with `files` (file → number) in full, else without its place and default parameters."""
    inputs = ", ".join(f"{port}={_ids(node, port, ids)}" for port, ids in node.inputs.items())
    parts = [f"{node.id} = {node.op}({inputs})", *([f"of {node.shares}"] if node.shares else [])]
    for name, value in node.attrs.items():
        param = node.spec.param(name)
        if files or param is None or default_of(param) != value:
            parts.append(f"{name}={value_text(value)}")
    parts.append(f": {node.type}")
    if files:
        parts.append(_place(node.provenance.span, files))
        parts += [
            f"< {json.dumps(frame.what, ensure_ascii=False)} {_place(frame.span, files)}"
            for frame in node.provenance.frames
        ]
    return " ".join(parts)


def _ids(node: Node, port: str, ids: tuple[str, ...]) -> str:
    declared = node.spec.port(port)
    return f"[{', '.join(ids)}]" if declared and declared.variadic else ids[0]


def default_of(param: Param) -> Any:
    """A parameter's default as the IR holds it: the op table writes square sizes as one number."""
    if param.type == "size" and isinstance(param.default, int):
        return Size(param.default, param.default, lone=True)
    return param.default


def value_text(value: Any) -> str:
    """A parameter's value: `auto`, `true`, `3`, `0.5`, `"text"`, `3x3`, `[1.0, 3.0]`, `{shape="linear"}`."""
    if value is None:
        return "auto"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Size):  # of a single side as a list
        return "x".join(map(str, value.sides)) if len(value.sides) > 1 else f"[{value.w}]"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(value_text, value))}]"
    if (dump := getattr(value, "model_dump", None)) is not None:  # a curve or stairs of the plan
        fields = dump(mode="json", exclude_defaults=True)
        return f"{{{', '.join(f'{name}={value_text(one)}' for name, one in fields.items())}}}"
    return repr(value)


def _place(span: Span, files: Mapping[str, int]) -> str:
    end = f"{span.end_line}:" * (span.end_line != span.line) + str(span.end_column)
    return f"@{files[span.file]}:{span.line}:{span.column}-{end}"
