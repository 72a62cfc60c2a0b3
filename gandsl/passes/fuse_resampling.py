"""Convolve fewer pixels where a convolution meets a change of size."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

from torch import fx

from gandsl.passes.base import Pass, PassRecord
from gandsl.passes.devices import of
from gandsl.passes.rewrite import is_plain, layer_of, nodes_of, only_user, replace
from gandsl.passes.target import Target
from gandsl_runtime.layers import Conv2d


@dataclass(frozen=True)
class FuseResampling(Pass):
    """A convolution takes over the nearest enlargement before it or the average after it.

    One with a kernel of a single pixel changes places with it, and so works on the smaller image.
    """

    name: ClassVar[str] = "fuse-resampling"
    promise: ClassVar[str] = "equal outputs up to rounding, of 2.25 (3×3) to 4 (1×1) times fewer products"

    def apply(self, module: fx.GraphModule, log: PassRecord, target: Target) -> None:
        for conv in nodes_of(module.graph, ["conv"]):
            meeting = _meeting(conv)
            if meeting is None:
                continue
            layer = layer_of(module, conv)
            assert isinstance(layer, Conv2d)
            why = _why_not(meeting, layer, target)
            if why is not None:
                log.skip(conv, why)
            elif layer.weight[0, 0].numel() == 1:
                log.fire(conv, f"changes places with {meeting.change.meta['id']}")
                _swap(meeting)
            else:
                log.fire(conv, f"takes over {meeting.change.meta['id']}")
                _fuse(meeting)


@dataclass(frozen=True)
class Meeting:
    """A convolution, and the change of size right before or behind it, whose value nothing else reads."""

    conv: fx.Node
    change: fx.Node
    before: bool

    @property
    def first(self) -> fx.Node:
        return self.change if self.before else self.conv

    @property
    def last(self) -> fx.Node:
        return self.conv if self.before else self.change

    @property
    def source(self) -> fx.Node:
        value = self.first.args[0]
        assert isinstance(value, fx.Node)
        return value


def _meeting(conv: fx.Node) -> Meeting | None:
    if not is_plain(conv, "conv"):
        return None
    source, user = conv.args[0], only_user(conv)
    assert isinstance(source, fx.Node)
    if is_plain(source, "upsample") and source.kwargs["mode"] == "nearest" and only_user(source) is conv:
        return Meeting(conv, source, before=True)
    if user is not None and is_plain(user, "pool") and user.kwargs["mode"] == "average":
        return Meeting(conv, user, before=False)
    return None


def _why_not(meeting: Meeting, layer: Conv2d, target: Target) -> str | None:
    kernel = tuple(layer.weight.shape[2:])
    if layer.stride != 1 or layer.padding != tuple(taps // 2 for taps in kernel):
        return f"it changes the size itself, beside {meeting.change.meta['id']}"
    if {*kernel} == {1}:
        return None
    if not all(taps % 2 for taps in kernel) or layer.dilation != 1 or layer.groups > 1:
        return "an even, dilated or grouped kernel"
    if not isinstance(meeting.change.kwargs["factor"], int):
        return "a factor of its own for each side"
    if layer.padding_mode != "zeros":
        return "its border is not of zeros"
    choice = of(target).fuses_resampling_below
    features = meeting.source.meta["type"].elements + meeting.last.meta["type"].elements
    ratio = layer.weight.numel() / (features * (target.batch or 1))
    if ratio > choice.value:
        return f"the weight is {ratio:.2g} of the features, above {choice.value:g} ({choice.why})"
    return None


def _fuse(meeting: Meeting) -> None:
    conv, change, factor = meeting.conv, meeting.change, meeting.change.kwargs["factor"]
    conv.update_kwarg("enlarge" if meeting.before else "shrink", factor)
    conv.meta.update(grouped=True, type=meeting.last.meta["type"])
    if meeting.before:
        conv.meta["ids"] = (*change.meta["ids"], *conv.meta["ids"])
        conv.replace_input_with(change, meeting.source)
        conv.graph.erase_node(change)
    else:
        replace(change, conv)


def _swap(meeting: Meeting) -> None:
    """source → first → last becomes source → last → first."""
    first, last, source = meeting.first, meeting.last, meeting.source
    result = last.meta["type"]
    last.replace_all_uses_with(first)
    first.replace_input_with(source, last)
    last.replace_input_with(first, source)
    last.append(first)
    channels, size = (result, source.meta["type"]) if meeting.before else (source.meta["type"], result)
    last.meta["type"] = dataclasses.replace(result, shape=(channels.shape[0], *size.shape[1:]))
    first.meta["type"] = result
