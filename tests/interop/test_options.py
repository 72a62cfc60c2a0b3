"""Every option of every constructor: it reaches the network, agrees with the shapes, or ends the import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch

from gandsl.frontend.module import ModuleIR
from gandsl.interop import InteropError, export_weights, import_checkpoint
from gandsl.interop.files import opened
from gandsl.interop.layout import Layout
from gandsl.interop.made import Made
from gandsl.interop.matching import infer, module_of
from gandsl.interop.options import Fate, Option
from gandsl.interop.parts import parts_of
from gandsl.interop.recognize import CheckpointFile, Recognized, recognize
from gandsl.interop.values import same
from gandsl.spec.overrides import as_yaml
from tests.interop import option_tables
from tests.interop.cases import SMALL, SYNTHESIS
from tests.interop.forge import ours, write_persistence
from tests.interop.networks import ALIAS_FREE, NETWORKS, ROOT, UNCLAMPED, WIDTHS, changed, state, written

HALF = {"compute": "fp16", "stages": 2, "overflow": "replace", "fallback": "fp32"}
APPLIED: dict[str, tuple[Any, Any]] = {
    "num_fp16_res": (2, HALF),
    "resample_filter": ([1, 2, 1], [1.0, 2.0, 1.0]),
    "conv_clamp": (64, 64.0),
    "fp16_channels_last": (True, "channels_last"),
    "activation": ("relu", 0.0),
    "lr_multiplier": (0.02, 0.02),
    "w_avg_beta": (0.9, 0.9),
    "mbstd_group_size": (None, 0),
    "num_critical": (1, 1),
    "first_cutoff": (2.5, 2.5),
    "first_stopband": (5.0, 5.0),
    "last_stopband_rel": (1.1, 1.1),
    "margin_size": (8, 8),
    "output_scale": (0.5, 0.5),
    "filter_size": (4, 4),
    "magnitude_ema_beta": (0.9, 0.9),
}
"""A value that is not the default for each option that is applied, and what the parameter becomes."""

IMPOSSIBLE = [
    ("ada-G", "mapping_kwargs.activation", "swish", "lrelu, relu"),
    ("ada-G", "mapping_kwargs.w_avg_beta", None, "the running mean of w"),
    ("ada-G", "mapping_kwargs.num_layers", 0, "at least one layer"),
    ("ada-G", "synthesis_kwargs.conv_clamp", 0, "clamped to 0"),
    ("ada-G", "synthesis_kwargs.resample_filter", [[1, 2], [2, 1]], "a list of numbers"),
    ("ada-D", "epilogue_kwargs.activation", "linear", "lrelu, relu"),
]
"""Values that options which are applied or held can have there, and not here."""


@cache
def module(spec: str, overrides: tuple[str, ...] = ()) -> ModuleIR:
    return module_of(ROOT / "specs" / f"{spec}.yaml", overrides)


@cache
def read(network: str) -> tuple[Layout, dict[str, Recognized]]:
    """A pickle of the network, with its own arguments."""
    one = NETWORKS[network]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.pkl"
        attributes = {one.key: one.attributes}
        write_persistence(path, {one.key: state(network)}, {one.key: one.arguments}, attributes=attributes)
        with opened(path) as content:
            parts, loose, aside = parts_of(content.root, str(path))
            layout, found, _ = recognize([CheckpointFile(path, parts, loose, aside, content.size)], None)
            return layout, found


def wanted(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a pickle of these arguments asks for."""
    layout, parts = read(name)
    parts = {role: replace(one, part=replace(one.part, arguments=arguments)) for role, one in parts.items()}
    return infer(layout, parts, Made(parts), module(NETWORKS[name].spec))


EVERY = [(name, option) for name, network in NETWORKS.items() for option in network.table]


def of(*fates: Fate) -> pytest.MarkDecorator:
    """All options of these kinds."""
    found = [(name, option) for name, option in EVERY if option.fate in fates]
    return pytest.mark.parametrize(("name", "option"), found, ids=[f"{n}-{o.name}" for n, o in found])


