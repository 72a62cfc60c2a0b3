"""G05xx: a spec's parameters, their declarations and their overrides."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "G0501",
        "error",
        "unknown parameter in an override",
        means="""
        `--set NAME=VALUE` (or `overrides` in Python) names neither a parameter of the spec nor a path in
        it.""",
        example="gandsl check mine.yaml --set resolutoin=128",
        mend="correct the name; the message lists the spec's parameters.",
    ),
    Code(
        "G0502",
        "error",
        "parameter out of range",
        means="The value given to a spec's parameter is below its `min` or above its `max`.",
        example="""
        params: {layers: {type: int, default: 8, min: 1, max: 16}}
        # --set layers=32""",
        mend="choose a value in the range.",
    ),
    Code(
        "G0503",
        "error",
        "parameter of the wrong type",
        means="The value given to a spec's parameter has another type than the declared one.",
        example="""
        params: {layers: {type: int, default: 8}}
        # --set layers=many""",
        mend="give a value of the declared type: int, float, bool, str, size, enum, ints, floats or sizes.",
    ),
    Code(
        "G0504",
        "error",
        "parameter is none of its choices",
        means="An enum parameter takes one of its `choices`, and the value is none of them.",
        example="""
        params: {mode: {type: enum, choices: [nearest, bilinear], default: nearest}}
        # --set mode=cubic""",
        mend="choose one of the names that the message lists.",
    ),
    Code(
        "G0505",
        "error",
        "parameter has no value",
        means="The parameter has no default, and nothing sets it.",
        example="""
        params: {classes: {type: int, doc: number of classes}}""",
        mend="set it (`--set classes=10`), or give it a default.",
    ),
    Code(
        "G0506",
        "error",
        "malformed parameter declaration",
        means="""
        The declaration contradicts itself: an unknown type, a range for something that has no order, `min`
        above `max`, an enum without choices, choices for a type that has none
        (bool, any, lists).""",
        example="""
        params: {layers: {type: int, default: 8, min: 16, max: 1}}""",
        mend="correct the declaration.",
    ),
    Code(
        "G0507",
        "error",
        "malformed override",
        means="An override is NAME=VALUE, the value being YAML as it would stand in the spec.",
        example="gandsl check mine.yaml --set resolution",
        mend="write `--set resolution=64`; quote the argument if the value has spaces or brackets.",
    ),
)
