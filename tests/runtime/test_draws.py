"""Draws: what they depend on, and what not; their distributions; ids, each of which is drawn once."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from gandsl_runtime.layers import Dropout, Noise
from gandsl_runtime.network import Port
from gandsl_runtime.rng import CallDraws, Draws, Key, Part, drawing, name_layers
from gandsl_runtime.rng.draws import digest
from gandsl_runtime.runs.header import DRAWS
from tests import draw_ids as ids
from tests.runtime.drawn import drawn_ids
from tests.runtime.helpers import arrays, plan
from tests.runtime.networks import ConvDiscriminator, StyleGenerator, seeded
from tests.runtime.reference import trainer_of

CPU = torch.device("cpu")
KINDS = ("uniform", "normal")
KEY = Key(3, 17, "discriminator")
DISTRIBUTIONS = ("normal", "uniform", "truncated_normal")


def draws(part: Part | int = 8, key: Key = KEY, dtype: torch.dtype = torch.float32) -> Draws:
    return Draws(CPU, dtype, Part.whole(part) if isinstance(part, int) else part, key)


def each(drawn: Draws) -> dict[str, torch.Tensor]:
    """One draw of each kind."""
    cumulative = torch.tensor([0.2, 0.5, 1.0])
    found = {kind: drawn.latent(kind, Port("z", "Latent", (7,), kind)) for kind in DISTRIBUTIONS}
    found |= {"integers": drawn.integers("i", -3, 4), "labels": drawn.labels("c", cumulative)}
    return found | {"noise": drawn.of_rows("fake/noise", drawn.part.count, (1, 5, 3), normal=True)}


@pytest.mark.parametrize("turns", [2, 3, 8])
def test_splitting_a_batch_changes_no_draw(turns: int) -> None:
    whole = each(draws())
    for turn in range(turns):
        part = Part(turn, turns, 8)
        for name, drawn in each(draws(part)).items():
            assert torch.equal(drawn, part.of(whole[name])), name


def test_a_batch_of_another_size_begins_alike() -> None:
    """A number knows its sample's place, not how many there are."""
    for name, drawn in each(draws(3)).items():
        assert torch.equal(drawn, each(draws())[name][:3]), name


def test_every_part_of_the_key_and_the_id_makes_other_numbers() -> None:
    keys = [
        KEY,
        Key(4, 17, "discriminator"),
        Key(3, 18, "discriminator"),
        Key(3, 17, "discriminator/4"),
        Key(3, 17, "generator"),
        Key(3, 17, "discriminator", repeat=1),
        Key(3, 17, "discriminator", rollbacks=1),
        Key(3, 17, "discriminator", batch=8),
    ]
    rows = [row for key in keys for id_ in ("z", "z2") for row in draws(key=key).normal(id_, 4)]
    numbers = torch.cat(rows)
    assert len(numbers.unique()) == len(numbers)


@pytest.mark.parametrize("per", ["sample", "micro_batch", "batch"])
def test_what_is_drawn_once_for_several_samples(per: str) -> None:
    first, second = (draws(Part(turn, 2, 8)).integers("n", 0, 2**30, per=per) for turn in range(2))
    assert len(first) == (4 if per == "sample" else 1)
    assert (first[0] == second[0]) == (per == "batch")


def test_numbers_are_the_same_in_every_format() -> None:
    for dtype in (torch.float64, torch.bfloat16):
        assert torch.equal(draws(dtype=dtype).normal("z", 5), draws().normal("z", 5).to(dtype))


def test_layers_of_joined_batches_draw_for_each_sample() -> None:
    """Real and generated images in one pass: each half splits like its batch, and they differ."""
    whole = CallDraws(draws(), "both")
    of_both = whole.normal("noise", 16, 5)
    assert len(of_both.unique()) == of_both.numel()
    for turn in range(2):
        part = Part(turn, 2, 8)
        split = CallDraws(draws(part), "both").normal("noise", 8, 5)
        assert torch.equal(split, torch.cat([part.of(of_both[:8]), part.of(of_both[8:])]))


def test_layers_draw_by_call_and_path() -> None:
    network = torch.nn.Sequential(Dropout(0.5), torch.nn.Sequential(Dropout(0.5)))
    name_layers(network)
    x = torch.ones(8, 100)
    with drawing(CallDraws(draws(), "real")):
        one, other = network[0](x), network[1](x)
        assert torch.equal(one, network[0](x)) and not torch.equal(one, other)
        with drawing(CallDraws(draws(), "said")):
            assert not torch.equal(one, network[0](x))
        assert torch.equal(one, network[0](x))
    expected = draws().uniform(ids.layer("real", "1.0"), 100) >= 0.5
    assert torch.equal(other > 0, expected)


def test_integers_and_labels_by_their_shares() -> None:
    n = 200_000
    counts = draws(n).integers("n", -1, 5).add(1).bincount(minlength=7) / n
    assert counts.sub(1 / 7).abs().max() < 4 * math.sqrt(6 / 49 / n)
    places = draws(n).integers("at", 0, 3, "sample", 2)
    assert places.shape == (n, 2) and (places[:, 0] != places[:, 1]).any()
    shares = torch.tensor([0.1, 0.0, 0.65, 0.25])
    found = draws(n).labels("c", shares.cumsum(0)).bincount(minlength=4) / n
    assert ((found - shares).abs() <= 4 * (shares * (1 - shares) / n).sqrt()).all()


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_latents_by_their_distribution(distribution: str) -> None:
    """Kolmogorov and Smirnov: √n · distance exceeds 2 with a chance of 7e-4."""
    z = draws(100_000).latent("z", Port("z", "Latent", (4,), distribution)).flatten().double().sort().values
    normal = torch.special.ndtr(z)
    edge = torch.special.ndtr(torch.tensor(-2.0, dtype=torch.float64))
    expected = {
        "normal": normal,
        "uniform": (z + 1) / 2,
        "truncated_normal": (normal - edge) / (1 - 2 * edge),
    }[distribution]
    steps = torch.arange(len(z) + 1).double() / len(z)
    distance = torch.maximum((expected - steps[:-1]).abs(), (expected - steps[1:]).abs()).max()
    assert distance * math.sqrt(len(z)) < 2
    if distribution != "normal":
        assert z.abs().max() <= (1 if distribution == "uniform" else 2)


