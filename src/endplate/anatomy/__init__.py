"""Vertebral levels and the six points of a vertebral body."""

from endplate.anatomy.vertebra import COLUMNS, Vertebra

__all__ = ["COLUMNS", "Vertebra"]
