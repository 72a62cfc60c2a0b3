"""A command of gandsl's as a shell takes it, for messages that say what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterable


def pasted(*arguments: object, sets: Iterable[str] | None = ()) -> str:
    """`gandsl ARGUMENTS --set SET …`, quoted where a shell would read it otherwise."""
    said = [text for given in sets or () for text in ("--set", given)]
    return shlex.join(["gandsl", *map(str, arguments), *said])
