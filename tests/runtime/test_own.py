"""What lies in a run's folder belongs to the run, by its id, or is set aside; what a resume may change."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from gandsl_runtime.data import Dataset
from gandsl_runtime.data.identity import LOOKED_AT, absolute, again, differences, identity, spread
from gandsl_runtime.data.sources import Arrays, open_source
from gandsl_runtime.errors import CheckpointError
from gandsl_runtime.observers import Observer
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.run_dir import RunDir
from gandsl_runtime.training.trainer import Trainer
from tests.runtime import nets
from tests.runtime.helpers import arrays, folder_of, pixels, plan, png, zip_of
from tests.runtime.networks import (
    ConvDiscriminator,
    ConvGenerator,
    GrowingDiscriminator,
    GrowingGenerator,
    seeded,
)
from tests.runtime.plays import state_of

ROLLBACK = {"samples": 8, "warm_up": 4, "window": 8, "patience": 2, "on_alarm": "rollback"}
GUARDED = plan(guard=ROLLBACK, cadence={"log": "1 steps", "checkpoint": "3 steps", "keep": 1})


def networks():
    return seeded(ConvGenerator), seeded(ConvDiscriminator)


class Ear(Observer):
    """Remembers warnings."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def warn(self, message):
        self.said.append(message)


def guarded(run_dir: Path, seed: int = 0) -> Trainer:
    """A run of twelve steps whose guard holds a good state."""
    run = nets.trainer_of(GUARDED, networks(), data=arrays(), run_dir=run_dir, seed=seed)
    run.run()
    assert list((run_dir / "guard" / "good").iterdir())
    return run


def test_what_an_earlier_run_left_is_set_aside(tmp_path):
    """Its guard would have rolled the new run back to the old one's state; its log would have been lost."""
    old = guarded(tmp_path)
    log = (tmp_path / "log.jsonl").read_bytes()
    shutil.rmtree(tmp_path / "checkpoints")
    ear = Ear()
    new = nets.trainer_of(GUARDED, networks(), data=arrays(), run_dir=tmp_path, seed=1, observing=[ear])
    assert new.id != old.id
    new.run()
    place = tmp_path / "earlier" / old.id[:8]
    assert any(str(place) in said for said in ear.said)
    assert (place / "log.jsonl").read_bytes() == log and json.loads((place / "run.json").read_text())[
        "seed"
    ] == 0
    states = [*(tmp_path / "guard").rglob("*.safetensors"), *(tmp_path / "checkpoints").iterdir()]
    assert states and {checkpoint.run_of(path) for path in states} == {new.id}


def test_states_of_another_run_in_guard_are_not_gone_back_to(tmp_path):
    """Put there by hand, or by a folder copied over another; damaged ones are of no use either."""
    guarded(tmp_path / "other", seed=1)
    own = guarded(tmp_path / "run")
    good = tmp_path / "run" / "guard" / "good"
    shutil.rmtree(good)
    shutil.copytree(tmp_path / "other" / "guard" / "good", good)
    (good / "000000000001.safetensors").write_bytes(b"no checkpoint")
    names = {path.name for path in good.iterdir()}
    ear = Ear()
    run = nets.resumed(tmp_path / "run", networks(), data=arrays(), observing=[ear])
    run.plan = plan(length="13 steps")
    run.run()
    others = tmp_path / "run" / "guard" / "others"
    assert any(str(others) in said for said in ear.said)
    assert names == {path.name for path in others.rglob("*.safetensors")}
    assert {checkpoint.run_of(path) for path in good.glob("*")} <= {own.id}


@pytest.mark.parametrize("lost", ["gone", "damaged"])
def test_where_only_the_guard_has_a_state_a_resume_takes_it(lost, tmp_path):
    first = guarded(tmp_path)
    shutil.rmtree(tmp_path / "checkpoints")
    if lost == "damaged":
        (tmp_path / "checkpoints").mkdir()
        (tmp_path / "checkpoints" / "000000000048.safetensors").write_bytes(b"no checkpoint")
    ear = Ear()
    run = nets.resumed(tmp_path, networks(), data=arrays(), observing=[ear])
    assert (
        run.id == first.id
        and run.state.clock.steps == int(next((tmp_path / "guard/good").iterdir()).stem) // 4
    )
    assert any("in guard/" in said for said in ear.said)
    run.run()
    for name, tensor in run.state.tensors().items():
        assert name.startswith("guard/") or tensor.equal(first.state.tensors()[name]), name


def test_a_guard_of_another_run_is_nothing_to_resume(tmp_path):
    guarded(tmp_path / "other")
    begun = nets.trainer_of(plan(), networks(), data=arrays(), run_dir=tmp_path / "run")
    begun.run(0)
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    shutil.copytree(tmp_path / "other" / "guard", tmp_path / "run" / "guard", dirs_exist_ok=True)
    with pytest.raises(CheckpointError, match="no whole checkpoint"):
        nets.resumed(tmp_path / "run", networks(), data=arrays())


def stopped(run_dir: Path, steps: int = 3, **changes) -> None:
    run = nets.trainer_of(plan(**changes), networks(), data=arrays(), run_dir=run_dir, observing=())
    for _ in range(steps):
        run.step()
    run.save()


LECAM = {"lecam": {"weight": 0.3, "start": "1 steps"}}


