"""Printed source is deterministic, formatted, free of lint, and safe from whatever a spec's texts say."""

from __future__ import annotations

import ast
import math
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gandsl.codegen import render
from gandsl.codegen.identifiers import class_name, is_identifier, local_name
from gandsl.codegen.printing.layout import Expr, call, collection, keyword, lay, literal
from gandsl.codegen.printing.locations import Locations
from gandsl.codegen.printing.network import network_source
from gandsl.codegen.printing.text import columns, comment, docstring, visible
from gandsl.diagnostics import Span
from gandsl.frontend.module import ModuleIR
from gandsl.ir.graph import Frame, Graph, NetworkIR, Provenance
from tests.codegen.small import ROOT, SPECS, analyzed
from tests.codegen.twins import loaded
from tests.published import NETWORKS
from tests.specs.reduced import OWN, written


def ruff(*command: str, of: Path) -> None:
    """`ruff` with the project's own configuration finds nothing in the folder. Skips without ruff."""
    program = Path(sys.executable).with_name("ruff")
    if not program.exists():
        pytest.skip("ruff is not installed beside this interpreter: pip install -e '.[dev]'")
    config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    done = subprocess.run([program, *command, *config, of], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (done.stdout + done.stderr)[:3000]


def assert_clean(files: dict[str, str], folder: Path) -> None:
    """Formatted and free of lint, though the project itself excludes `generated`."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    ruff("format", "--diff", "--no-force-exclude", of=folder)
    ruff("check", "--output-format", "concise", "--no-force-exclude", of=folder)


WHOLE = ("stylegan2", "biggan")  # of which it is said below what all of their stages have in common


def in_short(path: Path) -> ModuleIR:
    """A spec with its plan, for small images where it has a choice; two as they are published."""
    ours = path.parent == ROOT / "specs" and path.stem not in WHOLE  # the others are small
    chooses = ours and "resolution" in written(path).params
    size = OWN.get(path.stem, {}).get("resolution", 32)
    return analyzed(path, {"resolution": size} if chooses else {})


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """The printed modules of every spec."""
    return {
        f"{path.stem}/{name}": text
        for path in SPECS
        for name, text in render(in_short(path)).items()
        if name.endswith(".py")
    }


def test_every_spec_is_formatted_and_free_of_lint(sources: dict[str, str], tmp_path: Path) -> None:
    assert len(sources) >= 3 * len(SPECS)
    assert_clean(sources, tmp_path)


def test_it_imports_torch_and_the_runtime_alone(sources: dict[str, str]) -> None:
    for name, text in sources.items():
        if not name.endswith("__init__.py"):
            tree = ast.parse(text)
            modules = {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            roots = {module.partition(".")[0] for module in modules}
            assert roots <= {"collections", "dataclasses", "typing", "torch", "gandsl_runtime"}, name
            plain = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
            assert [name.name for node in plain for name in node.names] in ([], ["math"])


def test_instances_that_are_alike_share_a_class(sources: dict[str, str]) -> None:
    """The 1024² generator has nine stages and 17 styled convolutions, in a handful of classes."""
    text = sources["stylegan2/generator.py"]
    classes = [node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    assert len(classes) <= 10
    assert len(text.splitlines()) < 300


# ---- the same bytes everywhere

PRINT = """
import hashlib, sys
sys.path[:0] = sys.argv[1:3]
from gandsl.analysis import analyze
from gandsl.codegen import render
for written in sys.argv[3:]:
    module, _ = analyze(written, {})
    print(hashlib.sha256(repr(sorted(render(module).items())).encode()).hexdigest())
"""


def test_hash_seed_folder_and_locale_change_nothing(tmp_path: Path) -> None:
    spec = tmp_path / "elsewhere" / "house.yaml"
    spec.parent.mkdir()
    shutil.copy(ROOT / "tests" / "codegen" / "golden" / "house.yaml", spec)
    locations = (
        ("0", ROOT, ["tests/codegen/golden/house.yaml"]),
        ("4242", spec.parent, ["../elsewhere/house.yaml", str(spec)]),
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PRINT, str(ROOT), str(ROOT / "runtime"), *written],
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": "C"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, folder, written in locations
    ]
    digests = [line for process in running for line in process.communicate(timeout=240)[0].split()]
    assert not any(process.returncode for process in running)
    assert len(digests) == 3 and len(set(digests)) == 1


# ---- hostile text

HOSTILE = [
    'quotes " and \' and """ three, at the end too"',
    '"""',
    "\\",
    'back\\slash \\" \\n \\N{DIGIT ONE} \\',
    "lines\nand\r\nmore\x0b\x0c\x1c\u2028\u2029\x85 of them",
    "bidi \u202e\u2066 zero\u200bwidth \ufeff \x00 \x07 \x7f \x9f",
    "\U0001f600 \U000e0001 \ue000 中文 " + "漢字" * 200,
    "x" * 5000,
    "word " * 2000,
    "# not a comment; import os; os.system('false')",
    "{{ 7 * 7 }} {% raw %} {# #}",
    "%s %(x)s {0} ${HOME}",
    " leading and trailing ",
    "",
]


