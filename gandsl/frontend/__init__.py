"""Elaboration: blocks, slots, stage loops and topologies unfold into flat typed graphs."""
