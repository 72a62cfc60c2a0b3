"""The command line. Commands report facts as text or JSON, and end with a documented exit code."""


def main() -> None:
    """Entry point of the `gandsl` script."""
    from gandsl.cli.app import app

    app(prog_name="gandsl")
