"""A survey of images as text of 80 columns, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from gandsl.cli.output import columns

if TYPE_CHECKING:
    from gandsl_runtime.data.needs import Need
    from gandsl_runtime.data.survey import Survey

LABEL = 12  # characters before what is said
MOST = 5  # values that a line lists
COPIES = 10  # pairs that the text lists; JSON has all


def text(found: Survey, needs: Sequence[Need] | None, spec: str) -> str:
    """The survey, every broken file, and what a spec's networks need of the set."""
    parts = [*_facts(found), *_copies(found), *_broken(found)]
    if needs is not None:
        parts += ["", *_wrapped(f"for {spec}", "")]
        parts += [line for need in needs for line in _wrapped(f"  {need.level}", need.text)]
    return "\n".join(parts)


def as_json(found: Survey, needs: Sequence[Need] | None) -> dict[str, Any]:
    """The body of form `data-inspect/1`: everything, lists by frequency."""
    from gandsl_runtime.data.sources.base import shown

    return {
        "where": found.source.name,
        "kind": found.source.kind,
        "images": len(found.source.images),
        "sizes": [{"h": h, "w": w, "images": count} for (h, w), count in found.sizes.most_common()],
        "modes": dict(found.modes.most_common()),
        "channels": {str(n): count for n, count in found.channels.most_common()},
        "formats": dict(found.formats.most_common()),
        "peaks": {str(bits): peak for bits, peak in sorted(found.peaks.items())},
        "classes": {str(number): count for number, count in found.classes.items()},
        "class_names": list(found.labels.names) if found.labels else [],
        "labels_fault": found.labels_fault.message if found.labels_fault else None,
        "broken": [{"image": shown(image), "reason": why} for image, why in found.broken],
        "copies": {shown(image): [shown(copy) for copy in copies] for image, copies in found.copies.items()},
        "needs": None if needs is None else [need._asdict() for need in needs],
    }


def _facts(found: Survey) -> Iterator[str]:
    from gandsl_runtime.data.levels import said

    yield from _wrapped("images", f"{len(found.source.images):,} in {found.source.kind}, {found.source.name}")
    if not found.sizes:
        return
    sizes = found.sizes
    if len(sizes) == 1:
        yield from _wrapped("size", _pair(next(iter(sizes)), "×") + " (height × width)")
    else:
        heights, widths = zip(*sizes, strict=True)
        yield from _wrapped(
            "sizes", _listed((_pair(size, "×"), count) for size, count in sizes.most_common())
        )
        yield from _wrapped(
            "", f"height {min(heights)} to {max(heights)}, width {min(widths)} to {max(widths)}"
        )
    yield from _wrapped("aspect", _listed((_pair(a, ":"), n) for a, n in found.aspects.most_common()))
    yield from _wrapped("channels", _listed((str(n), count) for n, count in found.channels.most_common()))
    yield from _wrapped("modes", _listed(found.modes.most_common()))
    yield from _wrapped("formats", _listed(found.formats.most_common()))
    for text in said(found.peaks):
        yield from _wrapped("levels", text)
    yield from _wrapped("classes", _classes(found))


def _classes(found: Survey) -> str:
    if found.labels_fault is not None:
        return f"{found.labels_fault.message}; {found.labels_fault.remedy}"
    if found.labels is None:
        return "no labels"
    names = found.labels.names
    by_count = sorted(found.classes.items(), key=lambda item: (-item[1], item[0]))

    def named(item: tuple[int, int]) -> str:
        number, count = item
        name = f" ({names[number]})" if 0 <= number < len(names) else ""
        return f"{number}{name}: {count:,}"

    said = f"{len(by_count)} {'class folders' if found.labels.folders else f'in {found.labels.where}'}"
    largest, smallest = by_count[0], by_count[-1]
    if largest[1] == smallest[1]:
        return f"{said}, {largest[1]:,} images each"
    ratio = largest[1] / smallest[1]
    return f"{said}; most in {named(largest)}, fewest in {named(smallest)}, {ratio:.3g}:1"


def _copies(found: Survey) -> Iterator[str]:
    from gandsl_runtime.data.sources.base import shown

    count = sum(map(len, found.copies.values()))
    if not count:
        return
    yield from _wrapped(
        "copies", f"{count} {'image repeats' if count == 1 else 'images repeat'} another's pixels"
    )
    pairs = [(image, copy) for image, copies in found.copies.items() for copy in copies]
    for image, copy in pairs[:COPIES]:
        yield from _wrapped("", f"{shown(copy)} = {shown(image)}")
    if len(pairs) > COPIES:
        yield from _wrapped("", f"and {len(pairs) - COPIES} more; --format json has all")


def _broken(found: Survey) -> Iterator[str]:
    from gandsl_runtime.data.sources.base import shown

    if found.broken:
        yield from _wrapped("broken", f"{len(found.broken)} can't be read:")
    for image, why in found.broken:
        yield from _wrapped("", f"{shown(image)}: {why}")


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    """`64×64 1,990, 32×48 7, 3 others`; one value stands alone."""
    values = list(counts)
    if len(values) == 1:
        return values[0][0]
    said = [f"{value} ({count:,})" for value, count in values[:MOST]]
    return ", ".join([*said, *([f"{len(values) - MOST} others"] if len(values) > MOST else [])])


def _pair(sides: tuple[int, int], between: str) -> str:
    return f"{sides[0]}{between}{sides[1]}"


def _wrapped(label: str, said: str) -> list[str]:
    """A label, and beside it lines that fit the terminal."""
    if len(label) >= LABEL:
        return [label, *(_wrapped("", said) if said else [])]
    lines = wrap(said, columns() - LABEL, break_on_hyphens=False) or [""]
    return [f"{label if not place else '':{LABEL}}{line}".rstrip() for place, line in enumerate(lines)]
