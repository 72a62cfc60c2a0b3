"""Training steps as programs: what a game is to the executor, and the executor."""
