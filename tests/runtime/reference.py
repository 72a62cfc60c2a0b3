"""What reference steps share: a copy of the trainer's networks with its images and chance."""

from __future__ import annotations

import torch

from gandsl_runtime.plan import Plan
from gandsl_runtime.rng import Draws, Key, Part
from gandsl_runtime.training.trainer import Trainer
from tests.runtime import nets
from tests.runtime.networks import twin

SEED = 3
CLOSE = {"rtol": 1e-9, "atol": 1e-11}  # float64; fused Adam rounds in another order


class Reference:
    """Copies of the trainer's networks with torch's own optimizers, and the same draws and images."""

    def __init__(self, trainer: Trainer, adam_g: dict, adam_d: dict) -> None:
        self.trainer = trainer
        networks = trainer.state.game.networks
        self.G, self.D = twin(networks["generator"]), twin(networks["discriminator"])
        self.G_ema = twin(self.G).eval()
        self.opt_g = torch.optim.Adam(self.G.parameters(), **adam_g, foreach=False)
        self.opt_d = torch.optim.Adam(self.D.parameters(), **adam_d, foreach=False)
        self.taken = 0

    def draws(self, step: int, phase: str, n: int | Part, repeat: int = 0, batch: int | None = None) -> Draws:
        """Of a whole batch of n, or of a part of it."""
        part = n if isinstance(n, Part) else Part.whole(n)
        return Draws(torch.device("cpu"), torch.float64, part, Key(SEED, step, phase, repeat, batch=batch))

    def real(self, count: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The next images of the stream, at full size, in [-1, 1]."""
        found = self.trainer.stream.picks(self.taken, count)
        picks = list(zip(found.images, found.flipped, strict=True))
        self.taken += count
        data = self.trainer.data
        images = [data.image(i)[:, :, ::-1] if flipped else data.image(i) for i, flipped in picks]
        pixels = torch.stack([torch.from_numpy(image.copy()) for image in images])
        labels = None if data.labels is None else torch.tensor([int(data.labels[i]) for i, _ in picks])
        return pixels.double() / 127.5 - 1, labels

    def average(self, beta: float) -> None:
        with torch.no_grad():
            for a, p in zip(self.G_ema.parameters(), self.G.parameters(), strict=True):
                a.copy_(p.lerp(a, beta))
            for a, b in zip(self.G_ema.buffers(), self.G.buffers(), strict=True):
                a.copy_(b)

    def assert_equals_trainer(self, **close: float) -> None:
        game = self.trainer.state.game
        for mine, theirs in (
            (self.G, game.networks["generator"]),
            (self.D, game.networks["discriminator"]),
            (self.G_ema, game.averages["generator"]),
        ):
            for (name, a), b in zip(mine.state_dict().items(), theirs.state_dict().values(), strict=True):
                torch.testing.assert_close(b, a, **(close or CLOSE), msg=lambda m, name=name: f"{name}: {m}")


def trainer_of(networks, the_plan: Plan, data) -> Trainer:
    return nets.trainer_of(
        the_plan, (network.double() for network in networks), data=data, seed=SEED, observing=()
    )


def labels(draws: Draws, shares: list[float]) -> torch.Tensor:
    u = draws.uniform("c")
    bounds = torch.tensor(shares, dtype=torch.float64).cumsum(0)
    return (u[:, None] >= bounds[None]).sum(1).clamp(max=len(shares) - 1)
