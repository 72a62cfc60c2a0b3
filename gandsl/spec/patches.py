"""Patches: trees in, trees out. Each returns a new tree, or None after reporting why it could not."""

from __future__ import annotations

from collections.abc import Callable

from gandsl.diagnostics import Diagnostics, Label
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.spec.constants import short_type
from gandsl.spec.names import check_name
from gandsl.spec.paths import Path, declares, is_before, locate, path_of
from gandsl.spec.patterns import expanded, is_pattern
from gandsl.spec.shapes import REQUIRED
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree, describe, entry_at, is_null


def _edit(tree: Mapping, keys: list[str], change: Callable[[Mapping], Mapping]) -> Mapping:
    """The tree with the mapping at `keys` changed; all else is shared with the old one."""
    if not keys:
        return change(tree)
    entry = tree.entries[keys[0]]
    assert isinstance(entry.value, Mapping)
    inner = Entry(entry.key, entry.key_span, _edit(entry.value, keys[1:], change))
    return Mapping({**tree.entries, keys[0]: inner}, tree.span)


# ---- the steps ---------------------------------------------------------------------------------------------


def assign(
    tree: Mapping, path: Path, value: Tree, diagnostics: Diagnostics, *, code: str = "G0403"
) -> Mapping | None:
    """`set`: put `value` at a place; null removes what is there. A parameter's place is its default.

    In the training plan null stays written: there it may differ from the default.
    """
    of_plan = path.text.startswith("training.")
    keys = locate(tree, path, diagnostics, code=code, new=of_plan or not is_null(value))
    if keys is None:
        return None
    last, old = keys[-1], entry_at(tree, keys)
    of_params = len(keys) > 1 and keys[-2] == "params" and declares(keys[:-1])
    if is_null(value) and not of_plan and not (old and of_params and _may_be_null(old.value)):
        if of_params or (last in REQUIRED and last != "type"):
            help = "a `delete` patch takes away a parameter" if of_params else None
            diagnostics.add("G0407", f"`{path.text}` cannot be removed", value.span, help=help)
            return None
        return _edit(tree, keys[:-1], lambda holder: _without(holder, last))
    if old and of_params:
        value = _with_default(old.value, value)
    step, span = path.steps[-1]
    key = step if "(" in step else last  # `let.width(res)` may rename the arguments
    entry = Entry(key, span if old is None else old.key_span, value)
    holder = keys[:-1]
    for step, span in reversed(path.steps[:-1]):
        if entry_at(tree, holder) is not None:
            break
        holder, last = holder[:-1], step
        entry = Entry(step, span, Mapping({entry.key: entry}, span))  # a part of the plan, made here
    return _edit(tree, holder, lambda into: _replaced(into, last, entry))


def assign_all(
    tree: Mapping, path: Path, value: Tree, diagnostics: Diagnostics, *, code: str = "G0403"
) -> Mapping | None:
    """`assign` at each place that a path with wildcards stands for; None where it could not at some."""
    return _each(tree, path, diagnostics, lambda t, at: assign(t, at, value, diagnostics, code=code), code)


def _each(
    tree: Mapping,
    path: Path,
    diagnostics: Diagnostics,
    change: Callable[[Mapping, Path], Mapping | None],
    code: str = "G0403",
) -> Mapping | None:
    """The tree changed at each place of a path, one after another."""
    found: Mapping | None = None
    for place in expanded(tree, path.text, path.span, diagnostics, code):
        at = Path(place, path.span, whole=is_pattern(path.text))
        if (found := change(tree, at)) is None:
            return None
        tree = found
    return found


def made_by_path(entry: Entry) -> bool:
    """Whether a part of the plan was not written anywhere: `set` made it on the way to a field of it."""
    return isinstance(entry.value, Mapping) and entry.value.span == entry.key_span


