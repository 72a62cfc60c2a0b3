"""Lines of the spec as comments name them: relative to the spec's own folder, wherever that lies."""

from __future__ import annotations

import os
from dataclasses import dataclass

from gandsl.codegen.printing.text import visible
from gandsl.diagnostics.span import Span


@dataclass(frozen=True)
class Locations:
    """`spec` is the main spec's file, as its spans name it."""

    spec: str

    def of(self, span: Span) -> str:
        """`mine.yaml:41`; a pseudo file such as an override is named without a line."""
        return self.file(span.file) if span.file.startswith("--") else f"{self.file(span.file)}:{span.line}"

    def file(self, file: str) -> str:
        """A file's name in comments: never a place on this machine."""
        if file.startswith(("gandsl/std/", "--")) or not self.spec:
            return visible(file, 80)
        folder = os.path.dirname(os.path.abspath(self.spec))
        relative = os.path.relpath(os.path.abspath(file), folder).replace(os.sep, "/")
        return visible(os.path.basename(file) if relative.startswith("..") else relative, 80)
