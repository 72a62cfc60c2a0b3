"""A random training plan, drawn from the plan's own schema: what is added to the plan is drawn by itself."""

from __future__ import annotations

from collections.abc import Callable, Collection
from random import Random
from typing import Any

from pydantic import ValidationError

from gandsl_runtime.plan import OptimizerChanges, Plan
from gandsl_runtime.plan.optimizer import OPTIMIZERS

SCHEMA = Plan.model_json_schema()
# fields that are not drawn with the others: texts, what `_trained` draws, and what names values of the log
UNDRAWN = {
    "skip",
    "metric",
    *("Plan.metrics", "Cadence.stop"),
    *("Plan.freeze", "Plan.optimizers", "Plan.averages", "Ema.power"),
    *(
        f"OptimizerChanges.{name}"
        for name in OptimizerChanges.model_fields
        if name not in ("lr", "betas", "eps")
    ),
}


def drawn(rng: Random, schema: dict[str, Any], often: float = 0.3) -> Any:
    """A value of a JSON schema; of optional fields each with this chance."""
    if "$ref" in schema:
        return drawn(rng, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], often)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return drawn(rng, rng.choice([one for one in schema[word] if not _left_out(one)]), often)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    return _OF_TYPE[schema["type"]](rng, schema, often)


def _left_out(choice: dict[str, Any]) -> bool:
    """Whether a choice is null, or a block that the spec would have to bring."""
    own = choice.get("$ref", "").endswith("OwnLoss") or "a block of one's own" in choice.get(
        "description", ""
    )
    return choice.get("type") == "null" or own


def part(rng: Random, name: str, often: float = 0.3) -> Any:
    """A section of the plan by its name in the schema, such as `R1`."""
    return drawn(rng, SCHEMA["$defs"][name], often)


def _object(rng: Random, schema: dict[str, Any], often: float) -> dict[str, Any]:
    required = schema.get("required", ())
    if "propertyNames" in schema:  # a mapping by names: shares of transforms
        names = rng.sample(schema["propertyNames"]["enum"], rng.randint(1, 3))
        return {name: drawn(rng, schema["additionalProperties"], often) for name in names}
    return {
        name: drawn(rng, field, often)
        for name, field in schema["properties"].items()
        if f"{schema.get('title')}.{name}" not in UNDRAWN
        and (name in required or rng.random() < often)
        and name not in UNDRAWN
    }


def _number(rng: Random, schema: dict[str, Any], often: float) -> float:
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0.0))
    high = min(schema.get("maximum", schema.get("exclusiveMaximum", low + 1.0)), low + 1.0)
    return round(low + (high - low) * rng.uniform(0.05, 0.95), 3)


def _integer(rng: Random, schema: dict[str, Any], often: float) -> int:
    low = schema.get("minimum", schema.get("ge", 0))
    return rng.randint(low, min(schema.get("maximum", low + 3), low + 3))


def _string(rng: Random, schema: dict[str, Any], often: float) -> str:
    if "pattern" in schema:
        return f"{rng.randint(1, 3)} {rng.choice(['steps', 'steps', 'img'])}"
    return "x"


def _array(rng: Random, schema: dict[str, Any], often: float) -> list[Any]:
    if "prefixItems" in schema:
        return [drawn(rng, item, often) for item in schema["prefixItems"]]
    low = schema.get("minItems", 0)
    return [drawn(rng, schema["items"], often) for _ in range(rng.randint(low, low + 1))]


_OF_TYPE: dict[str, Callable[[Random, dict[str, Any], float], Any]] = {
    "object": _object,
    "number": _number,
    "integer": _integer,
    "string": _string,
    "array": _array,
    "boolean": lambda rng, schema, often: rng.random() < 0.5,
}


def plan(
    rng: Random,
    *,
    styles: int,
    auxiliary: str | None,
    levels: list[int],
    penalties: list[str],
    never: Collection[str] = (),
) -> dict[str, Any]:
    """A plan for networks of this kind, of a few steps; `penalties` are among its regularizers."""
    while True:
        found = _plan(rng, styles, auxiliary, levels, penalties, never)
        try:
            Plan.model_validate(found)
        except ValidationError:
            continue
        return _trained(Random(f"{rng.getstate()[1][:4]}"), found)


