"""Spoils good specs: one slip in each, where it was made, and the codes that a reader would expect for it."""
# ruff: noqa: E501 - tables and specs stand as they are

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from gandsl.diagnostics import Diagnostics, Span
from gandsl.frontend.mentions import names_of
from gandsl.ir.ops import OPS
from gandsl.spec.builtins import BUILTINS
from gandsl.spec.expressions import UNITS
from gandsl.spec.reader import read_text
from gandsl.spec.shapes import RECORDS
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree

ROOT = Path(__file__).parents[2]
FILE = "spec.yaml"
# the good specs, with the resolution that keeps them small
GOOD = {
    "dcgan": "16",
    "quickstart": "14",
    "biggan": "32",
    "stylegan2": "8",
    "pggan": "8",
    "chimera": "16",
    "new/rectangle_rgba": "[12, 20]",
    "new/skip_excitation": "64",
    "new/unet_discriminator": "16",
}
# how the yardstick reads: a code fits a slip if it is one of these
NAMES = {"G0102", "G0103"}
LOST = {"G0008", "G0009", "G0012", "G0205", "G0206", "G0313"}


@dataclass(frozen=True)
class Slip:
    """A stretch of text replaced. `places`: where a reader would look for it, in the spoiled text."""

    span: Span
    text: str
    codes: frozenset[str]
    places: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Spoiled:
    spec: str
    kind: str
    text: str
    slip: Slip
    base: str = ""  # a file base.yaml beside it

    @property
    def places(self) -> tuple[Span, ...]:
        first, *_, last = self.slip.text.split("\n") if "\n" in self.slip.text else (self.slip.text,) * 2
        start = self.slip.span
        if self.slip.places:
            return self.slip.places
        if "\n" in self.slip.text:
            end = (start.line + self.slip.text.count("\n"), len(last) + 1)
        else:
            end = (start.line, start.column + max(len(first), 1))
        return (Span(FILE, start.line, start.column, *end),)


@dataclass
class Good:
    """A good spec, as text and tree."""

    name: str
    text: str
    rng: random.Random
    tree: Mapping = field(init=False)
    words: set[str] = field(init=False)

    def __post_init__(self) -> None:
        tree = read_text(self.text, FILE, Diagnostics())
        assert isinstance(tree, Mapping)
        self.tree = tree
        fields = {field.name for record in RECORDS for field in record.fields}
        self.words = {*re.findall(r"[A-Za-z_]\w*", self.text), *OPS, *BUILTINS, *fields}

    @classmethod
    def load(cls, name: str, resolution: str, rng: random.Random) -> Good:
        folder = ROOT / "tests" / "specs" if name.startswith("new/") else ROOT / "specs"
        text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
        text = text.replace("classes: {type: int, default: 0", "classes: {type: int, default: 10")
        text, changed = re.subn(
            r"(\n  resolution: \{type: size, default: )(\d+|\[.*?\])", rf"\g<1>{resolution}", text
        )
        assert changed == 1, name
        return cls(name, text, rng)

    def misspelt(self, word: str) -> str:
        """The word with one slip of the fingers, and no other word of the spec."""
        for _ in range(50):
            at = self.rng.randrange(len(word))
            ways = [word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]]
            if at + 1 < len(word):
                ways.append(word[:at] + word[at + 1] + word[at] + word[at + 2 :])
            new = self.rng.choice(ways)
            if len(new) > 1 and new not in self.words and new.isidentifier():
                return new
        return word + "q"

    def at(self, pattern: str, group: int = 0) -> Iterator[Span]:
        """Where a pattern stands in the text, within a line."""
        for number, line in enumerate(self.text.split("\n"), 1):
            for match in re.finditer(pattern, line):
                yield Span(FILE, number, match.start(group) + 1, number, match.end(group) + 1)

    def slice(self, span: Span) -> str:
        lines = self.text.split("\n")
        assert span.line == span.end_line
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]

    def spoil(self, slip: Slip) -> str:
        lines = self.text.split("\n")
        before = [*lines[: slip.span.line - 1], lines[slip.span.line - 1][: slip.span.column - 1]]
        after = [lines[slip.span.end_line - 1][slip.span.end_column - 1 :], *lines[slip.span.end_line :]]
        return "\n".join(before) + slip.text + "\n".join(after)

    # ---- walks

    def bodies(self) -> Iterator[Mapping]:
        holders = [self.tree.get("generator"), self.tree.get("discriminator")]
        blocks = self.tree.get("blocks")
        holders += [entry.value for entry in blocks] if isinstance(blocks, Mapping) else []
        for holder in holders:
            if isinstance(holder, Mapping) and isinstance(body := holder.get("body"), Mapping):
                yield from self._inner(body)

    def _inner(self, body: Mapping) -> Iterator[Mapping]:
        yield body
        for entry in body:
            if isinstance(entry.value, Mapping) and isinstance(inner := entry.value.get("body"), Mapping):
                yield from self._inner(inner)

    def nodes(self, *forms: str) -> Iterator[tuple[Entry, Mapping]]:
        """Nodes of a form, with their entries."""
        for body in self.bodies():
            for entry in body:
                if isinstance(entry.value, Mapping) and any(form in entry.value for form in forms):
                    yield entry, entry.value

    def arguments(self, form: str) -> Iterator[tuple[Mapping, Entry]]:
        for _, node in self.nodes(form):
            for entry in node:
                if entry.key not in (form, "when", "unless", "inline", "defaults", "doc"):
                    yield node, entry

    def expressions(self) -> Iterator[Scalar]:
        """Scalars of nodes that are expressions for sure."""
        for form in ("op", "block", "topology"):
            for node, entry in self.arguments(form):
                op = OPS.get(_text(node.get("op")))
                param = op.param(entry.key) if op else None
                if param is None or param.type not in ("enum", "str"):
                    yield from _leaves(entry.value) if param or (op and op.port(entry.key)) else ()

    def fields(self, *path: str) -> Tree | None:
        here: Tree | None = self.tree
        for step in path:
            here = here.get(step) if isinstance(here, Mapping) else None
        return here