def refusal(name: str, arguments: Mapping[str, Any]) -> str:
    with pytest.raises(InteropError) as caught:
        wanted(name, arguments)
    assert caught.value.exit_code == 4 and caught.value.remedy
    return str(caught.value)


@of(Fate.APPLIED)
def test_applied(name: str, option: Option) -> None:
    """The parameter becomes the option's value, and without the option its default's."""
    given, value = APPLIED[option.name.rpartition(".")[2]]
    assert given != option.default
    arguments = changed(NETWORKS[name].arguments, option.name, given)
    assert same(wanted(name, arguments)[option.parameter], value)
    if not option.name.endswith(tuple(UNCLAMPED)):
        assert same(wanted(name, NETWORKS[name].arguments)[option.parameter], option.value(option.default))


SIZES = {"stylegan2": SMALL, "stylegan3": SYNTHESIS}

PARAMETERS = sorted(
    {
        (network.spec, network.part, option.parameter, as_yaml(APPLIED[option.name.rpartition(".")[2]][1]))
        for network in NETWORKS.values()
        for option in network.table
        if option.fate is Fate.APPLIED
    }
)


@pytest.mark.parametrize(("spec", "part", "parameter", "value"), PARAMETERS)
def test_the_parameter_counts(spec: str, part: str, parameter: str, value: str) -> None:
    """What an option sets is seen in the network, or in the plan."""
    sizes = (*(f"{name}={value}" for name, value in SIZES[spec].items()), "classes=3")
    plain, other = module(spec, sizes), module(spec, (*sizes, f"{parameter}={value}"))
    if parameter.startswith("training."):
        assert other.plan != plain.plan
    else:
        assert str(other.networks[part]) != str(plain.networks[part])


@of(Fate.HELD)
def test_held(name: str, option: Option) -> None:
    """What the file says beside its shapes has to be what they say."""
    strange = {"skip": "orig", "resnet": "skip", True: False, False: True}
    at = option.default if isinstance(option.default, str | bool) else None
    given = strange[at] if at is not None else 29
    said = refusal(name, changed(NETWORKS[name].arguments, option.name, given))
    assert f"was made with {option.name} = {given!r}, and its tensors say {option.parameter} = " in said


@of(Fate.REFUSED)
def test_refused(name: str, option: Option) -> None:
    said = refusal(name, changed(NETWORKS[name].arguments, option.name, 29))
    assert f"was made with {option.name} = 29: {option.why}" in said


@of(Fate.IDLE)
def test_without_effect(name: str, option: Option) -> None:
    _, parts = read(name)
    arguments = changed(NETWORKS[name].arguments, option.name, 2)
    one = {role: replace(p, part=replace(p.part, arguments=arguments)) for role, p in parts.items()}
    assert any(f"{option.name} = 2 is left behind: {option.why}" in note for note in Made(one).notes())


@pytest.mark.parametrize(("name", "option", "value", "words"), IMPOSSIBLE)
def test_what_no_spec_is(name: str, option: str, value: Any, words: str) -> None:
    said = refusal(name, changed(NETWORKS[name].arguments, option, value))
    assert f"was made with {option} = {value!r}" in said and words in said and "Nothing was loaded" in said


@pytest.mark.parametrize("place", ["", "mapping_kwargs.", "block_kwargs."])
@pytest.mark.parametrize("name", ["ada-D", "newer-D"])
def test_unknown(name: str, place: str) -> None:
    """An option of a later version is not passed over."""
    said = refusal(name, changed(NETWORKS[name].arguments, f"{place}blur_sigma", 1))
    assert f"{place}blur_sigma = 1, an option that this importer does not know" in said


def test_the_page_has_the_tables() -> None:
    assert option_tables.text() in option_tables.DOCS.read_text(), "run python -m tests.interop.option_tables"


