"""What `gandsl explain` can explain, one file a kind: codes, ops, blocks, fields of the training plan."""
