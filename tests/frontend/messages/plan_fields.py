"""Complaints about the fields of a plan: batch, regularizers, average, data."""
# ruff: noqa: E501 - specs and messages stand as they are

from __future__ import annotations

from tests.analysis.small import PLAIN, case

CASES = [
    case("nothing for a batch", PLAIN, [("  batch: 32\n", "")], ["G0009 21:1 ‹training› `batch` is missing"]),
    case(
        "batch: too small",
        PLAIN,
        [("  batch: 32\n", "  batch: 0\n")],
        ["G0602 23:10 ‹0› `batch` is at least 1, not 0"],
    ),
    case(
        "batch: text",
        PLAIN,
        [("  batch: 32\n", "  batch: many\n")],
        ["G0602 23:10 ‹many› `batch` is a whole number, not 'many'"],
    ),
    case(
        "batch: a fraction",
        PLAIN,
        [("  batch: 32\n", "  batch: 3.5\n")],
        ["G0602 23:10 ‹3.5› `batch` is a whole number, not 3.5"],
    ),
    case(
        "batch: a truth value",
        PLAIN,
        [("  batch: 32\n", "  batch: true\n")],
        ["G0602 23:10 ‹true› `batch`: must be a number, not true or false"],
    ),
    case(
        "batch: too large",
        PLAIN,
        [("  batch: 32\n", "  batch: 2 ** 60\n")],
        ["G0109 23:10 ‹2 ** 60› the result is larger than 2**53"],
    ),
    case(
        "batch: a list",
        PLAIN,
        [("  batch: 32\n", "  batch: [32]\n")],
        ["G0602 23:10 ‹[32]› `batch` is a whole number, not [32]"],
    ),
    case(
        "batch: a mapping",
        PLAIN,
        [("  batch: 32\n", "  batch: {a: 1}\n")],
        ["G0602 23:10 ‹{a: 1}› `batch` is a whole number, not a mapping"],
    ),
    case(
        "batch: a quantity",
        PLAIN,
        [("  batch: 32\n", "  batch: 32 kimg\n")],
        ["G0602 23:10 ‹32 kimg› `batch` is a whole number, not 32 kimg"],
    ),
    case("batch: an expression", PLAIN, [("  batch: 32\n", "  batch: resolution * 4\n")], []),
    case(
        "batch: an unknown name in an expression",
        PLAIN,
        [("  batch: 32\n", "  batch: nothing * 4\n")],
        ["G0102 23:10 ‹nothing› unknown name `nothing`"],
    ),
    case(
        "batch: null",
        PLAIN,
        [("  batch: 32\n", "  batch: null\n")],
        ["G0602 23:10 ‹null› `batch` is a whole number, not null"],
    ),
    case(
        "batch: left empty",
        PLAIN,
        [("  batch: 32\n", "  batch: \n")],
        ["G0602 23:3 ‹batch› `batch` is a whole number, not null"],
    ),
    case(
        "unknown field",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  bacth: 3\n")],
        ["G0008 24:3 ‹bacth› the plan has no field `bacth` here"],
    ),
    case("optional field set to null", PLAIN, [("  batch: 32\n", "  batch: 32\n  micro_batch: null\n")], []),
    case(
        "interval without unit",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  regularizers: {r1: {gamma: 1, every: 16}}\n")],
        [
            "G0603 24:40 ‹16› `every`: write a number with its unit, such as `10 kimg` or `16 steps` (units: img, kimg, Mimg, steps)"
        ],
    ),
    case(
        "interval in images",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  regularizers: {r1: {gamma: 1, every: 16 kimg}}\n")],
        ["G0602 24:40 ‹16 kimg› `every`: is a whole number of steps, such as `16 steps`"],
    ),
    case(
        "negative weight",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  regularizers: {r1: {gamma: -1}}\n")],
        ["G0602 24:30 ‹-1› `gamma`: must lie in [0, 1e+12], not -1"],
    ),
    case(
        "unknown regularizer",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  regularizers: {r3: {gamma: 1}}\n")],
        ["G0008 24:18 ‹r3› the plan has no field `r3` here"],
    ),
    case(
        "a number for a regularizer",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  regularizers: {r1: 10}\n")],
        ["G0602 24:22 ‹10› `r1` is a mapping of fields, not 10"],
    ),
    case(
        "regularizer without its weight",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  regularizers: {r1: {}}\n")],
        ["G0009 24:18 ‹r1› `gamma` is missing in `r1`"],
    ),
    case(
        "both forms of an average",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  ema: {half_life: 10 kimg, decay: 0.9}\n")],
        [
            "G0602 24:8 ‹{half_life: 10 kimg, decay: 0.9}› `ema`: give `half_life`, `decay` or `power`, one of the three"
        ],
    ),
    case(
        "neither form of an average",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  ema: {}\n")],
        ["G0602 24:8 ‹{}› `ema`: give `half_life`, `decay` or `power`, one of the three"],
    ),
    case(
        "half-life of nothing",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  ema: {half_life: 0 kimg}\n")],
        ["G0602 24:20 ‹0 kimg› `half_life`: must be more than 0"],
    ),
    case(
        "range that falls",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  data: {range: [1, -1]}\n")],
        ["G0602 24:17 ‹[1, -1]› `data`: `range` must rise, such as [-1, 1]"],
    ),
    case(
        "range of three",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  data: {range: [1, 2, 3]}\n")],
        ["G0602 24:17 ‹[1, 2, 3]› `range` has at most 2 entries, not 3"],
    ),
    case(
        "range of one",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  data: {range: [1]}\n")],
        ["G0602 24:17 ‹[1]› `range` has more entries than 1"],
    ),
    case(
        "unknown choice",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  discriminator_passes: both\n")],
        ["G0602 24:25 ‹both› `discriminator_passes` is `separate` or `joint`, not 'both'"],
    ),
    case(
        "misspelt choice",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  discriminator_passes: jiont\n")],
        ["G0602 24:25 ‹jiont› `discriminator_passes` is `separate` or `joint`, not 'jiont'"],
    ),
    case(
        "unknown unit",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  cadence: {log: 3 weeks}\n")],
        ["G0101 24:20 ‹weeks› an operator is wanted before `weeks`"],
    ),
    case(
        "below a bound",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  cadence: {keep: 0}\n")],
        ["G0602 24:19 ‹0› `keep` is at least 1, not 0"],
    ),
]
