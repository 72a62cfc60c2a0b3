"""The type rules of a game's ops: what stands beside what, how many batches were joined, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from gandsl.ir.op import Call, ShapeError
from gandsl.ir.ops import GAME_OPS, OPS, op_of_game
from gandsl.ir.types import TensorType
from gandsl_runtime import ops

IMAGE, FEATURE, GRAY = (
    TensorType(*given) for given in (("Image", (3, 8, 8)), ("Feature", (3, 8, 8)), ("Feature", (1, 8, 8)))
)
SMALL, LATENT, VECTOR = TensorType("Image", (3, 4, 4)), TensorType("Latent", (8,)), TensorType("Vector", (8,))
LOGITS, PIXELS = TensorType("Logits", (1,)), TensorType("Logits", (1, 8, 8))
NUMBER, SCALAR, LABEL = TensorType("Number", ()), TensorType("Scalar", ()), TensorType("Label", (10,))
STYLES, TOKENS = TensorType("Styles", (6, 8)), TensorType("Tokens", (6, 8))


def twice(type_: TensorType) -> TensorType:
    return TensorType(type_.kind, type_.shape, 2)


def result(op: str, attrs: dict[str, Any] | None = None, /, **inputs: Any) -> TensorType:
    row = (GAME_OPS | OPS)[op]
    given = {port: types if isinstance(types, tuple) else (types,) for port, types in inputs.items()}
    values = {param.name: param.default for param in row.params if not param.required} | (attrs or {})
    return row.result(Call(given, values))


@pytest.mark.parametrize(
    ("a", "b", "made"),
    [
        (IMAGE, IMAGE, IMAGE),
        (IMAGE, FEATURE, IMAGE),
        (IMAGE, SCALAR, IMAGE),
        (IMAGE, NUMBER, IMAGE),
        (IMAGE, GRAY, IMAGE),
        (GRAY, PIXELS, GRAY),
        (LATENT, VECTOR, LATENT),
        (LOGITS, NUMBER, LOGITS),
        (NUMBER, SCALAR, NUMBER),
        (SCALAR, SCALAR, SCALAR),
        (STYLES, TOKENS, TOKENS),
        (TOKENS, TensorType("Tokens", (6, 1)), TOKENS),
        (TensorType("Feature", (4, 6)), TensorType("Feature", (1, 6)), TensorType("Feature", (4, 6))),
        (twice(LOGITS), SCALAR, twice(LOGITS)),
        (twice(LOGITS), twice(NUMBER), twice(LOGITS)),
    ],
    ids=str,
)
def test_operands_that_stand_beside_each_other(a: TensorType, b: TensorType, made: TensorType) -> None:
    for op in ("plus", "minus", "times", "divide", "below", "maximum", "minimum"):
        assert result(op, a=a, b=b) == result(op, a=b, b=a) == made


REFUSED: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
    ("plus", "G0213", {}, {"a": IMAGE, "b": SMALL}, "have not the same shape"),
    ("plus", "G0213", {}, {"a": LATENT, "b": TensorType("Vector", (1,))}, "have not the same shape"),
    ("plus", "G0211", {}, {"a": IMAGE, "b": VECTOR}, "are not of one kind"),
    (
        "dynamic_conv",
        "G0219",
        {"channels": 4},
        {"x": IMAGE, "weight": VECTOR},
        "4×3×3 has 108 numbers, not 8",
    ),
    ("parameter", "G0208", {"shape": (4, 0)}, {"like": IMAGE}, "whole numbers from 1 on"),
    ("plus", "G0211", {}, {"a": TOKENS, "b": TensorType("Feature", (6, 8))}, "are not of one kind"),
    ("plus", "G0213", {}, {"a": TensorType("Logits", (4,)), "b": LOGITS}, "have not the same shape"),
    ("where", "G0213", {}, {"condition": SMALL, "a": IMAGE, "b": IMAGE}, "have not the same shape"),
    ("where", "G0213", {}, {"condition": FEATURE, "a": GRAY, "b": GRAY}, "does not choose among"),
    ("where", "G0206", {}, {"condition": GRAY, "a": IMAGE}, "two operands"),
    ("softmax", "G0218", {"over": "tokens"}, {"x": IMAGE}, "an Image[3, 8, 8] has no tokens"),
    ("softmax", "G0218", {"over": "space"}, {"x": TOKENS}, "its axes are tokens and features"),
    ("reduce", "G0218", {"over": "tokens", "how": "sum"}, {"x": LATENT}, "channels and features"),
    ("slice", "G0107", {"over": "features", "start": 6, "count": 3}, {"x": TOKENS}, "features 6 to 9 of 8"),
    ("slice", "G0107", {"over": "tokens", "start": 4, "count": 3}, {"x": TOKENS}, "tokens 4 to 7 of 6"),
    ("matmul", "G0210", {}, {"a": TOKENS, "b": TOKENS}, "rows of 8 numbers"),
    ("matmul", "G0210", {"transpose": "both"}, {"a": TOKENS, "b": TOKENS}, "rows of 6 numbers"),
    ("plus", "G0213", {}, {"a": twice(IMAGE), "b": NUMBER}, "the samples of 1 batch and of 2"),
    ("plus", "G0206", {}, {"a": IMAGE}, "two operands"),
    ("plus", "G0206", {"number": 1.0}, {"a": IMAGE, "b": IMAGE}, "two operands"),
    ("plus", "G0206", {"number": 1.0}, {}, "two operands"),
    ("clip", "G0206", {}, {"x": SCALAR}, "`low`, `high` or both"),
    ("clip", "G0208", {"low": 1.0, "high": 0.0}, {"x": SCALAR}, "`low` is 1 and `high` 0"),
    ("average", "G0213", {}, {"terms": (LOGITS, PIXELS)}, "where they are alike"),
    ("total", "G0213", {}, {"terms": (NUMBER, SCALAR)}, "where they are alike"),
    ("join", "G0213", {}, {"terms": (IMAGE, SMALL)}, "batches of one type are joined"),
    ("split", "G0208", {"counts": (1, 2)}, {"x": twice(LOGITS)}, "does not come apart into 1 + 2"),
    (
        "lerp",
        "G0213",
        {},
        {"a": IMAGE, "b": IMAGE, "weight": TensorType("Feature", (2, 8, 8))},
        "no weight of",
    ),
    ("lerp", "G0213", {}, {"a": NUMBER, "b": SCALAR, "weight": SCALAR}, "cannot be blended"),
    ("crossover", "G0213", {}, {"a": STYLES, "b": TensorType("Styles", (4, 8)), "at": NUMBER}, "same layers"),
    ("own_class_entropy", "G0210", {}, {"logits": VECTOR, "y": LABEL}, "8 logits and 10 classes"),
    ("box_mask", "G0210", {}, {"like": IMAGE, "corner": VECTOR, "share": NUMBER}, "a corner has 2 numbers"),
    ("draw", "G0208", {"kind": "Scalar"}, {}, "a Scalar has no samples"),
    ("draw", "G0209", {"kind": "Label", "shape": (10,)}, {}, "a Label is not drawn from `normal`"),
    (
        "draw",
        "G0209",
        {"kind": "Number", "distribution": "labels"},
        {},
        "a Number is not drawn from `labels`",
    ),
    (
        "draw",
        "G0208",
        {"kind": "Number", "distribution": "uniform", "low": 1.0, "high": 1.0},
        {},
        "`low` is 1 and `high` 1",
    ),
    ("call", "G0204", {"network": "judge", "names": ("image", "y")}, {"inputs": IMAGE}, "1 tensors for"),
    (
        "call",
        "G0213",
        {"network": "judge", "names": ("image", "y")},
        {"inputs": (twice(IMAGE), LABEL)},
        "the samples of 1 batch and of 2",
    ),
]


@pytest.mark.parametrize(
    ("op", "code", "attrs", "inputs", "said"), REFUSED, ids=[f"{row[0]}, {row[4]}" for row in REFUSED]
)
def test_what_is_refused(
    op: str, code: str, attrs: dict[str, Any], inputs: dict[str, Any], said: str
) -> None:
    with pytest.raises(ShapeError) as refused:
        result(op, attrs, **inputs)
    assert refused.value.code == code and said in refused.value.message
    row = (GAME_OPS | OPS)[op]
    assert row.port(refused.value.culprit) or row.param(refused.value.culprit)


def test_joined_batches_are_counted_through_a_pass() -> None:
    joined = result("join", terms=(IMAGE, twice(IMAGE)))
    assert str(joined) == "Image[3, 8, 8] ×3"
    assert str(result("resize", {"size": 4}, x=joined)) == "Image[3, 4, 4] ×3"
    assert result("mean", x=joined) == SCALAR
    assert result("sample_mean", x=joined) == TensorType("Number", (), 3)
    called = result("call", {"network": "judge", "names": ("image",)}, inputs=joined)
    assert called == TensorType("Outputs", (), 3)
    said = result("output", {"index": 0, "kind": "Logits", "shape": (1,), "times": 3}, x=called)
    assert said == TensorType("Logits", (1,), 3)
    assert result("split", {"counts": (1, 2)}, x=said) == called


def test_an_image_stays_one_where_it_is_resampled_or_blended() -> None:
    assert result("pool", x=IMAGE) == SMALL and result("upsample", x=SMALL) == IMAGE
    assert result("lerp", a=IMAGE, b=IMAGE, weight=SCALAR) == IMAGE
    assert result("lerp", a=PIXELS, b=PIXELS, weight=GRAY) == PIXELS
    assert result("lerp", a=LATENT, b=VECTOR, weight=NUMBER) == VECTOR
    assert result("clip", {"low": -1.0}, x=IMAGE) == IMAGE


def test_what_a_game_may_name() -> None:
    """Its own ops, and those of networks that keep nothing: no weight, buffer or draw of a layer's."""
    for name, row in (GAME_OPS | OPS).items():
        assert (op_of_game(name) is row) == (name != "input" and row.layer is None), name
    assert op_of_game("no_such_op") is None


def test_a_row_that_needs_a_game_says_what_of() -> None:
    """What is left out of the sweep over all rows, since no call of a function does it, says so itself."""
    for name, row in GAME_OPS.items():
        assert row.needs or hasattr(ops, name)
