"""The command line. Commands report facts as text or JSON, and end with a documented exit code."""


def main() -> None:
    """Entry point of the `gandsl` script."""
    import gc
    import os

    # Most commands end before there is anything to collect, and none uses plugins of pydantic: each costs as
    # much as reading a spec. `train` puts the collector back.
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    from gandsl.cli.app import app

    app(prog_name="gandsl")
