"""Text of what `analysis` found: networks, classes, methods, laid out and escaped."""
