"""Runs every bench that needs nothing but this checkout, and says how to run the others.

python -m bench            # make bench
"""

from __future__ import annotations

import subprocess
import sys

ALONE = ("startup", "data", "levels", "overhead")
OTHERS = {
    "suite": "python bench/suite.py   (runs the tests)",
    "digits": "python bench/digits.py runs/demo   (after `make demo`)",
    "quickstart": "python bench/quickstart.py --seeds 100-104 --threads 1,2   (half an hour, idle machine)",
    "evaluation": "python -m bench.evaluation mnist   (half an hour)",
    "zoo": "python -m bench.zoo run infogan pix2pix --seeds 0-2 --out DIR   (a minute or two each run)",
    "steps": "python bench/steps.py --stylegan2-ada PATH --biggan PATH --gan-zoo PATH   (checkouts)",
    "gpu": "python -m bench.gpu --stylegan2-ada PATH --biggan PATH   (a GPU; --device cpu: in miniature)",
    "official": "python bench/official.py --stylegan2-ada PATH --biggan PATH --genforce PATH   (checkouts)",
}


def main() -> int:
    """1 where a bench misses its bound."""
    missed = []
    for name in ALONE:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode:
            missed.append(name)
    print("\nneed more than this checkout:")
    for name, command in OTHERS.items():
        print(f"  {name:10} {command}")
    if missed:
        print(f"\nbounds missed in: {', '.join(missed)}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