def test_parts_of_a_plan_may_begin_on_the_way(tmp_path):
    """An average begins as the weights, LeCam's anchors with what D says then; the guard forgets."""
    stopped(tmp_path, ema=None)
    later = plan(regularizers=LECAM)
    with pytest.raises(CheckpointError, match=r"another plan than this:(\n.*)*\n  \+ ema\.") as caught:
        nets.resumed(tmp_path, networks(), plan=later, data=arrays(), observing=())
    assert "change=True" in caught.value.remedy
    run = nets.resumed(tmp_path, networks(), plan=later, data=arrays(), observing=(), change=True)
    weights = run.state.networks["generator"].state_dict()
    average = run.state.game.averages["generator"]
    assert all(tensor.equal(weights[key]) for key, tensor in average.state_dict().items())
    assert average is not run.state.networks["generator"] and not run.state.memory.images
    assert [float(state_of(run, f"lecam/means/{place}")) for place in range(2)] == [0, 0]
    run.metrics.clear()
    run.step()
    said = run.measured()
    assert said["penalty/lecam"] == 0
    for place, name in enumerate(("real", "fake")):  # not a tenth of the way from 0
        assert float(state_of(run, f"lecam/means/{place}")) == pytest.approx(said[f"score/{name}"], rel=1e-5)
    back = nets.resumed(tmp_path, networks(), plan=plan(ema=None), data=arrays(), observing=())
    assert not back.state.game.averages and not back.state.game.plan.states


def test_growth_may_change_for_what_lies_ahead(tmp_path):
    base = {"length": "400 img", "growth": {"stable": "24 img", "fade": "24 img"}}

    def growing():
        return seeded(GrowingGenerator), seeded(GrowingDiscriminator)

    run = nets.trainer_of(plan(**base), growing(), data=arrays(size=(16, 16)), run_dir=tmp_path, observing=())
    while run.state.clock.images < 28:
        run.step()
    run.save()

    def resumed(**growth):
        changed = plan(**base | {"growth": base["growth"] | growth})
        return nets.resumed(
            tmp_path, growing(), plan=changed, observing=(), data=arrays(size=(16, 16)), change=True
        )

    assert resumed(fade="80 img").plan.growth.fade.amount == 80  # still the first fade
    with pytest.raises(
        CheckpointError, match=r"after 28 images the run fades in level 8, by .* it trains level 4"
    ):
        resumed(stable="100 img")


def test_what_was_in_force_stays_beside(tmp_path):
    stopped(tmp_path)
    plain = {"data": arrays(), "observing": (), "change": True}
    for spec, length in (("a", "13 steps"), ("b", "14 steps")):
        where = RunDir(tmp_path, spec)
        nets.resumed(where, networks(), plan=plan(length=length), **plain).run(0)
    lengths = {path.name: json.loads(path.read_text())["length"] for path in tmp_path.glob("plan*.json")}
    assert (tmp_path / "spec.yaml").read_text() == "b" and lengths.pop("plan.json") == "14 steps"
    assert [*lengths.values()].count("13 steps") == 1
    newest = checkpoint.newest(tmp_path / "checkpoints")[2]
    assert str(newest.plan.length) == "14 steps"


# ---- images ----


def set_of(source, classes: bool = False) -> Dataset:
    return Dataset(source, (1, 8, 8), np.arange(len(source.images)) % 3 if classes else None)


def compared(a: Dataset, b: Dataset) -> list[str]:
    return list(differences(identity(a, None), identity(b, None), b))


def test_the_same_images_in_another_place_are_the_same(tmp_path):
    files = {f"{i % 3}/{i}.png": png(image) for i, image in enumerate(pixels(40))}
    folder, packed = folder_of(files, tmp_path / "set"), zip_of(files, tmp_path / "set.zip")
    assert compared(set_of(open_source(folder)), set_of(open_source(packed))) == []


def test_what_tells_images_apart(tmp_path):
    own = set_of(arrays(), classes=True)
    assert compared(own, set_of(arrays(22), classes=True))[0] == "~ images: 21 → 22"
    other = Dataset(arrays(), (1, 8, 8), np.zeros(21, dtype=np.int64))
    assert compared(own, other) == ["~ labels"]
    array = pixels()
    array[20, 0, 0] ^= 1
    assert compared(own, set_of(Arrays(array), classes=True)) == [
        "~ 1 of the 21 images that were looked at, such as 20"
    ]
    files = {f"{i}.png": png(image) for i, image in enumerate(pixels(3))}
    renamed = {f"x{name}": content for name, content in files.items()}
    a, b = (set_of(open_source(folder_of(one, tmp_path / n))) for n, one in (("a", files), ("b", renamed)))
    assert compared(a, b) == ["~ names, or the order that they give"]
    (tmp_path / "a" / "1.png").write_bytes(b"broken")  # repaired, or broken since: the run says it itself
    assert compared(a, set_of(open_source(tmp_path / "a"))) == []


def test_few_images_are_read_however_many_there_are():
    for count in (1, 2, 31, 32, 33, 1000, 10**9):
        places = spread(count)
        assert (
            places[0] == 0
            and places[-1] == count - 1
            and len(places) == len({*places}) == min(count, LOOKED_AT)
        )


def test_where_the_images_are_looked_for_again(tmp_path, monkeypatch):
    folder_of({f"{i}.png": png(image) for i, image in enumerate(pixels(3))}, tmp_path / "set")
    monkeypatch.chdir(tmp_path)
    facts = identity(set_of(open_source("set")), "set")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert again(facts) == str(tmp_path / "set")
    (tmp_path / "set").rename(tmp_path / "sub" / "set")
    assert again(facts) == "set"
    assert absolute("mnist") == "mnist" and absolute("hf:user/name") == "hf:user/name"
    assert absolute("hf:set:train") == f"hf:{tmp_path}/sub/set:train"
