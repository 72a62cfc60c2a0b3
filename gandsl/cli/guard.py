"""What goes wrong in a command becomes one message and an exit code, never a raw traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import typer

from gandsl.cli.absent import absent
from gandsl.cli.exits import Exit
from gandsl.cli.output import colored, columns, print_json, say
from gandsl.diagnostics import SpecError
from gandsl.diagnostics.errors import ISSUES
from gandsl_runtime.errors import NO_ROOM, told
from gandsl_runtime.system.shortage import is_shortage, out_of_memory

STOPPED = (Exit.INTERRUPTED, Exit.TERMINATED, Exit.HUNG_UP, Exit.WARNED)


def guarded(command: Callable[..., Any]) -> Callable[..., None]:
    """The command, ending in `typer.Exit` whatever happens in it."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            code = command(*args, **kwargs)
        # Everything is caught, since a user is shown no traceback: `_ended` has a message for each fault that
        # is his, and what it has no word for is reported as a bug, with the traceback in a file.
        except Exception as error:
            if isinstance(error, typer.Exit) or hasattr(error, "format_message"):
                raise  # typer's own: a usage error, an early end
            code = _ended(error, kwargs)
        except KeyboardInterrupt:
            say("\nstopped")
            code = Exit.INTERRUPTED
        raise typer.Exit(int(code or Exit.FINE))

    return run


def _ended(error: Exception, options: dict[str, Any]) -> int:
    if isinstance(error, SpecError):
        return _spec_error(error, str(options.get("format") or options.get("answer") or "text"))
    fault = [getattr(error, name, None) for name in ("message", "remedy", "exit_code")]
    if None not in fault:  # one of the runtime's, which is not imported to recognize it
        message, remedy, code = fault
        if code in STOPPED:  # as asked: no error
            say(str(message))
            return int(code)
        return _told(str(message), str(remedy), int(str(code)), _notes(error))
    if (refused := _refused(error, options)) is not None:
        return refused
    if isinstance(error, OSError) and error.errno is not None:
        return os_error(error)
    return _bug(error)


def _notes(error: Exception) -> list[str]:
    """What was known where the error passed: of a run, what it can go on from."""
    return getattr(error, "__notes__", [])


def _refused(error: Exception, options: dict[str, Any]) -> int | None:
    """Memory or a package that is not there, told."""
    if is_shortage(error):
        return _memory_full(error, options)
    missing = absent(error)
    return _told(*missing, Exit.ENVIRONMENT, _notes(error)) if missing else None


def _memory_full(error: Exception, options: dict[str, Any]) -> int:
    spec = _spec_of(options)
    fault = out_of_memory(error, "", spec or "SPEC", options.get("set"))
    error.__traceback__ = None  # it holds what fills the memory
    more = "free some, or let this process have more (`ulimit -v`)"
    remedies = [] if spec else [more]
    remedies += ["a smaller --batch draws fewer images at a time"] if "batch" in options else []
    remedies += [fault.remedy] if spec else []
    return _told(fault.message, "; ".join(remedies), Exit.MEMORY, _notes(error))


def _spec_of(options: dict[str, Any]) -> Path | None:
    """The spec that a command was given, or the run's; none where it was given weights alone."""
    spec, source = options.get("spec"), options.get("source")
    if isinstance(spec, Path) or not isinstance(source, Path):
        return spec if isinstance(spec, Path) else None
    from gandsl.cli.read import spec_in
    from gandsl.spec.places import ENDINGS, named

    there = spec_in(source)
    return there if there.suffix in ENDINGS or named(str(there)) else None


def _told(message: str, remedy: str = "", code: int = Exit.INPUT, notes: Sequence[str] = ()) -> int:
    """One message, one remedy, one code."""
    label = "\x1b[1;31merror\x1b[0m" if colored(sys.stderr) else "error"
    say(told(f"{label}: {message}", remedy, notes))
    return code


def _spec_error(error: SpecError, form: str) -> int:
    if form == "json":
        from gandsl.diagnostics.json import to_json

        print_json("check/1", {"ok": False, **to_json(error.diagnostics)})
        return Exit.INPUT
    from gandsl.diagnostics.text import render_text

    say(render_text(error.diagnostics, error.sources, color=colored(sys.stderr), columns=columns()))
    return Exit.INPUT


def os_error(error: OSError) -> int:
    """What the system refused, told; the exit code."""
    place = f" {error.filename}" if error.filename else ""
    if error.errno in NO_ROOM:
        what = f"no space left for{place or ' the output'}"
        return _told(what, "free some space and try again", Exit.DISK, _notes(error))
    reason = (error.strerror or str(error)).lower()
    return _told(f"cannot open{place}: {reason}" if place else reason, notes=_notes(error))


def _bug(error: Exception) -> int:
    """A compiler bug: the traceback goes into a file, or to the terminal with GANDSL_TRACEBACK=1."""
    import traceback
    from tempfile import NamedTemporaryFile

    from gandsl.diagnostics import InvariantError
    from gandsl.version import __version__

    text = "".join(traceback.format_exception(error))
    if os.environ.get("GANDSL_TRACEBACK"):
        say(text)
    told = isinstance(error, InvariantError) and error.args
    what = error.args[0] if told else f"{type(error).__name__}: {error}"
    say("\n  = note: ".join([f"error: gandsl {__version__} has a bug: {what}", *_notes(error)]))
    if os.environ.get("GANDSL_TRACEBACK"):
        return Exit.BUG
    report = f"gandsl {__version__}, Python {sys.version}\n{' '.join(sys.argv)}\n\n{text}"
    try:
        with NamedTemporaryFile(prefix="gandsl-bug-", suffix=".txt", delete=False) as file:
            file.write(report.encode())
        where = f"the details are in {Path(file.name)}"
    except OSError:
        where = "GANDSL_TRACEBACK=1 shows the details"
    say(f"  = note: this is not your spec's fault; {where}\n  = help: report it on {ISSUES}, with the spec")
    return Exit.BUG
