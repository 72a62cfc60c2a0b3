"""What the passes make of a graph, as far as it changes what is kept: as `gandsl.passes`, for training.

What does nothing is left out, nested sums become one, convolutions take over changes of size, products take
over noise, bias, activation, gain and clamp.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from math import prod

from gandsl.analysis.memory.step import Step
from gandsl.ir.types import TensorType

PRODUCTS = ("conv", "conv_transpose", "modulated_conv", "linear", "fir")
ACTIVATIONS = ("relu", "leaky_relu", "tanh", "sigmoid", "silu", "gelu", "softplus")
STEPS = {"noise": 0, "bias": 0, **dict.fromkeys(ACTIVATIONS, 1), "scale": 2, "clamp": 3}
FACTORS = {"scale": "factor", "leaky_relu": "gain", "add": "scale", "dot": "scale"}
FUSED_BELOW = 5.0  # weight over features, as gandsl.passes.devices


class Rewriting:
    """Steps being rewritten; each method is one pass."""

    def __init__(self, steps: list[Step], outputs: list[str], cut: str | None) -> None:
        self.steps, self.outputs, self.cut = steps, outputs, cut
        self._index()

    def _index(self) -> None:
        self.by_result = {step.result: step for step in self.steps}
        self.readers: dict[str, list[Step]] = {}
        for step in self.steps:
            for id_ in step.operands:
                self.readers.setdefault(id_, []).append(step)
        self.kept = Counter([*self.outputs, *([self.cut] if self.cut else [])])

    def _only_reader(self, id_: str) -> Step | None:
        found = self.readers.get(id_, [])
        return found[0] if len(found) == 1 and not self.kept[id_] else None

    def _drop(self, steps: list[Step], same: Mapping[str, str]) -> None:
        """Leave steps out; whoever read one reads what it is the same as."""

        def now(id_: str) -> str:
            while id_ in same:
                id_ = same[id_]
            return id_

        gone = {id(step) for step in steps}
        self.steps = [step for step in self.steps if id(step) not in gone]
        for step in self.steps:
            step.inputs = {port: tuple(map(now, ids)) for port, ids in step.inputs.items()}
        self.outputs = [now(id_) for id_ in self.outputs]
        self._index()

    def simplify(self) -> None:
        """Identities, and sums (or joins) inside sums."""
        same = {}
        for step in self.steps:
            if step.result != self.cut and (source := self._identity(step)):
                same[step.result] = source
        self._drop([step for step in self.steps if step.result in same], same)
        for step in list(self.steps):
            if step.node.op not in ("add", "concat"):
                continue
            terms = step.inputs["terms"]
            inner = self.by_result.get(terms[0])
            if (
                inner is not None
                and inner.node.op == step.node.op
                and self._only_reader(inner.result) is step
                and inner.attrs.get("scale", 1.0) == 1.0
            ):
                step.inputs["terms"] = (*inner.inputs["terms"], *terms[1:])
                self.steps.remove(inner)
                self._index()

    def _identity(self, step: Step) -> str | None:
        """What the step's result is the same as."""
        first = step.operands[0] if step.operands else None
        attrs = step.attrs
        match step.node.op:
            case "add" | "concat":
                alone = len(step.inputs["terms"]) == 1 and attrs.get("scale", 1.0) == 1.0
            case "scale":
                alone = attrs["factor"] == 1.0
            case "upsample" | "pool" | "pixel_shuffle" | "pixel_unshuffle":
                alone = attrs["factor"] == 1
            case "resize" | "slice_channels":
                alone = step.use.inputs["x"][0].shape == step.type.shape
            case "pad":
                alone = not any(attrs["pad"])
            case "leaky_relu":
                alone = attrs["slope"] == attrs["gain"] == 1.0
            case "dropout":
                alone = attrs["p"] == 0.0
            case "select":
                styles = self.by_result.get(step.operands[0])
                if styles is None or styles.result == self.cut:
                    return None
                if styles.node.op == "stack":
                    return styles.inputs["terms"][attrs["index"]]
                return styles.operands[0] if styles.node.op == "broadcast_styles" else None
            case _:
                return None
        return first if alone else None

    def factors(self) -> None:
        """A number that multiplies goes into the op before, or into the leaky_relu after."""
        for step in list(self.steps):
            if step.node.op != "scale":
                continue
            below = self.by_result.get(step.operands[0])
            above = self._only_reader(step.result)
            name = FACTORS.get(below.node.op) if below else None
            if below and name:
                if self._only_reader(below.result) is not step:
                    continue
                below.attrs[name] *= step.attrs["factor"]
            elif above and above.node.op == "leaky_relu" and step.attrs["factor"] > 0:
                above.attrs["gain"] *= step.attrs["factor"]
            else:
                continue
            self._drop([step], {step.result: step.operands[0]})

    def resampling(self) -> None:
        """Convolutions that enlarge before or average after; those of one pixel change places with it."""
        for conv in [step for step in self.steps if step.node.op == "conv"]:
            before = self.by_result.get(conv.operands[0])
            after = self._only_reader(conv.result)
            if (
                before is not None
                and before.node.op == "upsample"
                and before.attrs["mode"] == "nearest"
                and self._only_reader(before.result) is conv
            ):
                self._meet(conv, before, True)
            elif after is not None and after.node.op == "pool" and after.attrs["mode"] == "average":
                self._meet(conv, after, False)

    def _meet(self, conv: Step, change: Step, before: bool) -> None:
        first, last = (change, conv) if before else (conv, change)
        source = first.use.inputs["x"][0]
        weight = conv.node.spec.weights(conv.use)["weight"]
        kernel = weight[2:]
        padding = conv.attrs["padding"]
        own = conv.attrs["stride"] != 1 or padding not in (None, kernel[0] // 2)
        if own or (padding is not None and kernel[0] != kernel[1]):
            return
        if kernel == (1, 1):
            self._swap(first, last, source, last.type, before)
            return
        if not (kernel[0] % 2 and kernel[1] % 2) or conv.attrs["dilation"] > 1 or conv.attrs["groups"] > 1:
            return
        if conv.attrs["padding_mode"] != "zeros":
            return
        if prod(weight) / (source.elements + last.type.elements) > FUSED_BELOW:
            return
        factor = change.attrs["factor"]
        if before:
            conv.enlarge, conv.inputs = factor, {"x": change.inputs["x"]}
            self._drop([change], {})
        else:
            conv.shrink, conv.type = factor, change.type
            self._drop([change], {change.result: conv.result})

    def _swap(self, first: Step, last: Step, source: TensorType, result: TensorType, before: bool) -> None:
        """source → first → last becomes source → last → first; the result keeps its id."""
        channels, size = (result, source) if before else (source, result)
        last.inputs, first.inputs = first.inputs, {"x": (first.result,)}
        last.result, first.result = first.result, last.result
        last.type = replace(result, shape=(channels.shape[0], *size.shape[1:]))
        first.type = result
        first.inputs = {"x": (last.result,)}
        here, there = self.steps.index(first), self.steps.index(last)
        self.steps[here], self.steps[there] = last, first
        self._index()

    def epilogues(self) -> None:
        """Noise, bias, activation, gain and clamp ride along with the product before them."""
        for product in [step for step in self.steps if step.node.op in PRODUCTS]:
            riders: list[Step] = []
            last, done, seen = product, 0, set[str]()
            while (user := self._only_reader(last.result)) is not None:
                op = user.node.op
                tokens = last.type.kind == "Tokens" and op in ("noise", "bias")
                if op not in STEPS or STEPS[op] < done or op in seen or tokens:
                    break
                riders.append(user)
                seen.add(op)
                done = STEPS[op] + (STEPS[op] > 0)
                last = user
            if riders:
                position = self.steps.index(last)
                self.steps[position] = product
                self.steps.remove(product)  # where it stood before: the first of the two
                self.steps = [step for step in self.steps if not any(step is r for r in riders)]
                product.riders = tuple(replace(r.node, attrs=r.attrs) for r in riders)
                product.result, product.type = last.result, last.type
                self._index()
