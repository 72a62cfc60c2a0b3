"""The fields of a spec file, as tables: what each place takes.

The JSON Schema of `gandsl schema` comes from the same tables. Bodies of networks, blocks and the game, and
the training plan, are opaque here: they belong to the elaborator and to the plan.
"""

from __future__ import annotations

from gandsl.spec.fields import FLAG, VALUE, ChoiceShape, Field, FieldsShape, Leaf, MapOf
from gandsl.spec.names import PATTERN
from gandsl.spec.params import TYPES
from gandsl.spec.tree import Mapping, Scalar, Sequence, Tree

VERSION = 1


def _text(tree: Tree) -> bool:
    return isinstance(tree, Scalar) and (
        isinstance(tree.value, str) or not isinstance(tree.value, bool | None)
    )


def _expression(tree: Tree) -> bool:
    if isinstance(tree, Sequence):
        return all(_expression(item) for item in tree.items)
    return isinstance(tree, Scalar) and tree.text != ""


def _names(tree: Tree) -> bool:
    return isinstance(tree, Sequence) and all(isinstance(item, Scalar) for item in tree.items)


def _turns(tree: Tree) -> bool:
    return isinstance(tree, Sequence) and all(isinstance(one, Scalar) or _names(one) for one in tree.items)


def _term(tree: Tree) -> bool:
    return isinstance(tree, Mapping) or _expression(tree)