def _text(tree: Tree | None) -> str:
    return tree.text if isinstance(tree, Scalar) else ""


def _leaves(tree: Tree) -> Iterator[Scalar]:
    if isinstance(tree, Scalar):
        yield tree
    elif isinstance(tree, Sequence):
        for item in tree.items:
            yield from _leaves(item)


def _slip(span: Span, text: str, codes: str | set[str], *places: Span) -> Slip:
    return Slip(span, text, frozenset(codes.split() if isinstance(codes, str) else codes), places)


def _point(span: Span) -> Span:
    return Span.point(span.file, span.line, span.column)


# ---- kinds of slips: each yields every one it could make


def top_field(good: Good) -> Iterator[Slip]:
    for entry in good.tree:
        yield _slip(entry.key_span, good.misspelt(entry.key), LOST | {"G0612"})


def network_field(good: Good) -> Iterator[Slip]:
    for role in ("generator", "discriminator"):
        network = good.fields(role)
        for entry in network if isinstance(network, Mapping) else ():
            yield _slip(entry.key_span, good.misspelt(entry.key), LOST)


def block_field(good: Good) -> Iterator[Slip]:
    blocks = good.fields("blocks")
    for block in blocks if isinstance(blocks, Mapping) else ():
        for entry in block.value if isinstance(block.value, Mapping) else ():
            yield _slip(entry.key_span, good.misspelt(entry.key), LOST)


def declaration_field(good: Good) -> Iterator[Slip]:
    params = good.fields("params")
    for param in params if isinstance(params, Mapping) else ():
        for entry in param.value if isinstance(param.value, Mapping) else ():
            yield _slip(entry.key_span, good.misspelt(entry.key), LOST | {"G0505"})


def op_name(good: Good) -> Iterator[Slip]:
    for _, node in good.nodes("op"):
        span = node.entries["op"].value.span
        yield _slip(span, good.misspelt(good.slice(span)), "G0201")


