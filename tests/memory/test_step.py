"""Whole ways of training: what the step holds, on fake tensors against the allocator's events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gandsl
from gandsl.analysis import analyze
from gandsl.frontend.module import ModuleIR
from gandsl.memory import memory_of
from gandsl_runtime.peak_memory.figures import StagePeaks
from gandsl_runtime.peak_memory.step import stage_peaks
from gandsl_runtime.plan import schedule
from tests.memory.allocations import allocated, game_of
from tests.specs.reduced import reduced

SPECS = Path(__file__).resolve().parents[2] / "specs"
CLOSE = 0.01
RNG_STATE = 5056  # bytes of the CPU generator's, kept for each stage that is recomputed, and made by no op
R1 = {"training.regularizers.r1.gamma": 1.0, "training.regularizers.r1.every": "16 steps"}
GROWTH = {"training.growth.batch": None}

# name → spec, overrides: each a way of training whose phases all have to come out
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "lazy penalties": ("stylegan2", {"training.batch": 8}),
    "gradient penalty, growing": ("pggan", {"training.batch": 4, **GROWTH}),
    "hinge and r1": ("biggan", {"training.batch": 4, **R1}),
    "relativistic": ("r3gan", {"training.batch": 4}),
    "plain": ("dcgan", {"training.batch": 8}),
    "micro-batches, joint": (
        "stylegan2",
        {"training.micro_batch": 2, "training.discriminator_passes": "joint"},
    ),
    "16 bits": ("stylegan2", {"training.precision.compute": "bf16"}),
    "checkpointing": ("stylegan2", {"training.checkpointing": "stages"}),
    "channels last": ("stylegan2", {"training.memory_format": "channels_last"}),
    "orthogonal": ("ablations/biggan/orthogonal", {}),
    "several scales": ("msg_gan", {}),
    "interpolated": ("wgan_gp", {}),
    "augmented": ("stylegan2/ada", {}),
    "consistency": (
        "dcgan",
        {
            "training.regularizers.consistency.fake": 10.0,
            "training.regularizers.consistency.latent.sigma": 0.03,
        },
    ),
}
QUICK = ("plain", "micro-batches, joint")  # the others take half a minute together


def overrides(name: str, more: dict[str, Any]) -> dict[str, Any]:
    """Those of a way; without augmentation but where it is meant."""
    plain = {} if name.endswith("ada") else {"training.augment": None}
    return {**reduced(name), **plain, **more}


@pytest.mark.parametrize(
    "way", [way if way in QUICK else pytest.param(way, marks=pytest.mark.thorough) for way in WAYS]
)
def test_every_phase_is_as_allocated(way: str) -> None:
    name, more = WAYS[way]
    given = overrides(name, more)
    program = gandsl.compile(SPECS / f"{name}.yaml", given)
    assert program.plan is not None
    levels = memory_of(program.module).levels
    ours = next(level for level in reversed(levels) if not level.fading)
    true = allocated(program.plan, lambda: game_of(program))
    assert [phase.name for phase in ours.phases] == list(true)
    kept = RNG_STATE * 8 if way == "checkpointing" else 0
    for phase in ours.phases:
        tensors = true[phase.name].tensors
        assert phase.bytes == pytest.approx(tensors, rel=CLOSE, abs=max(kept, CLOSE * tensors)), phase.name


def test_a_level_that_fades_in() -> None:
    """Where `lerp` is."""
    program = gandsl.compile(SPECS / "pggan.yaml", overrides("pggan", {"training.batch": 4, **GROWTH}))
    assert program.plan is not None
    stage = schedule.Stage(1, True, 0.5)
    true = allocated(program.plan, lambda: game_of(program), stage)
    ours = next(x for x in memory_of(program.module).levels if x.fading)
    for phase in ours.phases:
        assert phase.bytes == pytest.approx(true[phase.name].tensors, rel=CLOSE), phase.name


def test_the_step_reads_the_same_with_numbers() -> None:
    def peaks(fake: bool) -> list[StagePeaks]:
        program = gandsl.compile(SPECS / "dcgan.yaml", overrides("dcgan", {}))
        assert program.plan is not None
        return list(stage_peaks(program.plan, lambda: game_of(program), "cpu", fake=fake))

    assert peaks(fake=True) == peaks(fake=False)


def module(name: str, **more: Any) -> ModuleIR:
    found, diagnostics = analyze(SPECS / f"{name}.yaml", overrides(name, more))
    assert found is not None, [one.message for one in diagnostics]
    return found


def test_what_stays_is_counted_by_kind() -> None:
    """Adam has two moments a weight, and a count a tensor."""
    (level,) = memory_of(module("dcgan")).levels
    kinds = level.phases[-1].by_kind
    compiled = gandsl.compile(SPECS / "dcgan.yaml", reduced("dcgan"))
    networks = compiled.generator, compiled.discriminator
    sizes = [p.numel() for network in networks for p in network.parameters()]
    assert kinds["parameters"] == 4 * sum(sizes)
    assert kinds["optimizer"] == 8 * sum(sizes) + 4 * len(sizes)
    assert sum(kinds.values()) == level.phases[-1].bytes
    assert {phase.at.split(".")[0] for phase in level.phases} <= {"generator", "discriminator"}


def test_every_level_of_a_growing_spec() -> None:
    levels = memory_of(module("pggan", **{"training.batch": 4})).levels
    assert [(level.size, level.fading) for level in levels] == [
        ((4, 4), False),
        *[((side, side), fading) for side in (8, 16, 32) for fading in (False, True)],
    ]
    stable, fading = ([level.penalty for level in levels if level.fading is f] for f in (False, True))
    assert stable == sorted(stable)
    assert all(a < b for a, b in zip(stable[1:], fading, strict=True)), "a fade runs two exits"


def test_more_images_take_more() -> None:
    def activations(batch: int) -> int:
        level: StagePeaks = memory_of(module("dcgan", **{"training.batch": batch})).levels[0]
        return max(level.phases, key=lambda phase: phase.bytes).by_kind["activations"]

    one, two, four = map(activations, (16, 32, 64))
    assert two > one and four - two == pytest.approx(2 * (two - one), rel=0.02), "linear in the batch"


@pytest.mark.thorough
def test_the_largest_is_fast_enough() -> None:
    """StyleGAN2 at 1024²: half a minute of work on an idle core."""
    import time

    found, _ = analyze(SPECS / "stylegan2" / "paper1024.yaml")
    assert found is not None
    began = time.process_time()
    memory_of(found)
    assert time.process_time() - began < 45


def test_nothing_without_numbers_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Constants that augmentation keeps for all calls would be fakes in the run that follows."""
    from gandsl_runtime.augment import bands, geometry

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # so that it is measured
    memory = memory_of(module("stylegan2/ada", **{"training.batch": 2}))
    assert memory.levels
    found = [f for m in (bands, geometry) for f in vars(m).values() if hasattr(f, "cache_info")]
    assert found and not any(f.cache_info().currsize for f in found)
