"""The entries of a labels file and the images they mean: one label an image, whoever wrote the names."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Sequence
from typing import Any
from unicodedata import normalize

from ..errors import DataError
from .names import and_more, spelled


def matched(entries: Sequence[tuple[str, Any]], images: Sequence[str], where: str) -> list[Any]:
    """The label of each image. Raises DataError where one has none or two, or an entry means no image.

    A name that is no image's as it stands is tried in one form: / for Windows' \\, no ./ before it, and
    Unicode's NFC, since macOS takes letters with accents apart (NFD).
    """
    known = set(images)
    forms = {} if all(name in known for name, _ in entries) else _by_form(images)
    said: dict[str, tuple[int, Any]] = {}  # image → number of the entry, label
    absent = []
    for number, (name, label) in enumerate(entries, 1):
        image = name if name in known else forms.get(form(name))
        if image is None:
            absent.append(name)
        elif image in said and said[image][1] != label:
            first, other = said[image]
            raise DataError(
                f"{where} labels {spelled(image)} twice: as {other!r} in entry {first} of {len(entries)}, "
                f"as {label!r} in entry {number}",
                "keep the right one",
            )
        else:
            said.setdefault(image, (number, label))
    if unlabeled := [image for image in images if image not in said]:
        like = _alike(unlabeled[0], absent)
        raise DataError(
            f"{where} has no label for {spelled(unlabeled[0])}" + and_more(unlabeled),
            f"does it mean that by {spelled(like)}? Correct the name"
            if like is not None
            else "label every image, or remove those images",
        )
    if absent:
        first_absent = sorted(absent)
        raise DataError(
            f"{where} labels {spelled(first_absent[0])}, which is not there" + and_more(first_absent),
            "correct the names",
        )
    return [said[image][1] for image in images]


def form(name: str) -> str:
    """One form for the ways in which systems write the same path."""
    return posixpath.normpath(normalize("NFC", name.replace("\\", "/")))


def _by_form(images: Sequence[str]) -> dict[str, str]:
    """Images by their form; two of one form (a folder on Linux may hold both) answer to their names alone."""
    forms = [form(image) for image in images]
    counts = Counter(forms)
    return {shape: image for shape, image in zip(forms, images, strict=True) if counts[shape] == 1}


def _alike(image: str, names: Sequence[str]) -> str | None:
    """A name that differs from the image's in case, in spaces or in its folder alone."""

    def blurred(name: str) -> str:
        return normalize("NFKC", posixpath.basename(form(name))).casefold().strip()

    return next((name for name in names if blurred(name) == blurred(image)), None)
