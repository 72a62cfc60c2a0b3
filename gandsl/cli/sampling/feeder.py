"""What is made of the items of a set, as a series of files that keep the items' names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gandsl.cli.sampling.ask import Ask
from gandsl.cli.sampling.rows import chosen, rows_of, suffix_of

if TYPE_CHECKING:
    from gandsl.api import Program
    from gandsl.cli.sampling.series import Series
    from gandsl_runtime.sample import NoiseMode
    from gandsl_runtime.sample.collection import Facts
    from gandsl_runtime.sample.feed import Fed


@dataclass(frozen=True)
class Feeder:
    """What something is made of, and by what."""

    made: Fed
    output: int  # which of the outputs
    shape: tuple[int, ...]  # of it
    facts: Facts

    @classmethod
    def of(cls, program: Program, ask: Ask, batch: int, noise: NoiseMode, facts: Facts) -> Feeder:
        """Opens the set that is asked for. Raises SamplingError, DataError, MissingExtra."""
        from gandsl.api.feeding import fed
        from gandsl_runtime.data.identity import identity
        from gandsl_runtime.runs.checkpoint import digest_of

        assert ask.data is not None
        network, output = chosen(program, ask.network)
        made = fed(program, ask.data, network, batch=batch, noise=noise)
        set_ = identity(made.data, ask.data)
        weights = {
            f"{name}/{key}": tensor
            for name, one in sorted(made.feed.networks.items())
            for key, tensor in one.state_dict().items()
        }
        told = {
            "weights": digest_of(weights),
            "items": f"{set_.images} {set_.names}",
            "pixels": "-".join(str(one) for one in set_.pixels)[:64],
        }
        shape = made.feed.shapes[output]
        return cls(made, output, shape, {**facts, **told})

    def series(self, ask: Ask) -> Series:
        """A file of each item, by its name."""
        from gandsl.cli.sampling.series import Series
        from gandsl_runtime.sample.collection import Collection
        from gandsl_runtime.sample.feed import kept

        suffix = suffix_of(ask, self.shape)
        files = Collection(ask.output, kept(self.made.names, suffix), self.facts)
        return Series(self.made, files, rows_of(suffix, self.output, self.made.range))
