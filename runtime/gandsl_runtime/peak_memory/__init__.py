"""What a training step holds at its fullest, read from the step itself, whose tensors need no numbers.

`rehearsal.py` is a game that is played on blank items, phase by phase as the executor takes them, at the
moments of a run that `moments.py` lists. `storages.py` reads what lives meanwhile, `places.py` says whose
work it is, `step.py` brings them together, and `figures.py` (free of torch) is what comes out.
"""
