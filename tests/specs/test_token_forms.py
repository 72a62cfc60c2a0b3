"""Blocks of tokens in other forms: padded and cut short; features of two sides and of three."""

from __future__ import annotations

import torch

from gandsl_runtime.network import Network
from tests.specs.compare import shake
from tests.specs.probe import probe

DECODER = "mask: {{op: sequence_mask, lengths: n, count: {0}}}\nit: {{block: tokens.{1}, {2}heads: 2}}"


def same(inputs: dict[str, str], body: str, other: Network) -> Network:
    """A network with the weights of another."""
    network = probe(inputs, body).double()
    network.load_state_dict(other.state_dict())
    return network


def test_what_a_mask_hides_is_not_there() -> None:
    draw = torch.Generator().manual_seed(1)
    x, query = (torch.randn(4, n, 8, generator=draw, dtype=torch.float64) for n in (5, 2))
    lengths = torch.full((4,), 3.0, dtype=torch.float64)
    for block, use, inputs in (
        ("transformer", "x: x, mask: mask, ", {}),
        ("decoder", "x: q, context: x, mask: mask, ", {"q": "Tokens[2, 8]"}),
    ):
        given = {**inputs, "x": "Tokens[5, 8]", "n": "Number"}
        whole = probe(given, DECODER.format(5, block, use)).double()
        shake(whole)
        cut = same({**given, "x": "Tokens[3, 8]"}, DECODER.format(3, block, use), whole)
        first = (query,) if inputs else ()
        seen = whole(*first, x, lengths)
        torch.testing.assert_close(seen[:, :3], cut(*first, x[:, :3], lengths)[:, :3], rtol=0, atol=1e-12)


def test_windows_of_one_to_three_sides_agree() -> None:
    """Where the third side is 1, and one is rolled as far as the others, which is nowhere."""
    x = torch.randn(2, 6, 4, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    use = "it: {{block: tokens.swin, x: x, heads: 2, shift: {}, window: {}}}"
    for shift in (0, 1):
        flat = probe({"x": "Feature[6, 4, 8]"}, use.format(shift, "[2, 4]")).double()
        shake(flat)
        deep = same({"x": "Feature[6, 1, 4, 8]"}, use.format(shift, "[1, 2, 4]"), flat)
        torch.testing.assert_close(deep(x[:, :, None])[:, :, 0], flat(x), rtol=0, atol=1e-12)
        row = same(
            {"x": "Signal[6, 8]"},
            use.format(shift, "[4]"),
            probe({"x": "Feature[6, 1, 8]"}, use.format(shift, "[1, 4]")),
        )
        wide = same({"x": "Feature[6, 1, 8]"}, use.format(shift, "[1, 4]"), row)
        torch.testing.assert_close(row(x[:, :, 0]), wide(x[:, :, :1])[:, :, 0], rtol=0, atol=1e-12)


def test_a_window_of_one_number_is_of_every_side() -> None:
    draw = torch.Generator().manual_seed(1)
    for sides in (1, 2, 3):
        lone, said = (
            f"it: {{block: tokens.swin, heads: 2, shift: 1, window: {window}}}" for window in (2, [2] * sides)
        )
        inputs = {"x": f"Feature[6, {[4] * sides}]"}
        network = probe(inputs, said).double()
        shake(network)
        x = torch.randn(2, 6, *[4] * sides, generator=draw, dtype=torch.float64)
        torch.testing.assert_close(same(inputs, lone, network)(x), network(x), rtol=0, atol=0)
