"""Whether the tensors of a checkpoint are those of a state: their names, shapes, types and numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from ..moved import carried
from ..network import Network


def under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors named `<prefix>…`, without it."""
    return {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}


def average_name(network: str) -> str:
    """What a checkpoint calls the average of a network; the generator's had its name first."""
    return "average" if network == "generator" else f"average.{network}"


def check(own: Mapping[str, Tensor], wanted: Mapping[str, Tensor], what: str, exact: bool = True) -> None:
    """Raise ValueError naming keys, shapes, types and numbers of `own` that don't fit `wanted`.

    Unless `exact`, floats of any width may stand for floats: weights that are loaded for sampling are cast.
    """
    both = own.keys() & wanted.keys()
    _complain(
        what,
        {
            "missing": wanted.keys() - own.keys(),
            "unknown": own.keys() - wanted.keys(),
            "of another shape": (key for key in both if own[key].shape != wanted[key].shape),
            "of another type": (key for key in both if not _alike(own[key], wanted[key], exact)),
            "not finite": (key for key in both if _lost(own[key])),
        },
    )


def check_moments(
    own: Mapping[str, Tensor],
    parameters: Mapping[str, nn.Parameter],
    side: str,
    begun: bool,
    moments: Sequence[str],
) -> None:
    """Raise ValueError where the tensors `<parameter>/<moment>` of a side's optimizer are not these moments.

    A parameter that never had a gradient has none, the others have all; where the run has `begun` some have.
    """
    if begun and not own and moments:
        raise ValueError(f"the optimizer of the {side} has no moments")
    names = {key.rpartition("/")[0] for key in own}
    wanted = {
        f"{name}/{moment}": torch.zeros((), device=like.device) if moment == "step" else like
        for name in names & parameters.keys()
        for moment in moments
        if (like := parameters[name]) is not None
    }
    check(own, wanted, f"the moments of the {side}")
    counted = (tensor for key, tensor in own.items() if key.endswith("/step"))
    if any(float(steps) < 0 or not float(steps).is_integer() for steps in counted):
        raise ValueError(f"the optimizer of the {side} has taken no whole number of steps")


def check_looks(looks: Tensor | None, count: int) -> None:
    """Raise ValueError where the guard's looks are not the bits of float64 [count, series]."""
    rows = 0 if looks is None else len(looks) if looks.dim() == 2 and looks.dtype == torch.int64 else -1
    if rows != count:
        raise ValueError(f"the guard remembers {count} looks, and they are not there")


def check_names(names: Collection[str], prefixes: Iterable[str], others: Collection[str]) -> None:
    """Raise ValueError where a name is none of the others, and begins with none of the prefixes."""
    known = tuple(prefixes)
    _complain("tensors", {"unknown": (n for n in names if n not in others and not n.startswith(known))})


def _complain(what: str, complaints: Mapping[str, Iterable[str]]) -> None:
    found = {why: sorted(keys) for why, keys in complaints.items()}
    said = [f"{len(keys)} {why} ({', '.join(keys[:3])})" for why, keys in found.items() if keys]
    if said:
        raise ValueError(f"{what} don't fit: {'; '.join(said)}")


def _alike(a: Tensor, b: Tensor, exact: bool) -> bool:
    return a.dtype == b.dtype or (not exact and a.is_floating_point() and b.is_floating_point())


def _lost(tensor: Tensor) -> bool:
    return tensor.is_floating_point() and not bool(tensor.isfinite().all())


def load_network(network: Network, tensors: Mapping[str, Tensor], part: str) -> None:
    """Load the tensors named `<part>/…` to be sampled. Raises ValueError naming what doesn't fit."""
    own = under(carried(tensors, f"{part}/", network.moved), f"{part}/")
    check(own, network.state_dict(), f"the weights of `{part}`", exact=False)
    network.load_state_dict(own)
    network._starts_from = None
