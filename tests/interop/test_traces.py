"""Options that networks were made with: what leaves a trace is held or refused by name, never by half."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import gandsl
from gandsl.interop import Imported, InteropError, export_weights, import_checkpoint
from gandsl.interop.layouts import layouts
from gandsl.interop.options import Fate
from gandsl.interop.peel import LocatedState
from gandsl_runtime.layers import set_noise_mode
from tests.interop.cases import CASES
from tests.interop.forge import State, ours, published

NO_PART = LocatedState("", {})


def written(name: str, folder: Path, root: Path) -> dict[str, State]:
    """The state_dicts of a case by part, as its layout has them."""
    case, spec = CASES[name], root / "specs" / f"{CASES[name].spec}.yaml"
    parts = [part for part in case.parts if part != "generator" or "average" not in case.parts]
    return published(case.layout, spec, case.overrides, parts, folder)


def without(state: State, *ends: str) -> State:
    return {key: tensor for key, tensor in state.items() if not key.endswith(ends)}


def drawn_input(state: State) -> State:
    """StyleGAN whose first layer is a convolution of w in the place of the constant."""
    const = state["synthesis.layer0.const"]
    width = state["synthesis.layer0.style.weight"].shape[1]
    return {
        **without(state, "synthesis.layer0.const"),
        "synthesis.layer0.weight": torch.zeros(const.shape[1], width, 4, 4),
    }


def dense_input(state: State) -> State:
    """StyleGAN2's."""
    width, channels = state["synthesis.layer0.style.weight"].shape[::-1]
    return {
        **without(state, "early_layer.const"),
        "synthesis.early_layer.weight": torch.zeros(channels, width),
        "synthesis.early_layer.bias": torch.zeros(channels),
    }


def noise_by_channel(state: State) -> State:
    changed = dict(state)
    for key, noise in state.items():
        if key.endswith("apply_noise.noise"):
            weight = key.replace("noise.noise", "noise.weight")
            changed[key] = torch.zeros(1, len(state[weight]), 1, 1)
            changed[weight] = torch.zeros(noise.shape[2:])
    return changed


def residual(state: State) -> State:
    """Its shortcuts have the names of the first layers of each size."""
    odd = {key for key in state if key.startswith(("synthesis.layer1.", "synthesis.layer3."))}
    weights = {key: state[key][:, :, :1, :1] for key in odd if key.endswith("weight") and "style" not in key}
    kept = {key: state[key] for key in state.keys() - odd if "output0" not in key and "output1" not in key}
    filters = {key: state[key] for key in odd if key.endswith("filter.kernel")}
    return {**without(kept, "upsample.kernel"), **weights, **filters}


def longer_average(state: State) -> State:
    return {**state, "truncation.w_avg": state["truncation.w_avg"].repeat(6)}


def unmapped(state: State) -> State:
    return {key: tensor for key, tensor in state.items() if "mapping.dense" not in key}


def wider_start(state: State) -> State:
    changed = dict(state)
    for name in ("weight", "bias"):
        changed[f"linear.{name}"] = torch.cat([state[f"linear.{name}"]] * 4)
    changed["linear.u0"] = state["linear.u0"].repeat(1, 4)
    return changed


def two_numbers(state: State) -> State:
    twice = {name: torch.cat([state[f"linear.{name}"]] * 2) for name in ("weight", "bias")}
    return {**state, **{f"linear.{name}": tensor for name, tensor in twice.items()}}


REFUSED: dict[str, tuple[str, str, Callable[[State], State], str]] = {
    "bottom_width": ("biggan-32", "average", wider_start, "bottom_width = 8"),
    "norm_style": (
        "biggan-32",
        "average",
        lambda s: without(s, "stored_mean", "stored_var"),
        "norm_style = ",
    ),
    "output_dim": ("biggan-32", "discriminator", two_numbers, "output_dim = 2"),
    "stylegan const_input": ("genforce1-fused", "average", drawn_input, "const_input = False"),
    "noise_type": ("genforce1-fused", "average", noise_by_channel, "noise_type = 'channel'"),
    "repeat_w": ("genforce1-fused", "average", longer_average, "repeat_w = False"),
    "mapping_layers": ("genforce1-fused", "average", unmapped, "mapping_layers = 0"),
    "stylegan2 const_input": ("genforce2", "average", dense_input, "const_input = False"),
    "architecture": ("genforce2", "average", residual, "architecture = 'resnet'"),
    "stylegan2 repeat_w": ("genforce2", "average", longer_average, "repeat_w = False"),
}