def test_fakes_can_be_drawn() -> None:
    real = each(draws())
    with FakeTensorMode():
        for name, fake in each(draws()).items():
            assert (fake.shape, fake.dtype) == (real[name].shape, real[name].dtype), name


def test_what_a_seed_draws_has_a_version() -> None:
    """Recorded once: with other numbers DRAWS rises, and runs of before are refused."""
    assert DRAWS == 2
    assert draws(2).words("z").tolist() == [3494944074, 3367584745]


# ---- what a step draws ----------


class Noisy(StyleGenerator):
    """With noise among the styles' layers, and dropout in the mapping."""

    def __init__(self) -> None:
        super().__init__()
        self.noise, self.dropout = Noise(3, 4, init=0.5), Dropout(0.3)

    def mapping(self, z: torch.Tensor) -> torch.Tensor:
        return super().mapping(self.dropout(z))

    def synthesis(self, ws: torch.Tensor) -> torch.Tensor:
        plane = self.noise(self.const.expand(len(ws), -1, -1, -1)).mean(1, keepdim=True)
        return super().synthesis(ws) + torch.nn.functional.interpolate(plane, scale_factor=2)


class Dropping(ConvDiscriminator):
    """With dropout before its head."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fc = torch.nn.Sequential(Dropout(0.3), self.fc)


MIXED = {"z", "z2", "ws.split", "ws.coin", "mapped/dropout", "other/dropout", "fake/noise"}
SEEN, SHOWN, MIDDLE = (
    {f"{what}.{kind}" for kind in ("uniform", "normal")} for what in ("seen", "shown", "middle_seen")
)


def ids_of_a_step(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> dict[tuple[str, int | None], set[str]]:
    """Phase and written batch → ids; each drawn once, but for those that a moved latent has in common."""
    the_plan = plan(style_mixing={"probability": 0.5}, **changes)
    trainer = trainer_of((seeded(Noisy), seeded(Dropping)), the_plan, arrays())
    found = drawn_ids(monkeypatch)
    trainer.step()
    again = {id_ for (_, _, id_), times in found.items() if times > 1}
    assert again <= (MIXED | SHOWN if "consistency" in the_plan.regularizers.model_fields_set else set())
    ids: dict[tuple[str, int | None], set[str]] = {}
    for key, _, id_ in found:
        ids.setdefault((key.phase, key.batch), set()).add(id_)
    return ids


def test_the_ids_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """As docs/training.md lists them."""
    found = ids_of_a_step(
        monkeypatch,
        augment={"pipe": "bg", "p": 0.5},
        regularizers={
            "gradient_penalty": {},
            "r1": {"gamma": 1.0, "every": "2 steps"},
            "path_length": {},
            "consistency": {"fake": 1.0, "latent": {}},
        },
    )
    moved = {f"discriminator.consistency_{what}.moved.{kind}" for what in ("real", "fake") for kind in KINDS}
    again = {f"discriminator.consistency_{what}.again/fc.0" for what in ("real", "fake", "latent")}
    near = {f"consistency_latent.{z}" for z in ("z", "z2")}
    assert found == {
        ("discriminator", None): MIXED
        | SEEN
        | SHOWN
        | MIDDLE
        | {"mix", "real/fc.0", "said/fc.0", "middle/fc.0"}
        | moved
        | again
        | {f"discriminator.{one}" for one in near},
        ("discriminator/2", None): SEEN | {"real/fc.0"},
        ("generator", None): MIXED | SHOWN | {"said/fc.0"} | {f"generator.{one}" for one in near},
        ("generator", 4): MIXED | {"generator.path_length.y"},
    }


def test_a_term_more_or_less_changes_no_other_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    few = ids_of_a_step(monkeypatch)
    many = ids_of_a_step(monkeypatch, regularizers={"gradient_penalty": {}}, discriminator_passes="joint")
    assert few["discriminator", None] - many["discriminator", None] == {"real/fc.0", "said/fc.0"}
    assert few["generator", None] == many["generator", None]


def test_no_two_ids_of_the_table_are_one() -> None:
    port, other = Port("z", "Latent", (4,)), Port("code", "Latent", (2,))
    sole = [ids.latent(port, [port], second) for second in (False, True)]
    several = [ids.latent(one, [port, other], second) for one in (port, other) for second in (False, True)]
    calls = [ids.MAPPED, ids.OTHER, ids.FAKE, ids.REAL, ids.SAID, ids.MIDDLE, ids.BOTH]
    calls += [ids.consistency(side, "latent", "again") for side in ("generator", "discriminator")]
    names = [ids.LABELS, ids.SPLIT, ids.COIN, ids.MIX, *ids.SEEN.values(), *map(ids.path_length, range(3))]
    names += [*sole, *several, *calls, *(ids.layer(call, "z") for call in calls)]
    assert len({digest(name) for name in names}) == len(names)
