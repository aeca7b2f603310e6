"""The scan for those who have none at hand: a phantom with a known fracture."""

from __future__ import annotations

import shutil
from pathlib import Path

FRACTURE = "T12:wedge:2"


def make_demo(out: Path) -> Path:
    """Writes ``demo-ct/demo/*.dcm`` and its truth under the output folder, if they are not there yet; gives the series' folder."""
    from endplate.cli.phantom import phantom

    folder = out / "demo-ct"
    series = folder / "demo"
    if not series.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        phantom(out=folder, fracture=[FRACTURE])
        (folder / "series").rename(series)
    return series
