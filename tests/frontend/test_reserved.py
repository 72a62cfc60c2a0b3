"""Names that a node cannot have are just those that its module would have already."""

from torch import fx, nn

from gandsl.frontend.names import RESERVED
from gandsl.lowering.network import LoweredNetwork

OWN = {"ir", "target", "meta"}  # set on instances


def test_reserved_names_are_the_attributes_of_modules() -> None:
    attributes = {*dir(nn.Module()), *dir(fx.GraphModule), *dir(LoweredNetwork), *OWN}
    taken = {name for name in attributes if not name.startswith("_")}
    assert taken == RESERVED, f"add {sorted(taken - RESERVED)}, remove {sorted(RESERVED - taken)}"
