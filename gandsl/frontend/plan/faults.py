"""What is wrong with a training plan, in plain words and at its place: pydantic's faults as diagnostics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gandsl.diagnostics import Diagnostics, Sink, Span
from gandsl.diagnostics.suggest import did_you_mean, nearest
from gandsl.spec import tree as trees
from gandsl.spec.tree import Entry, Tree
from gandsl.spec.values import show
from gandsl_runtime.plan import Plan, PlanPart

_WHOLE, _NUMBER, _FIELDS = "is a whole number", "is a number", "is a mapping of fields"
# pydantic's kind of fault → what the field is; `{…}` are its own words
_WORDS = {
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": "is true or false",
    "bool_parsing": "is true or false",
    "model_type": _FIELDS,
    "dict_type": "is a mapping",
    "tuple_type": "is a list",
    "too_short": "has at least {min_length} entries, not {actual_length}",
    "too_long": "has at most {max_length} entries, not {actual_length}",
    "greater_than_equal": "is at least {ge:g}",
    "greater_than": "is more than {gt:g}",
    "less_than_equal": "is at most {le:g}",
    "less_than": "is less than {lt:g}",
    "literal_error": "is {expected}",
}

# what a plan does not say → who does
_ELSEWHERE = {
    **{
        name: f"it is an option: `gandsl train SPEC --{name.replace('_', '-')} …`"
        for name in (
            *("seed", "device", "workers", "minutes", "resume", "tensorboard", "compile"),
            "cudnn_benchmark",
        )
    },
    **dict.fromkeys(
        ("dataset", "data_path", "data_dir"), "it is an option: `gandsl train SPEC --data WHERE`"
    ),
    **dict.fromkeys(
        ("output_dir", "outdir", "run_dir"), "it is an option: `gandsl train SPEC --run-dir DIR`"
    ),
    **dict.fromkeys(
        (
            *("losses", "terms", "reconstruction", "recon", "kl", "l1", "l2", "perceptual", "lpips"),
            *("feature_matching", "cycle", "identity", "contrastive", "classification", "info"),
        ),
        "more terms stand in the game: `game: {players: {generator: {terms: {NAME: …}}}}`, beside "
        "the loss or in its place",
    ),
}

ErrorDetails = Mapping[str, Any]


def report_faults(faults: Sequence[ErrorDetails], training: Entry, diagnostics: Diagnostics) -> None:
    """Report the faults of a ValidationError, each slip once: what is misspelt is not missing."""
    meant = {
        (*place.path[:-1], nearest(place.entry.key, _fields(place.path[:-1])))
        for place in (
            _Place(training, fault["loc"]) for fault in faults if fault["type"] == "extra_forbidden"
        )
    }
    for fault in faults:
        place = _Place(training, fault["loc"])
        if fault["type"] != "missing" or (*place.path, place.left) not in meant:
            _report_fault(fault, training, diagnostics)


def _report_fault(fault: ErrorDetails, training: Entry, diagnostics: Diagnostics) -> None:
    """Report one fault of a ValidationError at the deepest part of its path that stands in the text."""
    message = fault["msg"].removeprefix("Value error, ")
    found = _Place(training, fault["loc"] or _named(message))
    entry = found.entry
    if fault["type"] == "extra_forbidden":
        known = _fields(found.path[:-1])
        help = _ELSEWHERE.get(entry.key) or did_you_mean(entry.key, known)
        diagnostics.add("G0008", f"the plan has no field `{entry.key}` here", entry.key_span, help=help)
        return
    if fault["type"] == "missing" and isinstance(found.left, str):
        where = "" if entry is training else f" in `{entry.key}`"
        diagnostics.add("G0009", f"`{found.left}` is missing{where}", entry.key_span)
        return
    if fault["type"] == "missing":  # an entry of a list
        text = f"has more entries than {len(fault['input'])}"
    elif fault["type"] in _WORDS:
        words = _WORDS[fault["type"]].format(**fault.get("ctx", {})).replace("'", "`")
        text = words if fault["type"].startswith("too_") else f"{words}, not {_shown(fault['input'])}"
    else:
        text = message
    choices = message.partition("one of ")[2] or str(fault.get("ctx", {}).get("expected", ""))
    names = choices.replace("'", "").replace(" or ", ", ").split(", ")
    hint = nearest(str(fault["input"]), names) if choices else None
    subject = f"a key of `{entry.key}`" if found.is_key else f"`{entry.key}`"
    diagnostics.add(
        "G0603" if "unit" in message else "G0602",
        f"{subject} {text}" if fault["type"] in (*_WORDS, "missing") else f"{subject}: {text}",
        found.key_span if found.is_key else _inside(found.value, message) or found.value.span,
        help=hint and f"did you mean `{hint}`?",
    )


def report_part(fault: ErrorDetails, tree: trees.Mapping, part: type[PlanPart], sink: Sink) -> None:
    """Report one fault of a part of a plan that stands elsewhere, at the field that it is about."""
    name = str(fault["loc"][0]) if fault["loc"] else ""
    entry = tree.entries.get(name)
    if fault["type"] == "missing":
        sink.add("G0009", f"`{name}` is missing", tree.span)
    elif fault["type"] == "extra_forbidden" and entry is not None:
        help = did_you_mean(name, sorted(part.model_fields))
        sink.add("G0008", f"there is no field `{name}` here", entry.key_span, help=help)
    else:
        words = _WORDS.get(fault["type"])
        said = words.format(**fault.get("ctx", {})).replace("'", "`") if words else fault["msg"]
        said = said.removeprefix("Value error, ")
        place = entry.value.span if entry is not None else tree.span
        shown = f", not {_shown(fault['input'])}" if words and not fault["type"].startswith("too_") else ""
        sink.add("G0602", f"`{name}` {said}{shown}" if name else said, place)


def _shown(value: Any) -> str:
    return "a mapping" if isinstance(value, dict) else show(value)


def _named(message: str) -> tuple[str, ...]:
    """The path of the field that a complaint about the whole plan begins with: `growth.lr sets …`."""
    first = message.partition(" ")[0]
    return tuple(first.split(".")) if "." in first else ()


def _inside(value: Tree, message: str) -> Span | None:
    """Of a mapping the one entry that a complaint about all of it names: its value, or a key unknown."""
    names = dict.fromkeys(message.split("`")[1::2])
    entries = [value.entries[name] for name in names if isinstance(value, trees.Mapping) and name in value]
    if len(entries) != 1:
        return None
    return entries[0].key_span if "unknown" in message else entries[0].value.span


class _Place:
    """The deepest entry, value and path of the text along a path of the plan."""

    def __init__(self, training: Entry, path: tuple[Any, ...]) -> None:
        self.entry, self.value = training, training.value
        self.key_span = training.key_span
        self.path: tuple[Any, ...] = ()
        self.left: Any = None  # the first step that is not in the text (names of union members aside)
        self.is_key = path[-1:] == ("[key]",)
        for step in path[:-2] if self.is_key else path:
            if not self._into(step):
                self.left = self.left or step
        if self.is_key and isinstance(self.value, trees.Mapping):
            self.key_span = self.value.entries[str(path[-2])].key_span

    def _into(self, step: Any) -> bool:
        tree: Tree = self.value
        if isinstance(tree, trees.Mapping) and (inner := tree.entries.get(str(step))):
            self.entry, self.value, self.key_span = inner, inner.value, inner.key_span
        elif isinstance(tree, trees.Sequence) and isinstance(step, int) and step < len(tree.items):
            self.value = tree.items[step]
        else:
            return False
        self.path = (*self.path, step)
        return True


def is_field(path: tuple[str, ...]) -> bool:
    """Whether the plan may have a field there, so that what stands in it is worth looking at."""
    known = _known(path[:-1])
    return known is None or path[-1] in known


def _fields(path: tuple[Any, ...]) -> list[str]:
    """The names of the fields at `path` of the plan; none where names are the spec's."""
    return sorted(_known(path) or ())


def _known(path: tuple[Any, ...]) -> set[str] | None:
    """The names of the fields at `path`, found through the plan's annotations; None where any name is one."""
    current: list[Any] = [Plan]
    for step in path:
        current = [inner for one in current for inner in _inside_of(one, step)]
    models = [one for one in current if hasattr(one, "model_fields")]
    return {name for model in models for name in model.model_fields} if models else None


def _inside_of(kind: Any, step: Any) -> list[Any]:
    """What a step into a value of this type leads to, the members of a union each by itself."""
    from typing import get_args, get_origin

    def flat(annotation: Any) -> list[Any]:
        whole = hasattr(annotation, "model_fields") or get_origin(annotation) in (dict, tuple, None)
        return [annotation] if whole else [one for part in get_args(annotation) for one in flat(part)]

    if hasattr(kind, "model_fields"):
        return flat(kind.model_fields[step].annotation) if step in kind.model_fields else []
    return flat(get_args(kind)[-1 if get_origin(kind) is dict else 0]) if get_args(kind) else []
