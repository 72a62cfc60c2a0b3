"""What `gandsl explain` can explain, one file a kind: codes, ops, blocks, fields, words of the docs."""
