"""Finds a word in the documentation: the section that says most of it, and the others that name it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from gandsl.cli.topics.topic import Topic

PACKAGE = Path(__file__).parents[2]
PLACES = (PACKAGE / "docs", PACKAGE.parent / "docs")  # of an installed wheel, of a checkout
MOST = 48  # lines of a section that are shown
LISTED = 6  # other sections that are named


class Section(NamedTuple):
    """A heading and what stands below it, to the next heading of any depth."""

    page: str  # "language.md"
    heading: str
    text: str

    @property
    def place(self) -> str:
        return f"docs/{self.page}, {self.heading}"


@cache
def sections() -> tuple[Section, ...]:
    """Of every page."""
    folder = next((place for place in PLACES if place.is_dir()), None)
    pages = sorted(folder.glob("*.md")) if folder else []
    split = (one for page in pages for one in _split(page.name, page.read_text("utf-8")))
    return tuple(one for one in split if one.text)


def _split(page: str, text: str) -> Iterator[Section]:
    heading, lines, fenced = page, list[str](), False
    for line in text.split("\n"):
        fenced ^= line.startswith("```")
        if line.startswith("#") and not fenced:
            yield Section(page, heading, "\n".join(lines).strip())
            heading, lines = line.lstrip("# "), []
        elif fenced or not line.lstrip().startswith("<!--"):  # what holds a block is no reader's business
            lines.append(line)
    yield Section(page, heading, "\n".join(lines).strip())


def find(name: str, width: int) -> Topic | None:
    """Any word, or words, that the documentation has."""
    word = re.compile(rf"(?<![\w-]){re.escape(name)}(?:e?s)?(?![\w-])", re.IGNORECASE)
    found = [(score, one) for one in sections() if (score := _weight(one, word))]
    if not found:
        return None
    found.sort(key=lambda pair: -pair[0])
    best, *others = [one for _, one in found]
    place = _listed(word).search(best.text) or word.search(best.text)
    lines = _around(best.text.split("\n"), best.text.count("\n", 0, place.start()) if place else 0)
    more = [f"Also: {one.place}" for one in others[:LISTED]]
    text = "\n".join([f"{name}: {best.place}", "", *lines, *([""] if more else []), *more])
    return Topic(
        "docs", name, text, {"place": best.place, "text": best.text, "others": [one.place for one in others]}
    )


def _weight(one: Section, word: re.Pattern[str]) -> float:
    """How much a section is about a word: in its heading, of its list, explained (in bold or code), named."""
    explained = len(re.findall(rf"(?:\*\*|`){word.pattern}", one.text, re.IGNORECASE))
    about = bool(word.search(one.heading)) or bool(_listed(word).search(one.text))
    return 20 * about + 2 * min(explained, 8) + min(len(word.findall(one.text)), 8)


def _listed(word: re.Pattern[str]) -> re.Pattern[str]:
    """A list under a word in bold that has this one: `**Kinds**: `Latent[n] … Tokens[n, d] …`."""
    return re.compile(rf"^\*\*\w+\*\*: `[^`]*{word.pattern}", word.flags | re.MULTILINE)


def _around(lines: list[str], first: int) -> list[str]:
    """The section, or of a long one what stands around a line."""
    if len(lines) <= MOST:
        return lines
    start = max(min(first - 4, len(lines) - MOST), 0)
    return ["…"] * bool(start) + lines[start : start + MOST] + ["…"] * (start + MOST < len(lines))


def names() -> dict[str, str]:
    """What has a heading."""
    return {one.heading: one.page for one in sections()}
