"""The official code beside ours: its networks, losses and training steps, as its own loops take them.

Checkouts are of github.com/NVlabs/stylegan2-ada-pytorch and ajbrock/BigGAN-PyTorch. The first has two kernels
of its own, which are loaded where they have been built, and else replaced by its reference operations.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import importlib.machinery
import importlib.util
import io
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from bench.gpu.entry import Setting, Skipped
from bench.gpu.whole import Side, measured
from bench.training import Part

ADA, ADA_KERNELS, BIGGAN = "stylegan2-ada", "stylegan2-ada-kernels", "biggan"
KERNELS = ("bias_act", "upfirdn2d")
UNUSED = (
    *("requests", "torchvision", "torchvision.transforms", "distutils", "distutils.util", "datasets"),
    *("h5py", "tqdm", "click", "scipy", "scipy.misc", "scipy.stats", "scipy.signal"),
)
"""What checkouts import, and nothing uses that is called here."""


class Absent(types.ModuleType):
    """Stands for a module that is not there."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return object


def found(setting: Setting, peer: str) -> Path:
    """The checkout, importable. Raises Skipped where none was given."""
    if (path := setting.peers.get(peer)) is None:
        raise Skipped("without a peer's code", f"no checkout was given (--{peer} PATH)")
    sys.path.insert(0, str(path))
    for name in UNUSED:
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001  # a package may fail to import in any way, and no function used here needs it
            sys.modules[name] = Absent(name)
            sys.modules[name].__spec__ = importlib.machinery.ModuleSpec(name, None)
    return path


def stylegan2(
    setting: Setting,
    resolution: int,
    base: int,
    most: int,
    batch: int,
    group: int = 4,
    halves: int = 0,
    tf32: bool = False,
    own_kernels: bool = True,
    **how: Any,
) -> dict[str, Any]:
    """A step of stylegan2-ada-pytorch. halves: of so many resolutions the features are fp16."""
    found(setting, ADA)
    loaded = kernels(setting, own_kernels)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    side = stylegan2_side(setting, resolution, base, most, batch, group, halves)
    return {**measured(setting, side, **how), "own kernels": loaded}


def kernels(setting: Setting, wanted: bool) -> bool:
    """Load the official kernels, or see to it that none is used; whether they are."""
    modules: list[Any] = [importlib.import_module(f"torch_utils.ops.{name}") for name in KERNELS]
    folder = setting.peers.get(ADA_KERNELS, setting.scratch / "kernels")
    files = [next((folder / name).glob("*.so"), None) for name in KERNELS]
    load = wanted and setting.cuda and all(files)
    for name, module, path in zip(KERNELS, modules, files, strict=True):
        module._inited, module._plugin = True, None
        if load:
            spec = importlib.util.spec_from_file_location(f"{name}_plugin", path)
            assert spec and spec.loader
            module._plugin = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module._plugin)
    return bool(load)


def build(setting: Setting) -> dict[str, Any]:
    """Have torch compile the official kernels, each into a folder where `kernels` looks for it."""
    ops = found(setting, ADA) / "torch_utils" / "ops"
    if ADA_KERNELS in setting.peers:
        files = [next((setting.peers[ADA_KERNELS] / name).glob("*.so"), None) for name in KERNELS]
        assert all(files), f"{setting.peers[ADA_KERNELS]} has no {'/*.so and no '.join(KERNELS)}/*.so"
        return {"built": "before"}
    from torch.utils import cpp_extension

    homes = (cpp_extension.CUDA_HOME, "/usr/local/cuda")  # the first is a guess, by where nvcc is found
    whole = [home for home in homes if home and (Path(home) / "include" / "cuda_runtime_api.h").exists()]
    if not whole:
        raise Skipped("without a peer's code", "there is no nvcc to build the official kernels with")
    cpp_extension.CUDA_HOME = whole[0]
    packages = importlib.util.find_spec("nvidia")  # what a small toolkit lacks, torch's own packages have
    headers = [
        str(path)
        for folder in (packages.submodule_search_locations or () if packages else ())
        for path in Path(folder).glob("*/include")
    ]
    for name in KERNELS:
        folder = setting.scratch / "kernels" / name
        folder.mkdir(parents=True, exist_ok=True)
        sources = [str(ops / f"{name}.cpp"), str(ops / f"{name}.cu")]
        how: dict[str, Any] = {"extra_cuda_cflags": ["--use_fast_math"], "extra_include_paths": headers}
        cpp_extension.load(f"{name}_plugin", sources, build_directory=str(folder), **how)
    return {"built": "now"}