def haunted(module: ModuleIR, text: str) -> ModuleIR:
    """The module with `text` wherever a spec's free text, or a file's name, can stand."""

    def place(span: Span) -> Span:
        return span._replace(file=text or span.file)

    def graph(whole: Graph) -> Graph:
        nodes = {
            id_: replace(
                node,
                provenance=Provenance(
                    place(node.provenance.span),
                    tuple(Frame(f"block `{text}`", place(frame.span)) for frame in node.provenance.frames),
                ),
            )
            for id_, node in whole.nodes.items()
        }
        return replace(whole, nodes=nodes)

    document = module.document
    document.doc = document.source = text
    for block in document.blocks.values():
        object.__setattr__(block, "doc", text)
    document.networks = {name: replace(network, doc=text) for name, network in document.networks.items()}
    networks = {
        name: NetworkIR(name, {variant: graph(one) for variant, one in ir.programs.items()}, ir.levels)
        for name, ir in module.networks.items()
    }
    return replace(module, networks=networks)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_of_a_spec_stays_text(text: str, tmp_path: Path) -> None:
    module = analyzed(ROOT / "tests" / "codegen" / "golden" / "house.yaml", {})
    plain = {name: ast.parse(source) for name, source in render(module).items() if name.endswith(".py")}
    files = {name: source for name, source in render(haunted(module, text)).items() if name.endswith(".py")}
    assert_clean(files, tmp_path)
    for name, source in files.items():
        assert source.isprintable() or all(c.isprintable() or c == "\n" for c in source)
        assert max(columns(line) for line in source.splitlines()) <= 110
        assert calls(ast.parse(source)) == calls(plain[name])


def calls(tree: ast.Module) -> list[str]:
    """What a module does, without docstrings; classes named after hostile blocks count by what they hold."""
    return sorted(
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and "self." in ast.unparse(node.func)
    )


@given(st.text(max_size=300))
def test_any_text_is_one_visible_line(text: str) -> None:
    line = visible(text)
    assert all(c.isprintable() for c in line)
    assert "\n" not in line
    assert ast.parse(comment(text)).body == []


@given(st.text(max_size=300), st.integers(0, 8))
def test_any_text_is_a_docstring(text: str, indent: int) -> None:
    lines = docstring(text, indent)
    tree = ast.parse("\n".join(["if True:", *lines] if indent else lines))
    (statement,) = tree.body[0].body if indent else tree.body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Constant)
    words = "".join(visible(part) for part in text.split("\n\n"))
    if words:
        assert "".join(statement.value.value.split()) == "".join(words.split())


@given(st.text(max_size=80))
def test_any_text_makes_names(text: str) -> None:
    assert is_identifier(class_name(text))
    assert is_identifier(local_name(text))
    assert local_name(text, {local_name(text)}) != local_name(text)


# ---- layout

SCALARS = st.one_of(
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False),
    st.booleans(),
    st.none(),
    st.text(max_size=30),
)
LITERALS = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=8).map(tuple), max_leaves=20)


ROOTS = [math.sqrt(2), math.sqrt(0.5), 1 / math.sqrt(3), -math.sqrt(5), 1 / 3, 3**0.5 / 2, 2**0.25, 0.1, 1e-8]


