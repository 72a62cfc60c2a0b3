"""The short form of a game: what `training.loss` and the fields beside it stand for, as trees with spans."""
