"""The rows of the code table, one module a range. A new code is a new row, its number never used before."""