def _may_be_null(declared: Tree) -> bool:
    """Whether null is a value that a parameter takes, rather than its removal."""
    if not isinstance(declared, Mapping):
        return False
    kind = declared.get("type")
    return (isinstance(kind, Scalar) and kind.text == "any") or (
        "default" in declared and is_null(declared.get("default"))
    )


def _with_default(declared: Tree, value: Tree) -> Tree:
    """A parameter's declaration with another default, of the same type as before."""
    if isinstance(value, Mapping):
        return value
    if isinstance(declared, Mapping):
        old = declared.entries.get("default")
        default = Entry("default", old.key_span if old else value.span, value)
        return Mapping({**declared.entries, "default": default}, declared.span)
    if isinstance(declared, Scalar | Sequence):
        kind = short_type(declared, set())
        if kind not in ("any", "str"):
            type_entry = Entry("type", declared.span, Scalar(kind, kind, True, declared.span))
            return Mapping(
                {"type": type_entry, "default": Entry("default", value.span, value)}, declared.span
            )
    return value


def _replaced(holder: Mapping, key: str, entry: Entry) -> Mapping:
    """With `entry` in the place of `key`, or at the end."""
    if key not in holder:
        return Mapping({**holder.entries, entry.key: entry}, holder.span)
    return Mapping(
        {
            entry.key if old == key else old: entry if old == key else each
            for old, each in holder.entries.items()
        },
        holder.span,
    )


def _without(holder: Mapping, key: str) -> Mapping:
    return Mapping({old: entry for old, entry in holder.entries.items() if old != key}, holder.span)


def delete(tree: Mapping, path: Path, diagnostics: Diagnostics) -> Mapping | None:
    """`delete`: take away the node or declaration at a place."""
    keys = locate(tree, path, diagnostics)
    if keys is None:
        return None
    if keys[-1] in REQUIRED and not _is_node(keys):
        diagnostics.add("G0407", f"`{path.text}` cannot be removed", path.span)
        return None
    return _edit(tree, keys[:-1], lambda holder: _without(holder, keys[-1]))


def _is_node(keys: list[str]) -> bool:
    return len(keys) > 1 and declares(keys[:-1])


def replace(tree: Mapping, path: Path, node: Tree, diagnostics: Diagnostics) -> Mapping | None:
    """`replace`: put `node` in the place of what is at a path, under its name."""
    keys = locate(tree, path, diagnostics)
    if keys is None:
        return None
    old = entry_at(tree, keys)
    assert old is not None
    entry = Entry(old.key, old.key_span, node)
    return _edit(tree, keys[:-1], lambda holder: _replaced(holder, old.key, entry))


def insert(
    tree: Mapping, path: Path, name: Scalar, node: Tree, diagnostics: Diagnostics, *, after: bool
) -> Mapping | None:
    """`insert_before` and `insert_after`: a new entry beside the one at a path."""
    keys = locate(tree, path, diagnostics)
    if keys is None or not check_name(name.text, name.span, diagnostics):
        return None
    if len(keys) == 1 and is_before(name.text, name.span, diagnostics):
        return None
    anchor = keys[-1]
    taken = entry_at(tree, [*keys[:-1], name.text])
    if taken:
        label = Label(taken.key_span, "it stands here")
        message = f"there is a `{name.text}` beside `{path.text}` already"
        help = "choose another name, or use a `replace` patch"
        diagnostics.add("G0404", message, name.span, secondary=(label,), help=help)
        return None
    entry = Entry(name.text, name.span, node)

    def change(holder: Mapping) -> Mapping:
        entries: dict[str, Entry] = {}
        for key, old in holder.entries.items():
            pair = [(key, old), (entry.key, entry)] if after else [(entry.key, entry), (key, old)]
            entries.update(pair if key == anchor else [(key, old)])
        return Mapping(entries, holder.span)

    return _edit(tree, keys[:-1], change)


# ---- a file's `set` and `patch` ----------------------------------------------------------------------------