def test_every_refusal_stands_in_the_tables() -> None:
    """What a state_dict can be refused for is in the table of its constructor, and so in the docs."""
    for layout in layouts().values():
        for side in layout.sides.values():
            refused = {one.name for one in side.options(NO_PART) if one.fate is Fate.REFUSED}
            assert side.strange.keys() <= refused, layout.name


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(name: str, tmp_path: Path, root: Path) -> None:
    """Alone or beside the other network: the option is named, and nothing is loaded."""
    case, part, change, words = REFUSED[name]
    states = written(case, tmp_path, root)
    states[part] = change(states[part])
    for role, state in states.items():
        torch.save(state, tmp_path / f"{role}.pth")
    other = {"average": "discriminator", "discriminator": "average"}[part]
    for roles in ([part], [part, other]):
        with pytest.raises(InteropError) as caught:
            import_checkpoint({role: tmp_path / f"{role}.pth" for role in roles})
        assert words in str(caught.value) and "Nothing was loaded" in str(caught.value)


SPELLINGS = {
    "mybn": {r"stored_mean": "bn.stored_mean", "stored_var": "bn.stored_var"},
    "cross_replica": {"stored_mean": "bn.running_mean", "stored_var": "bn.running_var"},
}


@pytest.mark.parametrize("option", SPELLINGS)
def test_exports_spell_keys_as_the_import_did(option: str, tmp_path: Path, root: Path) -> None:
    """Every key and number of a BigGAN with another batch norm is there again, its counters too."""
    plain = written("biggan-32", tmp_path, root)["average"]
    state = {}
    for key, tensor in plain.items():
        before, _, last = key.rpartition(".")
        state[f"{before}.{SPELLINGS[option].get(last, last)}"] = tensor
        if last == "stored_mean":
            counter = "accumulation_counter" if option == "mybn" else "num_batches_tracked"
            state[f"{before}.bn.{counter}"] = torch.zeros(1) if option == "mybn" else torch.tensor(7)
    torch.save(state, tmp_path / "G_ema.pth")
    found = import_checkpoint(tmp_path / "G_ema.pth")
    found.save(tmp_path / "in.safetensors")
    export_weights(tmp_path / "in.safetensors", tmp_path / "back.pth", parts=["average"])
    back = torch.load(tmp_path / "back.pth", weights_only=True)
    assert back.keys() == state.keys()
    assert all(torch.equal(back[key], tensor) for key, tensor in state.items())


def test_sums_are_no_statistics(tmp_path: Path, root: Path) -> None:
    """Standing statistics are sums, and their counter says of how many batches."""
    state = written("biggan-32", tmp_path, root)["average"]
    state = {key.replace("stored_", "bn.stored_"): tensor for key, tensor in state.items()}
    state["blocks.0.0.bn1.bn.accumulation_counter"] = torch.full((1,), 16.0)
    torch.save(state, tmp_path / "G_ema.pth")
    with pytest.raises(
        InteropError, match="accumulation_counter is 16, so the statistics beside it are sums"
    ):
        import_checkpoint(tmp_path / "G_ema.pth")


def test_further_singular_vectors_are_carried(tmp_path: Path, root: Path) -> None:
    """`num_G_SVs=3`: only the first counts, the others are followed for the log."""
    plain = written("biggan-32", tmp_path, root)["average"]
    more = {
        f"{key[:-1]}{k}": torch.randn_like(tensor)
        for key, tensor in plain.items()
        if key.endswith((".u0", ".sv0"))
        for k in (1, 2)
    }
    torch.save({**plain, **more}, tmp_path / "G_ema.pth")
    found = import_checkpoint(tmp_path / "G_ema.pth")
    assert set(found.report.parts["average"].carried) == more.keys()


def test_a_named_spec_beats_inference(tmp_path: Path, root: Path) -> None:
    """Attention where the spec's own conditions put it; parameters that it lacks are its own business."""
    base = (root / "specs" / "biggan.yaml").resolve()
    own = tmp_path / "own.yaml"
    own.write_text(
        f"gandsl: 1\nextends: {base}\nname: own\nset:\n  params.resolution: 64\n"
        '  generator.blocks.attention.when: "res == 16 or res == 32"\n'
        '  discriminator.blocks.attention.when: "block.height == 8"\n'
        "  discriminator.blocks.block.channels: factor * 5\n"
        "patch:\n  - delete: params.discriminator_width\n  - delete: params.discriminator_attention_at\n"
    )
    small = {"width": 2, "classes": 7, "z_chunk": 3, "embedding": 5}
    ours(tmp_path / "ours.safetensors", own, small, ["generator", "discriminator"])
    export_weights(tmp_path / "ours.safetensors", tmp_path / "net", "biggan-pytorch", own, small)
    files = [tmp_path / "net" / name for name in ("G.pth", "D.pth")]
    found = import_checkpoint(files, own)
    assert found.module.name == "own" and found.module.params["width"] == 2
    assert "s32.attention.gamma.weight" in found.states["generator"]
    assert "b2.attention.gamma.weight" in found.states["discriminator"]
    found = import_checkpoint(files)
    assert found.module.params["attention_at"] == [16, 32]
    assert found.module.params["discriminator_attention_at"] == [8]
    assert found.module.params["discriminator_width"] == 5