def test_two_networks_that_differ(tmp_path: Path) -> None:
    """One parameter for both: the options are named, not what shapes would say of it."""
    generator, discriminator = NETWORKS["ada-G"], NETWORKS["ada-D"]
    arguments = {
        "G": changed(generator.arguments, "synthesis_kwargs.conv_clamp", 256),
        "D": {**discriminator.arguments, "conv_clamp": None},
    }
    write_persistence(tmp_path / "a.pkl", {"G": state("ada-G"), "D": state("ada-D")}, arguments)
    with pytest.raises(InteropError) as caught:
        import_checkpoint(tmp_path / "a.pkl")
    said = str(caught.value)
    assert "(G) was made with synthesis_kwargs.conv_clamp = 256" in said
    assert "(D) with conv_clamp = None, and the spec has one clamp for both" in said


def test_a_discriminator_of_other_widths(tmp_path: Path) -> None:
    """Where the spec has a parameter for the discriminator alone, that is set."""
    generator, discriminator = NETWORKS["ada-G"], NETWORKS["ada-D"]
    wider = {"discriminator_channel_base": 150, "discriminator_channel_max": 32}
    weights = {"G": state("ada-G"), "D": written(discriminator, {**discriminator.overrides, **wider})}
    arguments = {
        "G": generator.arguments,
        "D": {**discriminator.arguments, "channel_base": 150, "channel_max": 32},
    }
    write_persistence(tmp_path / "a.pkl", weights, arguments)
    found = import_checkpoint(tmp_path / "a.pkl").module.params
    assert (found["channel_base"], found["discriminator_channel_base"]) == (128, 150)
    assert (found["channel_max"], found["discriminator_channel_max"]) == (16, 32)


@pytest.mark.parametrize("equivariance", ["translation", "rotation"])
def test_a_base_that_no_shape_tells(equivariance: str, tmp_path: Path) -> None:
    """Bases from 1472 to 1535 or so give the same widths in one network; the pickle says 1500."""
    spec = ROOT / "specs" / "stylegan3.yaml"
    overrides = {
        **SYNTHESIS,
        "equivariance": equivariance,
        "channel_base": 1500,
        "channel_max": 512,
        "resolution": 64,
    }
    ours(tmp_path / "a.safetensors", spec, overrides, ("generator", "discriminator"))
    export_weights(tmp_path / "a.safetensors", tmp_path / "a.pt", "stylegan3", spec, overrides)
    weights = torch.load(tmp_path / "a.pt", weights_only=True)
    wide = 2 if equivariance == "rotation" else 1
    first = {"c_dim": 0, "img_resolution": 64, "img_channels": 3}
    rotation = {"conv_kernel": 1, "use_radial_filters": True} if wide == 2 else {}
    arguments = {
        "G": {
            **ALIAS_FREE,
            **first,
            **rotation,
            "conv_clamp": 256,
            "channel_base": 1500 * wide,
            "channel_max": 512 * wide,
        },
        "D": {**first, "channel_base": 1500, "num_fp16_res": 0},
    }
    write_persistence(tmp_path / "a.pkl", weights, arguments)
    found = import_checkpoint(tmp_path / "a.pkl").module.params
    assert found["channel_base"] == found["discriminator_channel_base"] == 1500
    assert import_checkpoint(tmp_path / "a.pt").states.keys() == {"generator", "discriminator"}


def test_a_spec_without_the_parameter(tmp_path: Path) -> None:
    """A spec of an earlier version does what the default is; nothing else is taken for it."""
    text = (ROOT / "specs" / "stylegan2.yaml").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("  mapping_lr_multiplier:")]
    older = "\n".join(lines).replace("lr_multiplier: mapping_lr_multiplier, ", "")
    (tmp_path / "older.yaml").write_text(older)
    network = NETWORKS["ada-G"]
    write_persistence(tmp_path / "a.pkl", {"G": state("ada-G")}, {"G": network.arguments})
    assert import_checkpoint(tmp_path / "a.pkl", tmp_path / "older.yaml").states
    arguments = changed(network.arguments, "mapping_kwargs.lr_multiplier", 0.02)
    write_persistence(tmp_path / "a.pkl", {"G": state("ada-G")}, {"G": arguments})
    with pytest.raises(InteropError) as caught:
        import_checkpoint(tmp_path / "a.pkl", tmp_path / "older.yaml")
    assert "mapping_kwargs.lr_multiplier = 0.02, and stylegan2 has no parameter" in str(caught.value)