def apply_set(tree: Mapping, changes: Mapping, diagnostics: Diagnostics) -> Mapping:
    """All of `set:`, in order; what cannot be applied is reported and passed over."""
    for change in changes:
        tree = assign_all(tree, Path(change.key, change.key_span), change.value, diagnostics) or tree
    return tree


_KINDS = ("set", "insert_before", "insert_after", "replace", "delete")
_FIELDS = {
    "insert_before": ("at", "name", "node"),
    "insert_after": ("at", "name", "node"),
    "replace": ("at", "node"),
}


def apply_patch(tree: Mapping, steps: Sequence, diagnostics: Diagnostics) -> Mapping:
    """All of `patch:`, in order; what cannot be applied is reported and passed over."""
    for step in steps.items:
        entries = list(step) if isinstance(step, Mapping) else []
        if len(entries) != 1 or entries[0].key not in _KINDS:
            _malformed_step(step, entries, diagnostics)
        else:
            changed = _apply_step(tree, entries[0], diagnostics)
            tree = tree if changed is None else changed
    return tree


def _malformed_step(step: Tree, entries: list[Entry], diagnostics: Diagnostics) -> None:
    unknown = next((entry for entry in entries if entry.key not in _KINDS), None)
    if unknown:
        help = did_you_mean(unknown.key, _KINDS)
        diagnostics.add("G0406", f"`{unknown.key}` is no patch step", unknown.key_span, help=help)
    elif entries:
        help = "write `- ` before each step"
        diagnostics.add("G0406", "one step of a patch does one thing", entries[1].key_span, help=help)
    else:
        help = "write for instance `- set: {training.batch: 16}`"
        diagnostics.add("G0406", f"a patch step is wanted here, not {describe(step)}", step.span, help=help)


def _apply_step(tree: Mapping, step: Entry, diagnostics: Diagnostics) -> Mapping | None:
    value = step.value
    if step.key == "set" and isinstance(value, Mapping):
        return apply_set(tree, value, diagnostics)
    path = path_of(value if step.key == "delete" else value.get("at") if isinstance(value, Mapping) else None)
    if step.key == "delete" and path:
        return _each(tree, path, diagnostics, lambda t, at: delete(t, at, diagnostics))
    wanted = _FIELDS.get(step.key)
    if wanted is None or not isinstance(value, Mapping):
        what = {"set": "a mapping of paths to values", "delete": "a path"}.get(
            step.key, f"{{{', '.join(wanted or ())}}}"
        )
        diagnostics.add("G0406", f"`{step.key}` wants {what}, not {describe(value)}", value.span)
        return None
    if not _complete(step, value, wanted, diagnostics):
        return None
    name, node = value.get("name"), value.get("node")
    assert node is not None
    if path is None or (name is not None and not isinstance(name, Scalar)):
        culprit = value.get("at" if path is None else "name")
        assert culprit is not None
        diagnostics.add("G0406", f"a path and a name are texts, not {describe(culprit)}", culprit.span)
        return None
    after = step.key == "insert_after"
    return _each(
        tree,
        path,
        diagnostics,
        lambda t, at: (
            insert(t, at, name, node, diagnostics, after=after)
            if isinstance(name, Scalar)
            else replace(t, at, node, diagnostics)
        ),
    )


def _complete(step: Entry, value: Mapping, wanted: tuple[str, ...], diagnostics: Diagnostics) -> bool:
    missing = [field for field in wanted if is_null(value.get(field))]
    if missing:
        lacks = " and ".join(f"`{field}`" for field in missing)
        usage = f"{step.key}: {{{', '.join(f'{field}: …' for field in wanted)}}}"
        diagnostics.add("G0406", f"`{step.key}` lacks {lacks}", step.key_span, help=usage)
    extra = [entry for entry in value if entry.key not in wanted]
    for entry in extra:
        help = did_you_mean(entry.key, wanted)
        diagnostics.add("G0406", f"`{step.key}` knows no `{entry.key}`", entry.key_span, help=help)
    return not missing and not extra