@pytest.mark.parametrize(
    ("name", "setting", "words"),
    [
        (
            "biggan-apart",
            {"discriminator_width": 9},
            "wrong discriminator_width: the checkpoint has 3, not 9",
        ),
        ("biggan-apart", {"attention_at": [64]}, r"wrong attention_at: the checkpoint has \[16, 32\], not"),
        ("dcgan-apart", {"discriminator_width": 4}, "wrong discriminator_width: the checkpoint has 6, not 4"),
    ],
)
def test_what_is_set_for_one_network_is_checked(
    name: str, setting: dict[str, object], words: str, tmp_path: Path, root: Path
) -> None:
    states = written(name, tmp_path, root)
    for part, state in states.items():
        torch.save(state, tmp_path / f"{part}.pth")
    with pytest.raises(InteropError, match=words):
        import_checkpoint({part: tmp_path / f"{part}.pth" for part in states}, overrides=setting)


def test_rounding_does_not_reach_the_export(tmp_path: Path, root: Path) -> None:
    """A bias stored without its 1 comes back to the last bit, and follows ours where that has changed."""
    state = written("genforce2", tmp_path, root)["average"]
    key = "synthesis.layer0.style.bias"
    state[key] = torch.full_like(state[key], 1e-4 / 3)
    assert not torch.equal((state[key] + 1) - 1, state[key])
    torch.save({"generator_smooth": state}, tmp_path / "net.pth")
    found = import_checkpoint(tmp_path / "net.pth")
    found.save(tmp_path / "in.safetensors")
    export_weights(tmp_path / "in.safetensors", tmp_path / "out.pth")
    back = torch.load(tmp_path / "out.pth", weights_only=True)["generator_smooth"]
    assert torch.equal(back[key], state[key])
    found.states["average"]["synthesis.s4.conv1.affine.bias"].fill_(3)  # type: ignore[union-attr]
    found.save(tmp_path / "in.safetensors")
    export_weights(tmp_path / "in.safetensors", tmp_path / "out.pth")
    back = torch.load(tmp_path / "out.pth", weights_only=True)["generator_smooth"]
    assert torch.equal(back[key], torch.full_like(state[key], 2))


def test_what_leaves_no_trace_is_said(tmp_path: Path, root: Path) -> None:
    """Parameters that a file does not tell are named with what they are taken to be, and can be set."""
    state = written("genforce2", tmp_path, root)["average"]
    torch.save({"generator_smooth": state}, tmp_path / "net.pth")
    found = import_checkpoint(tmp_path / "net.pth")
    wanted = {"final_tanh": False, "weights": "equalized", "demodulate": True, "mapping_lr_multiplier": 0.01}
    assert wanted.items() <= found.report.unrecorded.items()
    bounded = import_checkpoint(tmp_path / "net.pth", overrides={"final_tanh": True})
    z = torch.randn(2, 12)
    plain, tanh = (image(one, z) for one in (found, bounded))
    assert plain.abs().max() > 1
    torch.testing.assert_close(tanh, plain.tanh())


def test_weights_as_they_are_stored(tmp_path: Path, root: Path) -> None:
    """`use_wscale=False` with weights times the scale that `True` has by itself gives the same images."""
    state = written("pggan", tmp_path, root)["average"]
    scaled = {
        key: tensor * (1 if "output" in key else 2**0.5) / tensor[0].numel() ** 0.5
        if tensor.dim() == 4
        else tensor
        for key, tensor in state.items()
    }
    images = []
    for name, one, weights in (("a", state, "equalized"), ("b", scaled, "none")):
        torch.save({"generator_smooth": one}, tmp_path / f"{name}.pth")
        images.append(import_checkpoint(tmp_path / f"{name}.pth", overrides={"weights": weights}))
    z = torch.randn(2, 12)
    torch.testing.assert_close(*(image(one, z) for one in images))


def image(found: Imported, z: torch.Tensor) -> torch.Tensor:
    """What an imported generator draws, with constant noise."""
    network = gandsl.compile(found.spec, list(found.overrides)).generator
    network.load_state_dict(dict(found.states["average"]))
    set_noise_mode(network, "constant")
    with torch.no_grad():
        return network.eval()(z)
