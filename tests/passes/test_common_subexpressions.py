"""What is computed twice is computed once."""

from __future__ import annotations

from gandsl.passes.common_subexpressions import CommonSubexpressions
from tests.graphs import Builder
from tests.passes.firing import apply, change, image, reasons


def test_common_subexpressions() -> None:
    b = Builder()
    x = image(b)
    terms = [b(f"up{i}", "upsample", {"x": b(f"act{i}", "relu", {"x": x})}) for i in range(3)]
    blurred = [b(f"blur{i}", "fir", {"x": x}, pad=(1, 2, 1, 2)) for i in range(2)]
    other = b("blur2", "fir", {"x": x}, pad=(2, 1, 2, 1))
    noisy = [b(f"noise{i}", "noise", {"x": x}, init=0.5) for i in range(2)]
    convs = [b(f"conv{i}", "conv", {"x": x}, channels=2) for i in range(2)]
    norms = [b(f"norm{i}", "batch_norm", {"x": x}, affine=False) for i in range(2)]
    drops = [b(f"drop{i}", "dropout", {"x": x}) for i in range(2)]
    lengths = [b(f"length{i}", "normalize_gradient", {"x": x}) for i in range(2)]
    small = b("small", "add", {"terms": [*blurred, other, *noisy, *convs, *norms, *drops, *lengths]})
    out = b("out", "add", {"terms": [*terms, b("up", "upsample", {"x": small})]})
    _, record = apply(b, out, passes=[CommonSubexpressions()])
    assert change(record) == -5
    assert reasons(record, fired=True) == {
        **{f"act{i}": "is act0" for i in (1, 2)},
        **{f"up{i}": "is up0" for i in (1, 2)},
        "blur1": "is blur0",
    }
    assert reasons(record, fired=False) == {
        "noise1": "like noise0, but draws numbers of its own",
        "conv1": "like conv0, but has a weight of its own",
        "norm1": "like norm0, but keeps statistics of its own",
        "drop1": "like drop0, but draws numbers of its own",
        "length1": "like length0, but measures the gradient that comes back to it",
    }


def test_common_subexpressions_tell_parameters_apart() -> None:
    b = Builder()
    x = image(b)
    out = b(
        "out",
        "add",
        {
            "terms": [
                b("a", "leaky_relu", {"x": x}, slope=0.1),
                b("b", "leaky_relu", {"x": x}, slope=0.2),
                b("c", "scale", {"x": x}, factor=1.0),
            ]
        },
    )
    _, record = apply(b, out, passes=[CommonSubexpressions()])
    assert change(record) == 0 and not record.events
