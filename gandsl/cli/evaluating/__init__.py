"""`gandsl eval`: what is evaluated, on what, and how its figures are told."""