def block_name(good: Good) -> Iterator[Slip]:
    for form in ("block", "topology"):
        for _, node in good.nodes(form):
            span = node.entries[form].value.span
            head, dot, tail = good.slice(span).rpartition(".")
            yield _slip(span, head + dot + good.misspelt(tail), "G0202")


def filling(good: Good) -> Iterator[Slip]:
    for span in good.at(r"\{use: ([\w.]+)", 1):
        head, dot, tail = good.slice(span).rpartition(".")
        yield _slip(span, head + dot + good.misspelt(tail), "G0202")


def form_name(good: Good) -> Iterator[Slip]:
    for form in ("op", "block", "topology", "fold"):
        for _, node in good.nodes(form):
            span = node.entries[form].key_span
            yield _slip(span, good.misspelt(form), "G0313 G0008")


def parameter_name(good: Good) -> Iterator[Slip]:
    for form in ("op", "block", "topology"):
        for _, entry in good.arguments(form):
            yield _slip(entry.key_span, good.misspelt(entry.key), "G0205")


def filling_parameter(good: Good) -> Iterator[Slip]:
    for span in good.at(r"\{use: [\w.]+, (\w+):", 1):
        yield _slip(span, good.misspelt(good.slice(span)), "G0205")


def defaults_name(good: Good) -> Iterator[Slip]:
    for role in ("generator", "discriminator"):
        defaults = good.fields(role, "defaults")
        for entry in defaults if isinstance(defaults, Mapping) else ():
            yield _slip(entry.key_span, good.misspelt(entry.key), "G0201")
            for setting in entry.value if isinstance(entry.value, Mapping) else ():
                yield _slip(setting.key_span, good.misspelt(setting.key), "G0205")


def known_name(good: Good) -> Iterator[Slip]:
    for scalar in good.expressions():
        for name, span in names_of(scalar):
            if span.line == span.end_line and good.slice(span) == name:
                yield _slip(span, good.misspelt(name), NAMES)


def function_name(good: Good) -> Iterator[Slip]:
    for name in (*BUILTINS, "width", "channels"):
        for span in good.at(rf"(?<![\w.]){name}(?=\([^)]*\))"):
            before = good.text.split("\n")[span.line - 1][: span.column - 1]
            if before.strip() and "doc:" not in before:  # else it is the head of a definition, or prose
                yield _slip(span, good.misspelt(name), "G0103 G0102")


def type_kind(good: Good) -> Iterator[Slip]:
    for span in good.at(r"\b(Latent|Label|Image|Feature|Vector)\b", 1):
        yield _slip(span, good.misspelt(good.slice(span)), "G0216")


def type_name(good: Good) -> Iterator[Slip]:
    for span in good.at(r'"(?:Latent|Label|Image)\[(\w+)', 1):
        if not good.slice(span).isdigit():
            yield _slip(span, good.misspelt(good.slice(span)), NAMES)


def kind_swapped(good: Good) -> Iterator[Slip]:
    for span in good.at(r'"(Latent)\[', 1):
        yield _slip(span, "Styles", "G0216 G0211 G0613 G0008")
    for span in good.at(r'"(Label)\[', 1):
        if "when" not in good.text.split("\n")[span.line - 1]:
            yield _slip(span, "Vector", "G0211 G0613")


def number_as_text(good: Good) -> Iterator[Slip]:
    for form in ("op", "block"):
        for _, entry in good.arguments(form):
            if isinstance(entry.value, Scalar) and type(entry.value.value) in (int, float):
                yield _slip(entry.value.span, "\"'wide'\"", "G0207 G0105")


def fraction(good: Good) -> Iterator[Slip]:
    for node, entry in good.arguments("op"):
        param = OPS[_text(node.get("op"))].param(entry.key)
        if param and param.type == "int" and isinstance(entry.value, Scalar):
            yield _slip(entry.value.span, "2.5", "G0207")


def list_for_number(good: Good) -> Iterator[Slip]:
    for node, entry in good.arguments("op"):
        param = OPS[_text(node.get("op"))].param(entry.key)
        if param and param.type in ("int", "float") and isinstance(entry.value, Scalar):
            yield _slip(entry.value.span, "[1, 2, 3]", "G0207")


