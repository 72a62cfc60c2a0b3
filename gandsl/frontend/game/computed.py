"""Fields that are computed from others: their steps as the runtime follows them, and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from typing import TYPE_CHECKING, Any

from gandsl.diagnostics import Span
from gandsl.diagnostics.articles import a
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend.context import Context
from gandsl.frontend.values import first_output
from gandsl.spec.document import DataDecl
from gandsl.spec.tree import Mapping, Sequence, Tree
from gandsl.spec.values import POISON, Poison

if TYPE_CHECKING:
    from gandsl.frontend.unfolder import Unfolder
    from gandsl_runtime.plan.degrade import DegradeStep
    from gandsl_runtime.plan.game import DataField

BOTH = "a computed field has both: `{type: …, of: image, steps: [{op: resize}]}`"


def steps_of(unfolder: Unfolder, tree: Tree, context: Context) -> tuple[DegradeStep, ...] | Poison:
    """POISON after reporting."""
    from pydantic import TypeAdapter, ValidationError

    from gandsl_runtime.plan.degrade import OPS, Step

    written = _written(unfolder, tree, context, "")
    if written is POISON:
        return POISON
    try:
        return TypeAdapter(tuple[Step, ...]).validate_python(written)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = [part for part in first["loc"] if part not in OPS]
        said = first["msg"].removeprefix("Value error, ")
        help = None
        if first["type"].startswith("union_tag"):
            op = first["input"].get("op")
            said = f"no step is called `{op}`" if op else "a step says its `op`"
            help = did_you_mean(str(op), OPS, "steps are")
        field = next((part for part in reversed(place) if isinstance(part, str)), None)
        subject = f"`{field}`: " if field else ""
        unfolder.at(context).add("G0682", subject + said, _span(tree, place), help=help)
        return POISON


def _written(unfolder: Unfolder, tree: Tree, context: Context, key: str) -> Any:
    """What is written, words as they are and numbers evaluated; POISON after reporting."""
    from gandsl_runtime.plan.degrade import WORDS

    if isinstance(tree, Mapping):
        fields = {one.key: _written(unfolder, one.value, context, one.key) for one in tree}
        return POISON if POISON in fields.values() else fields
    if isinstance(tree, Sequence):
        items = [_written(unfolder, one, context, key) for one in tree.items]
        return POISON if POISON in items else items
    if key in WORDS:
        return tree.text
    return first_output(unfolder.evaluate(tree, context))


def _span(tree: Tree, place: list[Any]) -> Span:
    """Of what stands at a place, or of what is around it where nothing does."""
    for part in place:
        inner: Tree | None = None
        if isinstance(tree, Sequence) and isinstance(part, int) and part < len(tree.items):
            inner = tree.items[part]
        elif isinstance(tree, Mapping) and isinstance(part, str):
            inner = tree.get(part)
        if inner is None:
            break
        tree = inner
    return tree.span


def is_computed(
    unfolder: Unfolder, decl: DataDecl, fields: MappingOf[str, DataField], context: Context
) -> bool:
    """Whether a field can be computed from the one that it names, by its steps; reported if not."""
    own, at, of, steps = fields[decl.name], unfolder.at(context), decl.named.get("of"), decl.steps
    if of is None or steps is None:
        has, lacks = ("steps", "of") if of is None else ("of", "steps")
        at.add("G0683", f"`{decl.name}` has `{has}` and no `{lacks}`", decl.span, help=BOTH)
        return False
    if own.kind != "Image":
        at.add("G0683", f"`of` is said of an Image, and `{decl.name}` is {a(own.kind)}", of.span)
        return False
    source = fields.get(of.text)
    if source is None or source.kind != "Image":
        what = a(source.kind) if source else "no field of `data`"
        images = [name for name, one in fields.items() if one.kind == "Image" and name != decl.name]
        message = f"`of` names an Image, and `{of.text}` is {what}"
        at.add("G0683", message, of.span, help=did_you_mean(of.text, images, "Images are"))
        return False
    if circle := _circle(decl.name, fields):
        if circle[0] == decl.name:  # of several in it the first one says so
            via = f", by way of {', '.join(f'`{name}`' for name in circle[1:])}" if circle[1:] else ""
            at.add("G0683", f"`{decl.name}` is computed from itself{via}", of.span)
        return False
    if source.shape[0] != own.shape[0]:
        message = f"`{of.text}` has {source.shape[0]} channels, and `{decl.name}`, computed from it, has "
        at.add("G0683", f"{message}{own.shape[0]}", of.span, help="declare both with as many")
        return False
    if (fault := _fault(own, source)) is not None:
        at.add("G0682", fault[0], steps.span, help=fault[1])
        return False
    return True


def _circle(name: str, fields: MappingOf[str, DataField]) -> list[str]:
    """The fields of a circle that computing a field ends in, from the first that is declared; [] for none."""
    seen: list[str] = []
    while name in fields and fields[name].origin and name not in seen:
        seen.append(name)
        name = fields[name].origin
    members = seen[seen.index(name) :] if name in seen else []
    if not members:
        return []
    first = members.index(next(one for one in fields if one in members))
    return members[first:] + members[:first]


def _fault(own: DataField, source: DataField) -> tuple[str, str | None] | None:
    """What is wrong with the steps of a field for these shapes, and the remedy."""
    from gandsl_runtime.plan.degrade import CropStep, crops, ends_at, writes_jpeg

    channels, h, w = own.shape
    if crops(own.steps):
        first, *others = own.steps
        if not isinstance(first, CropStep) or crops(others):
            return (
                "`crop` is the first step, and no other: it cuts a window of an image as it is read",
                None,
            )
        if any(map(int.__lt__, source.shape, own.shape)):
            of = "×".join(map(str, source.shape[1:]))
            return (
                f"a window of {h}×{w} is no part of an image of {of}",
                "declare the image that it is cut from larger",
            )
    if channels not in (1, 3) and writes_jpeg(own.steps):
        return f"a JPEG has 1 or 3 channels, and the field {channels}", "take the step `jpeg` out"
    if False in ends_at(own.steps, frozenset({source.shape == own.shape})):
        return (
            f"the steps may end at another size than the field's {h}×{w}",
            "end with `{op: resize}`, which is to the field's size",
        )
    return None
