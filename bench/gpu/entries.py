"""All entries in the order of what they tell: first whether it is right, then how fast it is.

Names say what is done, of which system, at which size, in which precision, with which batch. No torch here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bench.gpu.entry import Entry, Group, Setting

SPECS = Path(__file__).resolve().parents[2] / "specs"
FIRST = (
    "stylegan2",
    "biggan",
    "pggan",
    "stylegan",
    "r3gan",
    "stylegan3",
    "stylegan2/ada",
    "wgan_gp",
    "sagan",
)
"""Where time is short, those that tell most."""
PRECISION, CLAMP = "training.precision", {"clamp": 256.0}
CHANNELS_LAST = {"training.memory_format": "channels_last"}


def systems() -> list[str]:
    """Every spec of the library, by its name."""
    found = sorted(path.relative_to(SPECS).with_suffix("").as_posix() for path in SPECS.rglob("*.yaml"))
    return [*FIRST, *(name for name in found if name not in FIRST)]


def groups(setting: Setting) -> tuple[Group, ...]:
    """Everything that there is for a device, with the share of all time at which each group ends."""
    return (
        Group("facts", tuple(facts()), 0.08, vital=True),
        Group("right", tuple(right(setting)), 0.45, together=True),
        Group("pieces", tuple(pieces()), 0.55),
        Group("steps", tuple(steps(setting)), 0.98),
    )


def facts() -> Iterator[Entry]:
    yield Entry("versions", "bench.gpu.facts:versions")
    yield Entry("rates", "bench.gpu.facts:rates")


# --- is it right ------------------------------------------------------------------------------------

MODES: dict[str, tuple[str, Mapping[str, Any]]] = {
    "fp32": ("fp32", {PRECISION: {"compute": "fp32"}}),
    "tf32": ("tf32", {PRECISION: {"compute": "tf32"}}),
    "bf16": ("bf16", {PRECISION: {"compute": "bf16"}}),
    "fp16, scaled": ("fp16", {PRECISION: {"compute": "fp16"}, **CLAMP}),
    "fp16, replaced, 2 stages": (
        "fp16",
        {PRECISION: {"compute": "fp16", "stages": 2, "overflow": "replace"}, **CLAMP},
    ),
    "fp16, replaced, channels last": (
        "fp16",
        {PRECISION: {"compute": "fp16", "overflow": "replace"}, **CLAMP, **CHANNELS_LAST},
    ),
}
WAITS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "stylegan2 fp32": ("stylegan2", {}),
    "stylegan2 fp16, scaled": ("stylegan2", {PRECISION: {"compute": "fp16"}}),
    "stylegan2/ada fp32": ("stylegan2/ada", {}),
    "biggan fp32": ("biggan", {}),
    "pggan fp32": ("pggan", {}),
}

HALVES = {PRECISION: {"compute": "fp16", "overflow": "replace"}, **CLAMP}
OPERATORS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "stylegan2/ada fp32": ("stylegan2/ada", {}),
    "stylegan2 fp16, channels last": ("stylegan2", {**HALVES, **CHANNELS_LAST}),
    "stylegan3 fp32": ("stylegan3", {}),
    "biggan bf16": ("biggan", {PRECISION: {"compute": "bf16"}}),
    "pggan fp32": ("pggan", {}),
}

COMPILED: dict[str, Mapping[str, Any]] = {
    "stylegan2 fp64": {"spec": "stylegan2", "overrides": {}},
    "pggan fp64": {"spec": "pggan", "overrides": {}},
    "stylegan2 fp16": {"spec": "stylegan2", "overrides": HALVES, "halves": True},
}


def right(setting: Setting) -> Iterator[Entry]:
    # what takes long begins first, beside the rest
    if setting.cuda:
        yield Entry("kernels of stylegan2-ada, built", "bench.gpu.peers:build", most=240.0)
    yield Entry("resumed tiny fp32, by the command line", "bench.gpu.going_on:command_line", needs=30)
    for name, how in COMPILED.items():
        yield Entry(f"compiled {name}", "bench.gpu.compiling:steps", how, 45, most=240.0)
    work = "bench.gpu.agreement"
    yield Entry("draws, CPU and device", f"{work}:draws")
    for spec in systems():
        yield Entry(f"outputs {spec} fp32, CPU and device", f"{work}:outputs", {"spec": spec})
    for spec in systems():
        yield Entry(f"steps {spec} fp64, CPU and device", f"{work}:steps", {"spec": spec}, 8)
    for name, (spec, overrides) in OPERATORS.items():
        given: dict[str, Any] = {"spec": spec, "overrides": overrides}
        yield Entry(f"operators {name}, CPU and device", "bench.gpu.operators:step", given, 8)
    given = {"spec": "stylegan2", "overrides": {"training.checkpointing": [32, 16]}}
    yield Entry("steps stylegan2 fp64, recomputed, CPU and device", f"{work}:steps", given, 8)
    given = {"spec": "stylegan2", "double": False}
    yield Entry("steps stylegan2 fp32, CPU and device", f"{work}:steps", given, 8)
    for spec in ("stylegan2/ada", "pggan", "biggan"):
        yield Entry(f"resumed {spec} fp64", "bench.gpu.going_on:resumed", {"spec": spec}, 10)
    for name, (compute, overrides) in MODES.items():
        given = {"compute": compute, "overrides": overrides}
        yield Entry(f"precision {name}", "bench.gpu.precision:mode", given, 8)
    for name, (spec, overrides) in WAITS.items():
        yield Entry(f"waits {name}", "bench.gpu.waits:step", {"spec": spec, "overrides": overrides}, 8)
    yield Entry("one process of several, biggan fp32", "bench.gpu.processes:one", {"spec": "biggan"}, 10)


# --- how fast is it ---------------------------------------------------------------------------------


def pieces() -> Iterator[Entry]:
    yield Entry("filters", "bench.gpu.pieces:filters")
    yield Entry("draws", "bench.gpu.pieces:draws")
    for form, workers in (("a zip of PNG", "no"), ("a zip of PNG", "some"), ("decoded", "no")):
        given = {"form": form, "workers": workers}
        yield Entry(f"images, {form}, {workers} workers", "bench.gpu.feeding:alone", given, 10)


class Size(NamedTuple):
    """A system as its paper has it, and in miniature; both sides' names for what decides the size.

    clamps: in 16 bits its features are bounded, in others not, as the official code does.
    """

    spec: str
    told: str
    ours: Mapping[str, Any]
    batch: int
    official: Mapping[str, Any]
    clamps: bool = False


def _stylegan2(tiny: bool) -> Size:
    if tiny:
        small = {"resolution": 32, "channel_base": 128, "channel_max": 8, "stddev_group": 4}
        theirs = {"resolution": 32, "base": 128, "most": 8, "group": 4}
        params = {f"params.{name}": value for name, value in small.items()}
        return Size("stylegan2/paper256", "StyleGAN2 32²", params, 4, theirs, clamps=True)
    theirs = {"resolution": 256, "base": 16384, "most": 512, "group": 8}
    return Size("stylegan2/paper256", "StyleGAN2 256²", {}, 32, theirs, clamps=True)


def _stylegan2_large(tiny: bool) -> Size:
    if tiny:
        small = {"resolution": 64, "channel_base": 128, "channel_max": 8}
        theirs = {"resolution": 64, "base": 128, "most": 8}
        params = {f"params.{name}": value for name, value in small.items()}
        return Size("stylegan2/paper1024", "StyleGAN2 64²", params, 4, theirs, clamps=True)
    theirs = {"resolution": 1024, "base": 32768, "most": 512}
    return Size("stylegan2/paper1024", "StyleGAN2 1024²", {}, 4, theirs, clamps=True)


def _biggan(tiny: bool) -> Size:
    side, width, batch = (64, 8, 4) if tiny else (128, 96, 64)
    ours = {"resolution": side, "width": width, "attention_at": [side // 2]}
    theirs = {"resolution": side, "width": width, "attention": str(side // 2), "z": 100 if tiny else 120}
    return Size("biggan", f"BigGAN {side}²", ours, batch, theirs)


def _pggan(tiny: bool) -> Size:
    ours: dict[str, Any] = {"resolution": 128, "training.growth.batch": {}}
    if tiny:
        ours |= {"resolution": 32, "channel_base": 64, "channel_max": 8}
    return Size("pggan", f"PGGAN {ours['resolution']}²", ours, 4 if tiny else 16, {})


FORMATS: dict[str, Mapping[str, Any]] = {
    "fp32": {PRECISION: {"compute": "fp32"}},
    "tf32": {PRECISION: {"compute": "tf32"}},
    "bf16": {PRECISION: {"compute": "bf16", "stages": 4}},
    "fp16": {PRECISION: {"compute": "fp16", "stages": 4, "overflow": "replace"}},
}
ADA: dict[str, Mapping[str, Any]] = {"fp32": {}, "tf32": {"tf32": True}, "fp16": {"halves": 4}}


def steps(setting: Setting) -> Iterator[Entry]:
    """Ours and the official code in turn, so that a clock that falls falls on both."""
    small, large, big, grown = (
        make(setting.tiny) for make in (_stylegan2, _stylegan2_large, _biggan, _pggan)
    )
    batches = (small.batch,) if setting.tiny else (32, 16, 8)
    for form in ("tf32", "fp16"):
        yield from _both(small, form, kernels=True, needs=20)
    yield _ours(small, "fp16", ", channels last", CHANNELS_LAST, kernels=True, needs=15)
    yield from _both(large, "fp16", seconds=5, needs=15)
    mine = _ours(big, "tf32", kernels=True, seconds=5, needs=12)
    yield mine
    given = {**big.official, "batch": big.batch, "tf32": True, "kernels": True, "seconds": 5}
    theirs = f"step BigGAN-PyTorch {big.told} tf32 batch {big.batch}"
    yield Entry(theirs, "bench.gpu.peers:biggan", given, 12, beside=mine.name)
    yield _ours(grown, "tf32", kernels=True, seconds=4, needs=10)
    yield from _both(small, "fp32", seconds=4, needs=10)
    yield _ours(small, "bf16", seconds=4, needs=10)
    yield _ours(small, "tf32", ", cuDNN's first algorithm", benchmark=False, seconds=4, needs=10)
    for form in ("a zip of PNG", "decoded"):
        given = {"spec": small.spec, "overrides": _trained(small, "fp16"), "batch": small.batch}
        given |= {"form": form, "side": small.official["resolution"]}
        name = f"fed {small.told} fp16 batch {small.batch}, {form}"
        yield Entry(name, "bench.gpu.feeding:trained_from", given, 15)
    for batch in batches[1:]:
        yield from _both(small._replace(batch=batch), "fp16", seconds=3, needs=8)
    yield _ours(big, "bf16", ", channels last", CHANNELS_LAST, seconds=4, needs=10)
    if setting.cuda:
        yield _ada(small, "fp16", ", its reference operations", own_kernels=False, seconds=3, needs=8)
    backend = "inductor" if setting.cuda else "aot_eager"
    for form in ("tf32", "fp16"):  # last: what compiling takes is not known before
        yield _ours(small, form, ", compiled", backend=backend, kernels=True, needs=60, most=400)


def _both(size: Size, form: str, **how: Any) -> Iterator[Entry]:
    mine = _ours(size, form, **how)
    yield mine
    yield _ada(size, form, "", mine.name, **how)


def _ours(
    size: Size,
    form: str,
    suffix: str = "",
    more: Mapping[str, Any] | None = None,
    needs: float = 10.0,
    most: float = 120.0,
    **how: Any,
) -> Entry:
    name = f"step ours {size.told} {form} batch {size.batch}{suffix}"
    overrides = {**_trained(size, form), **(more or {})}
    given = {"spec": size.spec, "overrides": overrides, "batch": size.batch, **how}
    return Entry(name, "bench.gpu.whole:step", given, needs, most)


def _trained(size: Size, form: str) -> dict[str, Any]:
    bound = {"params.clamp": 256.0 if form in ("bf16", "fp16") else 0.0} if size.clamps else {}
    return {**size.ours, **FORMATS[form], **bound}


def _ada(
    size: Size, form: str, suffix: str = "", beside: str | None = None, needs: float = 10.0, **how: Any
) -> Entry:
    name = f"step stylegan2-ada {size.told} {form} batch {size.batch}{suffix}"
    given = {**size.official, **ADA[form], "batch": size.batch, **how}
    return Entry(name, "bench.gpu.peers:stylegan2", given, needs, beside=beside)