def old_truth(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=: )(?:true|false)(?=[,}]|$)"):
        yield _slip(span, "no", "G0207 G0503 G0105 G0102 G0010 G0602")


def below_range(good: Good) -> Iterator[Slip]:
    for node, entry in good.arguments("op"):
        param = OPS[_text(node.get("op"))].param(entry.key)
        if param and param.minimum is not None and isinstance(entry.value, Scalar):
            yield _slip(entry.value.span, "-1", "G0207" if param.type == "size" else "G0208")


def parameter_below_range(good: Good) -> Iterator[Slip]:
    for span in good.at(r"default: ([\d.]+), min: \d", 1):
        yield _slip(span, "-5", "G0502 G0503")


def parameter_type(good: Good) -> Iterator[Slip]:
    for span in good.at(r"\{type: (int|float), default: ", 1):
        yield _slip(span, "integer", "G0506")


def parameter_default(good: Good) -> Iterator[Slip]:
    for span in good.at(r"\{type: int, default: ([\d.]+)", 1):
        yield _slip(span, "many", "G0503 G0102")


def no_parameter(good: Good) -> Iterator[Slip]:
    for _, node in good.nodes("op"):
        op = OPS[_text(node.get("op"))]
        entries = list(node)
        for before, entry in pairwise(entries):
            param = op.param(entry.key)
            if param and param.required and entry.value.span.line == before.value.span.line:
                start = before.value.span
                gap = Span(FILE, start.line, start.end_column, start.line, entry.value.span.end_column)
                yield _slip(gap, "", "G0206", node.entries["op"].value.span)


def no_op(good: Good) -> Iterator[Slip]:
    for entry, node in good.nodes("op"):
        first, *others = node
        if first.key == "op" and others and others[0].key_span.line == first.key_span.line:
            stop = others[0].key_span
            gap = Span(FILE, stop.line, first.key_span.column, stop.line, stop.column)
            yield _slip(gap, "", "G0313", entry.key_span, Span.point(FILE, stop.line, first.key_span.column))


def no_field(good: Good) -> Iterator[Slip]:
    entries = list(good.tree)
    for entry in entries:
        if entry.key in ("name", "generator", "discriminator", "gandsl"):
            start, end = entry.key_span, entry.value.span
            whole = Span(FILE, start.line, 1, end.end_line, end.end_column)
            yield _slip(whole, "", "G0009 G0612", Span.point(FILE))


def no_plan_field(good: Good) -> Iterator[Slip]:
    training = good.tree.entries["training"]
    for entry in training.value if isinstance(training.value, Mapping) else ():
        if (
            entry.key in ("length", "batch", "loss", "optimizer")
            and entry.value.span.line == entry.key_span.line
        ):
            line = entry.key_span.line
            gap = Span(FILE, line, 1, line + 1, 1)
            yield _slip(gap, "", "G0009 G0102", training.key_span)


def other_channels(good: Good) -> Iterator[Slip]:
    for node, entry in good.arguments("op"):
        image = entry.key == "channels" and _text(entry.value) == "image_channels"
        if (_text(node.get("op")) == "reshape" and entry.key == "channels") or image:
            yield _slip(entry.value.span, f'"{_text(entry.value)} + 1"', "G0210 G0601")


def other_image(good: Good) -> Iterator[Slip]:
    for span in good.at(r'(?<=image: )"Image\[(\w+)', 1):
        key = Span(FILE, span.line, span.column - 14, span.line, span.column - 9)
        yield _slip(span, "7", "G0601", key)


def another_port(good: Good) -> Iterator[Slip]:
    for body in good.bodies():
        entries = list(body)
        for entry, later in pairwise(entries):
            if isinstance(entry.value, Mapping) and isinstance(x := entry.value.get("x"), Scalar):
                yield _slip(x.span, later.key, "G0306")


def reads_itself(good: Good) -> Iterator[Slip]:
    for entry, node in good.nodes("op"):
        x = node.get("x")
        if isinstance(x, Scalar):
            yield _slip(x.span, entry.key, "G0306")


