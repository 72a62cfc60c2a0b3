"""Games of any players, terms and networks: their phases as allocated, each term, each moment of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gandsl
from gandsl.analysis import analyze
from gandsl.frontend.module import ModuleIR
from gandsl.memory import memory_of
from gandsl_runtime.peak_memory.moments import moments, stage_begins
from gandsl_runtime.plan import schedule
from gandsl_runtime.plan.schedule import Clock, Stage
from tests.memory.allocations import allocated, game_of
from tests.specs.reduced import reduced

ROOT = Path(__file__).resolve().parents[2]
GAMES = ROOT / "tests" / "games"
CLOSE = 0.01
NAMES = sorted(path.stem for path in GAMES.glob("*.yaml") if path.stem != "nets")
SMALLER = {"bright": reduced("stylegan2")}  # all others are small
QUICK = ("srgan", "unet_gan")  # players come and go; a judge of another name, with several outputs


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.thorough) for name in NAMES]
)
def test_every_phase_is_as_allocated(name: str) -> None:
    is_as_allocated(name, SMALLER.get(name))


def test_a_player_that_comes_alone() -> None:
    """To weights that another has trained so far: it brings moments of its own."""
    is_as_allocated("srgan", {"game.players.judge.from": None})


def is_as_allocated(name: str, changes: dict[str, Any] | None) -> None:
    program = gandsl.compile(GAMES / f"{name}.yaml", changes)
    assert program.plan is not None
    ours = next(level for level in reversed(memory_of(program.module).levels) if not level.fading)
    true = allocated(program.plan, lambda: game_of(program))
    assert [phase.name for phase in ours.phases] == list(true)
    for phase in ours.phases:
        assert phase.bytes == pytest.approx(true[phase.name].tensors, rel=CLOSE), phase.name


CODER = """gandsl: 1
name: coder
data: {picture: "Image[3, 64]"}
networks:
  encoder:
    inputs: {image: "Image[3, 16]"}
    body:
      c0: {op: conv, channels: 32}
      flat: {op: flatten}
      out: {op: linear, features: 16}
  decoder:
    inputs: {z: "Latent[16]"}
    body:
      dense: {op: linear, features: 8 * 16 * 16}
      start: {op: reshape, channels: 8, size: 16}
      rgb: {op: conv, channels: 3}
  fixed: {like: encoder, weights: {random: true}}
game:
  body:
    small: {op: resize, x: picture, size: 16, mode: area}
    code: {network: encoder, image: small}
    again: {network: decoder, z: code}
    seen: {network: fixed, image: small}
    shown: {network: fixed, image: again}
    steady: {network: encoder, image: again, weights: average}
  players:
    both:
      trains: [encoder, decoder]
      terms:
        pixels: {value: mean((again - small) ** 2)}
        features: {value: mean((shown - seen) ** 2), every: 4 steps}
        steady: {value: mean(steady ** 2)}
  shows: [again]
training:
  length: 1000 steps
  batch: 8
  optimizer: {kind: adam, lr: 2e-4, betas: [0.0, 0.99]}
  averages: {encoder: {half_life: 1 kimg}, decoder: {half_life: 1 kimg}}
"""


def test_networks_of_any_names_and_averages_of_any(tmp_path: Path) -> None:
    """Pictures are larger than any network takes; one player has two networks, a third is nobody's."""
    (tmp_path / "coder.yaml").write_text(CODER, "utf-8")
    program = gandsl.compile(tmp_path / "coder.yaml")
    assert program.plan is not None
    (level,) = memory_of(program.module).levels
    true = allocated(program.plan, lambda: game_of(program))
    assert [phase.name for phase in level.phases] == list(true) == ["both", "both/4"]
    sizes = {
        name: 4 * sum(weight.numel() for weight in network.parameters())
        for name, network in game_of(program).networks.items()
    }
    for phase in level.phases:
        assert phase.bytes == pytest.approx(true[phase.name].tensors, rel=CLOSE), phase.name
        assert phase.by_kind["parameters"] == sum(sizes.values())
        assert phase.by_kind["average"] == sizes["encoder"] + sizes["decoder"]
        assert phase.by_kind["activations"] >= 8 * 3 * 64 * 64 * 4, "a batch of pictures"


SPEC = """gandsl: 1
name: pair
generator:
  inputs: {z: "Latent[16]"}
  body:
    dense: {op: linear, features: 8 * 16 * 16}
    start: {op: reshape, channels: 8, size: 16}
    conv: {op: conv, channels: 32}
    rgb: {op: conv, channels: 3}
discriminator:
  inputs: {image: "Image[3, 16]"}
  body:
    c0: {op: conv, channels: 32}
    c1: {op: conv, channels: 32}
    flat: {op: flatten}
    logit: {op: linear, features: 1}
training:
  length: 1000 steps
  batch: 8
  loss: logistic
  optimizer: {kind: adam, lr: 2e-4, betas: [0.0, 0.99]}
game:
  body:
    other: {draw: generator.z}
    again: {network: generator, z: other}
    judged: {network: discriminator, image: again}
    score: sample_sum(judged)
    slope: {op: gradient, of: score, by: again}
  players:
    generator:
      terms:
        size: {value: mean(again ** 2)%s}
        flat: {value: mean(sample_sum(slope ** 2))%s}
"""


