"""Every file that is written: whole or not at all, first under a temporary name beside its place.

What reads a file, or is killed while it writes one, never sees half of it; two that write the same file give
one of the two. Only logs that grow by lines are written in place.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import Unwritable
from .signals import at_last

ASIDE = ".new"  # what a name aside ends in; it begins with a dot
_LONGEST = 60  # characters of a file's name in its name aside: names have 255 bytes, characters up to 4
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)
_NO_FLUSH = (errno.EINVAL, errno.EACCES, errno.EPERM, errno.ENOTSUP)  # of folders, on some file systems
_KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}


def special(path: Path) -> str | None:
    """What there is that is not a regular file: "a pipe", "a device" …; None for a file, or nothing.

    To open a pipe waits for ever, and a device may have no end. Raises OSError where it can't be told.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    return next((kind for test, kind in _KINDS.items() if test(mode)), None)


def read(path: Path) -> bytes:
    """The content of a regular file. Raises OSError, for anything else too."""
    if kind := special(path):
        raise OSError(errno.EINVAL, f"it is {kind}", str(path))
    return path.read_bytes()


@contextmanager
def whole(path: Path, *, fresh: bool = False) -> Iterator[Path]:
    """A file beside `path` to write, flushed and named so when the block ends well, and else gone.

    What was there is replaced (behind a link, the file it leads to); with `fresh` it stays, whoever made it
    and however late. Raises Unwritable then, and where `path` is a folder, a pipe or a device.
    """
    if kind := special(path):
        raise Unwritable(f"can't write {path}: it is {kind}", "give the name of a file")
    if fresh and os.path.lexists(path):
        raise _there(path)
    place = path if fresh else Path(os.path.realpath(path))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise Unwritable(f"can't write {path}: {error.filename} is no folder", "give another name") from error
    new = _aside(place)
    with at_last(lambda: new.unlink(missing_ok=True)):
        try:
            mode = _made(new)
            yield new
            new.chmod(mode)  # some writers make their own file, which the owner alone may read
            flush(new)
            _name(new, place, fresh)
            _flush_folder(place.parent)
        except BaseException as error:
            new.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.filename == str(new):
                error.filename = str(path)  # the name that its user knows
            raise


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path` to fill, named so when the block ends well, and else gone.

    What was there stays. The block flushes files in folders below; those right in the folder are flushed
    here. Raises Unwritable where something has the name, however late it came.
    """
    if os.path.lexists(path):
        raise _there(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise Unwritable(f"can't write {path}: {error.filename} is no folder", "give another name") from error
    new = _aside(path)
    with at_last(lambda: shutil.rmtree(new, ignore_errors=True)):
        try:
            new.mkdir()
            yield new
            for file in new.iterdir():
                flush(file)
            _flush_folder(new)
            try:
                path.mkdir()  # the name is ours: what is renamed replaces nobody else's folder
            except FileExistsError as error:
                raise _there(path) from error
            os.replace(new, path)
            _flush_folder(path.parent)
        except BaseException as error:
            shutil.rmtree(new, ignore_errors=True)
            if isinstance(error, OSError) and str(error.filename or "").startswith(str(new)):
                error.filename = str(path)  # the name that its user knows
            raise


def write(path: Path, content: str | bytes) -> None:
    """Write text as UTF-8, or bytes. Raises Unwritable, OSError."""
    with whole(path) as new:
        new.write_bytes(content.encode() if isinstance(content, str) else content)


def link(path: Path, place: Path) -> None:
    """Give a file a second name (a copy, where there are no links); what had that name is replaced."""
    new = _aside(place)
    try:
        os.link(path, new)
    except OSError:
        with whole(place) as copy:
            shutil.copyfile(path, copy)
    else:
        os.replace(new, place)


def sweep(folder: Path) -> None:
    """Remove what killed processes left aside, in a folder and below, where nobody else writes now."""
    for path in folder.rglob(f".*{ASIDE}"):
        path.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _flush_folder(folder: Path) -> None:
    try:
        flush(folder)
    except OSError as error:
        if error.errno not in _NO_FLUSH:
            raise


def _aside(path: Path) -> Path:
    """A name in the same folder that nobody else has."""
    return path.with_name(f".{path.name[:_LONGEST]}.{secrets.token_hex(4)}{ASIDE}")


def _made(new: Path) -> int:
    """A new file, and the rights that the user's umask gives it. Raises OSError, where it is there too."""
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        return stat.S_IMODE(os.fstat(handle).st_mode)
    finally:
        os.close(handle)


def _name(new: Path, path: Path, fresh: bool) -> None:
    if not fresh:
        os.replace(new, path)
        return
    try:
        try:
            os.link(new, path)
            new.unlink()
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))  # the name is ours
            os.replace(new, path)
    except FileExistsError as error:
        raise _there(path) from error


def _there(path: Path) -> Unwritable:
    return Unwritable(f"{path} is there already", "remove it, or give another name")
