"""What a spec adds to the game that its short form stands for, and what it changes of it."""

from __future__ import annotations

from gandsl.spec.tree import Entry, Mapping, is_null


def merged(base: Entry, own: Entry | None) -> Entry:
    """An entry with what `own` says of it: fields are set one by one, null takes out, new ones come last."""
    if own is None:
        return base
    if not isinstance(base.value, Mapping) or not isinstance(own.value, Mapping):
        return own
    entries = dict(base.value.entries)
    for entry in own.value:
        if is_null(entry.value):
            entries.pop(entry.key, None)
        else:
            known = entries.get(entry.key)
            entries[entry.key] = merged(known, entry) if known else entry
    return Entry(base.key, own.key_span, Mapping(entries, own.value.span))
