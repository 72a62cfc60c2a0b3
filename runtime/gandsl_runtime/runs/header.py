"""What a checkpoint says beside its tensors, as a typed document: nothing of it is used before it is checked.

The file's digest tells whether it is what was written; this tells whether what was written makes sense here.
Imports no torch.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from ..plan import Plan

DRAWS = 2  # the version of what `rng` draws: raised whenever the same seed no longer gives the same numbers

MOST = 2**53  # of what is counted: whole numbers that every JSON reader keeps

Count = Annotated[int, Field(ge=0, le=MOST)]
Name = Annotated[str, Field(min_length=1, max_length=1000)]
Text = Annotated[str, Field(max_length=100_000)]


class StrictDocument(BaseModel):
    """A part of it: JSON's own types, nothing converted, nothing unknown, nothing infinite."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class StageFacts(StrictDocument):
    """The program of the last step."""

    level: Count | None
    fading: bool


class GuardFacts(StrictDocument):
    """The guard's memory, beside its looks, which are a tensor."""

    images: tuple[Count, ...]  # shown at each look
    calm: Count
    where: tuple[Count | None, bool] | None  # level and fading
    series: Name | None = None  # digest of their names, in the order of the looks' columns

    @model_validator(mode="after")
    def _consistent(self) -> GuardFacts:
        if list(self.images) != sorted(self.images):
            raise ValueError("its looks are out of order")
        if self.images and self.where is None:
            raise ValueError("it looked, and does not say at which stage")
        return self


class ScalingFacts(StrictDocument):
    """A scale of losses and its history: torch's names; none where losses are not scaled."""

    scale: float | None = Field(default=None, gt=0)
    growth_factor: float | None = Field(default=None, gt=1)
    backoff_factor: float | None = Field(default=None, gt=0, lt=1)
    growth_interval: Annotated[int, Field(ge=1, le=MOST)] | None = None
    tracker: Count | None = Field(default=None, alias="_growth_tracker")

    @model_validator(mode="after")
    def _whole(self) -> ScalingFacts:
        if self.model_fields_set and None in dict(self).values():
            raise ValueError("it is not whole")
        return self


class Counters(StrictDocument):
    """The state of a run that is no tensor."""

    images: Count
    steps: Count
    samples: Count  # real images taken, of several streams from the first …
    streams: dict[Name, Count] = {}  # … and from each of the others
    seed: int = Field(ge=0, lt=2**63)
    stage: StageFacts | None
    rollbacks: Count
    rate: float = Field(gt=0, le=1)
    guard: GuardFacts | None = None
    scaling: dict[Name, ScalingFacts]  # of each player
    moved: list[Name] | None = None  # optimizers that have taken a step; None: not told, by older ones

    @model_validator(mode="after")
    def _consistent(self) -> Counters:
        """A step shows at least one image; the rest begins with it. Not every game takes real ones."""
        if self.steps > self.images:
            raise ValueError(f"{self.steps} steps and {self.images} images can't be together")
        begun = {self.steps > 0, self.images > 0, self.stage is not None}
        if len(begun) > 1 or (any((self.samples, *self.streams.values())) and not self.steps):
            raise ValueError("it has begun by some of its counters, and not by others")
        if self.rate != 1 and not self.rollbacks:
            raise ValueError(f"rates times {self.rate} without a rollback")
        if self.guard and self.guard.images and self.guard.images[-1] > self.images:
            raise ValueError("its guard has looked at what is still to come")
        return self


class DataFacts(StrictDocument):
    """What the run is trained on."""

    where: Text  # as the user said it …
    at: Text | None = None  # … and for a process in any folder; none for images in memory
    images: Annotated[int, Field(ge=1, le=MOST)]
    names: Name | None = None  # digest of all names in their order
    labels: Name | None = None  # digest, where the networks take labels
    pixels: tuple[Name | None, ...] = ()  # digests of some images; none of one that can't be read
    set: Text | None = None  # its name, where it has one
    others: tuple[DataFacts, ...] = ()  # further sets

    @model_serializer(mode="wrap")
    def _as_ever(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what only games of named sets have: older versions read the rest."""
        found: dict[str, Any] = plain(self)
        return {key: value for key, value in found.items() if value or key not in ("set", "others")}


class WaitingFacts(StrictDocument):
    """What `cadence.stop` has seen of its value: the best, and how many in a row were no better since."""

    best: Annotated[float, Field(allow_inf_nan=False)] | None = None
    worse: Count = 0


class LogFacts(StrictDocument):
    """What the next record of the log averages, and the newest value of each name."""

    sums: dict[Name, tuple[float, Annotated[float, Field(gt=0)]]]
    latest: dict[Name, int | Annotated[float, Field(allow_inf_nan=True)]]  # an observer's may be lost
    seconds: float = Field(ge=0)
    waiting: WaitingFacts | None = None  # of a plan with `cadence.stop`


class RunFacts(StrictDocument):
    """Of a run's checkpoint."""

    run: Text = ""  # its id; a run of an older version has none
    counters: Counters
    plan: Plan
    spec: Name | None = None  # digest of the folder's spec.yaml; an older version's, and Python's, has none
    data: DataFacts
    gandsl_runtime: Name
    draws: Annotated[int, Field(ge=1)] = 1  # the version of its draws; of a run before there were versions 1
    log: LogFacts


class SpecFacts(StrictDocument):
    """The spec that imported weights fit."""

    name: Name
    file: Text
    sha256: Name


class ImportFacts(StrictDocument):
    """Where imported weights are from."""

    layout: Name
    sources: dict[Text, Name]
    spec: SpecFacts
    overrides: tuple[Text, ...]
    spelling: dict[Name, dict[Name, Name]] = {}  # part → the layout's key → the file's, where they differ


class WeightsFacts(StrictDocument):
    """Of a file of weights alone: `gandsl import` makes them."""

    imported: ImportFacts | None = None


Facts = RunFacts | WeightsFacts


def digest_of(text: str) -> str:
    """SHA-256 of a spec's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def facts_of(text: str) -> Facts:
    """Read the document. Raises ValueError with the first thing that is wrong with it, and where."""
    try:
        kind = WeightsFacts if text == "{}" or '"imported"' in text else RunFacts
        return kind.model_validate_json(text)
    except ValidationError as error:
        first, *rest = error.errors(include_url=False, include_input=False)
        place = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ").replace("Input should", "should")
        more = f" (and {len(rest)} more)" if rest else ""
        raise ValueError(f"`{place}` {said}{more}" if place else f"{said}{more}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