@given(LITERALS | st.sampled_from(ROOTS))
def test_a_literal_is_the_value(value: Any) -> None:
    expr = literal(value)
    (line,) = lay(expr, 0) if isinstance(expr, str) else ["".join(lay(expr, 0))]
    assert repr(eval(line, {"float": float, "math": math})) == repr(value)  # noqa: S307 - our own text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.sqrt(2), "math.sqrt(2)"),
        (math.sqrt(1 / 2), "math.sqrt(1 / 2)"),
        (-math.sqrt(5), "-math.sqrt(5)"),
        (1 / 3, "1 / 3"),
        (1.5, "1.5"),
        (0.1, "0.1"),
        (1e-8, "1e-08"),
    ],
)
def test_a_root_stays_a_root(value: float, text: str) -> None:
    assert literal(value) == text


def test_what_joins_one_term_is_the_term(sources: dict[str, str]) -> None:
    """`ops.add` and `ops.concat` of a single term, unscaled, are nowhere in what is printed."""
    for name, text in sources.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("ops.add", "ops.concat"):
                assert isinstance(node.args[0], ast.List)
                assert len(node.args[0].elts) > 1 or node.keywords, (name, ast.unparse(node))


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("stylegan2/generator.py", {"StyleLayer", "UpsamplingStyleLayer", "SynthesisStage"}),
        ("stylegan2/discriminator.py", {"ConvLayer", "DownsamplingConvLayer", "Stage"}),
        ("biggan/generator.py", {"Stage", "StageWithAttention"}),
        ("biggan/discriminator.py", {"ResidualDown", "FirstResidualDown", "ResidualDownWithoutShort"}),
    ],
)
def test_classes_say_their_difference(sources: dict[str, str], file: str, names: set[str]) -> None:
    found = [node.name for node in ast.parse(sources[file]).body if isinstance(node, ast.ClassDef)]
    assert names <= set(found)


def test_no_name_is_a_number_alone(sources: dict[str, str]) -> None:
    """Of the published systems' classes: `ConvLayer2` would not say what it is."""
    for name, text in sources.items():
        classes = [node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
        bare = [one for one in classes if one[-1].isdigit() and one.rstrip("0123456789") in classes]
        assert not bare, (name, bare)


def test_arguments_are_called_as_the_block_calls_its_ports(sources: dict[str, str]) -> None:
    """Not after the node that the first of its uses is given."""
    tree = ast.parse(sources["stylegan2/discriminator.py"])
    (layer,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "ConvLayer"]
    (forward,) = [one for one in layer.body if isinstance(one, ast.FunctionDef) and one.name == "forward"]
    assert [argument.arg for argument in forward.args.args] == ["self", "x"]


def test_comments_are_few_and_say_shapes(sources: dict[str, str]) -> None:
    networks = {name: text for name, text in sources.items() if not name.endswith("/game.py")}
    for name, text in networks.items():
        comments = [line.partition("  # ")[2] for line in text.splitlines() if "  # " in line]
        assert all(one.startswith(("[N", "each [N")) for one in comments), name


def test_layout_is_the_formatter_s(tmp_path: Path) -> None:
    """Calls, keywords, tuples and lists of every length, nested, laid out as `ruff format` does."""
    exprs: list[Expr] = []

    def collect(value: Any, width: int) -> None:
        names: list[Expr] = [f"argument_{i}" for i in range(width)]
        inner = [
            keyword("value", literal(value)),
            keyword("other", call("ops.add", [collection(names, "[]")])),
        ]
        exprs.append(call("self.synthesis.s1024.conv1", [*names, *inner]))

    settings(max_examples=150)(given(LITERALS, st.integers(0, 9))(collect))()
    lines = [line for number, expr in enumerate(exprs) for line in lay(expr, 4, f"name_{number} = ")]
    source = "\n".join(["def f():", *lines, ""])
    (tmp_path / "laid.py").write_text(source, "utf-8")
    ruff("format", "--diff", of=tmp_path)


def test_the_same_seed_gives_the_same_weights() -> None:
    """Layers are built in the lowering's order, so that a seed means the same for both."""
    from gandsl.lowering.network import LoweredNetwork

    for name in ("stylegan2_generator", "stylegan2_discriminator"):
        ir = NETWORKS[name]()
        torch.manual_seed(3)
        lowered = LoweredNetwork(ir).state_dict()
        torch.manual_seed(3)
        printed = loaded(
            network_source(ir, "", Locations(""), lambda origin: None), class_name(ir.name)
        ).state_dict()
        assert list(printed) == list(lowered)
        assert all(torch.equal(printed[key], lowered[key]) for key in lowered)
