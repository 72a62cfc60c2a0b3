"""Every spec of the library checks and has the published size; ablations are chains of small patches."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

from gandsl.diff import compare
from gandsl.frontend.module import ModuleIR
from tests.specs.reduced import ALL, SPECS, defaults, written
from tests.specs.whole import costs, module

CHAINS = {  # the files of each ablation, in the paper's order
    "stylegan2": "a b c d e f",
    "pggan": "a b c d e_star e f g h",
    "biggan": "batch_256 batch_512 batch_1024 batch_2048 width shared skip_z orthogonal",
}
STEPS = [
    (f"ablations/{system}/{old}", f"ablations/{system}/{new}")
    for system, names in CHAINS.items()
    for old, new in zip(names.split(), names.split()[1:], strict=False)
]


def changed(old: ModuleIR, new: ModuleIR) -> dict[str, bool]:
    """Whether each network is another graph, or another family of graphs."""
    found = compare(old, new).networks
    return {name: bool(diff.graph) or diff.levels[0] != diff.levels[1] for name, diff in found.items()}


def parameters(name: str, *overrides: str) -> dict[str, int]:
    networks = costs(name, *overrides).networks
    return {network: cost.total.parameters for network, cost in networks.items()}


# --- every spec -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_checks_and_costs(name: str) -> None:
    """At its whole size, with a plan, and a name that is its own."""
    found = module(name)
    assert found.plan is not None
    assert all(parameters(name).values())
    assert costs(name).flops_per_step > 0


def test_names_are_unique() -> None:
    names = [written(SPECS / f"{name}.yaml").name for name in ALL]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", [name for name in ALL if "/" in name])
def test_lines_are_lines(name: str) -> None:
    longest = max((SPECS / f"{name}.yaml").read_text().splitlines(), key=len)
    assert len(longest) <= 160, longest


SIZES = {
    "biggan": (32, 64, 128, 256, 512),
    "biggan_deep": (128, 256, 512),
    "pggan": (32, 1024),
    "stylegan": (32, 1024),
    "stylegan2": (32, 256, 1024),
    "stylegan2/auto": (32, 256, 512, 1024),
    "msg_gan": (32, 256),
}


def whole_size(name: str) -> int:
    return int(defaults(written(SPECS / f"{name}.yaml"))["resolution"])


@pytest.mark.parametrize(("name", "size"), [(name, size) for name in SIZES for size in SIZES[name]])
def test_published_sizes(name: str, size: int) -> None:
    overrides = [f"resolution={size}"] if size != whole_size(name) else []
    overrides += ["attention_at=[]"] if "biggan" in name else []
    made = module(name, *overrides).networks["generator"].main
    shape = made[list(made.outputs.values())[-1]].type.shape
    assert shape == (3, size, size)


@pytest.mark.parametrize("generator", ["skip", "orig", "resnet"])
@pytest.mark.parametrize("discriminator", ["skip", "orig", "resnet"])
def test_every_form_of_stylegan2(generator: str, discriminator: str) -> None:
    """Figure 7: an image at every size in the skip forms alone, a shortcut in the residual ones alone."""
    forms = f"generator_architecture={generator}", f"discriminator_architecture={discriminator}"
    g, d = module("stylegan2", *forms).networks.values()
    exits = [node.id for node in g.main if node.id.endswith("rgb.conv")]
    assert len(exits) == (9 if generator == "skip" else 1) and exits[-1] == "synthesis.s1024.rgb.conv"
    readers = [node.id for node in d.main if node.op == "conv" and "rgb" in node.id]
    assert len(readers) == (9 if discriminator == "skip" else 1)
    for network, form in ((g, generator), (d, discriminator)):
        shortcuts = [node.id for node in network.main if node.id.endswith("short.conv")]
        assert len(shortcuts) == (8 if form == "resnet" else 0)


TABLES = {  # networks of one and three sides, layer by layer: what convolutions read and make
    ("examples/wavegan", "generator"): [  # arXiv:1802.04208, table 3
        ((1024, 16), (512, 64)), ((512, 64), (256, 256)), ((256, 256), (128, 1024)),
        ((128, 1024), (64, 4096)), ((64, 4096), (1, 16384)),
    ],
    ("examples/wavegan", "discriminator"): [  # table 4
        ((1, 16384), (64, 4096)), ((64, 4096), (128, 1024)), ((128, 1024), (256, 256)),
        ((256, 256), (512, 64)), ((512, 64), (1024, 16)),
    ],
    ("examples/volumes_3dgan", "generator"): [  # arXiv:1610.07584, figure 1
        ((200, 1, 1, 1), (512, 4, 4, 4)), ((512, 4, 4, 4), (256, 8, 8, 8)),
        ((256, 8, 8, 8), (128, 16, 16, 16)), ((128, 16, 16, 16), (64, 32, 32, 32)),
        ((64, 32, 32, 32), (1, 64, 64, 64)),
    ],
    ("examples/volumes_3dgan", "discriminator"): [  # which mirrors it
        ((1, 64, 64, 64), (64, 32, 32, 32)), ((64, 32, 32, 32), (128, 16, 16, 16)),
        ((128, 16, 16, 16), (256, 8, 8, 8)), ((256, 8, 8, 8), (512, 4, 4, 4)), ((512, 4, 4, 4), (1, 1, 1, 1)),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("name", "network"), TABLES, ids=str)
def test_signals_and_volumes_have_the_tables_layers(name: str, network: str) -> None:
    graph = module(name).networks[network].main
    convs = [node for node in graph if node.op in ("conv", "conv_transpose")]
    assert [(graph[node.operands[0]].type.shape, node.type.shape) for node in convs] == TABLES[name, network]
    assert {node.attrs["kernel"] for node in convs} == {25 if "wavegan" in name else 4}


# --- published sizes ------------------------------------------------------------------------------

EXACT = {
    ("stylegan2",): (30_370_060, 29_012_513),
    ("ablations/stylegan2/f",): (30_370_060, 29_012_513),
    ("stylegan2/paper1024",): (30_370_060, 29_012_513),
    ("biggan",): (70_433_988, 87_982_370),
    ("pggan",): (23_079_115, 23_087_249),
    ("biggan_deep",): (50_388_609, None),
    ("stylegan3",): (22_313_167, 29_012_513),
    ("stylegan3", "equivariance=rotation"): (15_093_151, 29_012_513),
    ("stylegan3", "resolution=256"): (28_472_133, None),
    ("stylegan3", "equivariance=rotation", "resolution=256"): (18_816_387, None),
}
"""Counted in the official implementations' networks."""
ROUNDED = {"r3gan": (23.06, 23.01), "pggan": (23.07, 23.08), "biggan_deep": (50.389, None)}
"""In millions, as the papers print them."""
TOTALS = {"batch_256": 81.5, "batch_2048": 81.5, "width": 173.5, "shared": 160.6, "skip_z": 158.3}
"""Of BigGAN's Table 1, both networks, in millions."""


