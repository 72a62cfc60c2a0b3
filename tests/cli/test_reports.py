"""Commands that report: check, show, cost, diff, graph, schema, explain; as text and as JSON."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
import yaml

from gandsl.cli.topics import block, code, op, plan
from gandsl.diagnostics import Diagnostics
from gandsl.ir.parser import parse_network
from tests.cli.conftest import BROKEN_LINE, SPECS, Gandsl
from tests.specs.reduced import OWN

ALL = sorted(SPECS.glob("*.yaml"))
names = pytest.mark.parametrize("name", [path.stem for path in ALL])


@pytest.fixture
def path(name: str, tmp_path: Path) -> Path:
    """A spec that extends this one, for small images where it has a choice: some of each kind of node."""
    size = OWN.get(name, {}).get("resolution", 32)
    changed = "" if name in ("r3gan", "tiny") else f"set: {{params.resolution: {size}}}\n"
    text = f"gandsl: 1\nname: {name}\nextends: {SPECS / name}.yaml\n{changed}"
    (tmp_path / "small.yaml").write_text(text, "utf-8")
    return tmp_path / "small.yaml"


def test_check_tells_of_each_spec(gandsl: Gandsl, specs: Path) -> None:
    done = gandsl("check", specs / "tiny.yaml", specs / "dcgan.yaml")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-2:] == [f"{specs}/tiny.yaml: fine", f"{specs}/dcgan.yaml: fine"]


def test_check_points_at_the_place(gandsl: Gandsl, broken: Path) -> None:
    done = gandsl("check", broken)
    assert done.exit_code == 1
    assert "there is no op `lniear`" in done.stdout and "did you mean `linear`?" in done.stdout
    assert f"{broken}:{BROKEN_LINE}:" in done.stdout.replace("\n", "")
    assert done.stdout.splitlines()[-1] == f"{broken}: 1 error"


def test_check_as_json_and_sarif(gandsl: Gandsl, broken: Path) -> None:
    done = gandsl("check", broken, "--format", "json")
    body = json.loads(done.stdout)
    assert done.exit_code == 1 and body["gandsl"] == "check/1" and body["ok"] is False
    assert body["counts"] == {"error": 1, "warning": 0, "note": 0}
    assert body["diagnostics"][0]["span"]["line"] == BROKEN_LINE
    sarif = json.loads(gandsl("check", broken, "--format", "sarif").stdout)
    assert sarif["version"] == "2.1.0" and len(sarif["runs"][0]["results"]) == 1


def test_check_takes_overrides(gandsl: Gandsl, specs: Path) -> None:
    assert gandsl("check", specs / "quickstart.yaml", "--set", "training.batch=8").exit_code == 0
    done = gandsl("check", specs / "quickstart.yaml", "--set", "nothing=8")
    assert done.exit_code == 1 and "no parameter `nothing`" in done.stdout


def test_other_commands_tell_errors_in_the_form_of_check(gandsl: Gandsl, specs: Path, broken: Path) -> None:
    for command in (["cost"], ["show"], ["diff", specs / "tiny.yaml"], ["graph"]):
        done = gandsl(*command, broken)
        assert done.exit_code == 1 and "lniear" in done.stderr and not done.stdout
    body = json.loads(gandsl("cost", broken, "--format", "json").stdout)
    assert body["gandsl"] == "check/1" and not body["ok"]


@names
def test_show_prints_the_same_spec_again(gandsl: Gandsl, tmp_path: Path, path: Path) -> None:
    text = gandsl("show", path).stdout
    again = tmp_path / "again.yaml"
    again.write_text(text)
    done = gandsl("diff", path, again, "--exit-code")
    assert (done.exit_code, done.stdout.split(": ")[-1]) == (0, "no difference\n")
    assert gandsl("show", again).stdout == text


def test_show_has_values_in_force_and_defaults(gandsl: Gandsl, specs: Path) -> None:
    body = json.loads(
        gandsl("show", specs / "dcgan.yaml", "--set", "resolution=32", "--format", "json").stdout
    )
    assert body["gandsl"] == "show/1"
    assert body["spec"]["params"]["resolution"]["default"] == 32
    assert body["spec"]["training"]["cadence"]["keep"] == 2


@names
def test_ir_parses_back(gandsl: Gandsl, path: Path) -> None:
    from gandsl.analysis import analyze

    module, _ = analyze(path)
    assert module is not None
    for full in ([], ["--full"]):
        body = json.loads(gandsl("show", path, "--ir", "--format", "json", *full).stdout)
        assert body["gandsl"] == "show-ir/1" and list(body["networks"]) == list(module.networks)
        for name, text in body["networks"].items():
            diagnostics = Diagnostics()
            assert parse_network(text, name, diagnostics) == module.networks[name], list(diagnostics)


def test_show_ir_of_one_network(gandsl: Gandsl, specs: Path) -> None:
    done = gandsl("show", specs / "tiny.yaml", "--ir", "--network", "discriminator")
    assert done.stdout.startswith("gandsl-ir 1\nnetwork discriminator\n")
    assert gandsl("show", specs / "tiny.yaml", "--ir", "--network", "critic").exit_code == 2
    assert gandsl("show", specs / "tiny.yaml", "--full").exit_code == 2


def test_cost_of_the_published_generator(gandsl: Gandsl, specs: Path) -> None:
    """30,370,060 parameters at 1024² (reference), and a table that fits a terminal."""
    body = json.loads(gandsl("cost", specs / "stylegan2.yaml", "--format", "json").stdout)
    assert body["gandsl"] == "cost/1"
    assert body["networks"]["generator"]["total"]["parameters"] == 30_370_060
    assert body["networks"]["discriminator"]["total"]["parameters"] == 29_012_513
    assert [phase["name"] for phase in body["phases"]] == ["D", "D/16", "G", "G/4"]
    text = gandsl("cost", specs / "stylegan2.yaml").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "synthesis.s1024" in text and "30.4 M" in text


def test_cost_by_depth_and_node(gandsl: Gandsl, specs: Path) -> None:
    def rows(*options: str) -> list[str]:
        done = gandsl("cost", specs / "stylegan2.yaml", "--format", "json", *options)
        return list(json.loads(done.stdout)["networks"]["generator"]["rows"])

    assert len(rows("--depth", "1")) < len(rows()) < len(rows("--nodes"))


def test_diff_says_whether_specs_differ(gandsl: Gandsl, specs: Path) -> None:
    path = specs / "dcgan.yaml"
    assert gandsl("diff", path, path, "--exit-code").exit_code == 0
    done = gandsl("diff", path, "--set", "training.batch=8", "--exit-code")
    assert done.exit_code == 8 and "~ batch: " in done.stdout
    assert gandsl("diff", path, "--set", "training.batch=8").exit_code == 0
    body = json.loads(gandsl("diff", path, specs / "tiny.yaml", "--format", "json").stdout)
    assert body["gandsl"] == "diff/1" and body["different"] is True


@names
def test_graph_is_well_formed_and_self_contained(gandsl: Gandsl, tmp_path: Path, path: Path) -> None:
    svg, page = tmp_path / "x.svg", tmp_path / "x.html"
    assert gandsl("graph", path, "-o", svg, "--depth", "9").exit_code == 0
    assert gandsl("graph", path, "-o", page).exit_code == 0
    root = ET.fromstring(svg.read_text())
    from gandsl.analysis import analyze

    module, _ = analyze(path)
    assert module is not None
    shown = [node for network in module.networks.values() for node in network.main if node.op != "select"]
    titles = [title.text or "" for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert {f"id: {node.id}" for node in shown} <= {title.split("\n")[0] for title in titles}
    text = page.read_text()
    assert all(f'"id":"{node.id}"' in text for node in shown)
    for outside in ("src=", "href=", "url(http", "import ", "fetch("):
        assert outside not in text


def test_graph_refuses_other_formats(gandsl: Gandsl, specs: Path, tmp_path: Path) -> None:
    done = gandsl("graph", specs / "tiny.yaml", "-o", tmp_path / "x.png")
    assert done.exit_code == 2 and ".html or .svg" in done.stderr


def test_the_schema_is_one(gandsl: Gandsl, specs: Path) -> None:
    """What it takes and refuses is held, for each spec and field, by tests/spec/test_schema.py."""
    schema = json.loads(gandsl("schema").stdout)
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    spec = json.loads(json.dumps(yaml.safe_load((specs / "quickstart.yaml").read_text())))
    assert validator.is_valid(spec) and not validator.is_valid({**spec, "trainig": {}})


PARTIAL = "game: {body: {said: null}, players: {generator: {terms: {adversarial: null, own: {weight: 2}}}}}"


def test_schema_accepts_games_as_they_are_shown(gandsl: Gandsl, specs: Path) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(gandsl("schema").stdout))
    shown = [specs / f"{name}.yaml" for name in ("stylegan2/ada", "biggan", "msg_gan", "acgan")]
    for text in [*(gandsl("show", path, "--game").stdout for path in shown), PARTIAL]:
        data = yaml.safe_load(f"gandsl: 1\nname: shown\n{text}")
        assert not [error.message for error in validator.iter_errors(data)]
        data["game"]["bodies"] = {}
        assert list(validator.iter_errors(data))


def test_show_game(gandsl: Gandsl, specs: Path) -> None:
    done = gandsl("show", specs / "dcgan.yaml", "--game", "--set", "training.loss=hinge")
    assert done.stdout.startswith('data:\n  image: "Image[image_channels, resolution]"\ngame:\n  body:\n')
    assert "adversarial: {block: loss.hinge, real: real.flat, fake: said.flat}" in done.stdout
    body = json.loads(gandsl("show", specs / "dcgan.yaml", "--game", "--format", "json").stdout)
    assert body["gandsl"] == "show-game/1" and list(body["game"]["players"]) == ["discriminator", "generator"]
    assert gandsl("show", specs / "dcgan.yaml", "--game", "--ir").exit_code == 2


@pytest.mark.parametrize("topic", [code, op, block, plan], ids=lambda module: module.__name__)
def test_everything_that_is_listed_is_explained(gandsl: Gandsl, topic: object) -> None:
    known = topic.names()  # type: ignore[attr-defined]
    assert len(known) > 20
    for name in known:
        found = topic.find(name, 80)  # type: ignore[attr-defined]
        assert found is not None and found.name == name and found.text.startswith(name)


def test_explain_by_kind(gandsl: Gandsl) -> None:
    for word, start in (
        ("g0212", "G0212: "),
        ("conv", "conv: a primitive"),
        ("norm.batch", "norm.batch: a block"),
        ("training", "training: the whole experiment"),
        ("ema.half_life", "training.ema.half_life: "),
    ):
        done = gandsl("explain", word)
        assert done.exit_code == 0 and done.stdout.startswith(start)
        assert json.loads(gandsl("explain", word, "--format", "json").stdout)["gandsl"] == "explain/1"
    assert gandsl("explain", "--ops").stdout.startswith("constant")
    listed = json.loads(gandsl("explain", "--codes", "--format", "json").stdout)
    assert listed["gandsl"] == "explain-list/1" and "G0212" in listed["names"]


@pytest.mark.parametrize(
    ("word", "kind", "part"),
    [
        ("fold", "docs", "docs/language.md"),
        ("Tokens", "docs", "**Kinds**"),
        ("Style", "docs", "**Kinds**"),
        ("networks", "field", "further networks"),
        ("norm", "group", "norm.conditional_batch"),
        ("dense", "op", "linear"),
        ("demodulation", "docs", "docs/"),
        ("truncation", "docs", "docs/"),
        ("troubleshooting", "docs", "in this order"),
    ],
)
def test_explain_finds(gandsl: Gandsl, word: str, kind: str, part: str) -> None:
    done = gandsl("explain", word)
    assert done.exit_code == 0 and part in done.stdout
    assert json.loads(gandsl("explain", word, "--format", "json").stdout)["kind"] == kind


def test_explain_finds_any_word_of_the_docs() -> None:
    from gandsl.cli.topics import docs

    alone = r"(?<![\w-])[A-Za-z]{4,}(?![\w-])"
    assert not [one for one in docs.sections() if not one.text or "<!--" in one.text]
    words = {word for one in docs.sections() for word in re.findall(alone, one.text)}
    assert len(words) > 1000
    for word in sorted(words)[::97]:
        topic = docs.find(word, 80)
        assert topic and word.lower() in topic.text.removeprefix(f"{word}: ").lower()


def test_explain_proposes_nothing_absurd(gandsl: Gandsl) -> None:
    done = gandsl("explain", "nonsense")
    assert done.exit_code == 2 and "did you mean" not in done.stderr
    assert "networks have no recurrence" in " ".join(gandsl("explain", "lstm").stderr.split())


def test_explain_proposes_the_nearest(gandsl: Gandsl) -> None:
    done = gandsl("explain", "modulated_covn")
    assert done.exit_code == 2 and "did you mean `modulated_conv`?" in done.stderr
    assert gandsl("explain").exit_code == 2


def test_help_lists_every_command_within_80_columns(gandsl: Gandsl) -> None:
    from gandsl.cli.app import COMMANDS

    text = gandsl("--help").stdout
    assert all(f"  {name} " in text for name in COMMANDS)
    for name in COMMANDS:
        done = gandsl(name, "--help")
        assert done.exit_code == 0 and "Usage: gandsl" in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 80, name


def test_wrong_command_and_option(gandsl: Gandsl) -> None:
    done = gandsl("chek", "x.yaml")
    assert done.exit_code == 2 and "did you mean `check`?" in done.stderr
    assert gandsl("check", "--nope").exit_code == 2
    assert gandsl("check").exit_code == 2
