"""What a spec says of the game that its short form stands for: additions to it, and patches of it.

Patches on paths that begin with `game.` are applied last: to the spec's own game, or to the expansion of its
short form. Until that is made they stand in the document's tree, as its `patch`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Mapping as Map
from typing import Any, TypeAlias

from gandsl.diagnostics import Diagnostics, Label, Span
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.spec.patches import apply_patch
from gandsl.spec.shapes import TERM_FIELDS
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree, describe, entry_at, is_null

# the names that mappings declare, so that another one may add to them; `*`: of each of these names
Declared: TypeAlias = dict[str, Any]
GAME: Declared = {"body": {}, "players": {"*": {"terms": {}}}, "logs": {}, "watches": {}}

Clash = Callable[[tuple[str, ...], Entry | None, Entry], Entry | None]
_FORMS = ("op", "block", "topology", "slot", "fold", "value", "reuse", "draw", "state", "network")


def joined(
    base: Mapping, own: Mapping, declared: Declared, clash: Clash, path: tuple[str, ...] = ()
) -> Mapping:
    """A mapping of declarations with another one's beside them.

    Of an entry that both have, or that is null in `own`, `clash` says what stays; None: nothing.
    """
    entries = dict(base.entries)
    for entry in own:
        known, here = entries.get(entry.key), (*path, entry.key)
        inner = declared.get(entry.key, declared.get("*"))
        if known is None and not is_null(entry.value):
            entries[entry.key] = entry
        elif (
            known
            and inner is not None
            and isinstance(known.value, Mapping)
            and isinstance(entry.value, Mapping)
        ):
            value = joined(known.value, entry.value, inner, clash, here)
            entries[entry.key] = Entry(entry.key, known.key_span, value)
        elif (kept := clash(here, known, entry)) is not None:
            entries[entry.key] = kept
        else:
            entries.pop(entry.key, None)
    return Mapping(entries, own.span)


# ---- paths that begin with `game.` -------------------------------------------------------------------------


def is_late(path: str) -> bool:
    """Whether a change at this path waits for the expansion of the short form."""
    return path.startswith("game.")


def late_set(changes: Mapping) -> tuple[Mapping, list[Tree]]:
    """The changes of a `set` without those that wait, and these as steps of a patch."""
    now = {key: entry for key, entry in changes.entries.items() if not is_late(key)}
    late: list[Tree] = [_set(entry) for entry in changes if entry.key not in now]
    return Mapping(now, changes.span), late


def late_steps(steps: Sequence) -> tuple[Sequence, list[Tree]]:
    """The steps of a patch without those that wait, and these."""
    now: list[Tree] = []
    late: list[Tree] = []
    for step in steps.items:
        first = next(iter(step), None) if isinstance(step, Mapping) and len(step) == 1 else None
        if first and first.key == "set" and isinstance(first.value, Mapping):
            rest, waiting = late_set(first.value)
            late += waiting
            if rest.entries or not waiting:
                now.append(Mapping({"set": Entry("set", first.key_span, rest)}, step.span))
        elif first and is_late(_path_of(first)):
            late.append(step)
        else:
            now.append(step)
    return Sequence(tuple(now), steps.span), late


def _set(change: Entry) -> Mapping:
    """One change as a step of a patch."""
    changes = Mapping({change.key: change}, change.key_span)
    return Mapping({"set": Entry("set", change.key_span, changes)}, change.key_span)


def _path_of(step: Entry) -> str:
    """The path that a step of a patch changes; of a `set` the first."""
    at: Tree | None = step.value
    if isinstance(at, Mapping):
        at = Scalar(None, next(iter(at.entries), ""), True, at.span) if step.key == "set" else at.get("at")
    return at.text if isinstance(at, Scalar) else ""


def apply_late(
    tree: Mapping, steps: Iterable[Tree], diagnostics: Diagnostics, elsewhere: Map[str, str] | None = None
) -> Mapping:
    """The steps applied to what has a `game`: a spec, or the expansion of a short form.

    `elsewhere`: for a term that is not there, the place of the spec that would make it.
    """
    for step in steps:
        assert isinstance(step, Mapping)
        path = _path_of(next(iter(step)))
        keys = path.split(".")
        is_of_term = len(keys) > 4 and keys[1] == "players" and keys[3] == "terms"
        known = entry_at(tree, keys[:5]) if is_of_term else None
        if is_of_term and known is None and (place := (elsewhere or {}).get(keys[4])):
            owner = ".".join(keys[:4])
            rest = ".".join([place, *keys[5:]])
            message, help = f"`{owner}` has no `{keys[4]}`", f"`{rest}` makes it: set that"
            diagnostics.add("G0403", message, _place_of(step), help=help)
            continue
        if known and len(keys) > 5 and TERM_FIELDS.field(keys[5]) and not isinstance(known.value, Mapping):
            tree = _replaced_at(tree, keys[:5], Entry(known.key, known.key_span, _with_fields(known.value)))
        tree = apply_patch(tree, Sequence((step,), step.span), diagnostics)
    return tree


def _place_of(step: Mapping) -> Span:
    """Where the path of a step stands."""
    (entry,) = step
    if isinstance(entry.value, Mapping) and entry.key == "set":
        return next(iter(entry.value)).key_span
    at = entry.value.get("at") if isinstance(entry.value, Mapping) else entry.value
    return at.span if at else entry.key_span


def _with_fields(node: Tree) -> Mapping:
    """A term that is an expression as one with room for fields."""
    return Mapping({"value": Entry("value", node.span, node)}, node.span)


def _replaced_at(tree: Mapping, keys: list[str], entry: Entry) -> Mapping:
    if len(keys) == 1:
        return Mapping({**tree.entries, keys[0]: entry}, tree.span)
    holder = tree.entries[keys[0]]
    assert isinstance(holder.value, Mapping)
    inner = Entry(holder.key, holder.key_span, _replaced_at(holder.value, keys[1:], entry))
    return Mapping({**tree.entries, keys[0]: inner}, tree.span)


# ---- a short form's game -----------------------------------------------------------------------------------


def completed(
    expansion: Mapping, spec: Mapping, diagnostics: Diagnostics, elsewhere: Map[str, str] | None = None
) -> Mapping:
    """The expansion of a spec's short form with what its tree says beside it: its `game:`, then its patches.

    `game:` adds nodes, players, terms and logs; of what is there it sets fields, and null takes out. A name
    that would replace one is reported. `elsewhere` is as `apply_late` has it.
    """
    own, base, patch = spec.entries.get("game"), expansion.entries["game"], spec.get("patch")
    if own and not isinstance(own.value, Mapping) and not is_null(own.value):
        message = f"a game: {{body: …, players: …}} is wanted here, not {describe(own.value)}"
        diagnostics.add("G0010", message, own.value.span)
    if own and isinstance(own.value, Mapping) and isinstance(base.value, Mapping):

        def clash(path: tuple[str, ...], known: Entry | None, entry: Entry) -> Entry | None:
            return _settled(path, known, entry, base.value, diagnostics)

        game = Entry("game", base.key_span, joined(base.value, own.value, GAME, clash))
        expansion = Mapping({**expansion.entries, "game": game}, expansion.span)
    steps = patch.items if isinstance(patch, Sequence) else ()
    return apply_late(expansion, steps, diagnostics, elsewhere)


def _settled(
    path: tuple[str, ...], known: Entry | None, entry: Entry, game: Tree, diagnostics: Diagnostics
) -> Entry | None:
    """What `game:` makes of an entry that the short form has too."""
    if is_null(entry.value):
        if known is None:
            holder = _at(game, path[:-1])
            help = did_you_mean(entry.key, list(holder.entries) if isinstance(holder, Mapping) else [])
            message = f"the short form makes no `{'.'.join(path)}` that null could take out"
            diagnostics.add("G0403", message, entry.key_span, help=help)
        return None
    assert known is not None
    declares = (len(path) == 2 and path[0] in ("body", "logs")) or len(path) == 4
    if not declares:
        return Entry(entry.key, entry.key_span, entry.value)
    own, base = entry.value, known.value
    if isinstance(own, Mapping) and not any(form in own for form in _FORMS) and path[0] != "logs":
        if not isinstance(base, Mapping) and len(path) == 4:
            base = _with_fields(base)
        if isinstance(base, Mapping):
            fields = {
                key: each for key, each in {**base.entries, **own.entries}.items() if not is_null(each.value)
            }
            return Entry(entry.key, known.key_span, Mapping(fields, base.span))
    label = Label(known.key_span, "the short form makes it of this")
    message = f"the short form has a `{entry.key}` in `game.{'.'.join(path[:-1])}` already"
    help = f"choose another name (`{entry.key}: null` takes the short form's out), or set fields of it alone"
    diagnostics.add("G0404", message, entry.key_span, secondary=(label,), help=help)
    return known


def _at(tree: Tree, path: tuple[str, ...]) -> Tree | None:
    for key in path:
        tree = tree.entries[key].value if isinstance(tree, Mapping) and key in tree else tree
    return tree
