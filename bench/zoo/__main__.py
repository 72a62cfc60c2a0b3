"""Systems of specs/zoo trained in small, a few minutes each on one core, measured on what is held out.

    python -m bench.zoo data digits zoo/data              # a set alone
    python -m bench.zoo run infogan --seeds 0-2 --out zoo
    python -m bench.zoo table --out zoo
    python -m bench.zoo picture infogan --out zoo

A run is `gandsl train` and then `gandsl sample`, each in a process of its own on one thread. What is there is
not made again, so that the same call goes on where one was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.figures import some
from bench.zoo.entries import ENTRIES, Entry
from bench.zoo.pictures import PICTURES, picture
from bench.zoo.run import MOST_SECONDS, Run, trained
from bench.zoo.sets import SETS, made
from bench.zoo.table import table
from gandsl.cli.ranges import numbers
from gandsl_runtime.system.files import write


def run(name: str, seed: int, out: Path) -> None:
    """Train and measure; what is found goes to OUT/NAME/seedN.json."""
    entry, folder = ENTRIES[name], out / name / f"seed{seed}"
    data = made(entry.set, out / "data")
    sets = {part: str(data / file) for part, file in entry.data.items()}
    spec = f"specs/zoo/small/{entry.spec or name}.yaml"
    begun(entry, out)
    seconds = trained(spec, seed, sets, entry.changes, folder)
    figures = [asdict(one) for one in some("figures", entry.measure(Run(folder, data, seed)))]
    row = {"gandsl": "bench-zoo/1", "entry": name, "seed": seed, "seconds": seconds, "figures": figures}
    write(folder.with_suffix(".json"), json.dumps(row, indent=2))
    said = ", ".join(f"{one['name']} {one['value']:.4g} ({one['rules']})" for one in figures)
    print(f"{name}, seed {seed}: {said}; {seconds:.0f} s of the processor", flush=True)
    if seconds > MOST_SECONDS:
        raise SystemExit(f"{name} takes longer than {MOST_SECONDS / 60:.0f} minutes")


def begun(entry: Entry, out: Path) -> None:
    """The weights that an entry's frozen networks start from lie where `gandsl` looks for them."""
    entry.weights(out / "weights")
    os.environ["GANDSL_PATH"] = str(out / "weights")


def main() -> int:
    """0 where all that was asked for is there."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    data = commands.add_parser("data", help="make a set")
    data.add_argument("name", choices=sorted(SETS))
    data.add_argument("folder", type=Path)
    running = commands.add_parser("run", help="train and measure")
    running.add_argument("names", nargs="+", choices=sorted(ENTRIES), metavar="NAME")
    running.add_argument("--seeds", default="0-2", help="such as 0-2 or 0,3")
    drawing = commands.add_parser("picture", help="what the run of a seed gives, as zoo_NAME.png")
    drawing.add_argument("names", nargs="+", choices=sorted(PICTURES), metavar="NAME")
    drawing.add_argument("--seed", type=int, default=0)
    drawing.add_argument("--to", type=Path, default=Path("."), metavar="FOLDER")
    telling = commands.add_parser("table", help="what runs came to, in Markdown")
    for one in (running, drawing, telling):
        one.add_argument("--out", type=Path, required=True, metavar="DIR")
    options = parser.parse_args()
    match options.command:
        case "data":
            print(made(options.name, options.folder))
        case "table":
            print(table(options.out))
        case "picture":
            for name in options.names:
                begun(ENTRIES[name], options.out)
                folder, data = options.out / name / f"seed{options.seed}", options.out / "data"
                drawn = picture(name, Run(folder, data / ENTRIES[name].set, options.seed))
                drawn.save(options.to / f"zoo_{name}.png")
        case "run":
            for name in options.names:
                for seed in numbers(options.seeds, "--seeds"):
                    if not (options.out / name / f"seed{seed}.json").exists():
                        run(name, seed, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
