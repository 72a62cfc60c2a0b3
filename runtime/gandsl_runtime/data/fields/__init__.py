"""Items that have several fields, of many kinds: how each is found, read, checked and brought to a batch."""