@pytest.mark.parametrize("key", EXACT, ids=lambda key: " ".join(key))
def test_exact_counts(key: tuple[str, ...]) -> None:
    for (name, found), published in zip(parameters(*key).items(), EXACT[key], strict=True):
        assert published is None or found == published, name


@pytest.mark.parametrize("name", ROUNDED)
def test_printed_counts(name: str) -> None:
    for (network, found), published in zip(parameters(name).items(), ROUNDED[name], strict=True):
        assert published is None or found / 1e6 == pytest.approx(published, abs=0.01), network


@pytest.mark.parametrize("row", TOTALS)
def test_counts_of_the_biggan_ablation(row: str) -> None:
    """Within a tenth of a percent or so: the paper's own latent sizes are not all given."""
    assert sum(parameters(f"ablations/biggan/{row}").values()) / 1e6 == pytest.approx(TOTALS[row], rel=1.5e-3)


# --- ablations ------------------------------------------------------------------------------------


def test_every_ablation_is_in_its_chain() -> None:
    files = {name for name in ALL if name.startswith("ablations/")}
    assert files == {f"ablations/{system}/{name}" for system in CHAINS for name in CHAINS[system].split()}


@pytest.mark.parametrize("name", [name for name in ALL if name.startswith("ablations/")])
def test_a_patch_of_at_most_twenty_lines(name: str) -> None:
    text = (SPECS / f"{name}.yaml").read_text()
    patch = yaml.safe_load(text)
    assert len(text.splitlines()) <= 20
    assert not {"generator", "discriminator", "training"} & set(patch), "a patch, not a spec"
    *_, system, row = name.split("/")
    rows = CHAINS[system].split()
    before = f"{rows[rows.index(row) - 1]}.yaml" if row != rows[0] else f"../../{BASES[system]}.yaml"
    assert patch["extends"] == before
    figures = ("FID", "SWD")
    assert any(figure in patch["doc"] for figure in figures), "the row's published figure"


OF_NETWORKS = {"stylegan2": "b e f", "pggan": "d e_star e f g", "biggan": "width shared skip_z"}
"""Rows that change a network; the others change the plan alone."""
BASES = {"stylegan2": "stylegan", "pggan": "pggan", "biggan": "biggan"}


@pytest.mark.parametrize(("old", "new"), STEPS, ids=lambda name: name.removeprefix("ablations/"))
def test_neighbours_differ(old: str, new: str) -> None:
    """A row that is about training leaves the networks alone."""
    assert compare(module(old), module(new))
    _, system, row = new.split("/")
    assert any(changed(module(old), module(new)).values()) == (row in OF_NETWORKS[system].split())


@pytest.mark.parametrize(
    ("last", "whole", "overrides"),
    [
        ("stylegan2/f", "stylegan2", ()),
        ("pggan/h", "pggan", ("resolution=128",)),
        ("biggan/orthogonal", "biggan", ()),
    ],
)
def test_a_chain_ends_in_the_published_system(last: str, whole: str, overrides: tuple[str, ...]) -> None:
    assert not any(changed(module(f"ablations/{last}"), module(whole, *overrides)).values())


def test_none_of_this_needs_torch() -> None:
    code = (
        "import sys; from gandsl.analysis import analyze; from gandsl.analysis.cost import module_cost;"
        f"module_cost(analyze({str(SPECS / 'stylegan2.yaml')!r})[0]); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=SPECS.parent).returncode == 0
