"""What a network is called with: checked before it runs, so that faults are told in the network's terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .errors import RuntimeFault
from .port import Port


class ArgumentError(RuntimeFault):
    """A network was called with other tensors than it takes."""


def checked(
    ports: Sequence[Port], given: Sequence[Any], named: Mapping[str, Any], like: Tensor | None
) -> list[Any]:
    """The tensors of a call in the order of its ports. Raises ArgumentError where they are not what it takes.

    `like` is one of the network's weights; without any, it runs in every format and on every device.
    """
    ordered = _in_order(ports, given, named)
    if not torch.compiler.is_compiling():
        for wrong, remedy in _faults(ports, ordered, like):
            raise ArgumentError(wrong, remedy)
    return ordered


def device_of(network: nn.Module) -> torch.device:
    """Where a network's weights are; the CPU where it has none."""
    waiting: list[nn.Module | None] = [network]  # asked for each call in a step: `modules` takes longer
    while waiting:
        if (module := waiting.pop()) is not None:
            for weight in module._parameters.values():
                if weight is not None:
                    return weight.device
            waiting += reversed(module._modules.values())
    return torch.device("cpu")


def dtype_of(network: nn.Module) -> torch.dtype:
    """The format of a network's weights; torch's default where it has none."""
    return next((p.dtype for p in network.parameters()), torch.get_default_dtype())


def signature(inputs: Sequence[Port], outputs: Sequence[Port]) -> str:
    """What goes in and what comes out: `z [N, 64], y [N] of 10 classes → image [N, 3, 32, 32]`."""
    return f"{', '.join(map(_said, inputs))} → {', '.join(map(_said, outputs))}"


def _said(port: Port) -> str:
    return f"{port.name} {_wanted(port)}"


def _wanted(port: Port) -> str:
    if port.kind == "Scalar":
        return "[]"
    of = f" of {port.shape[0]} classes" if port.holds_classes else ""
    return f"[{', '.join(['N', *map(str, port.sample)])}]{of}"


def _in_order(ports: Sequence[Port], given: Sequence[Any], named: Mapping[str, Any]) -> list[Any]:
    names = [port.name for port in ports]
    takes = f"the network takes {', '.join(map(_said, ports))}"
    free = names[len(given) :]
    if len(given) > len(names):
        raise ArgumentError(f"{takes}, and {len(given)} tensors were given", f"give {' and '.join(names)}")
    if strange := [name for name in named if name not in free]:
        again = "is given twice" if strange[0] in names else "is none of them"
        raise ArgumentError(f"{takes}: `{strange[0]}` {again}", f"give {' and '.join(names)}")
    if missing := [name for name in free if named.get(name) is None]:
        port = ports[names.index(missing[0])]
        raise ArgumentError(f"{takes}, and `{port.name}` is missing", _example(port))
    return [*given, *(named[name] for name in free)]


def _example(port: Port) -> str:
    match port.kind:
        case "Label":
            return f"a class for each sample: torch.randint({port.shape[0]}, (N,))"
        case "Classes":
            sides = ", ".join(map(str, port.sample))
            return f"a class for each pixel: torch.randint({port.shape[0]}, (N, {sides}))"
        case "Latent":
            return f"such as torch.randn(N, {', '.join(map(str, port.shape))})"
    return f"a tensor {_wanted(port)}"


def _faults(ports: Sequence[Port], given: Sequence[Any], like: Tensor | None) -> Iterator[tuple[str, str]]:
    """What is wrong with the arguments, and what to give instead; later ones are checked if these fit."""
    counts: dict[str, int] = {}
    for port, x in zip(ports, given, strict=True):
        name = port.name
        if not isinstance(x, Tensor):
            yield f"`{name}` is {_article(x)}, and the network takes tensors", _example(port)
        yield from _of_shape(port, x)
        if port.holds_classes and not x.is_floating_point() and x.dtype != torch.int64:
            yield f"`{name}` holds {_type(x)}: classes are int64", f"{name}.long()"
        if like is not None:
            yield from _unlike(port, x, like)
        yield from _in_range(port, x)
        if port.kind != "Scalar":
            counts[name] = len(x)
    if len(set(counts.values())) > 1:
        said = " and ".join(f"{count} of `{name}`" for name, count in counts.items())
        yield f"the batches differ: {said}", "give as many of each"


def _unlike(port: Port, x: Tensor, weight: Tensor) -> Iterator[tuple[str, str]]:
    name, autocast = port.name, torch.is_autocast_enabled(weight.device.type)
    if not port.holds_classes and x.dtype != weight.dtype and not autocast:
        yield (
            f"`{name}` is of {_type(x)}, and the network's weights of {_type(weight)}",
            f"{name}.to({weight.dtype}), or the network in the format of `{name}`",
        )
    if x.device != weight.device:
        yield (
            f"`{name}` is on {x.device}, and the network on {weight.device}",
            f'{name}.to("{weight.device}")',
        )


def _of_shape(port: Port, x: Tensor) -> Iterator[tuple[str, str]]:
    name, shape = port.name, tuple(x.shape)
    if port.kind == "Label":
        if x.dim() == 1 or (x.is_floating_point() and shape[1:] == port.shape):
            return  # one class each, or mixtures of them
        alone, wanted = x.dim() == 0, f"[N] of {port.shape[0]} classes"
    elif port.kind == "Scalar":
        alone, wanted = False, "[]"
        if not shape:
            return
    else:
        alone, wanted = shape == port.sample, _wanted(port)
        if shape[1:] == port.sample and x.dim() == len(port.sample) + 1:
            return
    remedy = f"{name}[None] is a batch of one" if alone else _example(port)
    yield f"`{name}` is {list(shape)}, and the network takes {wanted}", remedy


def _in_range(port: Port, y: Tensor) -> Iterator[tuple[str, str]]:
    """Classes that do not exist; on a GPU, looking one up makes every later operation of the process fail."""
    looked_at = port.holds_classes and not y.is_floating_point() and not y.is_meta and len(y)
    if not looked_at:
        return
    least, most = int(y.min()), int(y.max())
    if least < 0 or most >= port.shape[0]:
        beyond = least if least < 0 else most
        yield f"`{port.name}` holds class {beyond}", f"classes are 0 to {port.shape[0] - 1}"


def _type(x: Tensor) -> str:
    return str(x.dtype).removeprefix("torch.")


def _article(x: Any) -> str:
    return "None" if x is None else f"of type {type(x).__name__}"
