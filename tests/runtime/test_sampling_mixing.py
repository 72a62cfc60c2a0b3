"""Style mixing: synthesis of styles spliced by hand."""

from __future__ import annotations

import pytest
import torch

from gandsl_runtime.sample import SamplingError, mix, sample
from tests.runtime.networks import ConvGenerator, StyleGenerator, seeded
from tests.runtime.test_sampling_ways import styles_of

ROWS, COLUMNS = [4, 9, 2], [7, 1]


@pytest.mark.parametrize("layers", [[0], [1, 2], [3, 0], [0, 1, 2, 3]])
@pytest.mark.parametrize("batch", [32, 4])
def test_mixing_is_the_synthesis_of_spliced_styles(layers, batch):
    G = seeded(StyleGenerator)
    (found,) = mix(G, ROWS, COLUMNS, layers, batch=batch)
    assert found.shape == (3, 2, 1, 8, 8)
    for row, seed in enumerate(ROWS):
        for column, other in enumerate(COLUMNS):
            ws, source = styles_of(G, [seed]), styles_of(G, [other])
            for layer in layers:
                ws[:, layer] = source[:, layer]
            with torch.no_grad():
                torch.testing.assert_close(found[row, column], G.synthesis(ws)[0])


def test_truncation_comes_before_mixing():
    G = seeded(StyleGenerator)
    G.average.average.normal_()
    (found,) = mix(G, ROWS, COLUMNS, [0, 1, 2, 3], truncation=0.5)
    (columns,) = sample(G, COLUMNS, truncation=0.5)
    torch.testing.assert_close(found, columns.expand_as(found))


REFUSED = [
    (lambda: ConvGenerator(), [1], [2], [0], "style mixing works on a style space"),
    (lambda: StyleGenerator(), [1], [2], [0, 4], "no layer 4"),
    (lambda: StyleGenerator(), [1], [2], [], "and layers"),
    (lambda: StyleGenerator(), [], [2], [0], "seeds for rows"),
]


@pytest.mark.parametrize(("make", "rows", "columns", "layers", "words"), REFUSED)
def test_what_can_not_be_mixed(make, rows, columns, layers, words):
    with pytest.raises(SamplingError, match=words):
        mix(make(), rows, columns, layers)


def test_a_cutoff_past_the_last_layer():
    with pytest.raises(SamplingError, match="4 layers of style"):
        sample(StyleGenerator(), [1], truncation=0.5, cutoff=5)
    sample(StyleGenerator(), [1], truncation=0.5, cutoff=4)
