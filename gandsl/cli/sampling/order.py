"""All that a call of `gandsl sample` says, as one value that another process can be given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gandsl.cli.sampling.ask import Ask

if TYPE_CHECKING:
    from gandsl.cli.sampling.series import Series
    from gandsl.cli.sampling.studio import Studio
    from gandsl_runtime.sample import SamplingOptions
    from gandsl_runtime.sample.collection import Facts


@dataclass(frozen=True)
class SamplingOrder:
    """What is drawn (`ask`), by whose weights, and how."""

    ask: Ask
    source: Path  # a run's folder, a file with weights, or a spec
    sets: tuple[str, ...]
    weights: Path | None
    device: str
    truncation: float | None
    cutoff: int | None
    noise: Literal["random", "constant", "none"]
    drawn_by: Literal["torch", "numpy"]
    standing: int | None
    batch: int
    translate: tuple[float, float] | None = None  # image sides
    rotate: float | None = None  # degrees

    def series(self) -> Series:
        """What is asked for, in files of their own: of items of a set, or drawn."""
        from gandsl.cli.sampling.feeder import Feeder
        from gandsl.cli.sampling.trained import of_spec, trained

        if self.ask.data is None:
            return self.studio().series(self.ask)
        found = trained(self.source, list(self.sets), self.weights, self.device)
        facts = {**of_spec(found), **self._facts()}
        return Feeder.of(found, self.ask, self.batch, self.noise, facts).series(self.ask)

    def studio(self) -> Studio:
        """The generator with its weights on the device, ready to draw."""
        from gandsl.cli.sampling.rows import chosen
        from gandsl.cli.sampling.studio import Studio
        from gandsl.cli.sampling.trained import identity, trained
        from gandsl_runtime.sample import accumulate_statistics, move

        found = trained(self.source, list(self.sets), self.weights, self.device)
        name, output = chosen(found, self.ask.network or "generator")
        generator = found.sampled(name or "generator")
        facts = {**identity(found, generator), **self._facts()} if self.ask.each else {}
        if self.translate or self.rotate is not None:
            move(generator, self.translate or (0.0, 0.0), self.rotate or 0.0)
        how: SamplingOptions = {
            "truncation": self.truncation,
            "cutoff": self.cutoff,
            "noise": self.noise,
            "batch": self.batch,
            "stage": found.stage,
            "drawn_by": self.drawn_by,
        }
        if self.standing:
            accumulate_statistics(generator, self.standing, **how)
        return Studio(generator, how, found.sampler.range, facts, output)

    def _facts(self) -> Facts:
        """The options that images depend on, as one writes them; None where they are not given."""
        from gandsl.cli.ranges import written

        ask = self.ask
        latents = _digest(ask.latents) if ask.latents else "numpy" if self.drawn_by == "numpy" else None
        numbers = {
            "--seeds": ask.seeds or None,
            "--classes": ask.classes,
            "--mix": ask.mix,
            "--mix-seeds": ask.mix_seeds,
        }
        since = {  # options that older records lack
            "--network": ask.network,
            "--inputs": _digest(ask.inputs) if ask.inputs else None,
        }
        return {
            **{name: None if given is None else written(given) for name, given in numbers.items()},
            "--latents": latents,
            "--truncation": self.truncation,
            "--cutoff": self.cutoff,
            "--noise": self.noise,
            "--standing-statistics": self.standing,
            "--translate": None if self.translate is None else "{},{}".format(*self.translate),
            "--rotate": self.rotate,
            "--interpolate": ask.interpolate,
            "--steps": ask.steps,
            "--loop": ask.loop,
            "--batch": self.batch,
            "--format": ask.format or "png",
            **{name: told for name, told in since.items() if told is not None},
        }


def _digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    from hashlib import sha256

    from gandsl_runtime.system.files import read

    return f"sha256:{sha256(read(path)).hexdigest()}"
