"""The intermediate representation: types, the op table, graphs and their text."""
