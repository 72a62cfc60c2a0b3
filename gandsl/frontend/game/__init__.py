"""A game's declaration as graphs: what a training step computes, one typed graph for each variant."""
