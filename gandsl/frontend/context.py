"""Where in the unfolding we are: names in sight, id prefix, the way here, defaults, slots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from gandsl.diagnostics import Label, Span
from gandsl.frontend.reserved import is_reserved
from gandsl.frontend.values import TensorValue
from gandsl.ir.graph import Frame, Provenance
from gandsl.ir.op import Op, Param, Trait
from gandsl.records import dataclass
from gandsl.spec.document import BlockDecl, Document
from gandsl.spec.scope import Scope
from gandsl.spec.tree import Tree

MAX_DEPTH = 48  # nested uses of blocks


@dataclass(frozen=True)
class Defaults:
    """One `defaults:`: op (or `weighted`) → parameter → value. Inner ones come before outer ones."""

    values: Mapping[str, Mapping[str, Any]]
    outer: Defaults | None = None
    places: Mapping[tuple[str, str], Span] = field(default_factory=dict)  # (op, parameter) → where it is set
    used: set[Span] = field(default_factory=set, compare=False)  # places that some op has read

    def lookup(self, op: Op, param: Param) -> tuple[bool, Any]:
        """Whether there is a default for this parameter, and which."""
        layer: Defaults | None = self
        while layer is not None:
            for key in (op.name, "weighted") if op.has(Trait.WEIGHTED) else (op.name,):
                if param.name in layer.values.get(key, {}):
                    layer.used.add(layer.places[key, param.name])
                    return True, layer.values[key][param.name]
            layer = layer.outer
        return False, None


@dataclass(frozen=True)
class Fill:
    """What a slot was given: a block's or op's name, and arguments to be evaluated in `context`."""

    use: str
    arguments: Mapping[str, tuple[Span, Tree]]  # argument → span of its key, its value
    context: Context
    span: Span
    after: tuple[Fill, ...] = ()  # what follows in a row, each with none

    @property
    def row(self) -> tuple[Fill, ...]:
        """Each of a row, alone."""
        return (replace(self, after=()), *self.after) if self.after else (self,)


@dataclass(frozen=True)
class Again:
    """A node that is made a second time: what stands at `path` runs the layers of what stands at `first`."""

    path: str
    first: str  # empty: that was written inline, at the top

    def of(self, id_: str) -> str:
        """The id that a node of the second time had the first time."""
        return f"{self.first}{id_.removeprefix(self.path)}".removeprefix(".")


@dataclass(frozen=True)
class Context:
    """Handed down while bodies unfold; never changed, only replaced."""

    home: Document  # the file whose blocks names are looked up in
    scope: Scope
    path: str = ""  # id prefix
    frames: tuple[Frame, ...] = ()
    defaults: Defaults | None = None
    slots: Mapping[str, Fill] = field(default_factory=dict)
    blocks: tuple[BlockDecl, ...] = ()  # whose text we are inside of, outermost first
    absent: dict[str, Label] = field(default_factory=dict)  # absent name → where and why
    made: dict[str, Any] = field(
        default_factory=dict
    )  # node with an op, block or slot → its use, for `reuse`
    again: Again | None = None  # inside of what is made a second time
    modules: bool = False  # whether layers, and what holds nodes, become modules: in networks, not in games

    def at(self, name: str, module: bool = False) -> str:
        """The id of what is called so here; of a `module` `NAME_` where modules have that name already."""
        id_ = f"{self.path}.{name}" if self.path else name
        return f"{id_}_" if module and self.modules and is_reserved(id_) else id_

    def inside(
        self,
        name: str,
        what: str,
        span: Span,
        *,
        inline: bool = False,
        given: Mapping[str, Any] | None = None,
        logits: Iterable[Any] = (),
        **changes: Any,
    ) -> Context:
        """One step inwards: into a block's use or a stage, which is `given` tensors by name.

        `logits`: those of them that are taken for logits, lists included.
        """
        ports = {value.id: name for name, value in (given or {}).items() if isinstance(value, TensorValue)}
        lists = [value if isinstance(value, list | tuple) else [value] for value in logits]
        ids = tuple(value.id for values in lists for value in values if isinstance(value, TensorValue))
        return replace(
            self,
            path=self.path if inline else self.at(name, module=True),
            frames=(Frame(what, span, ports, ids), *self.frames),
            **changes,
        )

    def child(self, values: Mapping[str, Any]) -> Context:
        """The same place with more names in sight."""
        return replace(self, scope=Scope(self.scope, dict(values)))

    def provenance(self, span: Span) -> Provenance:
        return Provenance(span, self.frames)
