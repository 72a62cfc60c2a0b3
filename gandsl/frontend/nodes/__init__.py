"""The forms of a node: op, block, slot, fold, value; and the bodies that hold them."""
