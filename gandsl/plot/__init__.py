"""Curves of runs as one page: what their folders hold, thinned for a screen, beside each other.

`log` reads the log, `run` a folder, `grids` its images; `reference` is a recorded curve with its band; `thin`
makes long curves short; `words` says what the names mean; `html` and the scripts in `page/` draw. No torch.
"""
