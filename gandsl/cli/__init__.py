"""The command line. Commands report facts as text or JSON, and end with a documented exit code."""


def main() -> None:
    """Entry point of the `gandsl` script."""
    import gc
    import io
    import os
    import sys

    # Most commands end before there is anything to collect, and none uses plugins of pydantic: each costs as
    # much as reading a spec. `train` puts the collector back.
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    for stream in (sys.stdout, sys.stderr):  # a terminal without `→` gets an escape instead of an error
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    from gandsl.cli.app import app

    app(prog_name="gandsl")
