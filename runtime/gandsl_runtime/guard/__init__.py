"""The guard against collapse: it looks at a run, judges it by its own past, and goes back if planned.

`measure` measures, `probe` holds the fixed images, `judge` judges, `memory` remembers, `keep` keeps the last
good state, `guard` puts them together.
"""