def test_arguments_without_names(tmp_path: Path) -> None:
    """A network that was made with arguments in their order, nested mappings too."""
    network = NETWORKS["ada-G"]
    write_persistence(
        tmp_path / "a.pkl",
        {"G": state("ada-G")},
        {"G": {"synthesis_kwargs": {**WIDTHS, "conv_clamp": 3}}},
        positional={"G": (12, 3, 16, 16, 3, {"num_layers": 2, "lr_multiplier": 0.5})},
    )
    found = import_checkpoint(tmp_path / "a.pkl", ROOT / "specs" / f"{network.spec}.yaml")
    assert found.module.params["clamp"] == 3.0 and found.module.params["mapping_lr_multiplier"] == 0.5


@pytest.mark.parametrize("name", NETWORKS)
def test_whole(name: str, tmp_path: Path) -> None:
    """A file made with other options is imported with them, and nothing of it is left untold."""
    one = NETWORKS[name]
    chosen = {
        option.name: APPLIED[option.name.rpartition(".")[2]]
        for option in one.table
        if option.fate is Fate.APPLIED and not option.parameter.startswith("training.")
    }
    parameters = {option.parameter: chosen[option.name][1] for option in one.table if option.name in chosen}
    arguments = one.arguments
    for option, (given, _) in chosen.items():
        arguments = changed(arguments, option, given)
    weights = written(one, {**one.overrides, **parameters})
    attributes = {one.key: one.attributes}
    write_persistence(tmp_path / "a.pkl", {one.key: weights}, {one.key: arguments}, attributes=attributes)
    found = import_checkpoint(tmp_path / "a.pkl", ROOT / "specs" / f"{one.spec}.yaml")
    assert not found.report.unrecorded
    assert all(same(found.module.params[parameter], value) for parameter, value in parameters.items())


def test_what_no_state_dict_tells(tmp_path: Path) -> None:
    """A state_dict alone leaves the options to the spec, and the report names each of them."""
    torch.save({"G": state("ada-G")}, tmp_path / "a.pt")
    found = import_checkpoint(tmp_path / "a.pt")
    options = {
        o.parameter
        for o in NETWORKS["ada-G"].table
        if o.fate is Fate.APPLIED and "training" not in o.parameter
    }
    assert set(found.report.unrecorded) == options


def test_a_filter_that_no_option_tells(tmp_path: Path) -> None:
    """A state_dict of another filter: --set says which; the layers that never resample keep the default's."""
    one = NETWORKS["ada-D"]
    weights = written(one, {**one.overrides, "taps": (1, 2, 1)})
    assert weights["b8.conv1.resample_filter"].shape == (3, 3)
    assert weights["b8.conv0.resample_filter"].shape == (4, 4)
    torch.save({"D": weights}, tmp_path / "a.pt")
    found = import_checkpoint(tmp_path / "a.pt", overrides={"taps": [1, 2, 1]})
    assert found.module.params["taps"] == [1, 2, 1]
    with pytest.raises(InteropError) as caught:
        import_checkpoint(tmp_path / "a.pt")
    assert "--set taps=" in str(caught.value.remedy)


def test_the_users_plan_is_the_users(tmp_path: Path) -> None:
    arguments = {"G": changed(NETWORKS["ada-G"].arguments, "synthesis_kwargs.num_fp16_res", 2)}
    write_persistence(tmp_path / "a.pkl", {"G": state("ada-G")}, arguments)
    found = import_checkpoint(tmp_path / "a.pkl", overrides=["training.precision.compute=bf16"])
    assert found.module.plan is not None and found.module.plan.precision.compute == "bf16"
    found = import_checkpoint(tmp_path / "a.pkl")
    assert found.module.plan is not None and found.module.plan.precision.stages == 2
