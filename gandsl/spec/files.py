"""Finding and reading the files of a spec."""

from __future__ import annotations

import os
import stat

from gandsl.diagnostics import Diagnostics, Span
from gandsl.records import dataclass
from gandsl.spec.places import ENDINGS, STANDARD, climbs, named, shared, shipped
from gandsl.spec.reader import MAX_BYTES, normalized

SHOWN_STANDARD = "gandsl/std"


@dataclass(frozen=True, slots=True)
class SpecFile:
    """A file: where it lies, and its name in messages (as written; for ours the same everywhere)."""

    path: str
    shown: str

    @classmethod
    def at(cls, path: str) -> SpecFile:
        """The file at a path as somebody wrote it."""
        inside = os.path.relpath(path, STANDARD) if os.path.isabs(path) else ".."
        return cls(path, path if inside.startswith("..") else f"{SHOWN_STANDARD}/{inside}")

    @property
    def standard(self) -> str | None:
        """Its name in the standard library; None elsewhere."""
        inside = self.shown.removeprefix(f"{SHOWN_STANDARD}/")
        return inside if inside != self.shown else None

    @property
    def identity(self) -> str:
        """The same for two ways to write the same file."""
        return self.path if "\0" in self.path else os.path.realpath(self.path)


def find(written: str, beside: str, span: Span | None, diagnostics: Diagnostics) -> SpecFile | None:
    """The file that `extends` or `imports` names: beside the naming file, on GANDSL_PATH, among ours.

    A name that climbs (`../x.yaml`) is one beside the naming file alone: the other folders give what is in
    them. `beside` is the path of the naming file. Reports G0402 at `span` and returns None where there is
    none.
    """
    places = candidates(written, beside)
    for place in places:
        if os.path.exists(place):
            return SpecFile.at(place)
    tried = tuple(f"tried {SpecFile.at(place).shown}" for place in places)
    diagnostics.add("G0402", f"there is no file `{written}`", span, notes=tried, help=_neighbour(places[0]))
    return None


def candidates(written: str, beside: str) -> list[str]:
    """Where a file may lie that is named so in the file `beside`, best first."""
    if os.path.isabs(written):
        return [written]
    others = [] if climbs(written) else [*shared(), STANDARD]
    folders = (os.path.dirname(beside), *others)
    return list(dict.fromkeys(os.path.normpath(os.path.join(folder, written)) for folder in folders))


def spec_file(written: str) -> SpecFile:
    """The file that a spec's path or name on a command line means; where there is none, the path itself."""
    return SpecFile.at(next(iter(named(written)), written))


def _neighbour(path: str) -> str | None:
    """Did you mean another file of that folder, or a spec of ours?"""
    from gandsl.diagnostics.suggest import nearest

    ours = shipped()
    bare = os.path.splitext(path)[0].replace(os.sep, "/")
    if tail := next((name for name in reversed(ours) if f"/{bare}".endswith(f"/{name}")), None):
        return f"gandsl has one of its own: `{tail}`"
    try:
        names = sorted(name for name in os.listdir(os.path.dirname(path) or ".") if name.endswith(ENDINGS))
    except OSError:
        names = []
    near = nearest(os.path.basename(path), names[:1000]) or nearest(bare, ours)
    return f"did you mean `{near}`?" if near else None


def read_file(file: SpecFile, span: Span | None, diagnostics: Diagnostics) -> str | None:
    """The text of a file, at most 1 MiB of UTF-8. Reports G0001, G0002, G0006 or G0402 and returns None.

    `span` is where the file is named; a file named on the command line has none.
    """
    try:
        facts = os.stat(file.path)
        if not stat.S_ISREG(facts.st_mode):
            what = "a folder" if stat.S_ISDIR(facts.st_mode) else "no regular file"
            diagnostics.add("G0001", f"`{file.shown}` is {what}", span)
            return None
        if facts.st_size > MAX_BYTES:
            size = f"{facts.st_size / 2**20:.1f} MiB large; a spec has at most {MAX_BYTES // 2**20} MiB"
            diagnostics.add("G0006", f"`{file.shown}` is {size}", span or Span.point(file.shown))
            return None
        with open(file.path, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        diagnostics.add("G0402", f"there is no file `{file.shown}`", span, help=_neighbour(file.path))
        return None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        diagnostics.add("G0001", f"`{file.shown}` cannot be read: {why}", span)
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        diagnostics.sources.setdefault(file.shown, normalized(data.decode("utf-8", "replace")))
        line_start = data.rfind(b"\n", 0, error.start) + 1
        column = len(data[line_start : error.start].decode("utf-8", "replace")) + 1
        place = Span.point(file.shown, data.count(b"\n", 0, error.start) + 1, column)
        message = f"the byte 0x{data[error.start]:02x} is no UTF-8"
        diagnostics.add("G0002", message, place, help="save the file as UTF-8")
        return None
