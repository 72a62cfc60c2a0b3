"""What the printed source consists of: methods, classes, arguments and names. Nothing here prints."""
