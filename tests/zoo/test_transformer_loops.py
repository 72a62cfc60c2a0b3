"""Transformers of the zoo: their published sizes, and two steps against loops written by hand, in float64."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from gandsl.analysis.cost import module_cost
from gandsl_runtime.augment import Augment
from gandsl_runtime.plan import Augment as Pipe
from gandsl_runtime.rng import Draws
from tests.games.loop import Loop, called, descend, slope, squares
from tests.specs.whole import module
from tests.zoo.reduced import REDUCED, path_of

STEPS = 2


def test_transgan_has_the_published_size() -> None:
    """`exps/cifar_train.py` of VITA-Group/TransGAN: ViT_custom_rp and ViT_custom_scale2_rp_noise."""
    networks = module_cost(module("zoo/transgan")).networks
    assert networks["generator"].total.parameters == 83_312_495
    assert networks["discriminator"].total.parameters == 10_210_400


def test_transgan() -> None:
    """WGAN-GP with its drift, on augmented images; gradients of a bounded norm (2102.07074, section 4)."""
    changes = {"training.discriminator_steps": 2, "training.optimizer.clip": 0.5}
    loop = Loop(path_of("transgan"), {**REDUCED["transgan"], **changes}, (3, 16, 16))
    g, d = loop["generator"], loop["discriminator"]
    of_g, of_d = (loop.adam(name, 1e-4, (0.0, 0.99)) for name in ("generator", "discriminator"))
    pipe = Augment(Pipe(pipe="diffaugment", p=1.0), (-1.0, 1.0))

    def seen(images: Tensor, draws: Draws, name: str) -> Tensor:
        return pipe.view(1.0, draws)((images,), name)[0]

    for optimizer in (of_g, of_d):
        optimizer.register_step_pre_hook(bounded)

    for _ in loop.steps(STEPS):
        for repeat in range(2):
            x, _ = loop.real(4)
            draws = loop.draws("discriminator", 4, repeat)
            with torch.no_grad():
                fake = called(g, draws, "fake", draws.normal("z", 5))
            real = called(d, draws, "real", seen(x, draws, "seen"))
            said = called(d, draws, "said", seen(fake, draws, "shown"))
            t = draws.uniform("mix")[:, None, None, None]
            between = (x + t * (fake - x)).requires_grad_()
            middle = called(d, draws, "middle", seen(between, draws, "middle_seen"))
            lengths = squares(slope(middle, between)[0]).sqrt()
            penalty = 10 * (lengths - 1).square().mean() + 0.001 * real.square().mean()
            descend(of_d, said.mean() - real.mean() + penalty)
        draws = loop.draws("generator", 4)
        fake = called(g, draws, "fake", draws.normal("z", 5))
        descend(of_g, -called(d, draws, "said", seen(fake, draws, "shown")).mean())
        loop.average("generator", 0.9999)
    loop.compare()


def bounded(optimizer: torch.optim.Optimizer, *_: Any) -> None:
    """Before its step, the norm of all gradients together is half at most."""
    clip_grad_norm_([weight for group in optimizer.param_groups for weight in group["params"]], 0.5)
