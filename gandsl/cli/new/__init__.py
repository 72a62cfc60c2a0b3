"""A spec for the images, the memory and the time at hand: what is chosen, why, and how it is written."""
