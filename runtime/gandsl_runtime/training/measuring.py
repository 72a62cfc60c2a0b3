"""`training.metrics`: figures of the samples of a run, measured while it trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..data.looked_at import as_items, by_stream, row_of
from ..errors import PlanError
from ..evaluation.cached import FeatureCache
from ..evaluation.evaluate import evaluate, real_images, side
from ..evaluation.extractors import open_extractor
from ..evaluation.features import features_of
from ..evaluation.measures import MetricOptions
from ..evaluation.pieces import CHUNK
from ..evaluation.rgb import as_rgb
from ..evaluation.rows import METRICS
from ..evaluation.sources import Prepared, order_of
from ..game.program import Drawn, Item
from ..game.views import look
from ..media.images import enlarged, to_pixels
from ..plan import schedule

if TYPE_CHECKING:
    from ..data.identity import ItemSet
    from ..evaluation.evaluate import RealImages
    from ..evaluation.extractors import Extractor
    from ..evaluation.features import FeatureSet
    from ..evaluation.sources import ImageSet, Size
    from ..game.program import Source
    from ..game.run import GameRun
    from ..plan.metrics import MetricPlan
    from ..plan.schedule import Step

METRIC = "metric/"  # before a metric's name, in the log


class Measuring:
    """Measures what is due after a step. Raises PlanError, MissingExtra, ExtractorError before the first one.

    Samples are what the game shows last of what seeds draw, by the averages of weights, of the same latents
    each time; a label's, or an item's, is that of a real image it is compared with. At a level of growth
    before the last they are enlarged to the size of the last. It moves nothing of the run.
    """

    def __init__(self, run: GameRun, sets: Mapping[str, ItemSet]) -> None:
        self._run, self._sets = run, sets
        self._asked = run.plan.metrics
        self._extractors: dict[str, Extractor] = {}
        self._reals: dict[tuple[str, int], RealImages] = {}
        if self._asked:
            self._field = _pictures(run, sets)
            for name, one in self._asked.items():
                if METRICS[name].of_extractor and one.extractor not in self._extractors:
                    self._extractors[one.extractor] = open_extractor(one.extractor, run.device)

    def due(self, step: Step) -> bool:
        """Whether something is to be measured after this step."""
        return any(self._is_due(one, step) for one in self._asked.values())

    def after(self, step: Step, warn: Callable[[str], None]) -> dict[str, float]:
        """What is due after a step, by the names of the log. All processes call it, and all get it.

        A metric that can't be taken of so few, or so small, images is left out, and `warn` hears why: a run
        does not end for it. Raises DataError, EvaluationError, OutOfSpace.
        """
        found: dict[str, float] = {}
        together: dict[tuple[str, int], list[str]] = {}
        for name, one in self._asked.items():
            if self._is_due(one, step):
                extractor = one.extractor if METRICS[name].of_extractor else ""
                together.setdefault((extractor, one.images), []).append(name)
        for (extractor, count), names in together.items():
            found |= self._measured(names, extractor, count, step, warn)
        first: dict[str, float] = self._run.group.gathered(found)[0]
        return first

    def _is_due(self, one: MetricPlan, step: Step) -> bool:
        last = schedule.reached(self._run.plan.length, self._run.clock)
        return last or schedule.due(one.every, step.clock, self._run.clock)

    def _measured(
        self, names: list[str], extractor: str, count: int, step: Step, warn: Callable[[str], None]
    ) -> dict[str, float]:
        features = partial(self._features, extractor) if extractor else None
        real_features = partial(self._features, extractor, kept=True) if extractor else None
        images = Prepared(*self._field)
        wanted = min(count, len(images))
        if (key := (extractor, wanted)) not in self._reals:
            self._reals[key] = real_images(images, wanted, None, real_features, with_floor=False)
        places = np.resize(order_of(len(images))[:wanted], count)
        made = side(ShownSamples(self._run, self._sets, step, places, images), features)
        real = self._reals[key]
        if not self._run.group.leads:
            return {}
        used = self._extractors.get(extractor)
        figures = evaluate(
            names, made, real, MetricOptions(extractor=used), used.facts if used else None, {}, warn
        )
        return {f"{METRIC}{one.metric}": one.value for one in figures}

    def _features(self, extractor: str, images: ImageSet, kept: bool = False) -> FeatureSet:
        """Those of real images are kept for other runs; samples come once."""
        of = self._extractors[extractor]
        return features_of(of, images, cache=FeatureCache(of) if kept else None, group=self._run.group)


def _pictures(run: GameRun, sets: Mapping[str, ItemSet]) -> tuple[ItemSet, str]:
    """The set and field of the real images: the first as large as what is shown, else the largest."""
    game = run.game.plan
    fields = [(key, name, of) for key, some in game.streams.items() for name, of in some.items()]
    pictures = [(key, name, of) for key, name, of in fields if of.kind == "Image"]
    if not pictures or not game.shows:
        raise PlanError(
            "training.metrics are of images, and the game shows none or has none among its data",
            "leave `metrics` out",
        )
    key, name, _ = next((one for one in pictures if one[2].shape == game.image), pictures[0])
    return sets[key], name


@dataclass(frozen=True)
class ShownSamples:
    """What a game shows, as a set of images: of the seeds 0, 1, … beside the items at these places."""

    run: GameRun
    sets: Mapping[str, ItemSet]
    step: Step
    places: np.ndarray
    real: Prepared
    name: str = "samples"
    labels: None = None

    @property
    def size(self) -> Size:
        return self.real.size

    def __len__(self) -> int:
        return len(self.places)

    def batch(self, begin: int, end: int) -> np.ndarray:
        """uint8 (end − begin, 3, h, w), of the averages of weights."""
        node, low, high = self._node, *self.run.plan.data.range
        labels = self.real.labels
        made = look(
            self.run,
            (node,),
            self.step,
            range(begin, end),
            items=self._items(self.places[begin:end].tolist()),
            labels=None if labels is None else torch.from_numpy(labels[self.places[begin:end]]),
            average=True,
            batch=CHUNK,
        )[0]
        return np.ascontiguousarray(as_rgb(enlarged(to_pixels(made, low, high), self.size).numpy()))

    def remarks(self) -> tuple[str, ...]:
        return ()

    @property
    def _node(self) -> str:
        """The last that is drawn of seeds, else the last."""
        shows = self.run.game.plan_at(self.step.stage).shows
        drawn = (
            node for node in reversed(shows) if any(isinstance(one, Drawn) for one in self._sources(node))
        )
        return next(drawn, shows[-1])

    def _sources(self, node: str) -> Sequence[Source]:
        return self.run.game.view_program((node,), self.step.stage, True).sources

    def _items(self, places: list[int]) -> dict[str, Tensor]:
        """The fields of the items that what is shown is made of."""
        run, game = self.run, self.run.game.plan
        wanted = {one.field for one in self._sources(self._node) if isinstance(one, Item)}
        like, found = torch.zeros((), dtype=run.dtype, device=run.device), dict[str, Tensor]()
        for key, data in by_stream(self.sets, game).items():
            fields = {name: of for name, of in game.streams[key].items() if name in wanted}
            if fields:
                rows = [row_of(data, place % len(data), fields) for place in places]
                stacked = {name: np.stack([row[name] for row in rows]) for name in fields}
                found |= as_items(stacked, game, run.plan.data.range, like)
        return found
