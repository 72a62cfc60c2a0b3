"""The error that is ours: a promise of the compiler that it broke itself."""

from __future__ import annotations

ISSUES = "the project's issue tracker"


class InvariantError(Exception):
    """The compiler broke a promise of its own: a bug in gandsl, whatever the spec says."""

    def __str__(self) -> str:
        return (
            f"{super().__str__()}\n"
            "This is a bug in gandsl, not in your spec. Please report it on "
            f"{ISSUES} with this message, the spec and the output of `gandsl --version`."
        )
