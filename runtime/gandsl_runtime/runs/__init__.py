"""A run on disk: its folder, its checkpoints, who may write, and how it goes on."""
