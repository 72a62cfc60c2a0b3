"""What a game logs: a Scalar under a name, which nothing else has."""

from __future__ import annotations

import re
from typing import Any

from gandsl.diagnostics import Label, Span
from gandsl.frontend.context import Context
from gandsl.frontend.game.unfolder import GameUnfolder
from gandsl.frontend.game.values import GameTensor
from gandsl.frontend.values import first_output
from gandsl.spec.tree import Tree
from gandsl.spec.values import POISON, type_name

_NAME = re.compile(r"[\w.-]+(/[\w.-]+)*")
# what the trainer logs of every run: names, and groups of them
TRAINERS = ("images", "steps", "batch", "level", "alpha")
TRAINERS_GROUPS = ("lr", "scale", "time", "memory", "guard", "metric")


def logged(unfolder: GameUnfolder, name: str, node: str, tree: Tree, context: Context, span: Span) -> Any:
    """The Scalar that is logged under a name, which stands at `span`; POISON after reporting."""
    with unfolder.builder.unfolding(context.at(node)):
        value = first_output(unfolder.own(node, tree, context))
    if value is POISON:
        return POISON
    if isinstance(value, GameTensor) and value.type.kind == "Scalar":
        return value.id if named(unfolder, name, value.id, context, span) else POISON
    help = "take its mean: `mean(…)`" if isinstance(value, GameTensor) and value.type.sampled else None
    message = f"`{name}` of the log is a Scalar, not {type_name(value)}"
    unfolder.at(context, tree).add("G0353", message, tree.span, help=help)
    return POISON


def named(unfolder: GameUnfolder, name: str, id_: str, context: Context, span: Span) -> bool:
    """Whether a node may be logged under this name: reported if not."""
    sink = unfolder.at(context)
    if not _NAME.fullmatch(name):
        message = f"`{name}` is no name for a log"
        help = "letters, digits, `_`, `.` and `-`, in groups by `/`: `score/real`"
        sink.add("G0357", message, span, help=help)
        return False
    if name in TRAINERS or name.partition("/")[0] in TRAINERS_GROUPS:
        sink.add("G0357", f"the trainer logs `{name}` of every run", span, help="choose another name")
        return False
    known, place = unfolder.logged.setdefault(name, (id_, span))
    if known == id_:
        return True
    label = Label(place, "logged under it, too")
    sink.add(
        "G0357", f"two values are logged as `{name}`", span, secondary=[label], help="name one otherwise"
    )
    return False
