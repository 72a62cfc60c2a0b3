"""What a game's source consists of: passes, their statements, what of them is the same at several stages."""
