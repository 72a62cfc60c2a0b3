"""What a game shows and watches: as the networks are sampled and judged by hand, and nothing moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gandsl_runtime.distributed.group import ProcessGroup
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.game.views import look
from gandsl_runtime.guard import measure
from gandsl_runtime.media import images
from gandsl_runtime.observers.grids import write_shown
from gandsl_runtime.programs import call, classes_of
from gandsl_runtime.sample import sample
from gandsl_runtime.sample.sampler import Sampler
from gandsl_runtime.training.trainer import Trainer
from tests.specs.cases import D, G, made, source_for

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "mixed, augmented, averaged": ("stylegan2/ada", {}),
    "classes, one pass of D": ("biggan", {"training.discriminator_passes": "joint"}),
    "several sizes": ("msg_gan", {}),
    "grows": ("pggan", {}),
    "an auxiliary classifier": ("acgan", {}),
}


def run_of(case: str, **more: Any) -> Trainer:
    spec, changes = CASES[case]
    plan, networks, game = made(spec, changes | {"training.guard": {"samples": 9}})
    given = {"observing": (), "group": ProcessGroup()} | more
    run = Trainer(plan, game, data=source_for(networks[G]), seed=3, **given)
    run.step()
    return run


@pytest.mark.parametrize("case", CASES)
def test_a_grid_shows_what_sampling_gives(case: str, tmp_path: Path) -> None:
    """The average's images of the same seeds, the same latents in each class, with constant noise."""
    run = run_of(case)
    state = run.state
    assert isinstance(state, GameRun)
    before = {name: tensor.clone() for name, tensor in state.tensors().items()}
    step = state.now()
    layout = write_shown(tmp_path / "grid.png", state, run.data, step, columns=4)
    network = state.game.averages.get(G, state.networks[G])
    classes = classes_of(network)
    assert bool(classes) == (layout.labels is not None)
    seeds = [c for _ in layout.rows for c in range(4)] if classes else range(4 * len(layout.rows))
    drawn = sample(network, list(seeds), layout.labels, noise="constant", stage=step.stage)[-1]
    large = images.enlarged(drawn, network.outputs[-1].shape[1:])
    images.save(images.grid(images.to_pixels(large, *run.plan.data.range), 4), tmp_path / "true.png")
    grid, true = (np.asarray(Image.open(tmp_path / f"{name}.png")).astype(int) for name in ("grid", "true"))
    assert grid.shape == true.shape and np.abs(grid - true).max() <= 1 and true.std() > 1
    assert all(torch.equal(before[name], tensor) for name, tensor in state.tensors().items())


@pytest.mark.parametrize("case", CASES)
def test_the_guard_sees_the_networks_as_they_are(case: str) -> None:
    """Samples of seeds 0, 1, … and their logits: nothing mixed, nothing augmented, each batch alone."""
    run = run_of(case)
    state = run.state
    assert isinstance(state, GameRun) and run.guard is not None
    step = state.now()
    found = run.guard.probe.measured(step)
    assert run.guard.probe._rows is not None
    pixels = torch.from_numpy(run.guard.probe._rows["image"])
    labels = run.guard.probe._labels
    g, d = state.networks[G], state.networks[D]
    sampler = Sampler(g, noise="constant", stage=step.stage)
    count = len(pixels)
    with sampler.ready(0):
        made_ = sampler.images(sampler.latents(range(count)), labels)
    real = pixels.float() / 127.5 - 1
    sizes = [one.shape[2:] for one in made_]
    reals = tuple(torch.nn.functional.interpolate(real, size=size, mode="area") for size in sizes)
    expected = measure.diversity(made_[-1], reals[-1], labels)
    for name, value in expected.items():
        torch.testing.assert_close(found[f"diversity/{name}"], value, rtol=1e-4, atol=1e-5)
    said = []
    given = () if labels is None or not classes_of(d) else (labels,)
    d.eval()
    auxiliary = run.plan.auxiliary.output if run.plan.auxiliary else ""
    heads = [place for place, port in enumerate(d.outputs) if port.name != auxiliary]
    batch = step.batch
    for shown in (reals, made_):
        part = [torch.arange(begin, begin + batch) % count for begin in range(0, count, batch)]
        with torch.no_grad():
            outputs = [
                call(d, "forward", step.stage, (*(x[p] for x in shown), *(x[p] for x in given))) for p in part
            ]
        said.append(torch.cat([torch.cat([o[h].flatten(1) for h in heads], 1) for o in outputs])[:count])
    gap = (said[0].mean() - said[1].mean()).abs()
    torch.testing.assert_close(found["logits/gap"], gap, rtol=1e-4, atol=1e-5)


def test_a_view_leaves_all_as_it_was() -> None:
    """Weights are constants inside, and variables again behind it; the last batch is filled up.

    Its seed leaves no call waiting for a GPU that is never used: a run looks as often as it logs.
    """
    run = run_of("several sizes")
    assert isinstance(run.state, GameRun)
    state = run.state
    wanting = [w.requires_grad for n in state.networks.values() for w in n.parameters()]
    node = state.game.plan.watches["items"]
    items = {"image": torch.rand(5, *run.data.shape)}
    waiting = len(torch.cuda._queued_calls)
    (seen,) = look(state, (node,), state.now(), range(5), items=items, batch=2)
    assert len(torch.cuda._queued_calls) == waiting
    assert seen.shape[0] == 5 and not seen.requires_grad
    assert wanting == [w.requires_grad for n in state.networks.values() for w in n.parameters()]
