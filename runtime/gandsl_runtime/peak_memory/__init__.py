"""What a training step holds at its fullest, read from the step itself, whose tensors need no numbers.

`step.py` takes the phases of a plan as the trainer does, `storages.py` reads what lives meanwhile,
`places.py` says whose work it is, and `figures.py` (free of torch) is what comes out.
"""
