"""What is committed under generated/ is what the compiler writes today."""

from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.codegen import stale

ROOT = Path(__file__).parent.parent
FOLDERS = sorted(path.name for path in (ROOT / "generated").iterdir() if path.is_dir())


def test_the_flagship_specs_are_there() -> None:
    assert {"biggan", "dcgan", "pggan", "quickstart", "stylegan2"} <= set(FOLDERS)


@pytest.mark.parametrize("name", FOLDERS)
def test_generated_source_is_fresh(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    module, diagnostics = analyze(f"specs/{name}.yaml")
    assert module is not None, [found.message for found in diagnostics]
    assert stale(module, ROOT / "generated" / name) == [], f"run `gandsl compile specs/{name}.yaml`"
