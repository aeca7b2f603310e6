"""endplate: finds vertebral fractures on CT scans made for any other reason, and shows its reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "measure", "quantify"]

if TYPE_CHECKING:
    from endplate.morphometry.measure import measure
    from endplate.pipeline import quantify


def __getattr__(name: str) -> Any:
    """Load the two verbs on first use, so that importing endplate costs nothing."""
    if name == "measure":
        from endplate.morphometry.measure import measure

        return measure
    if name == "quantify":
        from endplate.pipeline import quantify

        return quantify
    raise AttributeError(f"module 'endplate' has no attribute {name!r}")
