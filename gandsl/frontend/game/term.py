"""Terms of a player: Scalars of the graph, with their weights, and when they count."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gandsl.diagnostics import Label
from gandsl.diagnostics.suggest import nearest
from gandsl.frontend.context import Context
from gandsl.frontend.game.body import GAME
from gandsl.frontend.game.logs import logged, named
from gandsl.frontend.game.numbers import interval_of, number_of, quantity_of, whole_of
from gandsl.frontend.game.unfolder import GameUnfolder
from gandsl.frontend.game.values import Called, GameTensor
from gandsl.frontend.nodes import lookup
from gandsl.frontend.nodes.arguments import COMMON
from gandsl.frontend.nodes.body import unfold_node
from gandsl.frontend.values import Above, NodeOutputs, first_output
from gandsl.records import dataclass
from gandsl.spec import tree as trees
from gandsl.spec.document import TermDecl
from gandsl.spec.shapes import TERM_FIELDS
from gandsl.spec.tree import Entry, Scalar, Tree
from gandsl.spec.values import ABSENT, POISON, type_name
from gandsl_runtime.plan import ZERO
from gandsl_runtime.plan.game import Term

if TYPE_CHECKING:
    from gandsl_runtime.plan import Plan

_FORMS = ("value", "block", "topology", "op")


@dataclass(frozen=True)
class Weighed:
    """A term's node without its weight, and that weight as written."""

    tree: Tree
    weight: Tree | None


def unfold_term(
    unfolder: GameUnfolder, player: str, decl: TermDecl, context: Context, plan: Plan | None
) -> Term | None:
    """The term; None where it is absent, and after reporting."""
    inside = replace(context, path=player)
    parts = _weighed(unfolder, decl, inside)
    if parts is None:
        return None
    entry = Entry(decl.name, decl.span, parts.tree)
    with unfolder.unfolding(entry, inside):
        value = unfold_node(unfolder, entry, inside, Above(), GAME)
    node = _scalar(unfolder, decl, value, inside)
    if node is None:
        return None
    own = inside.at(decl.name)
    given = {
        "weight": _weight(unfolder, decl, parts.weight, replace(inside, path=own)),
        **_numbers(unfolder, decl, inside, plan),
        "logs": _logs(unfolder, decl, value, node, replace(inside, path=own)),
    }
    if any(one is POISON for one in given.values()):
        return None
    return Term(own, node.id, **given)


def _weighed(unfolder: GameUnfolder, decl: TermDecl, context: Context) -> Weighed | None:
    """The weight under the name that the term's block gives it; None after reporting."""
    tree = decl.tree
    if not isinstance(tree, trees.Mapping):
        return Weighed(tree, decl.weight)
    if not any(form in tree for form in _FORMS):
        unfolder.at(context).add(
            "G0349",
            f"the term `{decl.name}` has no value and no block",
            decl.span,
            help="a term is an expression, {value: …} or {block: …}",
        )
        return None
    if "block" not in tree and "topology" not in tree:
        return None if _slips(unfolder, decl, tree, [], "weight", context) else Weighed(tree, decl.weight)
    named = lookup.block_of(unfolder, tree, context)
    if named is None:
        return None
    block, _ = named
    if _slips(unfolder, decl, tree, [*block.ports, *block.params, *block.slots], block.weight, context):
        return None
    if block.weight == "weight":
        return Weighed(tree, decl.weight)
    if decl.weight is not None:
        message = f"the weight of block `{block.name}` is called `{block.weight}`"
        label = Label(block.span, "declared here")
        unfolder.at(context).add(
            "G0350", message, decl.weight.span, secondary=[label], help=f"write `{block.weight}: …`"
        )
        return None
    rest = {key: entry for key, entry in tree.entries.items() if key != block.weight}
    return Weighed(trees.Mapping(rest, tree.span), tree.get(block.weight))


def _slips(
    unfolder: GameUnfolder,
    decl: TermDecl,
    tree: trees.Mapping,
    callees: list[str],
    weight: str,
    context: Context,
) -> bool:
    """Whether a field of the term is misspelt: one that is nearer to its fields than to its block's."""
    own = [*(field.name for field in TERM_FIELDS.fields if field.name != "weight"), weight]
    known = {*own, *callees, *_FORMS, *COMMON}
    found = [entry for entry in tree if entry.key not in known]
    slips = [(entry, near) for entry in found if (near := nearest(entry.key, [*own, *callees])) in own]
    for entry, near in slips:
        message = f"the term `{decl.name}` has no field `{entry.key}`"
        unfolder.at(context).add("G0205", message, entry.key_span, help=f"did you mean `{near}`?")
    return bool(slips)


