"""How good samples are: metrics, the features they are of, and figures that carry their conditions."""
