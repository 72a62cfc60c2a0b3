"""Running passes: verified before and after each, and written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import fx, nn

from gandsl.diagnostics.errors import InvariantError
from gandsl.ir.packages import broken
from gandsl.lowering.verify import verify, verify_shapes
from gandsl.passes.base import Pass, PassError, PassLog, PassRecord
from gandsl.passes.target import Target
from gandsl.passes.text import graph_text


@dataclass(frozen=True)
class Pipeline:
    """Passes in order, with structure and types verified before and after each."""

    passes: tuple[Pass, ...]
    owners: Mapping[str, str] = field(default_factory=dict)  # a pass's name → the package that adds it

    def run(self, module: fx.GraphModule, target: Target, twin: nn.Module | None = None) -> PassLog:
        """Rewrite the module's graph in place.

        With `twin`, the same layers on the meta device, the graph is also run without numbers around every
        pass, to see that its shapes are what its types say. That loads much of torch's compiler, so it is for
        tests and for whoever looks at passes. Raises InvariantError where the graph was wrong to begin with,
        PassError naming the pass that broke it, PackageFault where that is a package's.
        """
        _verify(module, twin)
        log = PassLog()
        text = graph_text(module.graph)
        for pass_ in self.passes:
            record = PassRecord(pass_.name, pass_.promise, before=text, nodes_before=len(module.graph.nodes))
            try:
                pass_.apply(module, record, target)
                _verify(module, twin)
            except Exception as error:
                message = error.args[0] if isinstance(error, InvariantError) else repr(error)
                if pass_.name in self.owners:
                    raise broken(self.owners[pass_.name], f"its pass {pass_.name}: {message}") from error
                raise PassError(f"pass {pass_.name}: {message}") from error
            text = graph_text(module.graph)
            record.after, record.nodes_after = text, len(module.graph.nodes)
            log.records.append(record)
        module.recompile()
        return log


def _verify(module: fx.GraphModule, twin: nn.Module | None) -> None:
    verify(module)
    if twin is not None:
        verify_shapes(module, twin)
