"""Where a dataset comes from: its mapping, the copy of its files, reading them, and a first mapping from the files."""
