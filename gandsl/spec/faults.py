"""What is wrong with an operation on values, before anybody knows where it stands."""

from __future__ import annotations


class Fault(Exception):
    """Raised by operators and functions; the evaluator reports it at the node that asked for it."""

    def __init__(self, code: str, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.help = code, message, help
