"""The resolved spec holds what it imports: it means the same when the files have changed, or are gone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.analysis.resolved import resolved, resolved_text
from gandsl.frontend.module import ModuleIR
from gandsl.ir.text import network_text
from gandsl.spec.params import TYPES
from tests.analysis.small import PLAIN, edited

SPEC = """\
gandsl: 1
name: importer
imports: {lib: ./parts/lib.yaml, act: norm.yaml}
let: {width: 4}
generator:
  inputs: {z: "Latent[8]"}
  body:
    dense: {op: linear, features: 16 * width}
    start: {op: reshape, channels: width, size: 4}
    own: {block: lib.conv}
    inner: {block: lib.through}
    image: {op: conv, channels: 3}
discriminator:
  inputs: {image: "Image[3, 4]"}
  body:
    conv: {block: lib.conv}
    flat: {op: flatten}
    logit: {op: linear, features: 1}
"""
LIB = """\
gandsl: 1
imports: {deeper: ../other/deeper.yaml}
let: {width: 6}
blocks:
  conv: {ports: {x: Feature}, body: {conv: {op: conv, channels: width}}}
  through: {ports: {x: Feature}, body: {conv: {block: deeper.conv}, back: {block: conv}}}
"""
DEEPER = LIB.replace("imports: {deeper: ../other/deeper.yaml}\n", "").replace("width: 6", "width: 10")
DEEPER = DEEPER[: DEEPER.index("  through")]


def module_of(path: Path) -> ModuleIR:
    module, diagnostics = analyze(path)
    assert module is not None, [str(error) for error in diagnostics.errors]
    return module


def graphs(module: ModuleIR) -> dict[str, str]:
    """The networks as text, without the places in files that their nodes come from."""
    return {name: network_text(network, full=False) for name, network in module.networks.items()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, text in {"spec.yaml": SPEC, "parts/lib.yaml": LIB, "other/deeper.yaml": DEEPER}.items():
        (tmp_path / "home" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "home" / name).write_text(text)
    return tmp_path / "home"


def test_the_same_graphs_without_the_files(home: Path, tmp_path: Path) -> None:
    module = module_of(home / "spec.yaml")
    text = resolved_text(module)
    shutil.rmtree(home)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "spec.yaml").write_text(text)
    again = module_of(tmp_path / "run" / "spec.yaml")
    assert graphs(again) == graphs(module)
    made = [str(node.type) for node in again.networks["generator"].main if node.op == "conv"]
    widths = [int(text.partition("[")[2].partition(",")[0]) for text in made]
    assert widths == [6, 10, 6, 3]  # each file's expressions see its own definitions
    assert resolved_text(again) == text


def test_what_the_standard_library_has_is_named(home: Path) -> None:
    imports = resolved(module_of(home / "spec.yaml"))["imports"]
    assert imports["act"] == "norm.yaml"
    assert list(imports["lib"]["imports"]["deeper"]["blocks"]) == ["conv"]


def test_files_that_import_each_other_are_held_within_bounds(home: Path, tmp_path: Path) -> None:
    (home / "other/deeper.yaml").write_text("gandsl: 1\nimports: {lib: ../parts/lib.yaml}\n" + DEEPER[10:])
    module = module_of(home / "spec.yaml")
    (tmp_path / "spec.yaml").write_text(resolved_text(module))
    assert graphs(module_of(tmp_path / "spec.yaml")) == graphs(module)


@pytest.mark.parametrize(
    ("held", "code"),
    [
        ("{extends: x.yaml, blocks: {}}", "G0008"),
        ("{gandsl: 1, blocks: {conv: {ports: {x: Feature}, body: {a: {op: nothing}}}}}", "G0201"),
        ("[1]", "G0010"),
    ],
)
def test_what_is_held_is_checked(held: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC.replace("./parts/lib.yaml", held))
    module, diagnostics = analyze(tmp_path / "spec.yaml")
    assert module is None
    assert code in [error.code for error in diagnostics.errors]


GAME = """\
gandsl: 1
name: own
data: {image: "Image[3, 4]"}
generator:
  inputs: {z: "Latent[8]"}
  body: {dense: {op: linear, features: 48}, image: {op: reshape, channels: 3, size: 4}}
discriminator:
  inputs: {image: "Image[3, 4]"}
  body: {flat: {op: flatten}, logit: {op: linear, features: 1}}
game:
  body:
    z: {draw: generator.z}
    fake: {network: generator, z: z}
    real: {network: discriminator, image: image}
    said: {network: discriminator, image: fake}
    adversarial: {block: loss.hinge, real: real, fake: said}
  players:
    discriminator: {trains: [discriminator], terms: {adversarial: adversarial.discriminator}}
    generator: {trains: [generator], terms: {adversarial: adversarial.generator}}
  shows: [fake]
training: {length: 1 kimg, batch: 4, optimizer: {kind: sgd, lr: 0.1}, averages: {discriminator: {power: 7}}}
"""


def test_a_game_is_resolved_as_it_is(tmp_path: Path) -> None:
    """Without what a short form would say, where there is none; else with the changes of its game."""
    own, short = tmp_path / "own.yaml", tmp_path / "short.yaml"
    own.write_text(GAME)
    start, end = GAME.index("data:"), GAME.index("generator:")
    plan = (
        "training: {length: 1 kimg, batch: 4, loss: hinge, optimizer: {lr: 0.1}}\nset: {game.fresh: step}\n"
    )
    short.write_text(GAME[:start] + GAME[end : GAME.index("game:\n")] + plan)
    for path in (own, short):
        module = module_of(path)
        again = tmp_path / f"again_{path.name}"
        again.write_text(resolved_text(module))
        found = module_of(again)
        assert found.plan == module.plan and graphs(found) == graphs(module)
        assert found.game is not None and module.game is not None and found.game.plan == module.game.plan
        assert resolved_text(found) == resolved_text(module)
    assert (
        "patch" in resolved(module_of(short)) and "regularizers" not in resolved(module_of(own))["training"]
    )


# a parameter of each type, as a spec may give it
GIVEN = {
    "int": ["3"],
    "float": ["0.5", "1e-3"],
    "bool": ["true"],
    "str": ["'some text'"],
    "size": ["8", "[3, 4]", "[16]", "[2, 3, 4]"],
    "sides": ["3", "[3, 5]"],
    "enum": ["near"],
    "ints": ["[1, 2]"],
    "floats": ["[0.5, 2]"],
    "sizes": ["[4, 8]", "[[2, 3], [4, 6]]"],
    "any": ["3", "[4, 8]", "10 kimg", "[10 kimg, 3]", "\"'text'\"", '"doubling(4, 8)"'],
    "number": ["0.5"],
    "quantity": ["10 kimg", "16 steps", "2.5 kimg"],
    "ids": ["[dense, start]"],
}


@pytest.mark.parametrize(("type_", "default"), [(one, text) for one in TYPES for text in GIVEN[one]])
def test_a_parameter_of_any_type_is_written_out(type_: str, default: str, tmp_path: Path) -> None:
    """As JSON and as YAML, which is read back as the same value."""
    choices = ", choices: [near, far]" if type_ == "enum" else ""
    text = edited(
        PLAIN, ("  channels: 3\n", f"  channels: 3\n  own: {{type: {type_}, default: {default}{choices}}}\n")
    )
    (tmp_path / "spec.yaml").write_text(text)
    module = module_of(tmp_path / "spec.yaml")
    json.dumps(resolved(module))
    (tmp_path / "again.yaml").write_text(resolved_text(module))
    assert module_of(tmp_path / "again.yaml").params["own"] == module.params["own"]
