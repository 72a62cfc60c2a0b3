"""The source printer: networks as readable Python that needs torch and gandsl_runtime alone."""

from gandsl.codegen.package import render, spec_hash, stale, write

__all__ = ["render", "spec_hash", "stale", "write"]
