"""Rewrites of torch.fx graphs, each exact, verified before and after, and with a reason for all it does or leaves."""