def stylegan2_side(
    setting: Setting, resolution: int, base: int, most: int, batch: int, group: int, halves: int
) -> Side:
    """Both networks, and the phases in the order and with the intervals of the official loop."""
    networks, losses = (importlib.import_module(f"training.{name}") for name in ("networks", "loss"))
    where = torch.device(setting.device)
    shape = {"c_dim": 0, "img_resolution": resolution, "img_channels": 3}
    widths: dict[str, Any] = {"channel_base": base, "channel_max": most}
    widths |= {"num_fp16_res": halves, "conv_clamp": 256 if halves else None}
    mapping, epilogue = {"num_layers": 8}, {"mbstd_group_size": group}
    g = networks.Generator(z_dim=512, w_dim=512, mapping_kwargs=mapping, synthesis_kwargs=widths, **shape)
    d = networks.Discriminator(epilogue_kwargs=epilogue, **widths, **shape)
    for network in (g, d):
        network.train().requires_grad_(False).to(where)
    average = copy.deepcopy(g).eval()
    loss = losses.StyleGAN2Loss(where, g.mapping, g.synthesis, d, r1_gamma=1.0)
    optimizers = {
        name: torch.optim.Adam(network.parameters(), lr=0.002, betas=(0.0, 0.99), eps=1e-8)
        for name, network in (("G", g), ("D", d))
    }
    host = torch.randint(0, 256, (batch, 3, resolution, resolution), dtype=torch.uint8)
    host = host.pin_memory() if setting.cuda else host
    labels = torch.zeros(batch, 0, device=where)
    every = {"Gmain": 1, "Greg": 4, "Dmain": 1, "Dreg": 16}

    def take(name: str, real: torch.Tensor) -> None:
        network, optimizer = (g if name[0] == "G" else d), optimizers[name[0]]
        optimizer.zero_grad(set_to_none=True)
        network.requires_grad_(True)
        z = torch.randn(batch, 512, device=where)
        loss.accumulate_gradients(name, real, labels, z, labels, True, every[name])
        network.requires_grad_(False)
        for weight in network.parameters():
            if weight.grad is not None:
                torch.nan_to_num(weight.grad, nan=0.0, posinf=1e5, neginf=-1e5, out=weight.grad)
        optimizer.step()

    def move_average() -> None:
        with torch.no_grad():
            for mean, weight in zip(average.parameters(), g.parameters(), strict=True):
                mean.copy_(weight.lerp(mean, 0.998))
            for mean, buffer in zip(average.buffers(), g.buffers(), strict=True):
                mean.copy_(buffer)

    def step(place: int, part: Part) -> None:
        real = host.to(where, non_blocking=True).to(torch.float32) / 127.5 - 1
        for name, interval in every.items():
            if place % interval == 0:
                with part(name):
                    take(name, real)
        move_average()

    return Side((g, d), every, lambda part: step(0, part), lambda place: step(place, _untimed), batch)


def biggan(
    setting: Setting, resolution: int, width: int, attention: str, z: int, batch: int, tf32: bool, **how: Any
) -> dict[str, Any]:
    """A step of BigGAN-PyTorch: its own training function, one step of D, nothing accumulated."""
    found(setting, BIGGAN)
    networks, functions, tools = (importlib.import_module(name) for name in ("BigGAN", "train_fns", "utils"))
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    shared: dict[str, Any] = {"resolution": resolution, "n_classes": 1000, "SN_eps": 1e-8, "BN_eps": 1e-5}
    g_rates = {"G_lr": 1e-4, "G_B1": 0.0, "G_B2": 0.999, "adam_eps": 1e-8}
    d_rates = {"D_lr": 4e-4, "D_B1": 0.0, "D_B2": 0.999, "adam_eps": 1e-8}
    g_form = {"G_ch": width, "dim_z": z, "shared_dim": 128, "hier": True, "G_attn": attention}
    where = setting.device
    with contextlib.redirect_stdout(io.StringIO()):  # it reports what it builds
        g = networks.Generator(**g_form, **g_rates, **shared).to(where)
        d = networks.Discriminator(D_ch=width, D_attn=attention, **d_rates, **shared).to(where)
        average = copy.deepcopy(g)
        moving = tools.ema(g, average, 0.9999, 0)
    latents, y = tools.prepare_z_y(batch, g.dim_z, 1000, device=where)
    config: dict[str, Any] = {"batch_size": batch, "toggle_grads": True, "split_D": False, "ema": True}
    config |= {"num_D_steps": 1, "num_D_accumulations": 1, "num_G_accumulations": 1}
    config |= {"D_ortho": 0.0, "G_ortho": 0.0}
    both = networks.G_D(g, d)
    train = functions.GAN_training_function(g, d, both, latents, y, moving, {"itr": 1}, config)
    real = torch.randn(batch, 3, resolution, resolution, device=where)
    labels = torch.randint(1000, (batch,), device=where)

    def turn(part: Part) -> None:
        with part("both"):
            train(real, labels)

    side = Side((g, d), {}, turn, lambda place: train(real, labels) and None, batch)
    return measured(setting, side, **how)


@contextlib.contextmanager
def _untimed(name: str) -> Iterator[None]:
    yield