def pair(folder: Path, size: str = "", flat: str = "", **more: Any) -> ModuleIR:
    """A generator of up to three terms; `size` and `flat` are what theirs have beside a value."""
    path = folder / "pair.yaml"
    path.write_text(SPEC % (size, flat), "utf-8")
    found, diagnostics = analyze(path, more)
    assert found is not None, [one.message for one in diagnostics]
    return found


def test_a_term_alone_is_the_phase_without_the_others(tmp_path: Path) -> None:
    (level,) = memory_of(pair(tmp_path), terms=True).levels
    d, g = level.phases
    assert [term.name for term in d.terms] == ["discriminator.adversarial"]
    assert d.terms[0].bytes == pytest.approx(d.bytes, abs=100), "which has no others"
    names = ["adversarial", "size", "flat"]
    assert [term.name for term in g.terms] == [f"generator.{name}" for name in names]
    for term in g.terms:
        others = [name for name in names if not term.name.endswith(f".{name}")]
        out = {f"game.players.generator.terms.{name}": None for name in others}
        (only,) = memory_of(pair(tmp_path, **out)).levels
        assert only.phases[1].terms == (), "nobody asked"
        assert term.bytes == pytest.approx(only.phases[1].bytes, rel=CLOSE), term.name
        assert 0 < term.activations < term.bytes < g.bytes


def test_who_asks_for_terms_later_gets_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = pair(tmp_path)
    plain, more = memory_of(made), memory_of(made, terms=True)
    assert plain != more and [p.by_kind for p in plain.worst.phases] == [p.by_kind for p in more.worst.phases]
    assert memory_of(made, terms=True) == more and memory_of(made) == plain


def test_terms_that_never_meet_do_not_add_up(tmp_path: Path) -> None:
    """One ends when the other begins: the fullest of both moments counts."""

    def peak(size: str, flat: str) -> int:
        (level,) = memory_of(pair(tmp_path, size, flat)).levels
        return level.phases[1].bytes

    out = ", from: 2000 steps"  # the run is over by then
    together, first, then = peak("", ""), peak("", out), peak(out, "")
    assert first < then < together
    assert peak(", until: 300 steps", ", from: 300 steps") == pytest.approx(then, rel=CLOSE)
    assert peak(", until: 301 steps", ", from: 300 steps") == pytest.approx(together, rel=CLOSE)


def test_frozen_weights_have_no_gradients() -> None:
    def by_kind(**frozen: str) -> dict[str, int]:
        freeze = [{"network": "generator", "nodes": ["image.dense"], **frozen}]
        found, diagnostics = analyze(GAMES / "unet_gan.yaml", {"training.freeze": freeze if frozen else []})
        assert found is not None, [one.message for one in diagnostics]
        (level,) = memory_of(found).levels
        return level.phases[0].by_kind  # in the discriminator's the generator's gradients are all there

    free, frozen, late = by_kind(), by_kind(until="9 Mimg"), by_kind(**{"from": "4 Mimg"})
    dense = 4 * 1536  # bytes; the run is over by 8 Mimg
    assert free["gradients"] - frozen["gradients"] == dense
    assert free["optimizer"] - frozen["optimizer"] == 2 * dense + 8, "two moments, and a count a tensor"
    assert all(late[kind] == free[kind] for kind in ("gradients", "optimizer")), "until then it is trained"


def test_moments_of_a_run() -> None:
    grows = {"training.batch": 4, "training.growth.stable": "1 kimg", "training.growth.fade": "500 img"}
    program = gandsl.compile(ROOT / "specs" / "pggan.yaml", {**reduced("pggan"), **grows})
    plan, game = program.plan, program.module.game
    assert plan is not None and plan.growth is not None and game is not None
    sizes = program.generator.levels
    begins = stage_begins(plan, sizes)
    assert [stage for stage, _ in begins] == schedule.stages(plan.growth, sizes)
    for stage, clock in begins:
        batch = schedule.batch(plan, sizes, stage)
        now = schedule.stage(plan.growth, sizes, Clock(clock.images + batch, clock.steps + 1))
        assert (now.level, now.fading) == (stage.level, stage.fading)
    assert moments(plan, game.plan, 4, Clock(), begins[1][1]) == [Clock()]
    assert begins[0] == (Stage(0), Clock())
