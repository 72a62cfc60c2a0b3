"""Images and moving pictures as files."""
