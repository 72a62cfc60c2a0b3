"""The source of one small spec, whole: a reviewer reads in the diff what a change does to what users read."""

from __future__ import annotations

import difflib
import os

import pytest

from gandsl.codegen import render
from tests.codegen.small import ROOT, analyzed
from tests.codegen.twins import assert_equal_programs

GOLDEN = ROOT / "tests" / "codegen" / "golden"
REFRESH = "GANDSL_WRITE_GOLDEN"


@pytest.mark.parametrize("file", ["__init__.py", "generator.py", "discriminator.py"])
def test_source(file: str) -> None:
    text = render(analyzed(GOLDEN / "house.yaml", {}))[file]
    golden = GOLDEN / "house" / file
    if os.environ.get(REFRESH):
        golden.write_text(text, "utf-8")
    expected = golden.read_text("utf-8")
    diff = difflib.unified_diff(expected.splitlines(), text.splitlines(), "golden", "printed", lineterm="")
    assert text == expected, "\n".join(
        [*diff, f"if this is meant: {REFRESH}=1 pytest tests/codegen/test_golden.py"]
    )


def test_it_computes_what_the_spec_says() -> None:
    module = analyzed(GOLDEN / "house.yaml", {})
    for name, ir in module.networks.items():
        source = (GOLDEN / "house" / f"{name}.py").read_text("utf-8")
        assert assert_equal_programs(ir, source, name.title()) >= 10
