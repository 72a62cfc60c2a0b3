"""Finding and reading the files of a spec."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from gandsl.diagnostics import Diagnostics, Span
from gandsl.spec.reader import MAX_BYTES, normalized

STANDARD = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "std")
SHOWN_STANDARD = "gandsl/std"


@dataclass(frozen=True, slots=True)
class File:
    """A file: where it lies, and its name in messages (as written; for ours the same everywhere)."""

    path: str
    shown: str

    @classmethod
    def at(cls, path: str) -> File:
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


def find(written: str, beside: str, span: Span | None, diagnostics: Diagnostics) -> File | None:
    """The file that `extends` or `imports` names: beside the naming file, on GANDSL_PATH, in the library.

    A name that climbs (`../x.yaml`) is one beside the naming file alone: the other folders give what is in
    them. `beside` is the path of the naming file. Reports G0402 at `span` and returns None where there is
    none.
    """
    if os.path.isabs(written):
        places = [written]
    else:
        climbs = os.path.normpath(written).split(os.sep)[0] == os.pardir
        shared = [] if climbs else [*os.environ.get("GANDSL_PATH", "").split(os.pathsep), STANDARD]
        places = [
            os.path.normpath(os.path.join(folder, written))
            for folder in (os.path.dirname(beside), *filter(None, shared))
        ]
    for place in places:
        if os.path.exists(place):
            return File.at(place)
    tried = tuple(f"tried {File.at(place).shown}" for place in dict.fromkeys(places))
    diagnostics.add("G0402", f"there is no file `{written}`", span, notes=tried, help=_neighbour(places[0]))
    return None


def _neighbour(path: str) -> str | None:
    """Did you mean another file of that folder?"""
    from gandsl.diagnostics.suggest import nearest

    try:
        names = sorted(
            name for name in os.listdir(os.path.dirname(path) or ".") if name.endswith((".yaml", ".yml"))
        )
    except OSError:
        return None
    near = nearest(os.path.basename(path), names[:1000])
    return f"did you mean `{near}`?" if near else None


def read_file(file: File, span: Span | None, diagnostics: Diagnostics) -> str | None:
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