TEXT = Leaf("a text", _text, {"type": "string"})
TEXTS = Leaf(
    "a text, or a list of texts",
    lambda tree: _text(tree) or (isinstance(tree, Sequence) and all(map(_text, tree.items))),
    {"type": ["string", "array"], "items": {"type": "string"}},
)
WHOLE = Leaf(
    "a whole number",
    lambda tree: isinstance(tree, Scalar) and type(tree.value) is int,
    {"const": VERSION},
)
EXPRESSION = Leaf("an expression", _expression, {"$ref": "#/$defs/expression"})
DERIVED = Leaf(
    "an expression or a table",
    lambda tree: isinstance(tree, Mapping) or _expression(tree),
    {"anyOf": [EXPRESSION.schema, {"type": "object", "additionalProperties": EXPRESSION.schema}]},
)
NAMES = Leaf("a list of names", _names, {"type": "array", "items": {"type": ["string", "number", "boolean"]}})
WALKED = Leaf(
    "a mapping of variables to lists, `{res: …}`",
    lambda tree: isinstance(tree, Mapping) and len(tree) > 0,
    {"type": "object", "minProperties": 1, "additionalProperties": EXPRESSION.schema},
)
MAPPING = Leaf("a mapping", lambda tree: isinstance(tree, Mapping), {"type": "object"})
IMPORT = Leaf(
    "the path of a file, or what it holds",
    lambda tree: _text(tree) or isinstance(tree, Mapping),
    {"type": ["string", "object"]},
)
BODY = Leaf("a mapping of names to nodes", lambda tree: isinstance(tree, Mapping), {"$ref": "#/$defs/body"})
DEFAULTS = Leaf(
    "a mapping of ops to parameters", lambda tree: isinstance(tree, Mapping), {"$ref": "#/$defs/defaults"}
)
ORDER = Leaf(
    "a list of players, or of lists of those that move at once",
    _turns,
    {"type": "array", "items": {"anyOf": [{"type": "string"}, NAMES.schema]}},
)
EXPRESSIONS = Leaf(
    "a list of expressions",
    lambda tree: isinstance(tree, Sequence) and _expression(tree),
    {"type": "array", "items": EXPRESSION.schema},
)
NUMBER = Leaf(
    "a number, a curve {shape, start, end, over} or stairs {values, at}",
    lambda tree: not isinstance(tree, Sequence),
    {"$ref": "#/$defs/number"},
)
LOG = Leaf(
    "a name, or a mapping of names to expressions",
    lambda tree: not isinstance(tree, Sequence),
    {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": EXPRESSION.schema}]},
)
TERM = Leaf("an expression, {value: …} or {block: …}", _term, {"$ref": "#/$defs/term"})
OPTIMIZER = Leaf("a mapping", lambda tree: isinstance(tree, Mapping), {"$ref": "#/$defs/optimizer"})
GAME_BODY = Leaf(BODY.words, BODY.accepts, {"$ref": "#/$defs/game"})
PLAN = Leaf("a mapping", lambda tree: isinstance(tree, Mapping), {"$ref": "#/$defs/training"})
STEPS = Leaf(
    "a list of steps",
    lambda tree: isinstance(tree, Sequence) and all(isinstance(one, Mapping) for one in tree.items),
    {"$ref": "#/$defs/steps"},
)
PATCHES = Leaf("a list of steps", lambda tree: isinstance(tree, Sequence), {"$ref": "#/$defs/patch"})

PORT = FieldsShape(
    "a port: a type, or {type: …, …}",
    (
        Field("type", TEXT, 'kind and shape, such as "Image[3, resolution]", or a kind alone', required=True),
        Field("optional", FLAG, "the caller may leave it out; it is absent then"),
        Field("when", EXPRESSION, "condition under which it exists"),
        Field("unless", EXPRESSION, "condition under which it does not exist"),
        Field("each", WALKED, "makes it a list, one for each value of the variable; several run in step"),
        Field(
            "distribution",
            ChoiceShape(("normal", "uniform", "truncated_normal")),
            "what a Latent or Vector is drawn from: normal (default of a Latent), uniform, truncated_normal",
        ),
        Field("doc", TEXT, "what it is for"),
    ),
    exclusive=(("when", "unless"),),
    short="type",
)
PARAM = FieldsShape(
    "a parameter: its default, or {type: …, default: …, …}",
    (
        Field(
            "type",
            ChoiceShape(TYPES, code="G0506"),
            "type of its values",
            required=True,
        ),
        Field("default", VALUE, "value where none is set; without it, one has to be"),
        Field("min", EXPRESSION, "least value; of a list or a size, of each number in it"),
        Field("max", EXPRESSION, "greatest value; of a list or a size, of each number in it"),
        Field("choices", NAMES, "the values it may take: names of an enum, or numbers"),
        Field("doc", TEXT, "meaning, unit, range"),
    ),
)
SLOT = FieldsShape(
    "a slot: an interface, or {type: …, default: …}",
    (
        Field("type", TEXT, "the interface that what fills it has to have", required=True),
        Field("default", VALUE, "what fills it where the caller fills nothing in"),
        Field("doc", TEXT, "what it is for"),
    ),
    short="type",
)
INTERFACE = FieldsShape(
    "an interface: {ports: …, …}",
    (
        Field("ports", MapOf(PORT), "the ports that a slot's user may connect"),
        Field("namespace", TEXT, "file of the standard library where names for such slots are looked up"),
        Field("gives", NAMES, "names of values that the slot's user hands in"),
        Field("doc", TEXT, "what fits"),
    ),
)
_OUTPUT = Field("output", EXPRESSION, "the output; default: the last node")
BLOCK = FieldsShape(
    "a block: {ports: …, body: …}",
    (
        Field("doc", TEXT, "one sentence"),
        Field("source", TEXT, "where it is from, if anywhere"),
        Field("ports", MapOf(PORT), "tensors that go in, by name; the first is what a chain feeds"),
        Field("params", MapOf(PARAM), "compile-time values that the caller sets"),
        Field("slots", MapOf(SLOT), "places that the caller fills with blocks or ops"),
        Field("body", GAME_BODY, "nodes, in order", required=True),
        _OUTPUT,
        Field("outputs", MapOf(EXPRESSION), "several outputs by name"),
        Field("weight", TEXT, "what the weight of a term that this block makes is called, such as gamma"),
    ),
    exclusive=(("output", "outputs"),),
)
OUTPUT = FieldsShape(
    "an output: an expression, or {of: …, kind: …}",
    (
        Field("of", EXPRESSION, "the tensor, or a list of them", required=True),
        Field("kind", TEXT, "what it is, such as Logits, where its node's own kind is not meant"),
    ),
    short="of",
)
WEIGHTS = FieldsShape(
    "where weights start: {random: true}, or {file: …, sha256: …}",
    (
        Field("random", FLAG, "from the seed; to be said of a network that nobody trains"),
        Field("file", TEXT, "a file of weights: beside the spec, or in a folder of GANDSL_PATH"),
        Field("sha256", TEXT, "the file's checksum, 64 hexadecimal digits"),
        Field("part", TEXT, "whose weights of those in the file; default: the only ones, or this network's"),
        Field("layout", TEXT, "the implementation whose names the file has, as `gandsl import` takes it"),
        Field(
            "keys",
            MapOf(TEXT, named=False, pattern=".+"),
            "nodes, or stages of nodes, and what the file calls them: {conv1: features.0}",
        ),
        Field("unused", NAMES, "beginnings of names in the file that this network has no place for"),
    ),
    exclusive=(("random", "file"), ("layout", "keys"), ("layout", "unused")),
)
NETWORK = FieldsShape(
    "a network: {inputs: …, body: …}, or {like: …}",
    (
        Field("doc", TEXT, "one sentence"),
        Field("source", TEXT, "where it is from, if anywhere"),
        Field("inputs", MapOf(PORT), "tensors that go in, in call order", required=True),
        Field("defaults", DEFAULTS, "op parameters for everything inside that does not set them"),
        Field("body", BODY, "nodes, in order", required=True),
        _OUTPUT,
        Field("outputs", MapOf(OUTPUT), "several outputs by name, each an expression or {of: …, kind: …}"),
        Field("styles", EXPRESSION, "the style space: a node of kind Styles"),
        Field("like", TEXT, "another network: this one is declared as that is, with weights of its own"),
        Field("weights", WEIGHTS, "where its weights start"),
        Field(
            "precision",
            ChoiceShape(("fp32", "bf16", "fp16")),
            "what it is computed in while it trains or helps to; default: as the plan's precision says",
        ),
    ),
    exclusive=(
        ("output", "outputs"),
        *(("like", name) for name in ("inputs", "defaults", "body", "output", "outputs", "styles")),
    ),
    instead="like",
)
DATA = FieldsShape(
    "a field of the data: a type, or {type: …, …}",
    (
        Field(
            "type", TEXT, 'kind and shape, such as "Image[3, resolution]" or "Tokens[77, 768]"', required=True
        ),
        Field("set", TEXT, "the set that it is of, `--data SET=WHERE`; fields of one set are of one item"),
        Field("field", TEXT, "what the set calls it; default: its own name"),
        Field("partner", TEXT, "of another item of the set, one with the same value of this field"),
        Field("stream", TEXT, "of the item of another stream over the set, shuffled apart"),
        Field("range", EXPRESSION, "the values that become black and white: [0, 4095]"),
        Field("mask", TEXT, "a Tokens field: 1 at each of its positions that has a token, else 0"),
        Field("of", TEXT, "an Image of the same item: this one is computed from it, by its `steps`"),
        Field(
            "steps",
            STEPS,
            "what makes it worse, in order: blur, sinc, resize, noise, shot_noise, jpeg, either",
        ),
        Field("when", EXPRESSION, "condition under which it exists"),
        Field("unless", EXPRESSION, "condition under which it does not exist"),
        Field("doc", TEXT, "what it is"),
    ),
    exclusive=(
        ("when", "unless"),
        ("mask", "field"),
        *(("of", name) for name in ("set", "field", "partner", "stream", "range", "mask")),
    ),
    short="type",
)
_FROM = Field("from", EXPRESSION, "when it begins (img, kimg, Mimg, steps, or a share of the length)")
_UNTIL = Field("until", EXPRESSION, "when it ends (img, kimg, Mimg, steps, or a share of the length)")
TERM_FIELDS = FieldsShape(  # beside those of its node
    "a term: an expression, {value: …, …} or {block: …, …}",
    (
        Field("weight", NUMBER, "a number, a curve, stairs, or a Scalar of the body; default 1"),
        Field("every", EXPRESSION, "its interval, such as 16 steps: a lazy term counts so many times"),
        Field("batch", EXPRESSION, "the batch of a pass of its own; default: the step's"),
        _FROM,
        _UNTIL,
        Field(
            "log", LOG, "its name in the log (default: PLAYER/TERM), or numbers of its block by their names"
        ),
    ),
)
PLAYER = FieldsShape(
    "a player: {trains: …, terms: …}",
    (
        Field("trains", NAMES, "networks, or parts of them by id: [judge, critic.head]"),
        Field("steps", EXPRESSION, "optimizer steps a step, each on items and draws of its own; default 1"),
        _FROM,
        _UNTIL,
        Field("optimizer", OPTIMIZER, "an optimizer with moments of its own; default: that of each network"),
        Field(
            "terms", MapOf(TERM, printed=False), "what it minimizes, by name: the sum of these", required=True
        ),
    ),
)
WATCHES = FieldsShape(
    "what the guard looks at: {real: …, fake: …, samples: …, items: …, boundary: …}",
    (
        Field("real", EXPRESSION, "what is said of real items"),
        Field("fake", EXPRESSION, "what is said of generated ones"),
        Field("samples", EXPRESSION, "what is generated"),
        Field("items", EXPRESSION, "real items"),
        Field("boundary", EXPRESSION, "the logit above which an item is taken for real; none: no logit says"),
    ),
)
GAME = FieldsShape(
    "a game: {body: …, players: …}",
    (
        Field(
            "fresh",
            ChoiceShape(("phase", "step")),
            "whether each phase has items and draws of its own (default), or all phases of a step share them",
        ),
        Field(
            "order",
            ORDER,
            "turns of a step: players, or lists of those that move at once; default: as listed",
        ),
        Field("body", GAME_BODY, "nodes, in order"),
        Field("players", MapOf(PLAYER), "who trains which networks, and by which terms"),
        Field("logs", MapOf(EXPRESSION, named=False, pattern=".+"), "further numbers of the log, by name"),
        Field("shows", EXPRESSIONS, "the nodes that are to be looked at: images"),
        Field("watches", WATCHES, "what the guard looks at"),
    ),
)
GROWTH = FieldsShape(
    "{over: …}",
    (Field("over", EXPRESSION, "sizes of the levels, such as doubling(4, resolution)", required=True),),
    short="over",
)
SPEC = FieldsShape(
    "a spec: a mapping of fields",
    (
        Field("gandsl", WHOLE, "language version", required=True),
        Field("name", TEXT, "identifier; names the folder in generated/", required=True),
        Field("doc", TEXT, "one sentence"),
        Field("source", TEXT, "where the architecture is from, if anywhere"),
        Field("extends", TEXTS, "the spec that this one changes, or a list: each changes the one before it"),
        Field(
            "imports",
            MapOf(IMPORT),
            "files whose blocks can be used, by the name they get here: each a path, or what the file holds",
        ),
        Field(
            "requires",
            MapOf(TEXT),
            "installed packages whose ops and passes are used, by the name under which each offers them",
        ),
        Field("params", MapOf(PARAM), "the numbers that everything else is derived from"),
        Field(
            "let",
            MapOf(DERIVED, named=False, pattern=PATTERN + r"(\(.*\))?"),
            "derived values, functions `width(res): min(base // res, 512)`, tables `{4: 512, 8: 256}`",
        ),
        Field("growth", GROWTH, "makes the spec a family of programs, one for each level"),
        Field("interfaces", MapOf(INTERFACE), "what fits a slot of a type"),
        Field("blocks", MapOf(BLOCK), "graphs with a name, to be used as nodes"),
        Field("generator", NETWORK, "from latent to image"),
        Field("discriminator", NETWORK, "from image to logits"),
        Field("networks", MapOf(NETWORK), "further networks"),
        Field(
            "data", MapOf(DATA), "what an item of the data holds, by name; default: what the networks take"
        ),
        Field("game", GAME, "who trains what to do; beside training.loss: what is added to that"),
        Field("training", PLAN, "the training plan"),
        Field("set", MAPPING, "new values for places of the base, by path"),
        Field("patch", PATCHES, "changes to the base, in order"),
        Field("moved", MapOf(TEXT, named=False, pattern=".+"), "old ids and their new places"),
    ),
)
RECORDS = (
    PORT,
    PARAM,
    SLOT,
    INTERFACE,
    BLOCK,
    OUTPUT,
    WEIGHTS,
    NETWORK,
    DATA,
    PLAYER,
    WATCHES,
    GAME,
    GROWTH,
    SPEC,
)
REQUIRED = frozenset(field.name for record in RECORDS for field in record.fields if field.required)
