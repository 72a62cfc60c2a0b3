"""docs/troubleshooting.md has a part for each sign of the guard, and the guard's messages name the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gandsl_runtime.guard.guard import PAGE, REMEDY, summary
from gandsl_runtime.guard.judge import KINDS, Sign
from gandsl_runtime.guard.memory import DIVERSITY, LOGITS

TEXT = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text("utf-8")
NETWORKS = ("generator", "discriminator")
SERIES = {
    "sigma": [f"{side}.a.weight" for side in NETWORKS],
    "gradient": list(NETWORKS),
    "logits": list(LOGITS),
    "diversity": list(DIVERSITY),
}
NAMES = [f"{kind}/{of}" for kind in KINDS for of in SERIES[kind]]


def part(name: str) -> str:
    """What stands under the heading that has this name of the log."""
    (found,) = (text for text in re.split(r"^###? ", TEXT, flags=re.MULTILINE) if f"`{name}`" in text)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_each_sign_has_a_part_with_a_remedy(name: str) -> None:
    (logged,) = summary({name: 1.0}, {name: 1.0})
    found = part(logged)
    heading, way = found.splitlines()[0], "up" if KINDS[name.partition("/")[0]].sign > 0 else "down"
    assert f"went {way}" in heading and "gandsl check" in found
    words = str(Sign(name, 1.0, 2.0)).split(" went")[0].replace(",", " ").replace("(", " ").lower().split()
    assert set(heading.lower().split()) & set(words) - {"of", "d's"}, "the message's own words"


def test_messages_name_the_page() -> None:
    assert "docs/troubleshooting.md" in PAGE and PAGE in REMEDY
    assert "### Something is not finite" in TEXT
