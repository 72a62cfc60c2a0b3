"""G00xx: the file and its YAML, before anything is understood."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "G0000",
        "note",
        "more messages than are shown",
        means="""
        So many things are wrong that a longer list would help nobody. The first messages of each
        severity are shown, in order of place.""",
        example="a spec with more than 200 errors",
        mend="mend what is shown, then check again: later messages are often consequences.",
    ),
    Code(
        "G0001",
        "error",
        "file cannot be read",
        means="""
        The file named on the command line, or one that a spec extends or imports, exists but could not
        be opened, or is not a regular file.""",
        example="gandsl check /some/folder",
        mend="give the path of a readable YAML file.",
    ),
    Code(
        "G0002",
        "error",
        "file is not UTF-8 text",
        means="""
        A spec is UTF-8 text without control characters. This file holds other bytes: it was saved in
        another encoding, or is no text at all.""",
        example="a spec saved as Latin-1 with an umlaut in a comment",
        mend="save the file as UTF-8 in your editor, and remove the character that the message names.",
    ),
    Code(
        "G0003",
        "error",
        "YAML syntax error",
        means="The text is not well-formed YAML, so nothing in the file could be read.",
        example="""
        generator:
          body: {conv: {op: conv, channels: 64}""",
        mend="""
        look at the place and just above it: usually a bracket or quote is not closed, a line is indented
        by one space too many or with a tab, or `: ` inside a value lacks quotes around the value.""",
    ),
    Code(
        "G0004",
        "error",
        "key appears twice",
        means="""
        A mapping gives the same key twice. YAML readers usually keep the last one in silence; here both
        places are shown, since one of them is surely not what you meant.""",
        example="""
        body:
          conv: {op: conv, channels: 64}
          conv: {op: conv, channels: 32}""",
        mend="rename or delete one of the two.",
    ),
    Code(
        "G0005",
        "error",
        "YAML feature that the language leaves out",
        means="""
        Anchors (`&a`), aliases (`*a`), merge keys (`<<`), tags (`!t`), keys that are not plain text and
        several documents in a file are not part of the language: they hide where a value comes from, and
        let a small file grow without bound.""",
        example="""
        block: &mine {op: conv, channels: 64}
        other: *mine""",
        mend="""
        name a value with `let`, a group of nodes with `blocks`, and share between files with `extends`
        or `imports`. Text that starts with `*`, `&` or `!` goes in quotes.""",
    ),
    Code(
        "G0006",
        "error",
        "file too large or nested too deep",
        means="""
        Files are bounded in size and in the depth of their nesting, so that no input can exhaust memory
        or time. Real specs stay far below the bounds.""",
        example="[[[[[[ ... a hundred levels ... ]]]]]]",
        mend="split the spec with `extends` or `imports`, and give nested parts a name in `blocks`.",
    ),
    Code(
        "G0007",
        "error",
        "unknown language version",
        means="""
        `gandsl:` names the version of the language that the file is written in. This compiler reads
        version 1.""",
        example="gandsl: 2",
        mend="write `gandsl: 1`, or install a compiler that reads the newer version.",
    ),
    Code(
        "G0008",
        "error",
        "unknown field",
        means="""
        The mapping has a key that means nothing here. Nothing is ignored in silence: a misspelt option
        that falls back to its default is the costliest typo there is.""",
        example="""
        training:
          bacth: 64""",
        mend="""
        correct the name (the message proposes the nearest one), or delete the field. `gandsl explain
        training` and `gandsl schema` list what a place accepts.""",
    ),
    Code(
        "G0009",
        "error",
        "missing field",
        means="A field without a default is not given.",
        example="""
        gandsl: 1
        # no `name:`
        generator: {...}""",
        mend="add the field that the message names.",
    ),
    Code(
        "G0010",
        "error",
        "wrong kind of YAML value",
        means="""
        The place wants another form: a mapping, a list, text, a whole number, a number, true or false.
        Scalars follow YAML 1.2: `no` and `on` are text, `1e-3` is a number.""",
        example="""
        blocks: [res_up, res_down]      # wants a mapping of names to blocks""",
        mend="write the form that the message asks for.",
    ),
    Code(
        "G0011",
        "error",
        "not a valid name",
        means="""
        Names of specs, parameters, blocks, ports, slots and nodes become parts of ids and of Python
        source: a letter or underscore, then letters, digits and underscores. Words of the expression
        language (`and`, `if`, `absent`, ...) and its functions are taken.""",
        example="""
        body:
          conv-1: {op: conv, channels: 64}""",
        mend="rename it, for instance `conv_1`.",
    ),
    Code(
        "G0012",
        "error",
        "fields that exclude each other",
        means="""
        Two fields stand together that answer the same question, such as `op` and `block` in one node,
        `when` and `unless`, or `output` and `outputs`.""",
        example="""
        conv: {op: conv, block: res_up, channels: 64}""",
        mend="keep one of them.",
    ),
    Code(
        "G0013",
        "error",
        "nothing where something is needed",
        means="The file, a body or a list is empty, but must hold at least one entry.",
        example="""
        generator:
          body: {}""",
        mend="add an entry, or delete the field if it may be left out.",
    ),
    Code(
        "G0014",
        "error",
        "IR text cannot be read",
        means="""
        A line of the printed form of the intermediate representation is not as `gandsl show --ir`
        prints it, names a node, op or parameter that does not exist, or states a type that its op does
        not compute.""",
        example="conv = conv(x=nothing) channels=3 : Feature[3, 8, 8]",
        mend="""
        correct the line that the message points at, or print the text anew. A line is: id, op, inputs,
        parameters, type, place.""",
    ),
)
