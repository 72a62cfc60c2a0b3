"""Rewrites of torch.fx graphs: exact, verified before and after, with a reason for all they do or leave."""
