"""Small pictures of the straightened spines, in a folder beside the quality page."""

from __future__ import annotations

import io
from pathlib import Path

from endplate.report.panels import panels_png
from endplate.report.table import write_atomically

FOLDER = "thumbnails"
SHOWN_PX = (96, 150)
"""The most that a thumbnail takes on the page; files have twice as many pixels, for sharp screens."""


def thumbnail(out: Path, scan: str) -> bool:
    """Makes ``thumbnails/SCAN.jpg`` from the scan's ``overview.png`` unless there is one that is newer; gives whether there is one.

    A picture that cannot be read has no thumbnail; the page says so.
    """
    overview, target = out / scan / "overview.png", out / FOLDER / f"{scan}.jpg"
    try:
        drawn = overview.stat().st_mtime_ns
        if target.is_file() and target.stat().st_mtime_ns >= drawn:
            return True
        content = _small(overview.read_bytes())
    except (OSError, ValueError, SyntaxError):  # Pillow raises all three at a damaged picture
        target.unlink(missing_ok=True)
        return False
    target.parent.mkdir(exist_ok=True)
    write_atomically(target, content)
    return True


def _small(overview_png: bytes) -> bytes:
    """The annotated one of the spine's two pictures, as JPEG."""
    from PIL import Image

    with Image.open(io.BytesIO(panels_png(overview_png))) as panels:
        right = panels.convert("RGB").crop((panels.width // 2, 0, panels.width, panels.height))
    right.thumbnail((2 * SHOWN_PX[0], 2 * SHOWN_PX[1]), reducing_gap=2.0)
    stream = io.BytesIO()
    right.save(stream, "JPEG", quality=80)
    return stream.getvalue()
