"""The rows of the code table, one module a range. A new code is one more row, under a number never used before."""