def _scalar(unfolder: GameUnfolder, decl: TermDecl, value: Any, context: Context) -> GameTensor | None:
    """The Scalar that the term is; None where it is absent, and after reporting."""
    found = first_output(value)
    if found is POISON or found is ABSENT:
        return None
    if isinstance(found, GameTensor) and found.type.kind == "Scalar":
        return found
    if isinstance(found, GameTensor):
        samples = ", one for each sample" if found.type.sampled else ""
        what, help = f"{found.kind_name}{samples}", "take its mean: `mean(…)`"
    elif isinstance(found, list):
        what, help = "a list", "join its entries: `average(…)` or `total(…)`"
    else:
        what, help = type_name(found), "a term is a Scalar of what the networks gave, such as `mean(x)`"
    unfolder.at(context).add(
        "G0351", f"`{decl.name}` is {what}, and a term is a Scalar", _place(decl), help=help
    )
    return None


def _place(decl: TermDecl) -> Any:
    tree = decl.tree
    if not isinstance(tree, trees.Mapping):
        return tree.span
    return next((tree.entries[form].value.span for form in _FORMS if form in tree), tree.span)


def _weight(unfolder: GameUnfolder, decl: TermDecl, tree: Tree | None, context: Context) -> Any:
    if tree is None or trees.is_null(tree):
        return 1.0
    with unfolder.builder.unfolding(context.at("weight")):
        value = number_of(unfolder, tree, context, f"the weight of `{decl.name}`")
        if isinstance(value, GameTensor):
            value = unfolder.builder.settle(value, "weight", context, tree.span)
    if isinstance(value, GameTensor):
        return value.id
    if value is None or value is ABSENT:
        message = f"the weight of `{decl.name}` is {type_name(value)}"
        unfolder.at(context, tree).add("G0333", message, tree.span)
        return POISON
    return float(value) if isinstance(value, int | float) else value


def _numbers(unfolder: GameUnfolder, decl: TermDecl, context: Context, plan: Plan | None) -> dict[str, Any]:
    """When the term counts, and on how many samples."""
    of = f"of `{decl.name}`"
    found: dict[str, Any] = {}
    if decl.every is not None:
        found["every"] = interval_of(unfolder, decl.every, context, f"`every` {of}")
    if decl.batch is not None:
        found["batch"] = whole_of(unfolder, decl.batch, context, f"`batch` {of}")
        batches = plan.growth.batch.values() if plan and plan.growth else ()
        most = max((plan.batch, *batches)) if plan else None
        if most is not None and found["batch"] is not POISON and found["batch"] > most:
            message = f"`batch` {of} is {found['batch']}, more than the step's {most}"
            unfolder.at(context).add("G0336", message, decl.batch.span, help="`batch // 2` is half of them")
            found["batch"] = POISON
    return found | while_of(unfolder, decl.name, decl.start, decl.until, context, plan)


def while_of(
    unfolder: GameUnfolder,
    name: str,
    start: Scalar | None,
    until: Scalar | None,
    context: Context,
    plan: Plan | None,
) -> dict[str, Any]:
    """`start` and `until` of a player or a term, as far as they are written; POISON after reporting."""
    written = {"start": (start, "from"), "until": (until, "until")}
    found = {
        field: quantity_of(unfolder, tree, context, f"`{word}` of `{name}`", plan)
        for field, (tree, word) in written.items()
        if tree is not None
    }
    begins, ends = found.get("start", ZERO), found.get("until")
    if until is None or POISON in (begins, ends) or _ordered(begins, ends):
        return found
    message = f"`{name}` ends at {ends}, before it begins, at {begins}"
    unfolder.at(context).add("G0352", message, until.span)
    return {"until": POISON}


def _ordered(start: Any, until: Any) -> bool:
    return bool(start.in_steps != until.in_steps and start.number) or start.amount < until.amount


def _logs(unfolder: GameUnfolder, decl: TermDecl, value: Any, node: GameTensor, context: Context) -> Any:
    """Name in the log → node: of the term itself, or of each expression that is written."""
    if not isinstance(decl.log, trees.Mapping):
        written = decl.log if isinstance(decl.log, Scalar) and not trees.is_null(decl.log) else None
        name = written.text if written else context.path.replace(".", "/", 1)
        span = written.span if written else decl.span
        return {name: node.id} if named(unfolder, name, node.id, context, span) else POISON
    outputs = (
        value.outputs if isinstance(value, NodeOutputs) and not isinstance(value, Called) else {"x": value}
    )
    seen = context.child(outputs)
    found: dict[str, str] = {}
    for place, entry in enumerate(decl.log):
        id_ = logged(unfolder, entry.key, f"log{place or ''}", entry.value, seen, entry.key_span)
        if id_ is POISON:
            return POISON
        found[entry.key] = id_
    return found
