"""`python -m gandsl` is `gandsl`."""

from gandsl.cli import main

if __name__ == "__main__":  # a data worker that is spawned imports this file too
    main()
