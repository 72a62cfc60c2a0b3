"""The command line. Commands report facts as text or JSON, and end with a documented exit code."""


def main() -> None:
    """Entry point of the `gandsl` script. Nothing is imported before it runs: Ctrl-C is answered first."""
    try:
        from gandsl_runtime.system.signals import answered, settled

        answered()
    except KeyboardInterrupt:
        import os

        os.write(2, b"stopped\n")
        os._exit(130)
    import gc
    import os

    from gandsl.cli import streams

    streams.prepare()
    # Most commands end before there is anything to collect, and none uses plugins of pydantic: each costs as
    # much as reading a spec. `train` puts the collector back.
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    from gandsl.cli.app import app

    try:
        app(prog_name="gandsl")
    except SystemExit as end:
        settled()
        if error := streams.undelivered():
            from gandsl.cli.guard import os_error

            error.filename = "standard output"
            code = os_error(error)
            end.code = end.code or code
        raise
