"""Installed packages add what language.md says they may; what is wrong with one is told by its name."""

from __future__ import annotations

import importlib
import pickle
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import gandsl
from gandsl.analysis import analyze
from gandsl.analysis.cost import module_cost
from gandsl.analysis.resolved import resolved_text
from gandsl.codegen import render
from gandsl.graph import svg
from gandsl.graph.tree import picture
from gandsl.interop.layouts import layouts
from gandsl.ir import packages
from gandsl.ir.ops import OPS
from gandsl.ir.packages import ADDED, PackageFault
from tests import added


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What a test loads of the package is gone behind it."""
    yield
    ADDED.clear()
    packages.ops_of.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "gandsl_fancy"]:
        del sys.modules[name]


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(added.install(tmp_path / "site"))
    return written(tmp_path)


def written(folder: Path, old: str = "", new: str = "") -> Path:
    path = folder / "fancy.yaml"
    path.write_text(added.SPEC.replace(old, new) if old else added.SPEC, "utf-8")
    return path


def told(path: Path) -> list[tuple[str, str, str | None, int | None]]:
    _, diagnostics = analyze(path)
    return [(d.code, d.message, d.help, d.span.line if d.span else None) for d in diagnostics.errors]


def test_ops_of_a_package_are_used_like_any_other(spec: Path, tmp_path: Path) -> None:
    """Checked, counted, resolved, computed, differentiated, printed: and the source imports the package."""
    module, _ = analyze(spec)
    assert module is not None and set(ADDED) == {"fancy.swirl", "fancy.tint"} and not set(ADDED) & set(OPS)
    cost = module_cost(module).networks["generator"]
    assert cost.nodes["tint"].parameters == 3 and cost.nodes["tint"].activation_bytes == 4 * 48
    again = tmp_path / "resolved.yaml"
    again.write_text(resolved_text(module), "utf-8")
    assert not told(again)
    drawn = picture(module.networks["generator"].main, {})
    assert '<rect class="closed package"' in svg.render([("generator", drawn)])
    program = gandsl.compile(spec)
    network, z = program.generator.double(), torch.randn(2, 8, dtype=torch.float64)
    start = network.get_submodule("fc")(z).view(2, 3, 4, 4) * 1.5
    expected = network.get_submodule("image")(start + torch.sin(2 * start))
    assert torch.allclose(network(z), expected)
    for name, text in render(module).items():
        (tmp_path / "made").mkdir(exist_ok=True)
        (tmp_path / "made" / name).write_text(text, "utf-8")
    source = (tmp_path / "made" / "generator.py").read_text("utf-8")
    assert "import gandsl_fancy.torch_parts\n" in source and "fancy.torch_parts.swirl(" in source
    made = runpy.run_path(str(tmp_path / "made" / "generator.py"))["Generator"]().double()
    made.load_state_dict(network.state_dict())
    assert torch.equal(made(z), network(z))


def test_passes_of_a_package_run_where_a_spec_requires_it(spec: Path) -> None:
    log = gandsl.compile(spec).generator.pass_log()
    assert [event.where for event in log["look"].skipped] == ["start", "act"]
    plain = Path(__file__).parents[2] / "specs" / "quickstart.yaml"
    assert "look" not in [record.name for record in gandsl.compile(plain).generator.pass_log()]


def test_layouts_of_a_package_are_known(spec: Path) -> None:
    assert list(layouts())[-1] == "fancy-dcgan"


def test_a_network_can_be_read_where_no_spec_was(spec: Path) -> None:
    text = pickle.dumps(gandsl.compile(spec).generator)
    ADDED.clear()
    packages.ops_of.cache_clear()
    network = pickle.loads(text)
    assert network(torch.zeros(2, 8)).shape == (2, 3, 4, 4)


def test_what_extends_it_requires_it_too(spec: Path, tmp_path: Path) -> None:
    heir = tmp_path / "heir.yaml"
    heir.write_text(
        "gandsl: 1\nname: heir\nextends: fancy.yaml\nset: {generator.body.act.turns: 3}\n", "utf-8"
    )
    assert not told(heir)


MISSING = "the package `gandsl-fancy` is not installed"
NO_OP = "there is no op `fancy.tint`: the file requires no package as `fancy`"


def test_check_says_which_package_is_missing(tmp_path: Path) -> None:
    """Once, at the line that names it; the nodes that would need it are silent."""
    assert told(written(tmp_path)) == [("G0411", MISSING, "pip install gandsl-fancy", 3)]


def test_a_package_is_used_only_where_it_is_required(spec: Path, tmp_path: Path) -> None:
    found = told(written(tmp_path, "requires: {fancy: gandsl-fancy}\n", ""))
    assert found[0] == ("G0201", NO_OP, "add `requires: {fancy: gandsl-fancy}`, whose op it is", 8)
    assert {code for code, *_ in found} == {"G0201"}


def test_its_names_are_checked(spec: Path, tmp_path: Path) -> None:
    assert told(written(tmp_path, "fancy.swirl, turns: 2", "fancy.swril")) == [
        ("G0201", "the package `gandsl-fancy` has no op `swril`", "did you mean `fancy.swirl`?", 10)
    ]
    assert told(written(tmp_path, "turns: 2", "turn: 2"))[0][:2] == (
        "G0205",
        "`fancy.swirl` has no port or parameter `turn`",
    )
    other = "the package `gandsl-fancy` offers no ops or passes as `plain`, but as `fancy`"
    assert told(written(tmp_path, "{fancy: gandsl-fancy}", "{plain: gandsl-fancy}"))[0][:2] == (
        "G0411",
        other,
    )
    wrong = "`../fancy.py` is no name of a package"
    assert told(written(tmp_path, "gandsl-fancy}", "../fancy.py}"))[0][:2] == ("G0411", wrong)


FAULT = "the package `gandsl-fancy` cannot be used: "
BROKEN = {  # what a package has in place of its rows → what is said
    "import no_such_package": "gandsl_fancy.rows:OPS, for gandsl.ops, does not load: ModuleNotFoundError: "
    "No module named 'no_such_package'",
    "1 / 0": "gandsl_fancy.rows:OPS, for gandsl.ops, does not load: ZeroDivisionError: division by zero",
    "OPS = 3": "gandsl_fancy.rows:OPS, for gandsl.ops, does not load: TypeError: 'int' object is not "
    "iterable",
    "OPS = ('swirl',)": "among its ops is a str, which is no gandsl.ir.op.Op",
    added.ROWS.replace("torch_parts", "parts"): "its op `swirl` is to be in the module `gandsl_fancy.parts`, "
    "which is not there",
    added.ROWS.replace('module="gandsl_fancy.torch_parts",', ""): "its op `swirl` does not say in which "
    "`module` its function or layer is",
}


@pytest.mark.parametrize("rows", BROKEN, ids=lambda text: text[:20].strip())
def test_a_broken_package_is_one_message(rows: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(added.install(tmp_path / "site", rows=rows))
    found = told(written(tmp_path))
    assert [(code, message) for code, message, *_ in found] == [("G0412", FAULT + BROKEN[rows])]


def test_a_row_that_fails_is_told_at_the_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = added.ROWS.replace('output=lambda call: call.input("x")', "output=lambda call: call.nothing")
    monkeypatch.syspath_prepend(added.install(tmp_path / "site", rows=rows))
    found = told(written(tmp_path))
    why = "`fancy.tint` cannot be used: its row fails with AttributeError: nothing"
    assert found[0] == ("G0412", why, None, 9) and {code for code, *_ in found} == {"G0412"}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"torch_parts": "import no_such_package"}, "ModuleNotFoundError: No module named 'no_such_package'"),
        ({"torch_parts": "def swirl(x): return x"}, "has no attribute 'Tint'"),
        ({"passes": "PASSES = (1,)"}, "among its passes is a int, which is no gandsl Pass"),
        (
            {
                "passes": added.PASSES.replace("log.skip(node, 'only looked at')", "").replace(
                    "log.skip", "log.no"
                )
            },
            "its pass look: AttributeError",
        ),
    ],
)
def test_what_fails_later_names_the_package_too(
    changed: dict[str, str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(added.install(tmp_path / "site", **changed))
    with pytest.raises(PackageFault, match=r"fancy") as caught:
        gandsl.compile(written(tmp_path)).generator(torch.zeros(2, 8))
    assert why in caught.value.message and caught.value.exit_code == 6


@pytest.mark.parametrize("text", ["import no_such_package", "LAYOUTS = (1,)"])
def test_layouts_that_do_not_load_name_the_package(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(added.install(tmp_path / "site", layouts=text))
    with pytest.raises(PackageFault, match=FAULT):
        layouts()


def test_without_a_requirement_nothing_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "importlib.metadata", raising=False)
    module, _ = analyze(Path(__file__).parents[2] / "specs" / "quickstart.yaml")
    assert module is not None and "importlib.metadata" not in sys.modules
    importlib.import_module("importlib.metadata")
