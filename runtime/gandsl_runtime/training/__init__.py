"""Training: the loop, its phases, their losses and penalties, and the state that they move."""
