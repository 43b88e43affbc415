"""The steps of each operation, by hand and in order. To add one: one file, one line."""
