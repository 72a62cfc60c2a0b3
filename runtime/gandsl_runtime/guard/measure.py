"""What a look of the guard measures of weights, gradients and images: small functions, on the device."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ITERATIONS = 5
LONGEST_SIDE = 32  # of images when they are compared


def singular_values(network: nn.Module) -> dict[str, Tensor]:
    """Top singular value of each weight as a matrix (first dimension × rest), by the weight's name.

    Spectral layers have theirs at hand (`sv0`). For the others five power iterations from a fixed vector give
    a lower bound: a pure function of the weight, which grows as the value does (arXiv:1809.11096, section 4).
    """
    buffers = dict(network.named_buffers())
    found = {}
    for name, weight in weights(network).items():
        at_hand = buffers.get(f"{name.removesuffix('weight')}sv0")
        found[name] = top_singular_value(weight) if at_hand is None else at_hand.detach().float().squeeze()
    return found


def weights(network: nn.Module) -> dict[str, Tensor]:
    """The weights that are matrices, by name."""
    return {name: weight for name, weight in network.named_parameters() if weight.ndim > 1}


@torch.no_grad()
def top_singular_value(weight: Tensor) -> Tensor:
    """‖W v‖ with v after a few power iterations from a fixed start; a scalar."""
    matrix = weight.detach().flatten(1).float()
    rng = torch.Generator().manual_seed(matrix.shape[1])
    v = torch.randn(matrix.shape[1], generator=rng).to(matrix.device)
    for _ in range(ITERATIONS):
        v = F.normalize(matrix.T @ (matrix @ F.normalize(v, dim=0)), dim=0)
    return torch.linalg.vector_norm(matrix @ v)


def gradient_norm(parameters: Iterable[Tensor]) -> Tensor | None:
    """2-norm of all gradients together; None where there are none."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return None
    norms = torch._foreach_norm([gradient.float() for gradient in gradients])
    return torch.linalg.vector_norm(torch.stack(norms))


def logits(real: Tensor | None, fake: Tensor | None, absolute: bool) -> dict[str, Tensor]:
    """The gap |E D(x) − E D(G(z))|, and E |D| of both where a logit has a meaning of its own (`absolute`)."""
    found = {}
    if real is not None and fake is not None:
        found["gap"] = (real.mean() - fake.mean()).abs()
    if absolute:
        sizes = {"size on real images": real, "size on samples": fake}
        found |= {name: said.abs().mean() for name, said in sizes.items() if said is not None}
    return found


def diversity(fake: Tensor, real: Tensor, classes: Tensor | None = None) -> dict[str, Tensor]:
    """How different images (N, c, h, w) are from each other, as a share of what real ones are.

    `all pairs`: mean distance of all pairs, small where all samples look alike. `nearest pairs`: mean
    distance to the nearest other, small where samples repeat though they are of several kinds.
    `within a class`: mean distance of pairs of one class, for the class where it is the smallest share;
    `classes` (N,) are those of both batches.
    """
    a, b = distances(fake), distances(real)
    found = {
        "all pairs": _share(mean_distance(a), mean_distance(b)),
        "nearest pairs": _share(nearest(a), nearest(b)),
    }
    if classes is not None:
        groups = [(classes == one).nonzero().squeeze(1) for one in classes.unique()]
        within = [
            _share(mean_distance(a[group][:, group]), mean_distance(b[group][:, group]))
            for group in groups
            if len(group) > 1
        ]
        if within:
            found["within a class"] = torch.stack(within).amin()
    return found


def _share(fake: Tensor, real: Tensor) -> Tensor:
    return fake / real.clamp(min=1e-6)  # real images that are all the same say nothing


def distances(images: Tensor) -> Tensor:
    """[N, N] euclidean distances of images averaged down to at most 32 pixels a side.

    (N, c, …): of signals and volumes, to as many numbers as a square of that side has.
    """
    sides = images.shape[2:]
    by = -(-max(sides) // round(LONGEST_SIDE ** (2 / len(sides))))
    small = F.interpolate(images.float(), size=tuple(max(side // by, 1) for side in sides), mode="area")
    flat = small.flatten(1)
    return torch.cdist(flat, flat, compute_mode="donot_use_mm_for_euclid_dist")


def mean_distance(distance: Tensor) -> Tensor:
    """Mean over pairs, of a distance matrix [N, N]."""
    count = len(distance)
    return distance.sum() / (count * (count - 1))


def nearest(distance: Tensor) -> Tensor:
    """Mean distance to the nearest other, of a distance matrix [N, N]."""
    itself = torch.eye(len(distance), dtype=torch.bool, device=distance.device)
    return distance.masked_fill(itself, torch.inf).amin(1).mean()
