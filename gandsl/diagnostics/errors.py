"""Errors without a place: what a pure function finds wrong, and the compiler's own broken promises."""

from __future__ import annotations

ISSUES = "the project's issue tracker"


class Fault(Exception):
    """Something is wrong with values or shapes: raised where nobody knows the place, reported by who does."""

    def __init__(self, code: str, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.help = code, message, help


class InvariantError(Exception):
    """The compiler broke a promise of its own: a bug in gandsl, whatever the spec says."""

    def __str__(self) -> str:
        return (
            f"{super().__str__()}\n"
            "This is a bug in gandsl, not in your spec. Please report it on "
            f"{ISSUES} with this message, the spec and the output of `gandsl --version`."
        )