def _trained(rng: Random, plan: dict[str, Any]) -> dict[str, Any]:
    """The plan with other optimizers, averages and frozen weights, by chance.

    It has numbers of its own, so that a seed has the networks that it had before there was any of this.
    """
    while True:
        more: dict[str, Any] = {}
        if rng.random() < 0.2:
            kind = rng.choice(list(OPTIMIZERS))
            named = {"kind": kind, "lr": plan["optimizer"]["lr"]}
            more["optimizer"] = part(rng, OPTIMIZERS[kind].__name__) | named
        if rng.random() < 0.2:
            kind = rng.choice(list(OPTIMIZERS))
            known = [name for name in OPTIMIZERS[kind].model_fields if name != "kind" and rng.random() < 0.3]
            changes = {"kind": kind, **{name: drawn(rng, CHANGES[name]) for name in known}}
            more["optimizers"] = {rng.choice(SIDES): changes}
        if rng.random() < 0.2:
            average = rng.choice([{"power": round(rng.uniform(1, 20), 2)}, {"decay": 0.9}])
            more["averages"] = {rng.choice(SIDES): average}
        if rng.random() < 0.2:
            moments = {
                name: _string(rng, {"pattern": ""}, 1) for name in ("from", "until") if rng.random() < 0.5
            }
            more["freeze"] = [{"network": rng.choice(SIDES), "nodes": ["*"], **moments}]
        try:
            Plan.model_validate(plan | more)
        except ValidationError:
            continue  # such as two names for one optimizer, or a field that its kind has not
        return plan | more


SIDES = ("generator", "discriminator")
CHANGES: dict[str, Any] = SCHEMA["$defs"]["OptimizerChanges"]["properties"]


def _plan(
    rng: Random,
    styles: int,
    auxiliary: str | None,
    levels: list[int],
    penalties: list[str],
    never: Collection[str],
) -> dict[str, Any]:
    batch = rng.choice([4, 4, 4, 8])
    optional: dict[str, Any] = {
        name: drawn(rng, field)
        for name, field in SCHEMA["properties"].items()
        if name not in (*SCHEMA["required"], "loss", "growth")
        and f"Plan.{name}" not in UNDRAWN
        and rng.random() < 0.25
    }
    known = SCHEMA["$defs"]["Regularizers"]["properties"]
    chosen = {name for name in known if rng.random() < 0.3} | {n for n in penalties if n in known}
    chosen -= set(never)
    if styles < 1:
        chosen.discard("path_length")
    plain: dict[str, Any] = {
        "length": f"{2 + len(levels)} steps",
        "batch": batch,
        "loss": drawn(rng, SCHEMA["properties"]["loss"]),
        "optimizer": {"lr": rng.choice([0.0, 1e-3, 1e-2]), "betas": [0.0, 0.9]},
        "regularizers": {name: drawn(rng, known[name]) for name in known if name in chosen},
        "cadence": {"log": "1 steps", "grid": "2 steps", "checkpoint": "2 steps", "keep": 1},
        "precision": drawn(rng, {"$ref": "Precision"}, often=0.7),
    }
    if "micro_batch" in optional:
        optional["micro_batch"] = rng.choice([1, 2, batch])
    if styles < 2:
        optional.pop("style_mixing", None)
    optional.pop("auxiliary", None)
    if auxiliary:
        plain["auxiliary"] = {**part(rng, "Auxiliary"), "output": auxiliary}
    if optional.get("checkpointing", "none") not in ("none", "stages"):
        optional["checkpointing"] = "stages"
    if "guard" in optional:
        optional["guard"] = rng.choice([None, {"on_alarm": "rollback", "samples": 8}])
    if levels:
        plain["length"] = f"{(2 * len(levels) - 1) * batch} img"
        plain["growth"] = {"stable": f"{batch} img", "fade": f"{rng.choice([0, 1, 1]) * batch} img"}
    return optional | plain
