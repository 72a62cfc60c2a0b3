"""`python -m gandsl` is `gandsl`."""

from gandsl.cli import main

main()
