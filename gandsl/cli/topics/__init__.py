"""What `gandsl explain` can explain, one file a kind: codes, ops, blocks, fields, words of the docs."""

NAMED = ("code", "group", "op", "plan", "block", "field")
KINDS = (*NAMED, "docs")  # in this order: the first that knows a word explains it
