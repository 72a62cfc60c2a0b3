"""What the derivative of an op reads, by the op table: from it follows what is linear in what."""

from __future__ import annotations

from gandsl.analysis.game.whole import Place, Whole
from gandsl.ir.op import WEIGHT


def uses(whole: Whole, place: Place, port: str) -> tuple[set[Place], bool]:
    """What the derivative of a node by one of its ports reads: places, and whether its own weights.

    It reads what is kept for it, and the other factor of a product. What is kept of one operand for the
    derivative by another is read the other way round, too. Where it reads nothing, the op is linear there.
    """
    node, reads = whole.node(place), whole.reads(place)
    call = whole.program(place).call(node)
    names: set[str] = set()
    for keep in node.spec.keeps:
        if keep.when is not None and not keep.when(call):
            continue
        if keep.what == port:
            names.update(keep.needed_by or (WEIGHT,))
        if keep.needed_by and port not in keep.needed_by:
            continue
        if keep.extra is None:
            names.add(keep.what)
        elif not keep.mask:
            names.update((*reads, WEIGHT))
    for product in node.spec.products(call, node.type):
        for side, other in ((product.a, product.b), (product.b, product.a)):
            if port in side:
                names.update(other)
    found = {one for name in names for one in reads.get(name, ())}
    return found | ({place} if "output" in names else set()), WEIGHT in names