def tensor_for_number(good: Good) -> Iterator[Slip]:
    for node, entry in good.arguments("op"):
        param = OPS[_text(node.get("op"))].param(entry.key)
        name = (
            "z"
            if node.entries["op"].key_span.line < good.tree.entries["discriminator"].key_span.line
            else "image"
        )
        if param and param.type == "int" and isinstance(entry.value, Scalar) and "blocks" not in good.tree:
            yield _slip(entry.value.span, name, "G0207")


def number_for_tensor(good: Good) -> Iterator[Slip]:
    for node, entry in good.arguments("op"):
        port = OPS[_text(node.get("op"))].port(entry.key)
        always = node.get("when") is None  # else it may be left out, with what is wrong in it
        if always and port and not port.variadic and isinstance(entry.value, Scalar):
            yield _slip(entry.value.span, "3", "G0211")


def unclosed(good: Good) -> Iterator[Slip]:
    for span in good.at(r"^.*[^\s}](\})$", 1):
        line = good.text.split("\n")[span.line - 1]
        depth, opener = 0, 0
        for at in range(len(line) - 1, -1, -1):
            depth += (line[at] == "}") - (line[at] == "{")
            if depth == 0:
                opener = at
                break
        yield _slip(span, "", "G0003", Span.point(FILE, span.line, opener + 1), _point(span))


def quote_lost(good: Good) -> Iterator[Slip]:
    for span in good.at(r'"[^"]*(")', 1):
        line = good.text.split("\n")[span.line - 1]
        start = line.rindex('"', 0, span.column - 1)
        yield _slip(span, "", "G0003", Span.point(FILE, span.line, start + 1), _point(span))


def tab(good: Good) -> Iterator[Slip]:
    for span in good.at(r"^  (?=\w)"):
        yield _slip(span, "\t", "G0003")


def indented(good: Good) -> Iterator[Slip]:
    for span in good.at(r"^    (?=\w+: \{)"):
        if span.line > 3 and good.text.split("\n")[span.line - 2].startswith("    "):
            line = good.text.split("\n")[span.line - 1]
            yield _slip(span, "   ", "G0003 G0008 G0313", Span(FILE, span.line, 1, span.line, len(line)),
                        *(Span.point(FILE, span.line, column) for column in range(3, 14)))  # fmt: skip


def twice(good: Good) -> Iterator[Slip]:
    lines = good.text.split("\n")
    for span in good.at(r"^ +(\w+): \{[^{]*\}$", 1):
        line = lines[span.line - 1]
        end = Span(FILE, span.line, len(line) + 1, span.line, len(line) + 1)
        second = Span(FILE, span.line + 1, span.column, span.line + 1, span.end_column)
        yield _slip(end, "\n" + line, "G0004", second)


def anchor(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=: )(?=\{op:)"):
        yield _slip(span, "&mine ", "G0005", Span(FILE, span.line, span.column, span.line, span.column + 5))


def alias(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=channels: )\w+(?=[,}])"):
        yield _slip(span, "*mine", "G0005 G0003")


def tag(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=default: )(?=\d)"):
        yield _slip(span, "!!str ", "G0005", Span(FILE, span.line, span.column, span.line, span.column + 5))


def control(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=doc: )(?=\w)"):
        yield _slip(span, "\x07", "G0002")


def unbalanced(good: Good) -> Iterator[Slip]:
    for scalar in good.expressions():
        if (
            isinstance(scalar.value, str)
            and scalar.plain
            and "(" not in scalar.text
            and "[" not in scalar.text
        ):
            end = Span(
                FILE,
                scalar.span.end_line,
                scalar.span.end_column,
                scalar.span.end_line,
                scalar.span.end_column,
            )
            yield _slip(end, " +", "G0101", Span.point(FILE, end.line, end.column + 1))


def odd_operator(good: Good) -> Iterator[Slip]:
    for span in good.at(r" // "):
        if "doc:" not in good.text.split("\n")[span.line - 1][: span.column]:
            operator = Span(FILE, span.line, span.column + 1, span.line, span.column + 3)
            yield _slip(operator, "/*", "G0101", Span.point(FILE, span.line, span.column + 2))


