"""Paths to the places of a spec, as one writes them, and what is said where they lead nowhere."""

from __future__ import annotations

from gandsl.diagnostics import Diagnostics, Span
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.records import dataclass
from gandsl.spec.expressions import part_of
from gandsl.spec.tree import Mapping, Scalar, Tree, describe

# what holds declarations by name: `set` changes them and never makes a new one, or a typo would
_DECLARING = frozenset(
    {
        "params",
        "let",
        "blocks",
        "imports",
        "requires",
        "interfaces",
        "networks",
        "players",
        "terms",
        "logs",
        "ports",
        "slots",
        "inputs",
        "body",
        "moved",
    }
)


# what a file says of itself and its base, before anything is changed → what to do instead
_BEFORE = {
    "gandsl": "each file names the language version that it is written in: change it there",
    "extends": "give the command another spec, or write one that extends it",
    "set": "give each change by itself, such as `training.batch: 16` or `--set training.batch=16`",
    "patch": "write the steps into a spec of your own that has `extends:` and `patch:`",
}


@dataclass(frozen=True, slots=True)
class Path:
    """A place in a spec, as written: `generator.synthesis.topology`."""

    text: str
    span: Span
    whole: bool = False  # it is one place of a pattern, and each key is written as far as the pattern is

    @property
    def steps(self) -> list[tuple[str, Span]]:
        """Each key and where it is written."""
        if self.whole:
            return [(step, self.span) for step in self.text.split(".")]
        found, at = [], 0
        for step in self.text.split("."):
            found.append((step, part_of(self.text, self.span, at, at + len(step))))
            at += len(step) + 1
        return found


def path_of(tree: Tree | None) -> Path | None:
    """The path that a scalar says."""
    return Path(tree.text, tree.span) if isinstance(tree, Scalar) else None


def _head(key: str) -> str:
    """The name in the head of a function, `width(res)`."""
    return key.partition("(")[0].rstrip()


def _step(holder: Mapping, step: str) -> list[str] | None:
    """The keys that one step of a path stands for: itself, a `let` function's head, or a node of the body."""
    if step in holder:
        return [step]
    heads = [key for key in holder.entries if _head(key) == _head(step)]
    if heads:
        return heads[:1]
    body = holder.get("body")
    if isinstance(body, Mapping) and step in body:
        return ["body", step]
    return None


def locate(
    tree: Mapping, path: Path, diagnostics: Diagnostics, *, code: str = "G0403", new: bool = False
) -> list[str] | None:
    """The keys from the top to a place. `new`: the last step may be a field that is not there yet; in the
    training plan, the steps before it too.

    Reports `code` at the step that leads nowhere, with the names that are there.
    """
    keys: list[str] = []
    here: Tree = tree
    steps = path.steps
    if is_before(*steps[0], diagnostics):
        return None
    for number, (step, span) in enumerate(steps):
        if not isinstance(here, Mapping):
            message = f"`{'.'.join(keys)}` is {describe(here)}, so there is no `{step}` in it"
            diagnostics.add(code, message, span)
            return None
        found = _step(here, step)
        absent = [name for name, _ in steps[number:]]
        # optional parts of the plan are made on the way; its own check knows the fields
        makes_way = len(absent) == 1 or keys[:1] == ["training"]
        if found is None and new and makes_way and all(absent) and not declares(keys):
            return [*keys, *absent]
        if found is None:
            owner = f"`{'.'.join(keys)}` has" if keys else "the spec has"
            diagnostics.add(code, f"{owner} no `{step}`", span, help=did_you_mean(step, _names(here)))
            return None
        for key in found:
            assert isinstance(here, Mapping)
            here = here.entries[key].value
        keys += found
    return keys


def declares(keys: list[str]) -> bool:
    """Whether a place holds declarations by name; what is declared as `inputs`, say, does not itself.

    The plan has a part `data`, which does not, either.
    """
    return keys == ["data"] or (bool(keys) and keys[-1] in _DECLARING and not declares(keys[:-1]))


def is_before(name: str, span: Span, diagnostics: Diagnostics) -> bool:
    """Whether a change of this field would come too late to have an effect: reported."""
    if name in _BEFORE:
        diagnostics.add("G0410", f"`{name}` is no field that can be changed", span, help=_BEFORE[name])
    return name in _BEFORE


def _names(holder: Mapping) -> list[str]:
    body = holder.get("body")
    return [*map(_head, holder.entries), *(body.entries if isinstance(body, Mapping) else ())]
