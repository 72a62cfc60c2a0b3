"""The rows of the code table, one module a range. A new code is one more row: the next free number, never an old one."""
