"""What training code wraps around state_dicts comes off: the same weights as from the bare file, and told."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch.nn import DataParallel, Identity, ModuleDict, Parameter, Sequential

from gandsl.interop import Imported, export_weights, import_checkpoint
from gandsl.interop.layouts import layouts
from gandsl.interop.peel import WRAPPERS, names_average
from tests.interop.cases import CASES
from tests.interop.forge import State, ours

Parts = dict[str, State]  # role → the network's state_dict in the layout's own names

SYSTEMS = {
    "rosinality": "rosinality",
    "ada": "stylegan2-ada-pytorch",
    "pggan": "genforce-pggan",
    "dcgan": "dcgan-example",
}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, root: Path) -> dict[str, tuple[Parts, Imported]]:
    """The networks of some systems, and what they are imported as without any wrapper."""
    found = {}
    for name in SYSTEMS:
        folder = tmp_path_factory.mktemp(name)
        case, spec = CASES[name], root / "specs" / f"{CASES[name].spec}.yaml"
        ours(folder / "ours.safetensors", spec, case.overrides, case.parts)
        single = not layouts()[case.layout].files
        target = folder / ("net.pt" if single else "net")
        done = export_weights(folder / "ours.safetensors", target, case.layout, spec, case.overrides)
        names = {role: name for name, role in layouts()[case.layout].names.items()}
        parts = {}
        for file, roles in done.files.items():
            content = torch.load(file, weights_only=True)
            for role in roles:
                parts[role] = content[names[role]] if single else content
                parts[role] |= {k: v for k, v in content.items() if k == "latent_avg" and role == "average"}
        found[name] = parts, import_checkpoint(list(done.files))
    return found


def joined(parts: Mapping[str, State], names: Mapping[str, str]) -> State:
    """One state_dict in which each network is a submodule of this name."""
    return {f"{names[role]}.{key}": value for role, state in parts.items() for key, value in state.items()}


def within(state: State, wrapper: str) -> State:
    """As of a module whose submodules are wrapped one by one."""
    return {
        f"{key.partition('.')[0]}.{wrapper}.{key.partition('.')[2]}" if "." in key else key: value
        for key, value in state.items()
    }


def before(state: State, wrapper: str) -> State:
    return {f"{wrapper}.{key}": value for key, value in state.items()}


def averaged(state: State) -> State:
    """As torch.optim.swa_utils.AveragedModel stores it."""
    return {"n_averaged": torch.tensor(9), **before(state, "module")}


LONG = {"generator": "generator", "discriminator": "discriminator", "average": "generator_ema"}
SHORT = {"generator": "G", "discriminator": "D", "average": "G_ema"}
NET = {"generator": "netG", "discriminator": "netD", "average": "ema_netG"}


def lightning(state: State) -> dict[str, Any]:
    return {
        "epoch": 3,
        "global_step": 12,
        "pytorch-lightning_version": "2.2.0",
        "state_dict": state,
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.5)}},
        "optimizer_states": [{"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 0.002}]}],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": {"latent_dim": 12, "betas": (0.0, 0.99)},
    }


Wrapping = Callable[[Parts], Any]

WRAPPED: dict[str, tuple[Wrapping, str]] = {
    **{
        f"{wrapper} {where}": (
            lambda parts, w=wrapper, f=put: joined(
                {role: f(state, w) for role, state in parts.items()}, LONG
            ),
            f"`{wrapper}.` taken out of",
        )
        for wrapper in WRAPPERS
        for where, put in (("in front", before), ("within", within))
    },
    "prefixes": (lambda parts: joined(parts, LONG), "unwrapped: `generator.` taken off"),
    "short prefixes": (lambda parts: joined(parts, SHORT), "unwrapped: `D.` taken off"),
    "names of the example's": (lambda parts: joined(parts, NET), "unwrapped: `netG.` taken off"),
    "a model of models": (
        lambda parts: before(before(joined(parts, SHORT), "gan"), "model"),
        "keys, then `gan.` taken off",
    ),
    "compiled in parallel": (
        lambda parts: joined(
            {role: before(before(state, "_orig_mod"), "module") for role, state in parts.items()}, SHORT
        ),
        "keys, then `_orig_mod.` taken out of",
    ),
    "mappings": (lambda parts: {"step": 7, "models": {SHORT[role]: s for role, s in parts.items()}}, ""),
    "mappings of wrapped": (
        lambda parts: {"nets": {LONG[role]: before(state, "module") for role, state in parts.items()}},
        "`module.` taken out of",
    ),
    "an average beside": (
        lambda parts: {
            "model": joined({r: s for r, s in parts.items() if r != "average"}, SHORT),
            **({"ema": {"G": parts["average"]}} if "average" in parts else {}),
        },
        "`G.` taken off",
    ),
    "an averaged model": (
        lambda parts: {
            "G": before(parts["generator"], "module"),
            "D": parts["discriminator"],
            **({"other": averaged(parts["average"])} if "average" in parts else {}),
        },
        "`module.` taken out of",
    ),
    "a counter in one state_dict": (
        lambda parts: joined(
            {role: averaged(state) if role == "average" else state for role, state in parts.items()},
            {**LONG, "average": "shadow"},
        ),
        "`generator.` taken off",
    ),
    "numbers among tensors": (
        lambda parts: {**joined(parts, LONG), "step": 7, "best": None},
        "`generator.` taken off",
    ),
    "Lightning": (lambda parts: lightning(joined(parts, LONG)), "`generator.` taken off"),
    "Lightning, compiled": (
        lambda parts: lightning(
            joined({role: before(state, "_orig_mod") for role, state in parts.items()}, SHORT)
        ),
        "`_orig_mod.` taken out of",
    ),
    "Lightning, other networks beside": (
        lambda parts: lightning(
            {**joined(parts, LONG), "lpips.net.0.weight": torch.zeros(3, 3), "loss.scale": torch.zeros(1)}
        ),
        "`discriminator.` taken off",
    ),
}
"""How training code stores networks, and words of the report that tell what came off."""


def same(found: Imported, wanted: Imported) -> None:
    """The same networks with the same numbers in the same spec."""
    assert found.states.keys() == wanted.states.keys()
    assert found.overrides == wanted.overrides and found.report.layout == wanted.report.layout
    for role, state in wanted.states.items():
        assert found.states[role].keys() == state.keys()
        assert all(torch.equal(found.states[role][key], value) for key, value in state.items()), role


@pytest.mark.parametrize(
    ("system", "wrapping"),
    [
        pytest.param(system, wrapping, marks=() if place % len(SYSTEMS) == turn else pytest.mark.thorough)
        for place, wrapping in enumerate(WRAPPED)
        for turn, system in enumerate(SYSTEMS)
    ],
)
def test_every_wrapper_comes_off(
    system: str, wrapping: str, bare: dict[str, tuple[Parts, Imported]], tmp_path: Path
) -> None:
    """Also those that stand before some of the keys only; and the report tells."""
    parts, wanted = bare[system]
    wrap, words = WRAPPED[wrapping]
    torch.save(wrap(parts), tmp_path / "net.pt")
    found = import_checkpoint(tmp_path / "net.pt")
    same(found, wanted)
    assert words in found.report.text() and bool(words) == ("unwrapped" in found.report.text())


def test_hyper_parameters_of_lightning(bare: dict[str, tuple[Parts, Imported]], tmp_path: Path) -> None:
    """Their classes are not needed: their contents lie aside, and become nothing that can act."""
    parts, wanted = bare["pggan"]
    root = lightning(joined(parts, LONG))
    kinds = {
        "pytorch_lightning.utilities.parsing": {"AttributeDict": (dict,)},
        "omegaconf.dictconfig": {"DictConfig": (object,)},
        "omegaconf.base": {"ContainerMetadata": (object,)},
    }
    with posing(kinds) as made:
        root["hyper_parameters"] = made["AttributeDict"](latent_dim=12, net={"depth": 3})
        config = made["DictConfig"]()
        config.__dict__ |= {"_content": {"lr": 0.1}, "_metadata": made["ContainerMetadata"](), "kind": Any}
        config.__dict__["flags"] = defaultdict(list, a=[1])
        root["config"] = config
        torch.save(root, tmp_path / "net.ckpt")
    found = import_checkpoint(tmp_path / "net.ckpt")
    same(found, wanted)
    assert {"hyper_parameters", "config"} <= set(found.report.aside)


@contextmanager
def posing(kinds: Mapping[str, Mapping[str, tuple[type, ...]]]) -> Iterator[dict[str, type]]:
    """While it lasts, classes are pickled under the names of packages that are not there."""
    made = {name: type(name, bases, {}) for members in kinds.values() for name, bases in members.items()}
    modules = {part for name in kinds for part in accumulate(name.split("."), lambda a, b: f"{a}.{b}")}
    for name in modules:
        sys.modules[name] = ModuleType(name)
    for module, members in kinds.items():
        for name in members:
            made[name].__module__ = module
            setattr(sys.modules[module], name, made[name])
    try:
        yield made
    finally:
        for name in modules:
            del sys.modules[name]


def test_a_module_in_parallel(tmp_path: Path, bare: dict[str, tuple[Parts, Imported]]) -> None:
    """A pickle of the wrapper itself, around modules of torch's own."""
    parts, wanted = bare["dcgan"]
    found = {}
    for role, state in parts.items():
        last = 1 + max(int(key.split(".")[1]) for key in state)
        main = [Identity() for _ in range(last)]
        for key, value in state.items():
            place, name = int(key.split(".")[1]), key.split(".")[2]
            if name in ("running_mean", "running_var", "num_batches_tracked"):
                main[place].register_buffer(name, value)
            else:
                main[place].register_parameter(name, Parameter(value))
        found[NET[role]] = DataParallel(ModuleDict({"main": Sequential(*main)}))
    torch.save(found, tmp_path / "net.pt")
    same(import_checkpoint(tmp_path / "net.pt"), wanted)


@pytest.mark.parametrize("layout", layouts())
def test_no_layout_has_a_wrappers_name(layout: str) -> None:
    """So what a wrapper adds can go before anything else is asked."""
    for side in layouts()[layout].sides.values():
        for entry in side.entries:
            assert WRAPPERS.keys().isdisjoint(entry.theirs.split("."))


@pytest.mark.parametrize(
    ("name", "averaged"),
    [
        *[
            (n, True)
            for n in ("G_ema", "g_ema", "ema", "emaG", "GEma", "netG-ema", "generator_smooth", "ema_0.999")
        ],
        *[(n, False) for n in ("G", "generator", "Gemma", "schema", "model", "emam", "state_dict", "")],
    ],
)
def test_names_of_averages(name: str, averaged: bool) -> None:
    assert names_average(name) == averaged
