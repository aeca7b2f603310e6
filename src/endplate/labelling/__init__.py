"""Name the levels of a chain of vertebrae."""
