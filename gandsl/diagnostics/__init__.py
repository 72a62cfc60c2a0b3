"""What the compiler tells its user: numbered messages with places. Loads nothing heavy."""

from gandsl.diagnostics.code import Code, Severity
from gandsl.diagnostics.collector import Diagnostics, Sink, Sources, SpecError, Unheard
from gandsl.diagnostics.diagnostic import Diagnostic, Label
from gandsl.diagnostics.errors import Fault, InvariantError
from gandsl.diagnostics.span import Span

__all__ = [
    "Code",
    "Diagnostic",
    "Diagnostics",
    "Fault",
    "InvariantError",
    "Label",
    "Severity",
    "Sink",
    "Sources",
    "Span",
    "SpecError",
    "Unheard",
]
