"""Frames, curves and sampling: pure functions of numpy arrays in millimetres."""