def by_zero(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=// )\d+"):
        yield _slip(span, "0", "G0106")


def out_of_list(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=\w\[)\d+(?=\])"):
        yield _slip(span, "99", "G0107 G0216")


def too_large(good: Good) -> Iterator[Slip]:
    for scalar in good.expressions():
        if scalar.plain and type(scalar.value) is int:
            yield _slip(scalar.span, "9 ** 9 ** 9", "G0108 G0109")


def one_argument_more(good: Good) -> Iterator[Slip]:
    for span in good.at(r'"[^"]*(?:len|sqrt|first|reverse|last)\([\w.]+(\))', 1):
        if good.text.split("\n")[span.line - 1].lstrip().startswith("enter:"):
            continue  # StyleGAN2's other forms fill this slot: what a spec does not use is not evaluated
        yield _slip(
            span, ", 3)", "G0104", *(Span.point(FILE, span.line, column) for column in range(1, span.column))
        )


def no_condition(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?:when|unless): ([^,}\"]+)(?=[,}])", 1):
        yield _slip(span, "3", "G0105")


def unknown_attribute(good: Good) -> Iterator[Slip]:
    for span in good.at(r"\.(channels|height|width|size|image|images|features|x|h|w)\b(?!\()", 1):
        line = good.text.split("\n")[span.line - 1]
        if "doc:" not in line[: span.column] and " if " not in line:  # a branch not taken is not evaluated
            yield _slip(span, "depths", "G0110 G0217")


def unit(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=\d )(?:kimg|Mimg|steps)\b"):
        wrong = good.misspelt(good.slice(span))
        yield _slip(span, "kims" if wrong in UNITS else wrong, "G0101 G0603 G0602")


def no_unit(good: Good) -> Iterator[Slip]:
    for span in good.at(r"(?<=\d) (?:kimg|Mimg|steps)\b"):
        number = Span.point(FILE, span.line, span.column - 1)
        yield _slip(span, "", "G0603 G0602", number)


def loss(good: Good) -> Iterator[Slip]:
    for span in good.at(r"^  loss: (\w+)", 1):
        yield _slip(span, good.misspelt(good.slice(span)), "G0602")
        yield _slip(span, "[hinge]", "G0602")


def plan_field(good: Good) -> Iterator[Slip]:
    def inside(tree: Tree | None) -> Iterator[Slip]:
        for entry in tree if isinstance(tree, Mapping) else ():
            if not entry.key.isdigit():
                yield _slip(entry.key_span, good.misspelt(entry.key), LOST | NAMES)
            yield from inside(entry.value)

    yield from inside(good.fields("training"))


def plan_value(good: Good) -> Iterator[Slip]:
    for pattern, wrong in (
        (r"batch: (\d+)", "0"),
        (r"batch: (\d+)", "many"),
        (r"betas: \[([\d.]+)", "1.5"),
        (r"lr: ([\de.-]+)", "-0.1"),
        (r"lr: ([\de.-]+)", "fast"),
        (r"decay: ([\d.]+)", "2"),
        (r"gamma: ([\d.]+)", "-3"),
        (r"length: (\d+ \w+)", "0 kimg"),
        (r"buffers: (\w+)", "keep"),
        (r"kind: (adam)", "sgd"),
        (r"probability: ([\d.]+)", "7"),
        (r"every: (\d+ steps)", "2.5 steps"),
        (r"half_life: (\d+ \w+)", "true"),
    ):
        for span in good.at(pattern, 1):
            if span.line > good.tree.entries["training"].key_span.line:
                yield _slip(span, wrong, "G0602 G0603")


def plan_against_networks(good: Good) -> Iterator[Slip]:
    line = good.tree.entries["training"].key_span.line
    here = Span(FILE, line, 10, line, 10)

    def added(text: str, word: str, codes: str) -> Slip:
        column = 3 + text.index(word)
        return _slip(here, f"\n  {text}", codes, Span(FILE, line + 1, column, line + 1, column + len(word)))

    plan = good.fields("training")
    assert isinstance(plan, Mapping)
    if "styles" not in (good.fields("generator") or ()):
        if "regularizers" not in plan:
            yield added("regularizers: {path_length: {weight: 2}}", "path_length", "G0606")
        yield added("style_mixing: {probability: 0.5}", "style_mixing", "G0607")
    if "growth" not in good.tree:
        yield added("growth: {stable: 1 kimg, fade: 1 kimg}", "growth", "G0609")
    if "norm: {op: batch_norm, unless" in good.text:
        yield added("regularizers: {gradient_penalty: {weight: 10}}", "gradient_penalty", "G0605")
    yield added("micro_batch: 3", "3", "G0618")


def reserved(good: Good) -> Iterator[Slip]:
    for entry, _ in good.nodes("op", "block"):
        for name in ("forward", "class", "conv-1", "parameters"):
            yield _slip(entry.key_span, name, "G0011")


def bad_parameter_name(good: Good) -> Iterator[Slip]:
    params = good.fields("params")
    for entry in params if isinstance(params, Mapping) else ():
        yield _slip(entry.key_span, "if", "G0011")
        yield _slip(entry.key_span, f"{entry.key}!", "G0011")


def version(good: Good) -> Iterator[Slip]:
    for span in good.at(r"^gandsl: (1)$", 1):
        yield _slip(span, "2", "G0007")
        yield _slip(span, "one", "G0010")


def two_forms(good: Good) -> Iterator[Slip]:
    for _, node in good.nodes("op"):
        span = node.entries["op"].value.span
        end = Span(FILE, span.line, span.end_column, span.line, span.end_column)
        inside = Span(FILE, span.line, span.end_column + 2, span.line, span.end_column + 7)
        if good.text.split("\n")[span.line - 1][span.end_column - 1 :].startswith((",", "}")):
            yield _slip(end, ", block: norm.batch", "G0012 G0313", inside)


def misplaced_list(good: Good) -> Iterator[Slip]:
    for span in good.at(r"^  defaults: (\{.*\})$", 1):
        yield _slip(span, "[conv]", "G0010")
    for span in good.at(r"^    (?:over|fold): (\{.*\}|.*)$", 1):
        yield _slip(span, "12", "G0010 G0105")


def empty(good: Good) -> Iterator[Slip]:
    for entry, node in good.nodes("op"):
        if node.span.line == node.span.end_line:
            yield _slip(node.span, "{}", "G0313", entry.key_span, node.span)
            yield _slip(node.span, "null", "G0013 G0313")


KINDS: tuple[Callable[[Good], Iterator[Slip]], ...] = (
    top_field, network_field, block_field, declaration_field, op_name, block_name, filling, form_name,
    parameter_name, filling_parameter, defaults_name, known_name, function_name, type_kind, type_name,
    kind_swapped, number_as_text, fraction, list_for_number, old_truth, below_range, parameter_below_range,
    parameter_type, parameter_default, no_parameter, no_op, no_field, no_plan_field, other_channels, other_image,
    another_port, reads_itself, tensor_for_number, number_for_tensor, unclosed, quote_lost, tab, indented, twice,
    anchor, alias, tag, control, unbalanced, odd_operator, by_zero, out_of_list, too_large, one_argument_more,
    no_condition, unknown_attribute, unit, no_unit, loss, plan_field, plan_value, plan_against_networks, reserved,
    bad_parameter_name, version, two_forms, misplaced_list, empty,
)  # fmt: skip

# ---- patches: a small file that extends a good one, spoiled by hand

PATCHED = """\
gandsl: 1
name: mine
extends: base.yaml
set: {training.batch: 16}
patch:
  - set: {training.loss: hinge}
  - insert_after: {at: discriminator.NODE, name: extra, node: {op: relu}}
  - replace: {at: discriminator.NODE, node: {op: relu}}
  - delete: discriminator.extra
params: {more: 3}
"""
PATCHES = (  # what is replaced, by what, which part of it is wrong, codes
    ("extends: base.yaml", "extends: bsae.yaml", "bsae.yaml", "G0402"),
    ("extends: base.yaml", "extends: spec.yaml", "spec.yaml", "G0401"),
    ("extends: base.yaml", "extends: [base.yaml]", "[base.yaml]", "G0010"),
    ("extends: base.yaml", "doc: nothing", "set", "G0409"),
    ("training.batch: 16", "training.bacth: 16", "bacth", "G0008 G0403"),
    ("training.batch: 16", "trainig.batch: 16", "trainig", "G0403"),
    ("training.batch: 16", "params.resolutoin: 16", "resolutoin", "G0403"),
    ("training.batch: 16", "training.batch: many", "many", "G0602"),
    ("training.batch: 16", "generator.body: null", "null", "G0407"),
    ("training.batch: 16", "training: 3", "3", "G0010"),
    ("training.loss: hinge", "training.loss: hnge", "hnge", "G0602"),
    ("insert_after", "insert_behind", "insert_behind", "G0406"),
    ("insert_after: {at: discriminator.NODE", "insert_after: {at: discriminator.nowhere", "nowhere", "G0403"),
    ("insert_after: {at: discriminator.NODE", "insert_after: {at: discrminator.NODE", "discrminator", "G0403"),
    ("name: extra, ", "", "insert_after", "G0406"),
    ("name: extra", "name: NODE", "NODE", "G0404"),
    ("name: extra", "name: ex-tra", "ex-tra", "G0011"),
    ("name: extra", "nmae: extra", "nmae", "G0406"),
    ("NODE, node: {op: relu}}\n  - del", "NODE, node: {op: rleu}}\n  - del", "rleu", "G0201"),
    ("replace: {at: discriminator.NODE, node: {op: relu}}", "replace: discriminator.NODE", "discriminator.NODE", "G0406"),
    ("delete: discriminator.extra", "delete: discriminator.extar", "extar", "G0403"),
    ("delete: discriminator.extra", "delete: discriminator.inputs", "discriminator.inputs", "G0407"),
    ("delete: discriminator.extra", "delete: {at: discriminator.extra}", "{at: discriminator.extra}", "G0406"),
    ("  - delete: discriminator.extra", "  - delete: discriminator.extra\n    set: {}", "set", "G0406"),
    ("params: {more: 3}", "params: {resolution: 3}", "resolution", "G0404"),
    ("params: {more: 3}", "training: {batch: 3}", "training", "G0404"),
    ("params: {more: 3}", "moved: {generator.was: generator.wsa}", "generator.wsa", "G0408"),
    ("params: {more: 3}", "imports: {lib: nowhere.yaml}", "nowhere.yaml", "G0402"),
)  # fmt: skip


def _patched(good: Good) -> Iterator[Spoiled]:
    body = good.fields("discriminator", "body")
    assert isinstance(body, Mapping)
    node = next(entry.key for entry in body)
    text = PATCHED.replace("NODE", node)
    for old, new, part, codes in PATCHES:
        old, new, part = (piece.replace("NODE", node) for piece in (old, new, part))
        assert text.count(old) == 1, old
        spoiled = text.replace(old, new)
        start = text.index(old)
        at = spoiled.index(part, start if part in spoiled[start:] and part in new else 0)
        line = spoiled.count("\n", 0, at) + 1
        column = at - spoiled.rfind("\n", 0, at)
        where = Span(FILE, line, column, line, column + len(part))
        yield Spoiled(good.name, f"patch: {new}", spoiled, _slip(where, part, codes, where), good.text)


def spoiled_specs(seed: int = 1, each: int = 1) -> list[Spoiled]:
    """The same list for the same seed: of every kind, `each` slips for each good spec with a place for it."""
    found: dict[str, Spoiled] = {}
    for name, resolution in GOOD.items():
        rng = random.Random(f"{seed}/{name}")
        good = Good.load(name, resolution, rng)
        for kind in KINDS:
            slips = list(kind(good))
            for slip in rng.sample(slips, min(each, len(slips))):
                text = good.spoil(slip)
                found.setdefault(text, Spoiled(name, kind.__name__, text, slip))
        if name in ("dcgan", "stylegan2"):
            found |= {one.text + one.base: one for one in _patched(good)}
    return list(found.values())
