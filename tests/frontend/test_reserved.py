"""Names that a node cannot have are just those that its module would have already."""

from torch import nn

from gandsl.frontend.names import RESERVED
from gandsl_runtime.network import Network


def test_reserved_names_are_the_attributes_of_modules() -> None:
    taken = {name for name in {*dir(nn.Module()), *dir(Network)} if not name.startswith("_")}
    assert taken <= RESERVED, f"add {sorted(taken - RESERVED)}"


def test_no_name_is_reserved_without_need() -> None:
    from torch import fx

    taken = {
        name for name in {*dir(nn.Module()), *dir(Network), *dir(fx.GraphModule)} if not name.startswith("_")
    }
    assert taken >= RESERVED, f"remove {sorted(RESERVED - taken)}"
