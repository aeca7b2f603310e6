"""``endplate info``: what is installed."""

from __future__ import annotations

from pathlib import Path


def info(*, models: Path | None = None) -> int:
    """Version, weights with their SHA-256, and the providers of ONNX Runtime.

    Args:
        models: folder with ``localiser/`` and ``detector/``; the shipped weights if left out.
    """
    import platform

    import onnxruntime

    from endplate import __version__
    from endplate.models import load

    print(f"endplate {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    print(f"onnxruntime {onnxruntime.__version__}: {', '.join(onnxruntime.get_available_providers())}")
    for stage, identity in load(models).identities.items():
        print(f"{stage}: {identity.name}, sha256 {identity.sha256}")
    return 0
