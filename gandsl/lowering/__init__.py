"""From the IR to torch.fx: the table of targets, the lowering, the cut at the style space, the verifier."""
