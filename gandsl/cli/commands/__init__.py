"""One file a command: a function `run`, whose docstring and options are its help."""
