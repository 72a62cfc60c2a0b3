"""gandsl from Python: `program = gandsl.compile(SPEC)`, `gandsl.load(RUN)`; docs/python.md."""

from gandsl.api.loading import load
from gandsl.api.program import Program, compile

__all__ = ["Program", "compile", "load"]
